"""Plain lists: one name a line, ``#`` begins a comment; addresses, networks and URLs among them are understood."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.blocklists.lines import LineFormat, plain_line
from crawler.blocklists.reading import domain_entry, one_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.blocklists.interface import Entry, Finding


_COMMENT = re.compile(r"(?:(?:^|\s);|^(?://|!)(?:\s|$)).*")


class Domains(LineFormat):
    """The format ``domains``; lists of networks begin comments with ``;``, others whole lines with ``//`` or ``!``."""

    id = "domains"
    title = "Domain names, one a line"
    plain = plain_line()
    usual = re.compile(r"[^\s/*|@=,;\"'{}\[\]()]+", re.ASCII)

    def rule(self, text: str, number: int) -> Iterator[Entry | Finding]:
        """One word a line."""
        text = _COMMENT.sub("", text).strip()
        return one_word(text, number, domain_entry) if text else iter(())

    def _without_comment(self, line: str) -> str:
        return _COMMENT.sub("", super()._without_comment(line)).strip()
