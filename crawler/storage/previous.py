"""Earlier crawls that a re-crawl builds on: their rows and payloads, found by a compact index on disk.

Only what can be checked is used: segments whose digest the log of their crawl names, records whose octets match the
digest of their row. Whatever does not fit is passed over, and the page is asked for without a condition.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from crawler.errors import DamagedStateError, UsageError
from crawler.storage.reading import CrawlReader
from crawler.storage.revisits import Held
from crawler.storage.stored_copies import Payload, PreviousPage, StoredCopy, StoredHead
from crawler.storage.warc import clean_uri
from crawler.values.digest import Digest, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from crawler.storage.warc_reading import StoredRecord

_TABLES = """
CREATE TABLE files (id INTEGER PRIMARY KEY, crawl INTEGER NOT NULL, name TEXT NOT NULL, crawl_id TEXT NOT NULL);
CREATE TABLE pages (
  key BLOB NOT NULL, at INTEGER NOT NULL, crawl INTEGER NOT NULL, status INTEGER, is_kept INTEGER NOT NULL,
  is_hop INTEGER NOT NULL, digest BLOB, file INTEGER, offset INTEGER, length INTEGER, PRIMARY KEY (key, at)
) WITHOUT ROWID;
CREATE TABLE payloads (
  digest BLOB PRIMARY KEY, file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = (
    *("crawl_id", "url", "decided_at", "fetch_time", "fetch_status", "fetch_redirect", "verdict", "content_digest"),
    *("content_truncated", "bytes_retained", "warc_filename", "warc_record_offset", "warc_record_length", "erased_at"),
)
_SEED_COLUMNS = (
    *("url", "url_host_registered_domain", "verdict", "fetch_redirect", "redirect_chain", "modality", "seed", "depth"),
    *("referrer", "erased_at", "warc_filename", "warc_record_offset", "warc_record_length"),
)
_CHAIN = 64
"""Answers without change, one after the other, that are followed back to the response with the body."""
_CACHE_KIB = 32_768
_BATCH = 8_192
_NOT_MODIFIED, _OK = 304, 200
_EMPTY = hashlib.sha256(b"").digest()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_REDACTED = "REDACTED:"


class _Row(NamedTuple):
    at: int
    crawl: int
    status: int | None
    is_kept: int
    is_hop: int
    digest: bytes | None
    file: int | None
    offset: int
    length: int


class Previous:
    """The named crawls. Its methods may be called from any thread."""

    def __init__(self, readers: Sequence[CrawlReader], exits: ExitStack) -> None:
        """Use ``open``."""
        self._readers = tuple(readers)
        self._exits = exits
        self._lock = Lock()
        self.crawl_ids = tuple(reader.crawl.crawl_id for reader in readers)
        self.warnings: list[str] = []
        self.pages = 0
        """URLs whose newest row keeps a page."""
        self._segments: list[list[Path]] = []
        self._files: dict[tuple[int, str], int] = {}
        # An empty name: SQLite keeps the index in a file of its own that nobody sees, and removes it in the end.
        self._index = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._exits.callback(self._index.close)
        self._index.executescript(f"PRAGMA cache_size = -{_CACHE_KIB}; PRAGMA journal_mode = OFF; {_TABLES}")

    @classmethod
    def open(cls, folders: Sequence[Path], *, out: Path | None = None, is_test: bool | None = None) -> Self:
        """Index the manifests of these crawls; their order does not matter.

        ``out`` is the folder of the new crawl, ``is_test`` whether it may visit test hosts: it must not be one of the
        earlier ones, nor a real crawl build on a test. Raises UsageError, DamagedStateError.
        """
        with ExitStack() as exits:
            readers = []
            for folder in dict.fromkeys(folders):
                if out is not None and folder.resolve() == out.resolve():
                    raise UsageError(f"--previous {folder}: is the folder of the new crawl; give the new one its own")
                reader = exits.enter_context(CrawlReader.open(folder))
                if is_test is False and reader.crawl.is_test:
                    raise UsageError(f"--previous {folder}: is a TEST crawl; a real one does not build on it")
                readers.append(reader)
            found = cls(readers, exits)
            found._fill()
            found._exits = exits.pop_all()
            return found

    # -- the index

    def _fill(self) -> None:
        from pyarrow import ArrowException  # noqa: PLC0415 - large, and only who builds on earlier crawls needs it

        self._index.execute("BEGIN")
        for number, reader in enumerate(self._readers):
            paths = self._checked(reader)
            self._segments.append(paths)
            try:
                for rows in _rows(paths, _COLUMNS):
                    self._add(number, reader, rows)
            except (ArrowException, OSError) as error:
                raise DamagedStateError(f"{reader.root}: the manifest cannot be read: {error}") from error
        self._index.execute("COMMIT")
        newest = "SELECT is_kept AND NOT is_hop AS is_page, max(at) FROM pages GROUP BY key"
        (self.pages,) = self._ask(f"SELECT count(*) FROM ({newest}) WHERE is_page", ())[0]  # noqa: S608 - constants only

    def _checked(self, reader: CrawlReader) -> list[Path]:
        """Segments that are what the log of their crawl says of them."""
        logged = {file["name"]: file["sha256"] for entry in reader.entries() for file in _named(entry)}
        paths = []
        for path in reader.segments():
            with path.open("rb") as file:
                digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
            if logged.get(f"manifest/{path.name}") == digest:
                paths.append(path)
            else:
                self.warnings.append(f"{path}: is not what its log says; its pages are asked for anew")
        return paths

    def _add(self, crawl: int, reader: CrawlReader, rows: Sequence[dict[str, Any]]) -> None:
        pages, payloads = [], []
        for row in rows:
            url = _exact_url(reader, row)
            if url is None:
                continue
            is_kept = row["verdict"] == "allow" and row["erased_at"] is None and row["warc_filename"] is not None
            is_hop = row["fetch_redirect"] is not None
            digest = _octets(row["content_digest"]) if row["content_truncated"] is None else None
            place: tuple[int | None, int, int] = (None, 0, 0)
            if is_kept:
                file = self._file(crawl, row["warc_filename"], row["crawl_id"])
                place = (file, row["warc_record_offset"], row["warc_record_length"])
                # An empty body is never a revisit, unless the server said that nothing had changed.
                is_here = row["bytes_retained"] or (digest == _EMPTY and row["fetch_status"] != _NOT_MODIFIED)
                if is_here and digest is not None:
                    payloads.append((digest, *place))
            at = (row["decided_at"] - _EPOCH) // _MICROSECOND
            pages.append((_key(url), at, crawl, row["fetch_status"], is_kept, is_hop, digest, *place))
        self._index.executemany("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", pages)
        self._index.executemany("INSERT OR IGNORE INTO payloads VALUES (?, ?, ?, ?)", payloads)

    def _file(self, crawl: int, name: str, crawl_id: str) -> int:
        """Number of a WARC file; it belongs to one crawl, though its folder may hold several."""
        number = self._files.get((crawl, name))
        if number is None:
            number = self._files[crawl, name] = len(self._files)
            self._index.execute("INSERT INTO files VALUES (?, ?, ?, ?)", (number, crawl, name, crawl_id))
        return number

    def _ask(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._lock:
            return self._index.execute(query, values).fetchall()

    # -- questions

    def find(self, url: str) -> PreviousPage | None:
        """Newest row of that exact URL, whatever its verdict."""
        key = _key(url)
        rows = self._rows(key, limit=1)
        if not rows:
            return None
        row = rows[0]
        return PreviousPage(
            key=key,
            crawl=row.crawl,
            at=row.at,
            is_page=bool(row.is_kept and not row.is_hop),
            digest=None if row.digest is None else _text(row.digest),
        )

    def copy(self, url: str, page: PreviousPage, *, user_agent: str) -> StoredCopy | None:
        """The stored response, with everything about it checked; ``None`` where it cannot stand for the page."""
        digest = page.digest
        if not page.is_page or digest is None:
            return None
        heads: list[StoredHead] = []
        for row in self._rows(page.key, limit=_CHAIN):
            record = None if row.file is None or row.is_hop else self._record(row.file, row.offset, row.length)
            if record is None or record.target_uri != clean_uri(url) or row.digest != _octets(digest):
                return None
            moment = datetime.fromisoformat(record.fields["WARC-Date"])
            heads.append(StoredHead(octets=record.http_head, status=row.status or 0, retrieved_at=moment))
            if row.status == _NOT_MODIFIED:
                continue
            is_here = sha256(record.body) == digest if record.type == "response" else self.payload(digest) is not None
            if row.status != _OK or not is_here:
                return None
            is_same = self._readers[row.crawl].crawl.user_agent == user_agent
            return StoredCopy(heads=tuple(heads), digest=digest, is_same_agent=is_same)
        return None

    def payload(self, digest: Digest) -> Payload | None:
        """The body with that digest, read and checked; ``None`` where none of the crawls holds it any more."""
        query = "SELECT file, offset, length FROM payloads WHERE digest = ?"
        for file, offset, length in self._ask(query, (_octets(digest),)):
            record = self._record(file, offset, length)
            if record is not None and record.type == "response" and sha256(record.body) == digest:
                (crawl_id,) = self._ask("SELECT crawl_id FROM files WHERE id = ?", (file,))[0]
                held = Held(
                    record_id=record.fields["WARC-Record-ID"],
                    target_uri=record.target_uri,
                    date=record.fields["WARC-Date"],
                    crawl_id=crawl_id,
                )
                return Payload(held=held, http_head=record.http_head, body=record.body)
        return None

    def held(self, digest: Digest) -> Held | None:
        """The record that holds a payload, after a look at it; for revisits to payloads of other crawls."""
        found = self.payload(digest)
        return None if found is None else found.held

    def kept(self) -> Iterator[dict[str, Any]]:
        """Rows from which a re-crawl without seeds starts: kept pages that were no target of a redirect, no media.

        Hops lead to their targets again and pages to their media, with all that restricts them.
        """
        for reader, paths in zip(self._readers, self._segments, strict=True):
            for rows in _rows(paths, _SEED_COLUMNS):
                for row in rows:
                    is_kept = row["verdict"] == "allow" and row["erased_at"] is None
                    is_own = row["seed"] or (row["modality"] in {None, "text"} and not row["redirect_chain"])
                    url = _exact_url(reader, row) if is_kept and is_own else None
                    if url is not None:
                        yield {**row, "url": url}

    def close(self) -> None:
        """Let go of all files; the index goes with them."""
        self._exits.close()

    def _rows(self, key: bytes, *, limit: int) -> list[_Row]:
        query = (
            "SELECT at, crawl, status, is_kept, is_hop, digest, file, offset, length FROM pages"
            " WHERE key = ? ORDER BY at DESC LIMIT ?"
        )
        return [_Row(*row) for row in self._ask(query, (key, limit))]

    def _record(self, file: int, offset: int, length: int) -> StoredRecord | None:
        crawl, name = self._ask("SELECT crawl, name FROM files WHERE id = ?", (file,))[0]
        reader: CrawlReader = self._readers[crawl]
        try:
            return reader.record(name, offset, length)
        except DamagedStateError:
            return None


def _rows(paths: Sequence[Path], columns: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """Some columns of segments, some rows at once. Raises OSError, ``pyarrow.ArrowException``."""
    from crawler.storage.manifest import open_dataset  # noqa: PLC0415 - as above

    for batch in open_dataset(paths).to_batches(columns=list(columns), batch_size=_BATCH, use_threads=False):
        yield batch.to_pylist()


def _named(entry: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Files that an entry of the log says were written: with a segment, or in place of one after an erasure."""
    if entry["type"] == "segment_published":
        return list(entry["body"]["files"])
    if entry["type"] == "erasure":
        return [one["new"] for one in entry["body"]["files"] if one["new"] is not None]
    return []


def _exact_url(reader: CrawlReader, row: dict[str, Any]) -> str | None:
    """The URL that was asked for; of a redacted row the record alone knows it."""
    url: str | None = row["url"]
    if url is None or _REDACTED not in url:
        return url
    if row["warc_filename"] is None:
        return None
    try:
        record = reader.record(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
    except DamagedStateError:
        return None
    return record.target_uri


def _key(url: str) -> bytes:
    return blake2b(url.encode(), digest_size=16).digest()


def _octets(digest: str | None) -> bytes | None:
    return None if digest is None else bytes.fromhex(digest.partition(":")[2])


def _text(octets: bytes) -> Digest:
    return Digest(f"sha256:{octets.hex()}")
