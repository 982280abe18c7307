"""Turning the journal's leaves into immutable files: a Parquet segment, its CDXJ, and the log with all of them.

Each file is complete and fsynced before it gets its name; the database row that makes the segment count comes last.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from crawler.storage.cdxj import index_file, index_lines
from crawler.storage.layout import INDEX, LOG, MANIFEST, index_name, log_name, manifest_name
from crawler.storage.manifest import parquet_of, table_of
from crawler.storage.warc import gzip_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.storage.journal import Journal
    from crawler.storage.layout import CrawlFolder

MAX_ROWS = 20_000
"""Leaves a segment at most, so that publishing needs bounded memory."""
ROWS_AT_ONCE = 512
"""Leaves that are held as JSON at once."""


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


def write_segment(folder: CrawlFolder, journal: Journal) -> Segment | None:
    """Write the files of the oldest pending leaves; ``None`` where there are none. Raises OSError, sqlite3.Error."""
    pending = journal.connection.execute(
        "SELECT seq, is_row, data, hash FROM pending JOIN leaves USING (seq) ORDER BY seq LIMIT ?", (MAX_ROWS,)
    )
    log = gzip_stream()
    parts, tables, lines, rows, first, last = [], [], list[str](), 0, None, 0
    while leaves := pending.fetchmany(ROWS_AT_ONCE):
        first, last = leaves[0][0] if first is None else first, leaves[-1][0]
        parts.append(log.compress(b"".join(data + b"\n" for _, _, data, _ in leaves)))
        found = [(data, digest) for _, is_row, data, digest in leaves if is_row]
        if found:
            tables.append(table_of(found))
            lines += index_lines(tables[-1])
            rows += len(found)
    if first is None:
        return None
    number = journal.connection.execute("SELECT coalesce(max(id), 0) + 1 FROM segments").fetchone()[0]
    worker = folder.worker
    files = [_put(folder, LOG, log_name(worker, number), b"".join((*parts, log.flush())))]
    if lines:
        files.append(_put(folder, INDEX, index_name(worker, number), index_file(lines)))
    if rows:
        metadata = {"clearcrawl.first_seq": str(first), "clearcrawl.last_seq": str(last)}
        parquet = parquet_of(pa.concat_tables(tables).unify_dictionaries(), metadata).to_pybytes()
        files.append(_put(folder, MANIFEST, manifest_name(worker, number), parquet))
    return Segment(number=number, first_seq=first, last_seq=last, rows=rows, files=tuple(files))


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


def _put(folder: CrawlFolder, where: str, name: str, data: bytes) -> SegmentFile:
    folder[where].write(name, data)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return SegmentFile(folder=where, name=name, length=len(data), sha256=digest)
