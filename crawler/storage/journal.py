"""The worker's database: connection, tables, and the log of leaves. What a frontier or a segment is, is elsewhere.

WAL, ``synchronous=FULL``, foreign keys on, one writing connection in one thread. The database is not evidence: what
it holds of rows is dropped once their segment is published.
"""

from __future__ import annotations

import atexit
import os
import secrets
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from crawler.errors import DamagedStateError, StorageError
from crawler.provenance.leaf import leaf_data, leaf_hash, row_leaf
from crawler.storage.layout import DATABASE, RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crawler.storage.layout import Folder

JOURNAL_VERSION: Final = 2
"""Of the tables below, raised with every change to them. A part of its own beside the format of the folder, because
the journal is not evidence: a finished crawl stays readable without it."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE lanes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, turn INTEGER NOT NULL, due REAL,
  claimed INTEGER NOT NULL DEFAULT 0);
CREATE INDEX lanes_ready ON lanes (turn) WHERE due = 0;
CREATE INDEX lanes_parked ON lanes (due) WHERE due > 0;
CREATE TABLE frontier (
  id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, url TEXT NOT NULL, lane INTEGER NOT NULL REFERENCES lanes,
  state INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,
  rowed INTEGER NOT NULL DEFAULT 0, depth INTEGER NOT NULL, via TEXT NOT NULL, referrer TEXT, chain TEXT,
  inherited TEXT, discovered_at TEXT NOT NULL, why TEXT, role TEXT NOT NULL, site TEXT);
CREATE INDEX frontier_sitemaps ON frontier (site) WHERE role = 'sitemap';
CREATE TABLE shapes (shape BLOB PRIMARY KEY, repeated INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX frontier_waiting ON frontier (lane, not_before) WHERE state = 0;
CREATE INDEX frontier_sent ON frontier (id) WHERE state = 1;
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, frontier_id INTEGER REFERENCES frontier, target TEXT, outcome TEXT NOT NULL,
  wall REAL NOT NULL, monotonic REAL NOT NULL, ended REAL, detail TEXT);
CREATE INDEX attempts_sent ON attempts (id) WHERE outcome = 'sent';
CREATE TABLE leaves (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, hash BLOB NOT NULL);
CREATE TABLE pending (seq INTEGER PRIMARY KEY REFERENCES leaves, is_row INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE files (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, warcinfo_id TEXT NOT NULL,
  length INTEGER NOT NULL, sha256 TEXT NOT NULL, closed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE records (
  id INTEGER PRIMARY KEY, seq INTEGER REFERENCES leaves, attempt_id INTEGER REFERENCES attempts,
  file INTEGER NOT NULL REFERENCES files, offset INTEGER NOT NULL, length INTEGER NOT NULL, type TEXT NOT NULL,
  record_id TEXT NOT NULL, payload BLOB);
CREATE TABLE held (payload BLOB PRIMARY KEY, record_id TEXT NOT NULL, url TEXT NOT NULL, date TEXT NOT NULL)
  WITHOUT ROWID;
CREATE TABLE evidence (digest TEXT PRIMARY KEY, file TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE TABLE site_files (
  origin TEXT NOT NULL, path TEXT NOT NULL, outcome TEXT NOT NULL, digest TEXT REFERENCES evidence,
  retrieved_at TEXT NOT NULL, expires_at TEXT NOT NULL, attempt_id INTEGER REFERENCES attempts,
  PRIMARY KEY (origin, path)) WITHOUT ROWID;
CREATE TABLE segments (
  id INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, rows INTEGER NOT NULL,
  reason TEXT NOT NULL);
CREATE TABLE segment_files (
  folder TEXT NOT NULL, name TEXT NOT NULL, segment INTEGER NOT NULL REFERENCES segments, length INTEGER NOT NULL,
  sha256 TEXT NOT NULL, PRIMARY KEY (folder, name)) WITHOUT ROWID;
"""
_DISK_FAILURES = frozenset(
    {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY}
)
_SALT_OCTETS = 16
_CACHE_KIB = 16384
_CHECKPOINT_PAGES = 8192


