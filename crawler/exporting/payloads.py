"""The body of a document: its record read and checked, a revisit followed to its original, content codings undone."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.errors import DamagedStateError
from crawler.exporting.selection import read_rows
from crawler.values.coding import codings_of, decode
from crawler.values.digest import sha256
from crawler.values.http_head import head_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.exporting.selection import Source
    from crawler.storage.warc_reading import StoredRecord

LARGEST = 1 << 30
"""Octets of a body without its codings; crawls stop far below it."""

_NOT_MODIFIED = "server-not-modified"
_COLUMNS = (
    *("record_id", "content_digest", "warc_filename", "warc_record_offset", "warc_record_length"),
    *("verdict", "erased_at", "bytes_retained"),
)


class MissingOriginalError(DamagedStateError):
    """A revisit whose original is in none of the crawls that were named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What one document consists of."""

    url: str
    """Exact."""
    record: StoredRecord
    """The row's own."""
    original: StoredRecord
    """The record with the body: the same one, or that which a revisit stands for."""
    http_head: bytes
    """Head of the response that goes with the body as sent; empty for what was no HTTP message."""
    content: bytes
    """The body without content coding."""

    @property
    def retrieved_at(self) -> datetime:
        """When the body left the server."""
        return datetime.fromisoformat(self.original.fields["WARC-Date"])


class Payloads:
    """Reads the bodies that rows point to, across all crawls of an export. Memory does not grow with them."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._originals: sqlite3.Connection | None = None

    def read(self, source: Source, row: Mapping[str, Any]) -> Payload:
        """Read one. Raises DamagedStateError where the record is not the row's, MissingOriginalError."""
        if row["warc_filename"] is None:
            raise DamagedStateError("the row says allow, but names no record")
        place = f"{row['warc_filename']} at {row['warc_record_offset']}"
        record = source.reader.record(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
        if record.fields.get("WARC-Record-ID") != row["record_id"]:
            raise DamagedStateError(f"{place}: is the record of another row")
        if "REDACTED:" not in row["url"] and record.target_uri != row["url"]:
            raise DamagedStateError(f"{place}: is about another URL")
        original = self._original(record, row, place) if record.type == "revisit" else record
        if original.type not in {"response", "resource"}:
            raise DamagedStateError(f"{place}: holds no body but a record of type {original.type}")
        if row["content_digest"] is not None and sha256(original.body) != row["content_digest"]:
            raise DamagedStateError(f"{place}: the body does not match the row's {row['content_digest']}")
        is_unchanged = record.fields.get("WARC-Profile", "").endswith(_NOT_MODIFIED)
        head = original.http_head if is_unchanged else record.http_head
        codings = codings_of(value for name, value in head_fields(head) if name.lower() == b"content-encoding")
        decoded = decode(original.body, codings, LARGEST)
        if decoded.code is not None:
            raise DamagedStateError(f"{place}: {decoded.detail}")
        return Payload(url=record.target_uri, record=record, original=original, http_head=head, content=decoded.body)

    def _original(self, record: StoredRecord, row: Mapping[str, Any], place: str) -> StoredRecord:
        """Find by the record that the revisit names, else by the digest of the payload: the same octets."""
        digest = record.fields.get("WARC-Payload-Digest") or row["content_digest"]
        if self._originals is None:
            self._originals = self._index()
        query = "SELECT source, file, offset, length FROM originals WHERE {} = ? ORDER BY number LIMIT 1"
        for column, value in (("record_id", record.fields.get("WARC-Refers-To")), ("digest", digest)):
            found = self._originals.execute(query.format(column), (value,)).fetchone()
            if found is not None:
                number, *place = found
                return self._sources[int(number)].reader.record(*place)
        raise MissingOriginalError(
            f"{place}: repeats {record.fields.get('WARC-Refers-To')} of another crawl; name that crawl's folder as "
            "well, or purge this one too if it was purged"
        )

    def _index(self) -> sqlite3.Connection:
        """All records with a body, in a database that SQLite keeps on disk and drops when it is closed."""
        made = sqlite3.connect("")
        made.execute(
            "CREATE TABLE originals (number INTEGER PRIMARY KEY, record_id TEXT, digest TEXT, source INTEGER,"
            " file TEXT, offset INTEGER, length INTEGER)"
        )
        for number, source in enumerate(self._sources):
            for path in source.segments:
                made.executemany(
                    "INSERT INTO originals (record_id, digest, source, file, offset, length) VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        (row["record_id"], row["content_digest"], number, row["warc_filename"],
                         row["warc_record_offset"], row["warc_record_length"])
                        for row in read_rows(path, _COLUMNS)
                        if row["verdict"] == "allow" and row["erased_at"] is None and row["bytes_retained"]
                    ),
                )  # fmt: skip
        made.execute("CREATE INDEX by_id ON originals (record_id)")
        made.execute("CREATE INDEX by_digest ON originals (digest)")
        return made

    def close(self) -> None:
        """Drop the index."""
        if self._originals is not None:
            self._originals.close()
            self._originals = None
