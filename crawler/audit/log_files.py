"""The log of one worker, read line by line from ``log/`` and hashed; what its entries say of rows and files.

A log that is still written is completed from the journal, where the folder ``state`` is there.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zlib
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isal import isal_zlib
from isal.igzip_lib import IsalError

from crawler.errors import DamagedStateError
from crawler.provenance.leaf import ROW_TYPES
from crawler.storage.journal import open_for_reading
from crawler.storage.layout import DATABASE, LOG, STATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crawler.audit.evidence import Evidence

ERASED = b'{"erased":'
_ROW_ENDS = tuple(f'"type":"{kind}"}}'.encode() for kind in ROW_TYPES.values())
_MEMBERS = {"type", "seq", "time", "salt", "body"}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_GZIP = 31
_MOST = 1 << 31
"""Octets of a log file unpacked; ours hold at most 20,000 leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A leaf that is no row."""

    seq: int
    type: str
    time: str
    body: Mapping[str, Any]
    path: str
    """File of the log, or of the journal."""


@dataclass(slots=True, kw_only=True)
class LogSegment:
    """The leaves of one file of the log."""

    number: int
    path: str
    first_seq: int
    is_last: bool = False
    """Of a crawl that was killed, the last one may be without its other files."""
    rows: list[bytes] = field(default_factory=list)
    """Leaf data of rows, in order."""
    row_hashes: list[bytes] = field(default_factory=list)
    erased: dict[int, bytes] = field(default_factory=dict)
    """Number and hash of erased leaves."""


@dataclass(slots=True, kw_only=True)
class WorkerLog:
    """What reading the log of a worker came to."""

    worker: str
    hashes: list[bytes] = field(default_factory=list)
    """Leaf hashes by number."""
    entries: list[Entry] = field(default_factory=list)
    times: dict[int, str] = field(default_factory=dict)
    """Tree size to the time of its last leaf, for the sizes that were asked for."""
    erased: dict[int, str] = field(default_factory=dict)
    """Number of each erased leaf to its file."""
    in_files: int = 0
    """Leaves in ``log/``; the rest came from the journal."""
    problems: list[tuple[str, int | None, str]] = field(default_factory=list)
    """File, number and what is wrong."""
    ends: list[tuple[str, int]] = field(default_factory=list)
    """Files of the log and the number after their last leaf."""

    def of_type(self, *types: str) -> list[Entry]:
        """Entries of those types, in order."""
        return [entry for entry in self.entries if entry.type in types]

    def path_of(self, seq: int) -> str:
        """File of the log that holds a leaf."""
        return next((path for path, end in self.ends if seq < end), f"{LOG}/")


def log_number(name: str, worker: str, ending: str) -> tuple[int, int] | None:
    """Number and edition of a segment's file ``<worker>-<n>[-e<k>]<ending>``; ``None`` for other names."""
    found = re.fullmatch(rf"{worker}-(\d{{6,}})(?:-e([1-9]\d*))?{re.escape(ending)}", name, re.ASCII)
    return None if found is None else (int(found[1]), int(found[2] or 0))


def read_log(evidence: Evidence, worker: str, log: WorkerLog) -> Iterator[LogSegment]:
    """Go through the worker's log once, segment by segment, and fill ``log``."""
    sizes = {head.checkpoint.size for head in evidence.heads.get(worker, [])}
    files = {}
    for path in evidence.names(LOG):
        named = log_number(path.partition("/")[2], worker, ".jsonl.gz")
        if named is not None:
            files[named] = path
    expected = 1
    for (number, _), path in sorted(files.items()):
        if number != expected:
            log.problems.append((f"{LOG}/{worker}-{expected:06d}.jsonl.gz", len(log.hashes), "is missing"))
        expected = number + 1
        is_last = path == files[max(files)]
        segment = LogSegment(number=number, path=path, first_seq=len(log.hashes), is_last=is_last)
        try:
            octets = _unpacked(evidence.read(path))
        except (OSError, ValueError) as error:
            log.problems.append((path, segment.first_seq, f"cannot be read: {error}"))
            return
        lines = octets.split(b"\n")
        if lines.pop():
            log.problems.append((path, None, "its last line has no end: it was cut"))
        for line in lines:
            _take(log, segment, line, sizes)
        log.ends.append((path, len(log.hashes)))
        yield segment
    log.in_files = len(log.hashes)
    yield from _pending(evidence, worker, log, sizes, expected)


