"""Questions in SQL that come with the program: one file each, with a header that says what it answers and for whom.

A header is made of comment lines: ``-- title:``, ``-- asks:`` (who asks, and what), then ``-- column NAME:`` for each
column in its order. Over which tables a query may ask is in ``audit.database``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from crawler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = re.compile(r"-- (?P<key>title|asks|column (?P<column>\w+)): (?P<text>\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedQuery:
    """One file of this folder."""

    name: str
    """File name without suffix, with ``-`` for ``_``, as it is typed."""
    title: str
    asks: str
    """Who asks, and what they want to know."""
    columns: Mapping[str, str]
    """Name to meaning, in the order of the answer."""
    sql: str
    """The whole file."""


@cache
def queries() -> Mapping[str, NamedQuery]:
    """All of them by name, sorted."""
    found = (entry for entry in files(__package__).iterdir() if entry.name.endswith(".sql"))
    named = [read_query(entry.name, entry.read_text("utf-8")) for entry in sorted(found, key=lambda one: one.name)]
    return {one.name: one for one in named}


def query_named(name: str) -> NamedQuery:
    """Raise UsageError, with all names, for one that is none."""
    try:
        return queries()[name]
    except KeyError:
        raise UsageError(
            f"no query is named {name!r}; there are {', '.join(queries())}. Free SQL goes behind --sql"
        ) from None


def read_query(file_name: str, text: str) -> NamedQuery:
    """Read a file's header. Raises ValueError where it lacks something."""
    fields: dict[str, str] = {}
    columns: dict[str, str] = {}
    for line in text.splitlines():
        match = _HEADER.fullmatch(line)
        if match is None:
            break
        if match["column"] is not None:
            columns[match["column"]] = match["text"]
        else:
            fields[match["key"]] = match["text"]
    if not columns or fields.keys() != {"title", "asks"}:
        raise ValueError(f"{file_name}: begins with -- title:, -- asks: and a -- column NAME: for each column")
    name = file_name.removesuffix(".sql").replace("_", "-")
    return NamedQuery(name=name, title=fields["title"], asks=fields["asks"], columns=columns, sql=text)
