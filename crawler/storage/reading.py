"""Questions to a crawl folder, without its lock and without writing: rows, records, site files, numbers.

Works beside a running crawl (then it also sees rows that are in no segment yet) and on a read-only disk.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Self

from crawler.errors import DamagedStateError, UsageError
from crawler.provenance.leaf import is_row
from crawler.storage.crawl_file import read_crawl_file
from crawler.storage.entries import Counts, SiteFileEntry, UrlState
from crawler.storage.journal import open_for_reading
from crawler.storage.layout import (
    CRAWL_FILE,
    DATABASE,
    FOLDERS,
    LOG,
    MANIFEST,
    STATE,
    WARC,
    Folder,
    check_format,
    newest_names,
)
from crawler.storage.warc_reading import RecordFiles, read_record, read_record_at
from crawler.values.digest import Digest, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa
    import pyarrow.compute
    from pyarrow.dataset import Dataset

    from crawler.storage.crawl_file import CrawlFile
    from crawler.storage.warc_reading import StoredRecord

_ERASED = b'{"erased":'
_NEWEST = 50_000
"""Attempts that a question about the recent past looks at."""


def counts_of(connection: sqlite3.Connection) -> Counts:
    """Numbers of one worker's journal. Raises sqlite3.Error."""
    counted = dict(connection.execute("SELECT name, value FROM counters"))

    def number(query: str) -> int:
        value: int = connection.execute(query).fetchone()[0]
        return value

    names = {name for name in Counts.__slots__ if name in counted}
    return Counts(
        **{name: counted[name] for name in names},
        unpublished=number("SELECT count(*) FROM pending WHERE is_row"),
        segments=number("SELECT count(*) FROM segments WHERE rows > 0"),
        lanes=number("SELECT count(*) FROM lanes"),
    )


def load_site_file(connection: sqlite3.Connection, warc: Folder, origin: str, path: str) -> SiteFileEntry | None:
    """Latest outcome for a site file. Raises DamagedStateError where its evidence cannot be read back."""
    found = connection.execute(
        "SELECT outcome, site_files.digest, retrieved_at, expires_at, attempt_id, file, offset, length FROM site_files"
        " LEFT JOIN evidence ON evidence.digest = site_files.digest WHERE origin = ? AND path = ?",
        (origin, path),
    ).fetchone()
    if found is None:
        return None
    outcome, digest, retrieved_at, expires_at, attempt_id, file, offset, length = found
    body = None if digest is None else _evidence(warc, digest, file, offset, length)
    return SiteFileEntry(
        origin=origin, path=path, outcome=outcome, digest=None if digest is None else Digest(digest), body=body,
        retrieved_at=datetime.fromisoformat(retrieved_at), expires_at=datetime.fromisoformat(expires_at),
        attempt_id=attempt_id,
    )  # fmt: skip


def _evidence(warc: Folder, digest: str, file: str, offset: int, length: int) -> bytes:
    record = read_record(warc, file, offset, length)
    if sha256(record.body) != digest:
        raise DamagedStateError(f"{warc.path / file} at {offset}: the body does not match {digest}")
    return record.body


