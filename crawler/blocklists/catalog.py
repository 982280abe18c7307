"""The catalog of lists, ``catalog.toml``: where each list comes from, what it rests on, and which bytes it is.

A list without origin, licence and digest is a mistake and is not loaded, unless it says ``fetched = false``: then it
is known, and never loaded. A ``[[page]]`` is a page of an authority that names sites for people: a list of lists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from crawler.blocklists.formats.csv_table import DELIMITERS
from crawler.blocklists.interface import Columns
from crawler.blocklists.registry import FORMATS, TABLES
from crawler.errors import DocumentError
from crawler.values.digest import Digest
from crawler.values.strict_toml import Source, listed

if TYPE_CHECKING:
    from crawler.values.strict_toml import Table

CATALOG = "catalog.toml"
KINDS = ("authority", "court", "watch-list", "community")
MOST_ENTRIES = 100_000_000

EEA = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "EU", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT",
        "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
"""The European Economic Area, and ``EU`` for bodies of the Union."""
_DECIDING = ("authority", "court")

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_FILE = re.compile(r"lists/[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a list comes from and what it rests on."""

    id: str
    title: str
    issuer: str
    """Court, authority or group that decided what is on the list."""
    country: str
    """ISO 3166-1 alpha-2; ``EU`` for the Union."""
    legal_basis: str
    """Act, decision, date, link."""
    kind: str
    """One of ``KINDS``."""
    licence: str
    source: str
    """URL of the file, or how it came here."""
    scope: str | None = None
    """What the list is about, where that is more or less than copyright."""
    valid_from: date | None = None
    valid_to: date | None = None
    """Last day on which the list counts."""
    review_by: date | None = None
    accepted_by: str | None = None
    signed_by: str | None = None
    """Verifier key (C2SP) of the publisher; with it no version comes into force that this key did not sign."""
    signed_note: str | None = None
    """Where the signed note lies, if not at the source with ``.note`` behind it."""

    @property
    def meets_measure(self) -> bool:
        """Whether a court or authority of the EU or EEA decided, as Measure 1.2 of the Code of Practice asks."""
        return self.kind in _DECIDING and self.country in EEA


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRecord(Origin):
    """One ``[[list]]`` whose bytes are here."""

    format: str
    """``id`` of one of ``FORMATS``."""
    file: str
    """Path below the folder, ``lists/NAME``."""
    retrieved_at: date
    digest: Digest
    """Of the bytes as received; key ``sha256``."""
    entries: int | None
    """How many the person who accepted the list saw."""
    updates: bool
    """Whether the list is to be fetched again; a court's decision is not."""
    last_checked: date | None
    """Day of the last successful check; always there where ``updates`` is true."""
    etag: str | None = None
    """Of the reply that brought the bytes: the next one is asked for only if it differs."""
    despite: tuple[str, ...] = ()
    """Names that this list may cover although they are suffixes or protected: a person accepted each."""
    columns: Columns | None = None
    """``[list.columns]``: which column or key holds what; for tables alone."""
    signed_version: int | None = None
    """Number under which the publisher signed the bytes; written by updates."""
    signed_until: date | None = None
    """Last day of that signature."""
    place: int = field(default=0, compare=False)
    """Index among the ``[[list]]`` of the file, from 0."""

    def is_in_force(self, today: date) -> bool:
        """Whether the day lies within the dates of the list."""
        return not (self.valid_from and today < self.valid_from) and not (self.valid_to and today > self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownList(Origin):
    """A ``[[list]]`` with ``fetched = false``: where it can be had, and nothing more."""

    format: str
    updates: bool
    columns: Columns | None = None
    """As of ``ListRecord``."""
    place: int = field(default=0, compare=False)
    """As of ``ListRecord``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Origin):
    """A ``[[page]]``: HTML or PDF of an authority. What a person accepts of it becomes the list of the same id."""

    retrieved_at: date | None
    digest: Digest | None
    """Of the page that was recorded last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All that the file says."""

    lists: tuple[ListRecord, ...]
    known: tuple[KnownList, ...]
    pages: tuple[Page, ...]


def read_catalog(content: bytes) -> tuple[ListRecord, ...]:
    """Read the lists that are to be loaded; raises as ``read_whole`` does."""
    return read_whole(content).lists


def read_whole(content: bytes) -> Catalog:
    """Read the catalog; raises ``DocumentError`` with every mistake, each with file, key and line."""
    source = Source(CATALOG, content)
    root = source.root()
    records: list[ListRecord] = []
    known: list[KnownList] = []
    ids: set[str] = set()
    files: set[str] = set()
    for place, table in enumerate(root.tables("list")):
        if table.flag("fetched", default=True):
            records.append(_record(table, place))
            _once(table, "file", records[-1].file, files)
            _once(table, "id", records[-1].id, ids)
        else:
            known.append(_known(table, place))
            _once(table, "id", known[-1].id, ids)
    of_pages: set[str] = set()
    pages = tuple(_page(table, of_pages) for table in root.tables("page"))
    root.finish()
    if source.mistakes:
        raise DocumentError(source.mistakes)
    return Catalog(lists=tuple(records), known=tuple(known), pages=pages)


def _once(table: Table, key: str, value: str, seen: set[str]) -> None:
    if value in seen:
        table.mistake(key, f'"{value}" stands twice')
    seen.add(value)


def _known(table: Table, place: int) -> KnownList:
    known = KnownList(
        **_origin(table),
        format=_format(table),
        updates=table.flag("updates", default=True),
        columns=_columns(table),
        place=place,
    )
    table.finish()
    return known


def _page(table: Table, seen: set[str]) -> Page:
    digest = _digest(table) if "sha256" in table else None
    page = Page(**_origin(table), retrieved_at=table.day("retrieved_at"), digest=digest)
    _once(table, "id", page.id, seen)
    table.finish()
    return page


def _record(table: Table, place: int) -> ListRecord:
    table.require("retrieved_at", "updates")
    updates = table.flag("updates", default=False)
    if updates:
        table.require("last_checked")
    record = ListRecord(
        **_origin(table),
        format=_format(table),
        file=_matching(table, "file", _FILE, 'the path below this folder, for example "lists/name.txt"'),
        retrieved_at=table.day("retrieved_at") or date.min,
        digest=_digest(table),
        entries=table.integer("entries", 0, least=0, most=MOST_ENTRIES) or None,
        updates=updates,
        last_checked=table.day("last_checked"),
        etag=table.text("etag", "") or None,
        signed_version=table.integer("signed_version", 0, least=0, most=10**15) if "signed_version" in table else None,
        signed_until=table.day("signed_until"),
        despite=table.texts("despite"),
        columns=_columns(table),
        place=place,
    )
    table.finish()
    return record


def _columns(table: Table) -> Columns | None:
    if "columns" not in table:
        return None
    if table.choice("format", [form.id for form in FORMATS]) not in TABLES:
        table.mistake("columns", f"have a meaning in the formats {listed(TABLES)} alone")
    given = table.table("columns")
    columns = Columns(
        entry=given.text("entry", "") or None,
        is_url=given.flag("is_url", default=False),
        valid_from=given.text("valid_from", "") or None,
        valid_to=given.text("valid_to", "") or None,
        reference=given.text("reference", "") or None,
        delimiter=given.choice("delimiter", [*DELIMITERS]) if "delimiter" in given else None,
    )
    given.finish()
    return columns


def _origin(table: Table) -> dict[str, Any]:
    """Read the keys of ``Origin``."""
    valid_from, valid_to = table.day("valid_from"), table.day("valid_to")
    if valid_from and valid_to and valid_from > valid_to:
        table.mistake("valid_to", "lies before valid_from")
    return {
        "id": _matching(table, "id", _ID, "lower-case letters, digits and hyphens"),
        "title": table.text("title"),
        "issuer": table.text("issuer"),
        "country": _matching(table, "country", _COUNTRY, "a country in two letters, or EU"),
        "legal_basis": table.text("legal_basis"),
        "kind": table.choice("kind", KINDS),
        "licence": table.text("licence"),
        "source": table.text("source", limit=2048),
        "scope": table.text("scope", "") or None,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "review_by": table.day("review_by"),
        "accepted_by": table.text("accepted_by", "") or None,
        "signed_by": table.text("signed_by", "") or None,
        "signed_note": table.text("signed_note", "", limit=2048) or None,
    }


def _format(table: Table) -> str:
    return table.choice("format", [form.id for form in FORMATS])


def _digest(table: Table) -> Digest:
    text = _matching(table, "sha256", _SHA256, "64 hexadecimal digits, as sha256sum prints them")
    return Digest(f"sha256:{text.lower()}")


def _matching(table: Table, key: str, pattern: re.Pattern[str], wanted: str) -> str:
    text = table.text(key)
    if text and not pattern.fullmatch(text):
        table.mistake(key, f'is "{text}"; write {wanted}')
    return text
