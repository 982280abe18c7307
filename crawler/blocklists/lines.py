"""Formats with one rule a line: what they share, and the quick way for lines that are written as usual."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.blocklists.interface import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.blocklists.interface import Entry

LINE_OCTETS = 4096
NAME_OCTETS = 253
NAME = rb"((?:[a-z0-9_-]{1,63}+\.)++[a-z][a-z0-9-]{0,62}+)"
"""A host in canonical spelling, but for its length in all; a name in A-labels is looked at more closely."""


class LineFormat:
    """Base of the formats whose lines stand each for themselves."""

    id: str
    title: str
    plain: re.Pattern[bytes]
    """A line that is one domain, its name in group 1; made by ``plain_line``."""
    comment: str = "#"
    """What begins a comment, also behind a rule; ``""`` where only whole lines are comments."""
    usual: re.Pattern[str]
    """A line as only this format writes it, for ``share``."""

    def rule(self, text: str, number: int) -> Iterator[Entry | Finding]:
        """Read a line that is not blank, without its comment."""
        raise NotImplementedError

    def read(self, lines: Iterable[bytes], first: int = 1) -> Iterator[Entry | Finding]:
        """Read lines of which the first one has the number given."""
        for number, line in enumerate(lines, start=first):
            text = text_of(line, number)
            if isinstance(text, Finding):
                yield text
                continue
            if self.comment:
                text = text.partition(self.comment)[0]
            text = text.strip()
            if text:
                yield from self.rule(text, number)

    def share(self, head: Sequence[str]) -> float:
        """Part of the lines that are no comment and look as usual."""
        rules = [text for line in head if (text := self._without_comment(line))]
        return sum(1 for text in rules if self.usual.fullmatch(text)) / len(rules) if rules else 0.0

    def _without_comment(self, line: str) -> str:
        return line.partition(self.comment or "#")[0].strip()


def plain_line(before: bytes = b"", after: bytes = b"") -> re.Pattern[bytes]:
    """Pattern of a whole line with a name between two patterns."""
    return re.compile(rb"^%s%s%s\r?$" % (before, NAME, after), re.MULTILINE)


def text_of(line: bytes, number: int, *, may_hold_cr: bool = False) -> str | Finding:
    """Decode a line, or say what is wrong with it."""
    if len(line) > LINE_OCTETS:
        return Finding(line=number, problem=f"has more than {LINE_OCTETS} octets", is_error=True)
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as problem:
        return Finding(
            line=number,
            problem=f"is not UTF-8 from octet {problem.start + 1} on; save the whole list as UTF-8 text",
            is_error=True,
        )
    if "\0" in text:
        return Finding(line=number, problem="holds NUL: this is binary data, or text in UTF-16", is_error=True)
    if "\r" in text.rstrip("\r\n") and not may_hold_cr:
        return Finding(line=number, problem="holds a CR in its middle; end all lines in one way", is_error=True)
    return text
