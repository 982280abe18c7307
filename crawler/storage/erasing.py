"""Removes rows and their records from one worker's part of an ended crawl; the log still proves the rest (R6.16).

New files are complete and fsynced before one transaction makes them count; what that transaction lists is put in place
and removed after it, also by the next start where this one was killed. What has to go is decided elsewhere.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from crawler.errors import DamagedStateError
from crawler.provenance.leaf import canonical, hash_text, time_text
from crawler.storage.cdxj import index_file, index_lines
from crawler.storage.erasures import finish_erasure, note_erasure
from crawler.storage.layout import INDEX, LOG, MANIFEST, TEMPORARY_SUFFIX, WARC, rewritten_name, write_all
from crawler.storage.manifest import parquet_of, schema
from crawler.storage.segments import SegmentFile, record_segment, write_segment
from crawler.storage.tombstones import tombstone_member
from crawler.storage.warc import gzip_member
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from crawler.storage.journal import Journal
    from crawler.storage.layout import CrawlFolder, Folder

_UNRECEIPTED = "unreceipted"
"""Key of the journal that lists what was erased and is in no receipt yet."""
_CHUNK = 1 << 20
_KEPT_OF_ROWS = ("seq", "leaf_hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Rows that go for one reason."""

    seqs: tuple[int, ...]
    """Ascending."""
    reason: str
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A file before and after; ``new`` is ``None`` where nothing of it is left."""

    old: SegmentFile
    new: SegmentFile | None

    def as_json(self) -> dict[str, Any]:
        """For the log and the receipt."""
        return {"old": _told(self.old), "new": None if self.new is None else _told(self.new)}


def erase(folder: CrawlFolder, journal: Journal, orders: Iterable[Order], *, now: datetime) -> list[Replaced]:
    """Remove rows and records; answer what became of which file. The journal has nothing pending.

    Raises DamagedStateError where a file is not as it was published, and then nothing has changed; OSError,
    sqlite3.Error.
    """
    orders = tuple(orders)
    erased = {seq for order in orders for seq in order.seqs}
    replaced = [*_rewrite_segments(folder, journal, erased, now), *_rewrite_warcs(folder, journal, erased, now)]
    with journal.transaction():
        _note(journal, erased, replaced)
        told = unreceipted(journal)
        for number, order in enumerate(orders):
            files = [one.as_json() for one in replaced] if number == 0 else []
            body = {"seqs": list(order.seqs), "reason": order.reason, "authority": order.authority, "files": files}
            journal.log_event("erasure", time=time_text(now), body=body)
            told.append({"erased_at": time_text(now), **body})
        journal.put(_UNRECEIPTED, json.dumps(told))
    finish_erasure(folder, journal)
    return replaced


def unreceipted(journal: Journal) -> list[dict[str, Any]]:
    """Bodies of the entries `erasure`, with their moment, that no receipt is known to tell of."""
    told: list[dict[str, Any]] = json.loads(journal.get(_UNRECEIPTED) or "[]")
    return told


def settle_receipt(journal: Journal) -> None:
    """A receipt that outlasts a kill tells of all that was erased."""
    with journal.transaction():
        journal.put(_UNRECEIPTED, "[]")


def publish_entries(folder: CrawlFolder, journal: Journal, *, now: datetime) -> None:
    """Write what is still in the journal into the log's files. Raises OSError, sqlite3.Error."""
    while (segment := write_segment(folder, journal)) is not None:
        with journal.transaction():
            record_segment(journal, segment, reason="erasure", time=time_text(now))


def repeats_of(journal: Journal, payloads: Collection[bytes]) -> list[int]:
    """Rows whose record stands for one of these payloads and holds no body of its own."""
    query = "SELECT seq, payload FROM records WHERE type = 'revisit' AND seq IS NOT NULL ORDER BY seq"
    return [seq for seq, payload in journal.connection.execute(query) if payload in payloads]