def _unpacked(octets: bytes) -> bytes:
    """All gzip members. Raises ValueError where one is cut or damaged."""
    parts = []
    while octets:
        unpacker = isal_zlib.decompressobj(_GZIP)
        try:
            parts.append(unpacker.decompress(octets, _MOST))
        except (zlib.error, IsalError) as error:  # type: ignore[misc] # the stub calls the class an instance
            raise ValueError(f"is no whole gzip file ({error})") from error
        if not unpacker.eof:
            raise ValueError("was cut")
        octets = unpacker.unused_data
    return b"".join(parts)


def _take(log: WorkerLog, segment: LogSegment, line: bytes, sizes: set[int]) -> None:
    seq = len(log.hashes)
    digest = hashlib.sha256(b"\x00" + line).digest()
    try:
        if line.startswith(ERASED):
            digest = _erased(line, seq)
            segment.erased[seq] = digest
            log.erased[seq] = segment.path
        elif line.endswith(_ROW_ENDS):
            if b'"salt":"' not in line or f',"seq":{seq},'.encode() not in line:
                raise ValueError("is not the row with that number")  # noqa: TRY301 - noted with all others below
            segment.rows.append(line)
            segment.row_hashes.append(digest)
            if seq + 1 in sizes:
                log.times[seq + 1] = str(json.loads(line)["time"])
        else:
            entry = _entry(line, seq, segment.path)
            log.entries.append(entry)
            log.times[seq + 1] = entry.time
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        log.problems.append((segment.path, seq, f"is no leaf: {error}"))
    log.hashes.append(digest)


def _erased(line: bytes, seq: int) -> bytes:
    found = json.loads(line)
    told = found.get("leaf_hash")
    if set(found) != {"erased", "leaf_hash", "seq"} or found["seq"] != seq or found["erased"] is not True:
        raise ValueError("an erased leaf with another number or shape")
    if not isinstance(told, str) or not _DIGEST.fullmatch(told):
        raise ValueError("an erased leaf without its hash")
    return bytes.fromhex(told.removeprefix("sha256:"))


def _entry(line: bytes, seq: int, path: str) -> Entry:
    found = json.loads(line)
    if not isinstance(found, dict) or set(found) != _MEMBERS or not isinstance(found["body"], dict):
        raise ValueError("it does not have type, seq, time, salt and body")
    if found["seq"] != seq or not isinstance(found["type"], str) or not isinstance(found["time"], str):
        raise ValueError(f"its number is {found['seq']!r}")
    return Entry(seq=seq, type=found["type"], time=found["time"], body=found["body"], path=path)


def _pending(evidence: Evidence, worker: str, log: WorkerLog, sizes: set[int], number: int) -> Iterator[LogSegment]:
    """Leaves that are signed already, but in no file yet; after an end the folder ``state`` has no say."""
    if evidence.has_ended:
        return
    path = evidence.root / STATE / worker / DATABASE
    segment = LogSegment(number=number, path=f"{STATE}/{worker}/{DATABASE}", first_seq=len(log.hashes))
    for line in _journal_leaves(path, len(log.hashes)):
        _take(log, segment, line, sizes)
    if len(log.hashes) > segment.first_seq:
        log.ends.append((segment.path, len(log.hashes)))
        yield segment


def _journal_leaves(path: Path, start: int) -> list[bytes]:
    if not path.is_file():
        return []
    try:
        with closing(open_for_reading(path)) as journal:
            query = "SELECT data FROM pending WHERE seq >= ? ORDER BY seq"
            return [bytes(row[0]) for row in journal.execute(query, (start,))]
    except (sqlite3.Error, DamagedStateError):  # no evidence: what it lacks stays undecided
        return []
