"""Turning the journal's leaves into immutable files: a Parquet segment, its CDXJ, and the log with all of them.

The log is written here, what is made of it by another process (``segment_columns``). Each file is complete and fsynced
before it gets its name; the database row that makes the segment count comes last.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crawler.errors import StorageError
from crawler.storage.layout import (
    INDEX,
    LOG,
    MANIFEST,
    TEMPORARY_SUFFIX,
    index_name,
    log_name,
    manifest_name,
    write_all,
)
from crawler.storage.segment_columns import make
from crawler.storage.warc import gzip_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.storage.journal import Journal
    from crawler.storage.layout import CrawlFolder

MAX_ROWS = 20_000
"""Leaves a segment at most, so that publishing needs bounded memory."""
ROWS_AT_ONCE = 512
"""Leaves that are held as JSON at once."""
LONGEST = 120.0
"""Seconds that the other process may take after it is waited for; it needs about one."""
TRIES: Final = 3
"""Times that it is started, where a signal ends it: a manager of services that stops a crawl may tell all of it."""
_CHUNK = 1 << 20
_PROGRAM: Final = """
import os, sys
sys.path[:] = sys.argv[1].split(os.pathsep)  # the starter's, whatever lies in the folder it runs in
from crawler.storage.segment_columns import main
main(sys.argv[2:])
"""
_ENVIRONMENT: Final = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Its threads allocate little; memory is given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFile:
    """One file of a segment."""

    folder: str
    name: str
    length: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A published run of leaves, without gaps."""

    number: int
    first_seq: int
    last_seq: int
    rows: int
    files: tuple[SegmentFile, ...]


