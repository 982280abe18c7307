"""Adblock lists, of which only whole domains and paths are taken over: ``||example.com^``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.blocklists.lines import LineFormat, plain_line
from crawler.blocklists.reading import domain_entry, error, excepted, note, path_entry, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.blocklists.interface import Entry, Finding

_WHOLE = frozenset({"all", "doc", "document", "important", "popup"})
"""Options that leave a rule a rule for the whole site."""
_COMMENT = re.compile(r"!|#(?:\s|$)|\[(?:ad|u)[^\]:]*\]$", re.IGNORECASE)
_COSMETIC = re.compile(r"#[@?$%]*#|\$\$")


class Adblock(LineFormat):
    """The format ``adblock``; a rule for parts of pages, some kinds of requests or a pattern leaves a note."""

    id = "adblock"
    title = "Adblock domain rules, ||example.com^"
    plain = plain_line(rb"\|\|", rb"\^")
    comment = ""
    usual = re.compile(r"(?:@@)?\|\|.*|!.*|\[Adblock.*\]|[^#\s]*#[@?$%]*#.+", re.IGNORECASE)

    def rule(self, text: str, number: int) -> Iterator[Entry | Finding]:
        """One rule a line; lines with ``!`` and the header in brackets are comments."""
        if _COMMENT.match(text):
            return
        if _COSMETIC.search(text):
            yield note(number, f"{shown(text)} hides parts of pages; not taken over")
            return
        rule, _, options = text.removeprefix("@@").partition("$")
        if text.startswith("@@"):
            yield from excepted(rule.lstrip("|").rstrip("^|"), number)
        elif options and not _WHOLE.issuperset(options.lower().split(",")):
            yield note(number, f"{shown(text)} is limited by options; not taken over")
        elif rule.startswith("||") and len(rule.split()) > 1:
            yield error(number, "has more than one word; an Adblock rule stands alone in its line")
        elif rule.startswith("||"):
            yield from _domain(rule, number)
        elif rule.startswith(("/", "|")) or "*" in rule or "^" in rule:
            yield note(number, f"{shown(text)} is a pattern and no domain rule; not taken over")
        elif len(rule.split()) > 1:
            yield error(number, "has more than one word; is this list in another format?")
        else:
            yield from domain_entry(rule, number)

    def _without_comment(self, line: str) -> str:
        return line.strip()


def _domain(rule: str, number: int) -> Iterator[Entry | Finding]:
    pattern = rule.removeprefix("||").removeprefix("*.")
    name = re.sub(r"[\^|]\*?$", "", pattern)
    if not name.strip("*.^/"):
        yield error(number, "covers every name there is")
    elif "*" in name or "^" in name:
        yield note(number, f"{shown(rule)} is a pattern and no domain rule; not taken over")
    elif "/" in name.rstrip("/"):
        yield note(number, f"{shown(rule)} counts as a path on this host alone")
        yield from path_entry(name, number)
    else:
        yield from domain_entry(name.rstrip("/"), number)
