"""The bytes of robots.txt as lines: size, encoding, line ends, stray characters, what looks like a misspelt rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crawler.optout.statement import Problem
from crawler.optout.stray import without_strays

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE_LIMIT: Final = 2 * 1024 * 1024
"""Octets of a file that are read; RFC 9309 section 2.5 demands 500 KiB, PC-10 takes 2 MiB."""

PROBLEM_LIMIT: Final = 100

_SHOWN: Final = 512
_MISSPELT: Final = re.compile(
    rb"^[ \t]*+(?:"
    rb"(dis{1,3}al{1,3}[ao]w[a-z]*+|disllow|dia?sl{1,2}ow|al{1,3}ows?|user[ _-]?agents?)[ \t]*+:"
    rb"|(?:user-agent|allow|disallow)[ \t]++[^ \t\n#:])[^\n]*+",
    re.IGNORECASE | re.MULTILINE,
)
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_SAMPLE: Final = 65_536
"""Octets in which a text of wide characters without a mark has to show its first user-agent line."""
_AGENT: Final = re.compile(r"^[ \t]*+user-agent[ \t]*+:", re.IGNORECASE | re.MULTILINE)
_AGENT_OCTETS: Final = re.compile(_AGENT.pattern.encode(), _AGENT.flags & ~re.UNICODE)
_ODD: Final = re.compile(rb"[^\t\n\x20-\x7e]")
_TYPOGRAPHIC: Final = str.maketrans(dict.fromkeys("\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb", '"') | {"\uff1a": ":"})
_QUOTED: Final = re.compile(
    rb"^([ \t]*+(?:user-agent|allow|disallow)[ \t]*+:[ \t]*+)([\"'`])([^\n#\"'`]*+)\2(?=[ \t]*+(?:#|$))",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_MISSPELT: Final = frozenset({b"user-agent", b"allow", b"disallow", b"disallowaitraining"})


def read_text(body: bytes, *, limit: int, is_truncated: bool) -> bytes:
    """Give the whole lines of the first ``limit`` octets, ended by LF, in UTF-8 as far as the site kept to it."""
    text = _decode(body[:limit]).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text[: text.rfind(b"\n") + 1] if is_truncated or len(body) > limit else text


def _decode(body: bytes) -> bytes:
    """Drop a byte order mark. UTF-16 and UTF-32 are read by their mark, or where nothing else has a user-agent line."""
    for mark, codec in _MARKS:
        if body.startswith(mark):
            text = body[len(mark) :]
            return text if codec == "utf-8" else text.decode(codec, "replace").encode("utf-8")
    if b"\0" in body and not _AGENT_OCTETS.search(body.replace(b"\r", b"\n")):
        for _, codec in _MARKS[1:]:
            if _AGENT.search(body[:_SAMPLE].decode(codec, "replace").replace("\r", "\n")):
                return body.decode(codec, "replace").encode("utf-8")
    return body


def as_meant(text: bytes) -> bytes | None:
    """Give a text as it looks, line by line: without unseen characters, odd blanks and quotes around values.

    ``None`` where that is the text itself. It serves only to deny more (PC-5): a NUL or a no-break space before a
    field, or behind its colon, makes no rule of RFC 9309, and was not meant to unmake one.
    """
    meant = text
    if _ODD.search(text) is not None:
        plain = without_strays(text.decode("utf-8", "surrogateescape")).translate(_TYPOGRAPHIC)
        meant = plain.encode("utf-8", "surrogateescape")
    meant = _QUOTED.sub(rb"\1\3", meant)
    return None if meant == text else meant


def find_problems(text: bytes) -> Iterator[Problem]:
    """Find lines that were probably meant as rules; they are logged for review and never applied."""
    line, counted, count = 1, 0, 0
    for found in _MISSPELT.finditer(text):
        if (found[1] or b"").lower() in _NOT_MISSPELT:
            continue
        if count == PROBLEM_LIMIT:
            return
        count += 1
        line += text.count(b"\n", counted, found.start())
        counted = found.start()
        yield Problem(line=line, text=f"not read as a rule: {found[0][:_SHOWN].strip().decode('utf-8', 'replace')}")
