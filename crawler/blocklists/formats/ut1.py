"""Category folders of the University of Toulouse (UT1): ``domains``, ``urls``, ``expressions`` and ``usage``.

Expressions are patterns for proxies; they are not taken over, each with a note.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.blocklists.formats.domains import Domains
from crawler.blocklists.formats.urls import Urls
from crawler.blocklists.lines import LineFormat, plain_line
from crawler.blocklists.reading import note, one_word, path_entry, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.blocklists.interface import Entry, Finding

_PATTERN = re.compile(r"[\\()^$|+*{}]")


class Ut1(LineFormat):
    """The format ``ut1``; a folder is read member by member, a single file as names and paths."""

    id = "ut1"
    title = "UT1 category folder: domains, urls, expressions"
    plain = plain_line()
    usual = re.compile(r"(?!)")  # only its folder tells it from domains and urls
    members: dict[str, LineFormat]
    """Files of the folder that are read; ``usage`` says what the category is for and holds no entries."""

    def __init__(self) -> None:
        self.members = {"domains": Domains(), "urls": Urls(), "expressions": _Expressions()}

    def rule(self, text: str, number: int) -> Iterator[Entry | Finding]:
        """One word a line; what only a pattern holds is one."""
        if _PATTERN.search(text):
            yield from _Expressions().rule(text, number)
        else:
            yield from one_word(text, number, path_entry)


class _Expressions(LineFormat):
    id = "ut1-expressions"
    title = "Patterns"
    plain = re.compile(rb"(?!)()")
    comment = ""
    usual = re.compile(r"(?!)")

    def rule(self, text: str, number: int) -> Iterator[Entry | Finding]:
        yield note(number, f"the expression {shown(text)} is a pattern for proxies; not taken over")