class CrawlReader:
    """An open crawl folder. A context manager; rows are dicts by column name."""

    def __init__(self, root: Folder) -> None:
        """Use ``open``."""
        self._root = root
        self.root = root.path
        self.crawl: CrawlFile = read_crawl_file(root)
        self._warc = Folder.descend(root.path / WARC)
        self._records = RecordFiles(self._warc)
        paths = sorted((root.path / STATE).glob(f"*/{DATABASE}"))
        self._journals = {path.parent.name: open_for_reading(path) for path in paths}

    @classmethod
    def open(cls, root: Path) -> Self:
        """Raise UsageError where there is no crawl, DamagedStateError where it cannot be read."""
        if not (root / CRAWL_FILE).is_file():
            raise UsageError(f"{root}: holds no crawl (no {CRAWL_FILE}); give the folder that `crawl -o` wrote")
        check_format(root)
        try:
            return cls(Folder.descend(root))
        except (OSError, sqlite3.Error) as error:
            raise DamagedStateError(f"{root}: cannot be read: {error}") from error

    def counts(self) -> Counts | None:
        """Sum over all workers; ``None`` where the state is not in the folder (it is no evidence)."""
        try:
            found = [counts_of(journal) for journal in self._journals.values()]
        except sqlite3.Error as error:
            raise DamagedStateError(f"{self._root.path / STATE}: cannot be read: {error}") from error
        if not found:
            return None
        return Counts(**{name: sum(getattr(counts, name) for counts in found) for name in Counts.__slots__})

    def is_over(self) -> bool | None:
        """Whether every worker came to its end, rather than to a stop; ``None`` where the state is not here."""
        query = "SELECT value FROM meta WHERE key = 'ended'"
        found = [journal.execute(query).fetchone() for journal in self._journals.values()]
        return all(one is not None and one[0] == 1 for one in found) if found else None

    def logged(self, kind: str) -> int | None:
        """How many entries of that type the log has; ``None`` where the state is not in the folder."""
        query = "SELECT count(*) FROM leaves WHERE type = ?"
        found = [journal.execute(query, (kind,)).fetchone()[0] for journal in self._journals.values()]
        return sum(found) if found else None

    def attempts_since(self, wall: float) -> int:
        """How many of the newest attempts ended after that Unix time; looks at ``_NEWEST`` a worker at most."""
        query = (
            "SELECT count(*) FROM attempts WHERE id > (SELECT coalesce(max(id), 0) FROM attempts) - ? AND ended >= ?"
        )
        try:
            return sum(journal.execute(query, (_NEWEST, wall)).fetchone()[0] for journal in self._journals.values())
        except sqlite3.Error as error:
            raise DamagedStateError(f"{self._root.path / STATE}: cannot be read: {error}") from error

    def sizes(self) -> dict[str, int]:
        """Octets of all files below each folder of the crawl, by the folder's name."""
        found = dict.fromkeys(FOLDERS, 0)
        for name in FOLDERS:
            for path in (self._root.path / name).rglob("*"):
                with suppress(FileNotFoundError):  # renamed by a running crawl
                    found[name] += path.lstat().st_size if path.is_file() else 0
        return found

    def segments(self) -> list[Path]:
        """Published Parquet files, in order of their names."""
        folder = self._root.path / MANIFEST
        return [folder / name for name in newest_names(path.name for path in folder.glob("*.parquet"))]

    def dataset(self) -> Dataset:
        """All published rows as one dataset of the fixed schema."""
        from crawler.storage.manifest import open_dataset  # noqa: PLC0415 - Arrow is large, and a crawl needs none

        return open_dataset(self.segments())

    def unpublished(self) -> pa.Table:
        """Rows that are committed and in no segment yet."""
        from crawler.storage.manifest import table_of  # noqa: PLC0415 - as above

        leaves: list[tuple[bytes, bytes]] = []
        try:
            for journal in self._journals.values():
                query = "SELECT data, hash FROM pending JOIN leaves USING (seq) WHERE is_row ORDER BY seq"
                leaves += journal.execute(query).fetchall()
        except sqlite3.Error as error:
            raise DamagedStateError(f"{self._root.path / STATE}: cannot be read: {error}") from error
        return table_of(leaves)

    def find(self, url: str) -> list[dict[str, Any]]:
        """All rows of that URL as the manifest spells it, of every crawl in the folder, oldest first."""
        import pyarrow.compute  # noqa: PLC0415 - as above

        return self.rows(pyarrow.compute.field("url") == url)

    def rows(self, condition: pyarrow.compute.Expression) -> list[dict[str, Any]]:
        """All rows that meet a condition, published or not, oldest first."""
        # The journal first: a row that is published in between is then seen twice, never missed.
        rows = self.unpublished().filter(condition).to_pylist() + self.dataset().to_table(filter=condition).to_pylist()
        return sorted({row["leaf_hash"]: row for row in rows}.values(), key=lambda row: row["decided_at"])

    def secrets(self) -> list[bytes]:
        """Keys under which values of rows were redacted, one a worker; empty where the state is not here."""
        found = (
            journal.execute("SELECT value FROM meta WHERE key = 'secret'").fetchone()
            for journal in self._journals.values()
        )
        return [bytes.fromhex(value) for (value,) in filter(None, found)]

    def frontier_states(self, url: str) -> list[UrlState]:
        """Where that exact URL stands in the frontier; empty where it was never put there, or the state is not here."""
        return [UrlState(state) for state, _ in self._frontier(url)]

    def had_row(self, url: str) -> bool:
        """Whether the frontier says that the exact URL got a row, though it may be erased by now."""
        return any(rowed for _, rowed in self._frontier(url))

    def _frontier(self, url: str) -> list[tuple[int, int]]:
        query = "SELECT state, rowed FROM frontier WHERE key = ?"
        key = blake2b(url.encode(), digest_size=16).digest()  # as Frontier.add makes it
        found = (journal.execute(query, (key,)).fetchone() for journal in self._journals.values())
        return list(filter(None, found))

    def kept(self, folder: str, digest: str) -> bytes:
        """A policy or list file that was in force, checked against its digest. Raises DamagedStateError."""
        path = self._root.path / folder / digest.replace(":", "-")
        try:
            with Folder.descend(path.parent) as files:
                data = files.read(path.name)
        except OSError as error:
            raise DamagedStateError(f"{path}: cannot be read ({error.strerror})") from error
        if sha256(data) != digest:
            raise DamagedStateError(f"{path}: is not the file that its name says: {sha256(data)}")
        return data

    def record(self, warc_filename: str, offset: int, length: int) -> StoredRecord:
        """The record that a row points to, checked. Raises DamagedStateError."""
        return self._records.read(warc_filename.removeprefix(f"{WARC}/"), offset, length)

    def record_at(self, warc_filename: str, offset: int) -> StoredRecord:
        """The record that begins at a place, checked. Raises DamagedStateError."""
        return read_record_at(self._warc, warc_filename.removeprefix(f"{WARC}/"), offset)

    def entries(self) -> Iterator[dict[str, Any]]:
        """Entries of the evidence log that are not rows: published ones, then those still in the journal."""
        for path in sorted((self._root.path / LOG).glob("*.jsonl.gz")):
            try:
                lines = gzip.decompress(path.read_bytes()).splitlines()
            except (OSError, EOFError) as error:
                raise DamagedStateError(f"{path}: cannot be read: {error}") from error
            yield from (json.loads(line) for line in lines if not is_row(line) and not line.startswith(_ERASED))
        yield from (entry for _, entry in self.pending_entries())

    def pending_entries(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Worker id and entry, for those that are in the journal and in no file of the log yet."""
        for worker, journal in self._journals.items():
            for (data,) in journal.execute("SELECT data FROM pending WHERE NOT is_row ORDER BY seq"):
                yield worker, json.loads(data)

    def site_files(self, origin: str) -> list[dict[str, Any]]:
        """All recorded outcomes for files of that origin, oldest first: the bodies of their log entries."""
        return [
            {**entry["body"], "retrieved_at": entry["time"]}
            for entry in self.entries()
            if entry["type"] == "site_file" and entry["body"]["origin"] == origin
        ]

    def site_file_body(self, entry: dict[str, Any]) -> bytes | None:
        """Body of an outcome that ``site_files`` answered, checked against its digest."""
        place = entry["body"]
        if place is None:
            return None
        return _evidence(
            self._warc, entry["digest"], place["file"].removeprefix(f"{WARC}/"), place["offset"], place["length"]
        )

    def close(self) -> None:
        """Let go of all files."""
        for journal in self._journals.values():
            journal.close()
        self._records.close()
        self._warc.close()
        self._root.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
