"""Plain lists: one name a line, ``#`` begins a comment; addresses, networks and URLs among them are understood."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.blocklists.interface import Entry, EntryKind
from crawler.blocklists.reading import domain_entry, error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crawler.blocklists.interface import Finding

LINE_OCTETS = 4096
_NAME_OCTETS = 253
_PLAIN = re.compile(rb"((?!xn--)(?:[a-z0-9_-]{1,63}+\.(?!xn--))++[a-z][a-z0-9-]{0,62}+)\r?\n?")


class Domains:
    """The format ``domains``."""

    id = "domains"
    title = "Domain names, one a line"

    def read(self, lines: Iterable[bytes]) -> Iterator[Entry | Finding]:
        """Names that stand there in canonical spelling take the short way."""
        plain, domain = _PLAIN.fullmatch, EntryKind.DOMAIN
        for number, line in enumerate(lines, start=1):
            match = plain(line)
            if match is not None and len(match[1]) <= _NAME_OCTETS:
                yield Entry(domain, match[1].decode("ascii"), number)
            else:
                yield from read_words(line, number, domain_entry)


def read_words(
    line: bytes, number: int, entry: Callable[[str, int], Iterator[Entry | Finding]]
) -> Iterator[Entry | Finding]:
    """Read a line that is blank, a comment, or one word with or without a comment behind it."""
    if len(line) > LINE_OCTETS:
        yield error(number, f"has more than {LINE_OCTETS} octets")
        return
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        yield error(number, "is not UTF-8; save the list as UTF-8 text")
        return
    words = text.partition("#")[0].split()
    if len(words) > 1:
        yield error(number, "has more than one word; is this list in another format?")
    elif words and not words[0].strip("*."):
        yield error(number, "covers every name there is")
    elif words:
        yield from entry(words[0], number)
