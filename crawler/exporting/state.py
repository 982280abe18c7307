"""How far an export has come, in a small database beside the parts: one transaction for each finished part.

A part that no transaction knows was being written when the process was killed, and is written again.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.errors import DamagedStateError, StorageError
from crawler.exporting.selection import Position

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE parts (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, length INTEGER NOT NULL,
  documents INTEGER NOT NULL, crawl INTEGER NOT NULL, segment INTEGER NOT NULL, row INTEGER NOT NULL);
CREATE TABLE counts (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE tallies (kind TEXT NOT NULL, value TEXT NOT NULL, documents INTEGER NOT NULL, octets INTEGER NOT NULL,
  PRIMARY KEY (kind, value)) WITHOUT ROWID;
CREATE TABLE seen (digest BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE problems (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, url TEXT NOT NULL, problem TEXT NOT NULL);
"""
_PRIMARY = 0xFF
"""The part of SQLite's result codes that names the kind."""
_FROM_OUTSIDE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
"""Kinds that say nothing against the file: the disk is full, cannot be read or may not be written."""
_ADD_COUNT = "INSERT INTO counts VALUES (?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number"
_ADD_TALLY = (
    "INSERT INTO tallies VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " documents = documents + excluded.documents, octets = octets + excluded.octets"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A document that could not be taken."""

    kind: str
    """``damaged``, or ``missing_original``."""
    url: str
    """As the manifest shows it."""
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A finished file of the export."""

    number: int
    name: str
    """Below ``data/``; empty where the last rows gave no document and so no file."""
    sha256: str
    length: int
    documents: int


@dataclass(slots=True, kw_only=True)
class PartFacts:
    """What one part adds; it becomes durable with the part."""

    counts: Counter[str]
    tallies: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Kind and value to documents and octets."""
    seen: set[bytes] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def tally(self, kind: str, value: str | None, octets: int) -> None:
        """Count one document; what is unknown is counted as an empty value."""
        entry = self.tallies.setdefault((kind, value or ""), [0, 0])
        entry[0] += 1
        entry[1] += octets


class ExportState:
    """An open state file. Raises DamagedStateError for what SQLite cannot read."""

    def __init__(self, path: Path) -> None:
        """Open or make the file."""
        self._path = path
        with self._guard():
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA synchronous = FULL")
            if not self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                with self._transaction():
                    for statement in _TABLES.split(";"):
                        self._connection.execute(statement)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _FROM_OUTSIDE:
                raise StorageError(f"{self._path}: {error}; mend that, and the same command goes on") from error
            raise DamagedStateError(f"{self._path}: {error}; remove the export's folder and begin anew") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def get(self, key: str) -> Any:
        """A value that ``put`` kept; ``None`` where there is none."""
        with self._guard():
            found = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if found is None else json.loads(found[0])

    def put(self, key: str, value: Any) -> None:
        """Keep a JSON value."""
        with self._guard():
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def clear(self) -> None:
        """Forget everything but ``meta``."""
        with self._guard(), self._transaction():
            for table in ("parts", "counts", "tallies", "seen", "problems"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def finish_part(self, part: Part, end: Position, facts: PartFacts) -> None:
        """Make a part and what it adds durable."""
        with self._guard(), self._transaction():
            run, run_all = self._connection.execute, self._connection.executemany
            run(
                "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (part.number, part.name, part.sha256, part.length, part.documents, *end),
            )
            run_all(_ADD_COUNT, facts.counts.items())
            run_all(_ADD_TALLY, [(*key, *numbers) for key, numbers in facts.tallies.items()])
            run_all("INSERT OR IGNORE INTO seen VALUES (?)", [(digest,) for digest in facts.seen])
            run_all(
                "INSERT INTO problems (kind, url, problem) VALUES (?, ?, ?)",
                [(one.kind, one.url, one.problem) for one in facts.problems],
            )

    def parts(self) -> list[Part]:
        """Finished files in order."""
        query = "SELECT number, name, sha256, length, documents FROM parts WHERE name != '' ORDER BY number"
        with self._guard():
            found = self._connection.execute(query)
            return [
                Part(number=number, name=name, sha256=sha256, length=length, documents=documents)
                for number, name, sha256, length, documents in found
            ]

    def next_position(self) -> Position:
        """Where the next part begins."""
        with self._guard():
            found = self._connection.execute(
                "SELECT crawl, segment, row FROM parts ORDER BY number DESC LIMIT 1"
            ).fetchone()
        return Position(0, 0, 0) if found is None else Position(*found)

    def counts(self) -> dict[str, int]:
        """Rows and documents by what became of them."""
        with self._guard():
            return dict(self._connection.execute("SELECT name, number FROM counts ORDER BY name"))

    def tallies(self, kind: str, *, limit: int = 1_000) -> list[tuple[str, int, int]]:
        """Value, documents and octets, the most frequent first."""
        query = "SELECT value, documents, octets FROM tallies WHERE kind = ? ORDER BY documents DESC, value LIMIT ?"
        with self._guard():
            return self._connection.execute(query, (kind, limit)).fetchall()

    def distinct(self, kind: str) -> tuple[int, str | None, str | None]:
        """How many values there are that are not empty, the first and the last of them."""
        query = "SELECT count(*), min(value), max(value) FROM tallies WHERE kind = ? AND value != ''"
        with self._guard():
            found: tuple[int, str | None, str | None] = self._connection.execute(query, (kind,)).fetchone()
        return found

    def has_seen(self, digest: bytes) -> bool:
        """Whether a document of an earlier part has this digest."""
        with self._guard():
            return self._connection.execute("SELECT 1 FROM seen WHERE digest = ?", (digest,)).fetchone() is not None

    def problems(self, *, limit: int) -> list[Problem]:
        """The first problems."""
        query = "SELECT kind, url, problem FROM problems ORDER BY number LIMIT ?"
        with self._guard():
            found = self._connection.execute(query, (limit,))
            return [Problem(kind=kind, url=url, problem=problem) for kind, url, problem in found]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def totals(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    """Counts whose name begins with the prefix and a dot, under the rest of their names."""
    return {name.removeprefix(f"{prefix}."): number for name, number in counts.items() if name.startswith(f"{prefix}.")}
