"""The bytes of robots.txt as lines: size, encoding, line ends, and what looks like a misspelt rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crawler.optout.statement import Problem

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
_NOT_MISSPELT: Final = frozenset({b"user-agent", b"allow", b"disallow", b"disallowaitraining"})


def read_text(body: bytes, *, limit: int, is_truncated: bool) -> bytes:
    """Give the whole lines of the first ``limit`` octets, ended by LF, in UTF-8 as far as the site kept to it."""
    text = _decode(body[:limit]).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text[: text.rfind(b"\n") + 1] if is_truncated or len(body) > limit else text


def _decode(body: bytes) -> bytes:
    """Drop a byte order mark; UTF-16 is read only where its mark says so."""
    if body.startswith(b"\xef\xbb\xbf"):
        return body[3:]
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16-le" if body.startswith(b"\xff\xfe") else "utf-16-be"
        return body[2:].decode(codec, "replace").encode("utf-8")
    return body


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
