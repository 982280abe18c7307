"""The catalog of lists, ``catalog.toml``: where each list comes from, what it rests on, and which bytes it is.

A list without origin, licence and digest is a mistake and is not loaded; all mistakes are raised at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crawler.blocklists.registry import FORMATS
from crawler.errors import DocumentError
from crawler.values.digest import Digest
from crawler.values.strict_toml import Source

if TYPE_CHECKING:
    from crawler.values.strict_toml import Table

CATALOG = "catalog.toml"
KINDS = ("authority", "court", "watch-list", "community")
MOST_ENTRIES = 100_000_000

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_FILE = re.compile(r"lists/[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRecord:
    """One ``[[list]]``."""

    id: str
    title: str
    issuer: str
    """Court, authority or group that decided what is on the list."""
    country: str
    """ISO 3166-1 alpha-2; ``EU`` for the Union."""
    legal_basis: str
    """Act, decision, date, link."""
    kind: str
    """One of ``KINDS``; only ``authority`` and ``court`` of the EU and EEA meet Measure 1.2."""
    licence: str
    source: str
    """URL of the file, or how it came here."""
    format: str
    """``id`` of one of ``FORMATS``."""
    file: str
    """Path below the folder, ``lists/NAME``."""
    retrieved_at: date
    digest: Digest
    """Of the bytes as received; key ``sha256``."""
    entries: int | None
    """How many the person who accepted the list saw."""
    valid_from: date | None
    valid_to: date | None
    """Last day on which the list counts."""
    review_by: date | None
    accepted_by: str | None
    updates: bool
    """Whether the list is to be fetched again; a court's decision is not."""
    last_checked: date | None
    """Day of the last successful check; always there where ``updates`` is true."""

    def is_in_force(self, today: date) -> bool:
        """Whether the day lies within the dates of the list."""
        return not (self.valid_from and today < self.valid_from) and not (self.valid_to and today > self.valid_to)


def read_catalog(content: bytes) -> tuple[ListRecord, ...]:
    """Read the catalog; raises ``DocumentError`` with every mistake, each with file, key and line."""
    source = Source(CATALOG, content)
    root = source.root()
    records = []
    seen: dict[str, set[str]] = {"id": set(), "file": set()}
    for table in root.tables("list"):
        record = _record(table)
        for key, values in seen.items():
            value = getattr(record, key)
            if value in values:
                table.mistake(key, f'"{value}" stands twice')
            values.add(value)
        records.append(record)
    root.finish()
    if source.mistakes:
        raise DocumentError(source.mistakes)
    return tuple(records)


def _record(table: Table) -> ListRecord:
    table.require("retrieved_at", "updates")
    updates = table.flag("updates", default=False)
    if updates:
        table.require("last_checked")
    record = ListRecord(
        id=_matching(table, "id", _ID, "lower-case letters, digits and hyphens"),
        title=table.text("title"),
        issuer=table.text("issuer"),
        country=_matching(table, "country", _COUNTRY, "a country in two letters, or EU"),
        legal_basis=table.text("legal_basis"),
        kind=table.choice("kind", KINDS),
        licence=table.text("licence"),
        source=table.text("source", limit=2048),
        format=table.choice("format", [form.id for form in FORMATS]),
        file=_matching(table, "file", _FILE, 'the path below this folder, for example "lists/name.txt"'),
        retrieved_at=table.day("retrieved_at") or date.min,
        digest=Digest(
            f"sha256:{_matching(table, 'sha256', _SHA256, '64 hexadecimal digits, as sha256sum prints them')}"
        ),
        entries=table.integer("entries", 0, least=0, most=MOST_ENTRIES) or None,
        valid_from=table.day("valid_from"),
        valid_to=table.day("valid_to"),
        review_by=table.day("review_by"),
        accepted_by=table.text("accepted_by", "") or None,
        updates=updates,
        last_checked=table.day("last_checked"),
    )
    if record.valid_from and record.valid_to and record.valid_from > record.valid_to:
        table.mistake("valid_to", "lies before valid_from")
    table.finish()
    return record


def _matching(table: Table, key: str, pattern: re.Pattern[str], wanted: str) -> str:
    text = table.text(key)
    if text and not pattern.fullmatch(text):
        table.mistake(key, f'is "{text}"; write {wanted}')
    return text