class SegmentInMaking:
    """The oldest leaves on their way into files. What they are made of stays in the journal until it counts."""

    def __init__(
        self, log: _Draft, columns: tuple[_Draft, ...], *, number: int, first: int, last: int, rows: int
    ) -> None:
        """Use ``begin_segment``; ``columns`` are index and manifest, or nothing where there are no rows."""
        self.last_seq = last
        self._number, self._first, self._rows = number, first, rows
        self._log = log
        self._columns = columns
        self._process: subprocess.Popen[bytes] | None = None
        if columns and "pyarrow" not in sys.modules:  # else it is loaded anyway, as in a purge
            self._process = self._start()

    @property
    def is_done(self) -> bool:
        """Whether ``finish`` will not wait."""
        return self._process is None or self._process.poll() is not None

    def finish(self) -> Segment:
        """Wait for the files and put them in place. Raises StorageError, OSError, ValueError; nothing counts then."""
        try:
            lines = self._made() if self._columns else 0
            drafts = [self._log, *(draft for draft in self._columns if lines or draft.where != INDEX)]
            for draft in drafts:
                os.fsync(draft.descriptor)
            files = tuple(draft.put() for draft in drafts)
        finally:
            self.abandon()
        return Segment(number=self._number, first_seq=self._first, last_seq=self.last_seq, rows=self._rows, files=files)

    def abandon(self) -> None:
        """End the other process and drop what is not in place; a second call does nothing."""
        if self._process is not None:
            _end(self._process)
        for draft in (self._log, *self._columns):
            draft.drop()

    def _made(self) -> int:
        """Lines of the index, once both files are whole. Raises StorageError."""
        if self._process is None:
            rows, lines = self._made_here()
        else:
            told = json.loads(self._answer(self._process))
            rows, lines = told["rows"], told["lines"]
        if rows != self._rows:
            raise StorageError(f"{self._columns[-1].path}: {rows} rows were made of {self._rows}")
        return lines

    def _made_here(self) -> tuple[int, int]:
        from pyarrow import ArrowException  # noqa: PLC0415 - is loaded where this is called

        index, manifest = (draft.descriptor for draft in self._columns)
        try:
            return make(self._log.descriptor, manifest, index, first_seq=self._first, last_seq=self.last_seq)
        except ArrowException as error:
            raise StorageError(f"{self._columns[-1].path}: could not be made: {error}") from error

    def _answer(self, process: subprocess.Popen[bytes]) -> bytes:
        """What the other process prints; one that was killed is started once more, and begins the files anew."""
        path = self._columns[-1].path
        for left in reversed(range(TRIES)):
            try:
                answer, errors = process.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired as error:
                raise StorageError(f"{path}: was not made in {LONGEST:g} s") from error
            if process.returncode == 0:
                return answer
            if process.returncode > 0 or not left:
                break
            process = self._process = self._start()
        told = errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise StorageError(f"{path}: making it ended with {process.returncode} {told}")

    def _start(self) -> subprocess.Popen[bytes]:
        _give_back()
        index, manifest = (draft.descriptor for draft in self._columns)
        descriptors = (self._log.descriptor, manifest, index)
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109 - text is what the path holds
        options = ["-IB" if sys.dont_write_bytecode else "-I"]
        return subprocess.Popen(  # noqa: S603 - this interpreter, with a module of ours
            [sys.executable, *options, "-c", _PROGRAM, path, *map(str, (*descriptors, self._first, self.last_seq))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=descriptors,
            env={**os.environ, **_ENVIRONMENT}, process_group=0,
        )  # fmt: skip


def _give_back() -> None:
    """Let the C library return what it holds unused, before another process needs memory; a few milliseconds."""
    with suppress(AttributeError, OSError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


class _Draft:
    """One file under its temporary name."""

    def __init__(self, folder: CrawlFolder, where: str, name: str) -> None:
        self.where = where
        self._folder = folder[where]
        self.path = self._folder.path / name
        self._name = name
        with suppress(FileNotFoundError):  # never the file that an earlier process may still write to
            self._folder.remove(name + TEMPORARY_SUFFIX)
        self.descriptor = self._folder.open(name + TEMPORARY_SUFFIX, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        self._is_put = False

    def put(self) -> SegmentFile:
        """Give the file its name and make that durable."""
        digest, length = hashlib.sha256(), 0
        while data := os.pread(self.descriptor, _CHUNK, length):
            digest.update(data)
            length += len(data)
        self._folder.rename(self._name + TEMPORARY_SUFFIX, self._name)
        self._is_put = True
        return SegmentFile(folder=self.where, name=self._name, length=length, sha256=f"sha256:{digest.hexdigest()}")

    def drop(self) -> None:
        """Close, and remove what has no name; never raises, a second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
            if not self._is_put:
                with suppress(OSError):
                    self._folder.remove(self._name + TEMPORARY_SUFFIX)


def begin_segment(folder: CrawlFolder, journal: Journal) -> SegmentInMaking | None:
    """Have the files of the oldest pending leaves made; ``None`` where there are none.

    Raises OSError, sqlite3.Error.
    """
    pending = journal.connection.execute("SELECT seq, is_row, data FROM pending ORDER BY seq LIMIT ?", (MAX_ROWS,))
    leaves = pending.fetchmany(ROWS_AT_ONCE)
    if not leaves:
        return None
    (number,) = journal.connection.execute("SELECT coalesce(max(id), 0) + 1 FROM segments").fetchone()
    worker, first, last, rows, log = folder.worker, leaves[0][0], 0, 0, gzip_stream()
    drafts = [_Draft(folder, LOG, log_name(worker, number))]
    try:
        while leaves:
            last = leaves[-1][0]
            rows += sum(is_row for _, is_row, _ in leaves)
            write_all(drafts[0].descriptor, log.compress(b"".join(data + b"\n" for _, _, data in leaves)))
            leaves = pending.fetchmany(ROWS_AT_ONCE)
        write_all(drafts[0].descriptor, log.flush())
        if rows:
            drafts.append(_Draft(folder, INDEX, index_name(worker, number)))
            drafts.append(_Draft(folder, MANIFEST, manifest_name(worker, number)))
        return SegmentInMaking(drafts[0], tuple(drafts[1:]), number=number, first=first, last=last, rows=rows)
    except BaseException:
        for draft in drafts:
            draft.drop()
        raise


def write_segment(folder: CrawlFolder, journal: Journal) -> Segment | None:
    """Write the files of the oldest pending leaves; ``None`` where there are none.

    Raises OSError, sqlite3.Error, StorageError.
    """
    making = begin_segment(folder, journal)
    return None if making is None else making.finish()


def record_segment(journal: Journal, segment: Segment, *, reason: str, time: str) -> None:
    """Make the segment count and drop its leaves' data. Inside a transaction. Raises sqlite3.Error."""
    run = journal.connection.execute
    run(
        "INSERT INTO segments VALUES (?, ?, ?, ?, ?)",
        (segment.number, segment.first_seq, segment.last_seq, segment.rows, reason),
    )
    journal.connection.executemany(
        "INSERT INTO segment_files VALUES (?, ?, ?, ?, ?)",
        [(file.folder, file.name, segment.number, file.length, file.sha256) for file in segment.files],
    )
    run("DELETE FROM pending WHERE seq <= ?", (segment.last_seq,))
    if segment.rows:
        body = {
            "segment": segment.number, "first_seq": segment.first_seq, "last_seq": segment.last_seq,
            "rows": segment.rows, "reason": reason,
            "files": [{"name": f"{file.folder}/{file.name}", "length": file.length, "sha256": file.sha256}
                      for file in segment.files],
        }  # fmt: skip
        journal.log_event("segment_published", time=time, body=body)


def known_files(journal: Journal, folder: str) -> Iterator[SegmentFile]:
    """Files of all segments in that folder."""
    query = "SELECT name, length, sha256 FROM segment_files WHERE folder = ? ORDER BY segment"
    for name, length, sha256 in journal.connection.execute(query, (folder,)):
        yield SegmentFile(folder=folder, name=name, length=length, sha256=sha256)
