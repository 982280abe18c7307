"""Records with named fields, as CSV and JSON lists have them: which field holds what, made entries."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from crawler.blocklists.interface import Entry
from crawler.blocklists.reading import domain_entry, note, path_entry, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.blocklists.interface import Columns, Finding

ENTRY_NAMES = (
    "domain", "domains", "domain_name", "domainname", "domain name", "host", "hosts", "hostname", "fqdn", "name",
    "url", "urls", "website", "site", "address", "ip", "cidr", "entry", "entries",
)  # fmt: skip
"""Names under which the entry is looked for where the catalog names none, in lower case."""
_REFERENCE_LIMIT = 200
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?|(\d{1,2})\.(\d{1,2})\.(\d{4})")


def is_entry_name(name: str, columns: Columns) -> bool:
    """Whether the field holds entries."""
    return name == columns.entry if columns.entry is not None else name.strip().lower() in ENTRY_NAMES


def entries_of(word: str, line: int, fields: Mapping[str, str], columns: Columns) -> Iterator[Entry | Finding]:
    """Make the entry of a record with its dates and reference; a date that cannot be read does not limit it."""
    dates: list[date | None] = []
    for column in (columns.valid_from, columns.valid_to):
        text = fields.get(column or "", "").strip()
        dates.append(day := _day(text))
        if text and day is None:
            yield note(line, f"{shown(text)} is no date like 2026-11-23; the entry counts without it")
    reference = " ".join(fields.get(columns.reference or "", "").split())[:_REFERENCE_LIMIT] or None
    for item in (path_entry if columns.is_url else domain_entry)(word.strip(), line):
        if isinstance(item, Entry):
            yield Entry(item.kind, item.value, item.line, dates[0], dates[1], reference)
        else:
            yield item


def _day(text: str) -> date | None:
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    year, month, day = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
