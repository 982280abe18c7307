"""Wildcard lists: ``*.example.com`` a line, meant for the name and everything below it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.blocklists.lines import LineFormat, plain_line
from crawler.blocklists.reading import domain_entry, error, one_word, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.blocklists.interface import Entry, Finding


class Wildcards(LineFormat):
    """The format ``wildcards``; the star in front is how the format writes, so it is worth no note."""

    id = "wildcards"
    title = "Wildcard names, *.example.com"
    plain = plain_line(rb"(?:\*?\.)?+")
    usual = re.compile(r"\*?\.[^\s/*]+")

    def rule(self, text: str, number: int) -> Iterator[Entry | Finding]:
        """One word a line, the star only in front."""
        name = text.removeprefix("*.").removeprefix(".")
        if "*" in name and name.strip("*."):
            yield error(number, f"{shown(text)} has a star elsewhere than in front; such a pattern is not understood")
        else:
            yield from one_word(name or text, number, domain_entry)