class Journal:
    """One connection. ``next_seq`` is the number of the next leaf, counted from 0 without gaps."""

    def __init__(self, connection: sqlite3.Connection, folder: Folder) -> None:
        self.connection = connection
        self.path = folder.path / DATABASE
        self.next_seq = 0
        self._folder = folder
        # An interpreter that ends closes the connection, and that removes the log file: the mark has to go first.
        atexit.register(self.close)

    @classmethod
    def open(cls, folder: Folder, *, is_new: bool) -> tuple[Journal, bool]:
        """Open or make the database; answer whether the earlier run ended without closing it.

        Raises DamagedStateError where it is missing, cut, of another version, fails its check, or has lost its log.
        """
        path = folder.path / DATABASE
        if is_new:
            for name in (DATABASE, DATABASE + "-wal", DATABASE + "-shm"):
                with suppress(FileNotFoundError):
                    folder.remove(name)
            os.close(folder.open(DATABASE, os.O_RDWR | os.O_CREAT | os.O_EXCL))
            folder.sync()
        elif folder.size(DATABASE) is None:
            raise DamagedStateError(f"{path}: missing; restore it, or start in a new folder")
        else:
            _check_files(folder, path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        journal = cls(connection, folder)
        try:
            return journal, journal._prepare(is_new=is_new)
        except sqlite3.DatabaseError as error:
            journal.close()
            if error.sqlite_errorcode & 0xFF in _DISK_FAILURES:
                raise StorageError(f"{path}: {error}; see that the disk is well and has space") from error
            raise DamagedStateError(f"{path}: {error}; restore it, or start in a new folder") from error
        except BaseException:
            journal.close()
            raise

    def _prepare(self, *, is_new: bool) -> bool:
        run = self.connection.execute
        version = run("PRAGMA user_version").fetchone()[0]
        if not is_new:
            _check_version(self.path, version)
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA foreign_keys = ON")
        run(f"PRAGMA cache_size = -{_CACHE_KIB}")
        run(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        was_unclean = not is_new and self.get("clean") != 1
        if was_unclean:
            problem = run("PRAGMA integrity_check(1)").fetchone()[0]
            if problem != "ok":
                raise DamagedStateError(f"{self.path}: {problem}; restore it, or start in a new folder")
        self._mark_running()
        with self.transaction():
            if is_new:
                for statement in _TABLES.split(";"):
                    run(statement)
                run(f"PRAGMA user_version = {JOURNAL_VERSION}")
            self.put("clean", 0)
        # Into the database file itself, so that a log file that is lost later shows.
        run("PRAGMA wal_checkpoint(TRUNCATE)")
        self._mark_running()
        self.next_seq = run("SELECT coalesce(max(seq) + 1, 0) FROM leaves").fetchone()[0]
        return was_unclean

    def _mark_running(self) -> None:
        """Say that the database is open, and how long its file is at least: it never shrinks."""
        self._folder.write(RUNNING, str(self._folder.size(DATABASE)).encode())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Raises sqlite3.Error."""
        self.connection.execute("BEGIN IMMEDIATE")
        seq = self.next_seq
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            self.next_seq = seq
            with suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
            raise

    def get(self, key: str) -> Any:
        """Value of a key of ``meta``; ``None`` where it is not set."""
        found = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if found is None else found[0]

    def put(self, key: str, value: str | float | None) -> None:
        """Set a key of ``meta``."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def add(self, deltas: Mapping[str, int]) -> None:
        """Add to counters."""
        self.connection.executemany(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
            [(name, delta) for name, delta in deltas.items() if delta],
        )

    def log_row(self, columns: Mapping[str, Any]) -> int:
        """Append the leaf of a row; answer its number. Raises ValueError for what canonical JSON cannot hold."""
        seq = self.next_seq
        kind, data = row_leaf(columns, seq=seq, salt=_salt())
        return self._append(kind, data, is_row=True)

    def log_event(self, kind: str, *, time: str, body: Mapping[str, Any]) -> int:
        """Append the leaf of any other entry; answer its number."""
        data = leaf_data(kind, seq=self.next_seq, time=time, salt=_salt(), body=body)
        return self._append(kind, data, is_row=False)

    def _append(self, kind: str, data: bytes, *, is_row: bool) -> int:
        seq = self.next_seq
        self.connection.execute("INSERT INTO leaves VALUES (?, ?, ?)", (seq, kind, leaf_hash(data)))
        self.connection.execute("INSERT INTO pending VALUES (?, ?, ?)", (seq, is_row, data))
        self.next_seq = seq + 1
        return seq

    def finish(self) -> None:
        """Mark the end as clean, and make the database a single file that can be read where nothing can be written."""
        with self.transaction():
            self.put("clean", 1)
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.execute("PRAGMA journal_mode = DELETE")

    def close(self) -> None:
        """Let go of the database; never raises, since it also follows a failure. A second call does nothing."""
        atexit.unregister(self.close)
        with suppress(OSError):
            self._folder.remove(RUNNING)
        with suppress(sqlite3.Error):
            self.connection.close()


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Read-only connection: beside a running writer, or to a closed database on any disk.

    Raises sqlite3.Error, and DamagedStateError for a journal of another version; damage shows at the first question.
    """
    is_live = path.with_name(path.name + "-wal").exists()
    options = "mode=ro" if is_live else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?{options}", uri=True, check_same_thread=False)
    with suppress(sqlite3.Error):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version:  # 0: the tables are just being made
            try:
                _check_version(path, version)
            except DamagedStateError:
                connection.close()
                raise
    return connection


def _check_version(path: Path, version: int) -> None:
    if version != JOURNAL_VERSION:
        raise DamagedStateError(
            f"{path}: journal of version {version}, but this clearcrawl reads version {JOURNAL_VERSION}; end the crawl "
            "with the clearcrawl that began it, or start in a new folder (of a finished crawl, state/ may be removed)"
        )


def _check_files(folder: Folder, path: Path) -> None:
    """A database that was killed has its length and a write-ahead log; else commits would be lost in silence."""
    if folder.size(RUNNING) is None:
        return
    size = folder.read(RUNNING)
    if not size.isdigit() or (folder.size(DATABASE) or 0) < int(size):
        raise DamagedStateError(f"{path}: shorter than it was; restore it, or start in a new folder")
    if folder.size(DATABASE + "-wal") is not None:
        return
    try:
        connection = open_for_reading(path)
        try:
            found = connection.execute("SELECT value FROM meta WHERE key = 'clean'").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DamagedStateError(f"{path}: {error}; restore it, or start in a new folder") from error
    if found is None or found[0] != 1:
        raise DamagedStateError(f"{path}-wal: missing, though the last run did not end cleanly; restore it")


def _salt() -> str:
    return secrets.token_hex(_SALT_OCTETS)
