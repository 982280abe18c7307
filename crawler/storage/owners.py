"""Which worker a registrable domain belongs to, for good; and what waits for a worker that cannot take it.

SQLite in ``state/crawl``: a domain is given away on disk before its first URL is. Not evidence.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any, Final, Self

from crawler.errors import DamagedStateError
from crawler.storage.layout import OWNERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from crawler.storage.layout import Folder

VERSION: Final = 1
_REMEMBERED = 200_000
"""Domains in memory."""
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE workers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, born INTEGER NOT NULL DEFAULT 0);
CREATE TABLE domains (name TEXT PRIMARY KEY, worker INTEGER NOT NULL REFERENCES workers) WITHOUT ROWID;
CREATE TABLE held (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, url TEXT NOT NULL)
"""


class Owners:
    """One connection, one thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Use ``open``."""
        self._connection = connection
        self._path = path
        self._known: dict[str, str] = {}
        self._ids: dict[str, int] = {}

    @classmethod
    def open(cls, folder: Folder) -> Self:
        """Open or make it. Raises OSError, sqlite3.Error, DamagedStateError for one of another version."""
        path = folder.path / OWNERS
        if folder.size(OWNERS) is None:
            os.close(folder.open(OWNERS, os.O_RDWR | os.O_CREAT | os.O_EXCL))
            folder.sync()
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            run = connection.execute
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA synchronous = FULL")
            opened = cls(connection, path)
            opened._check_version(run("PRAGMA user_version").fetchone()[0])
            opened._ids = {name: number for number, name in run("SELECT id, name FROM workers")}
        except sqlite3.DatabaseError as error:
            connection.close()
            raise DamagedStateError(f"{path}: {error}; restore it, or start in a new folder") from error
        except BaseException:
            connection.close()
            raise
        return opened

    def _check_version(self, version: int) -> None:
        if version == VERSION:
            return
        if version:
            told = f"of version {version}, but this clearcrawl reads version {VERSION}"
            raise DamagedStateError(f"{self._path}: {told}; use the clearcrawl that wrote it")
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            run(statement)
        run(f"PRAGMA user_version = {VERSION}")
        run("COMMIT")

    def _all(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(statement, rows)
        self._connection.execute("COMMIT")

    def get(self, key: str) -> str | None:
        """Value of a key; ``None`` where it is not set."""
        found = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if found is None else found[0]

    def put(self, values: Mapping[str, str]) -> None:
        """Set keys, all or none."""
        self._all("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def workers(self) -> dict[str, bool]:
        """Every worker of the folder, in order, and whether it has ever opened its state."""
        found = self._connection.execute("SELECT name, born FROM workers ORDER BY id")
        return {name: bool(born) for name, born in found}

    def add_worker(self, name: str) -> None:
        """Make a worker known, which owns nothing yet."""
        if name in self._ids:
            return
        self._all("INSERT OR IGNORE INTO workers (name) VALUES (?)", [(name,)])
        self._ids = {name: number for number, name in self._connection.execute("SELECT id, name FROM workers")}

    def mark_born(self, name: str) -> None:
        """Note that the worker's state is on disk: from now on it must never be missing."""
        self._all("UPDATE workers SET born = 1 WHERE name = ?", [(name,)])

    def owner(self, domain: str) -> str | None:
        """Whose a domain is."""
        known = self._known.get(domain)
        if known is not None:
            return known
        query = "SELECT workers.name FROM domains JOIN workers ON workers.id = worker WHERE domains.name = ?"
        found = self._connection.execute(query, (domain,)).fetchone()
        if found is None:
            return None
        self._remember({domain: found[0]})
        return str(found[0])

    def give(self, domains: Mapping[str, str]) -> None:
        """Give away domains that nobody owns, all in one step."""
        self._all("INSERT INTO domains VALUES (?, ?)", [(name, self._ids[worker]) for name, worker in domains.items()])
        self._remember(domains)

    def _remember(self, domains: Mapping[str, str]) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known.update(domains)

    def owned(self) -> dict[str, int]:
        """How many domains each worker owns."""
        query = "SELECT workers.name, count(domains.name) FROM workers LEFT JOIN domains ON worker = id GROUP BY id"
        return dict(self._connection.execute(query))

    def hold(self, urls: Iterable[tuple[str, str]]) -> None:
        """Keep URLs (lane, text) whose owner cannot take them in this run."""
        self._all("INSERT INTO held (lane, url) VALUES (?, ?)", urls)

    def held(self, after: int, limit: int) -> list[tuple[int, str, str]]:
        """What is kept behind an id: id, lane, text."""
        query = "SELECT id, lane, url FROM held WHERE id > ? ORDER BY id LIMIT ?"
        return self._connection.execute(query, (after, limit)).fetchall()

    def drop_held(self, ids: Iterable[int]) -> None:
        """Let go of what its owner has now."""
        self._all("DELETE FROM held WHERE id = ?", [(one,) for one in ids])

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()