def payloads_of(journal: Journal, seqs: Collection[int]) -> set[bytes]:
    """Digests of the bodies that the records of these rows hold."""
    query = "SELECT payload FROM records WHERE seq = ? AND type != 'revisit' AND payload IS NOT NULL"
    return {payload for seq in seqs for (payload,) in journal.connection.execute(query, (seq,))}


def _told(file: SegmentFile) -> dict[str, Any]:
    return {"name": f"{file.folder}/{file.name}", "length": file.length, "sha256": file.sha256}


def _note(journal: Journal, erased: set[int], replaced: list[Replaced]) -> None:
    """The journal's part: which files count now, which records and payloads are held no more."""
    run, run_all = journal.connection.execute, journal.connection.executemany
    for one in replaced:
        key = (one.old.folder, one.old.name)
        if one.old.folder == WARC:
            if one.new is not None:
                run("UPDATE files SET sha256 = ? WHERE name = ?", (one.new.sha256, one.old.name))
        elif one.new is None:
            run("DELETE FROM segment_files WHERE folder = ? AND name = ?", key)
        else:
            changed = (one.new.name, one.new.length, one.new.sha256)
            run("UPDATE segment_files SET name = ?, length = ?, sha256 = ? WHERE folder = ? AND name = ?",
                (*changed, *key))  # fmt: skip
    gone = [(seq,) for seq in sorted(erased)]
    run_all("DELETE FROM held WHERE record_id IN (SELECT record_id FROM records WHERE seq = ?)", gone)
    run_all("DELETE FROM records WHERE seq = ?", gone)
    steps = [
        {"folder": one.old.folder, "old": one.old.name, "new": None if one.new is None else one.new.name}
        for one in replaced
    ]
    note_erasure(journal, steps)


def _rewrite_segments(folder: CrawlFolder, journal: Journal, erased: set[int], now: datetime) -> Iterator[Replaced]:
    query = "SELECT id, first_seq, last_seq FROM segments ORDER BY id"
    for segment, first, last in journal.connection.execute(query).fetchall():
        here = {seq for seq in erased if first <= seq <= last}
        if not here:
            continue
        files = "SELECT folder, name, length, sha256 FROM segment_files WHERE segment = ?"
        found = {
            where: SegmentFile(folder=where, name=name, length=length, sha256=digest)
            for where, name, length, digest in journal.connection.execute(files, (segment,))
        }
        yield _replace(folder, found[LOG], _log_without(_read(folder, found[LOG]), here))
        table, metadata = _rows_without(_read(folder, found[MANIFEST]), here, now)
        yield _replace(folder, found[MANIFEST], parquet_of(table, metadata).to_pybytes())
        if INDEX in found:
            _read(folder, found[INDEX])
            lines = index_lines(table)
            yield _replace(folder, found[INDEX], index_file(lines) if lines else None)


def _read(folder: CrawlFolder, file: SegmentFile) -> bytes:
    """The octets as they were published. Raises DamagedStateError."""
    path = folder[file.folder].path / file.name
    try:
        data = folder[file.folder].read(file.name)
    except OSError as error:
        raise DamagedStateError(f"{path}: cannot be read ({error.strerror}); restore it") from error
    if sha256(data) != file.sha256:
        raise DamagedStateError(f"{path}: has changed since it was published; restore it, then purge")
    return data


def _replace(folder: CrawlFolder, old: SegmentFile, data: bytes | None) -> Replaced:
    """Write the new octets under a temporary name."""
    if data is None:
        return Replaced(old=old, new=None)
    name = rewritten_name(old.name)
    descriptor = folder[old.folder].open(name + TEMPORARY_SUFFIX, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new = SegmentFile(folder=old.folder, name=name, length=len(data), sha256=sha256(data))
    return Replaced(old=old, new=new)


def _log_without(data: bytes, erased: set[int]) -> bytes:
    """The log with the hashes alone in place of erased leaves."""
    lines = gzip.decompress(data).split(b"\n")[:-1]
    first = json.loads(lines[0])["seq"]
    for seq in erased:
        line = lines[seq - first]
        digest = hash_text(hashlib.sha256(b"\x00" + line).digest())
        lines[seq - first] = canonical({"erased": True, "leaf_hash": digest, "seq": seq})
    return gzip_member(b"".join(line + b"\n" for line in lines))


def _rows_without(data: bytes, erased: set[int], now: datetime) -> tuple[pa.Table, dict[str, str]]:
    """The rows, erased ones with number, leaf hash and moment alone; and the segment's own metadata."""
    table = pyarrow.parquet.read_table(pa.BufferReader(data)).combine_chunks()
    metadata = {
        key.decode(): value.decode()
        for key, value in (table.schema.metadata or {}).items()
        if key in {b"clearcrawl.first_seq", b"clearcrawl.last_seq"}
    }
    gone = pa.array([seq in erased for seq in table["seq"].to_pylist()])
    columns = {}
    for field in schema():
        column = table[field.name].combine_chunks() if field.name in table.column_names else pa.nulls(len(table))
        if field.name == "erased_at":
            moment = pa.scalar(now, field.type)
            columns[field.name] = pa.compute.if_else(gone, moment, column.cast(field.type))
        elif field.name in _KEPT_OF_ROWS:
            columns[field.name] = column
        else:
            columns[field.name] = _emptied(column, gone, field.type)
    return pa.table(columns, schema=schema()), metadata


def _emptied(column: pa.Array, gone: pa.Array, kind: pa.DataType) -> pa.Array:
    """The column with nulls where rows are gone; values that no row has any more leave the dictionaries too."""
    kept = [None if is_gone else value for value, is_gone in zip(column.to_pylist(), gone.to_pylist(), strict=True)]
    return pa.array(kept, kind)


def _rewrite_warcs(folder: CrawlFolder, journal: Journal, erased: set[int], now: datetime) -> Iterator[Replaced]:
    query = (
        "SELECT files.name, files.length, files.sha256, offset, records.length FROM records"
        " JOIN files ON files.id = records.file WHERE seq = ?"
    )
    places: dict[SegmentFile, dict[int, int]] = {}
    for seq in sorted(erased):
        for name, length, digest, offset, octets in journal.connection.execute(query, (seq,)):
            file = SegmentFile(folder=WARC, name=name, length=length, sha256=digest)
            places.setdefault(file, {})[offset] = octets
    for file, members in places.items():
        digest = _copy_without(folder[WARC], file, members, now)
        new = SegmentFile(folder=WARC, name=file.name, length=file.length, sha256=digest)
        yield Replaced(old=file, new=new)


def _copy_without(folder: Folder, file: SegmentFile, members: Mapping[int, int], now: datetime) -> str:
    """Copy a WARC file to its temporary name with tombstones; answer the digest. Memory holds one record at most."""
    before, after = hashlib.sha256(), hashlib.sha256()
    source = folder.open(file.name, os.O_RDONLY)
    target = folder.open(file.name + TEMPORARY_SUFFIX, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        for offset, length, is_erased in _ranges(file.length, members):
            for start in range(offset, offset + length, _CHUNK):
                piece = os.pread(source, min(_CHUNK, offset + length - start), start)
                before.update(piece)
                if not is_erased:
                    write_all(target, piece)
                    after.update(piece)
            if is_erased:
                stone = tombstone_member(length, name=f"{file.name} {offset}", date=now)
                write_all(target, stone)
                after.update(stone)
        os.fsync(target)
    finally:
        os.close(source)
        os.close(target)
    if f"sha256:{before.hexdigest()}" != file.sha256:
        raise DamagedStateError(f"{folder.path / file.name}: has changed since it was closed; restore it, then purge")
    return f"sha256:{after.hexdigest()}"


def _ranges(length: int, members: Mapping[int, int]) -> Iterator[tuple[int, int, bool]]:
    """Offset and length of what is kept and of what goes, in order."""
    position = 0
    for offset in sorted(members):
        if offset > position:
            yield position, offset - position, False
        yield offset, members[offset], True
        position = offset + members[offset]
    if position < length:
        yield position, length - position, False
