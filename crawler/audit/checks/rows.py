"""Rows of the manifest and lines of the index against the leaves of their segment."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from crawler.audit.checks.interface import Finding
from crawler.audit.log_files import log_number
from crawler.provenance.leaf import hash_text
from crawler.storage.cdxj import index_lines, read_index
from crawler.storage.layout import INDEX, MANIFEST
from crawler.storage.manifest import schema, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.audit.evidence import Evidence
    from crawler.audit.log_files import LogSegment

RECORD_COLUMNS = (
    "seq", "verdict", "record_id", "content_digest", "warc_filename", "warc_record_offset", "warc_record_length",
)  # fmt: skip
"""What the check of the records needs of a row."""
_ID = "rows"


def check_rows(evidence: Evidence, worker: str, segment: LogSegment) -> Iterator[Finding]:
    """Compare one segment; its rows' places are handed on to the check of the records."""
    manifest = _path(evidence, MANIFEST, worker, segment.number, ".parquet")
    index = _path(evidence, INDEX, worker, segment.number, ".cdxj.gz")
    if not segment.rows and not segment.erased:
        for path in filter(None, (manifest, index)):
            yield Finding(check=_ID, file=path, problem="belongs to a segment without rows", seq=segment.first_seq)
        return
    is_unpublished = not evidence.has_ended and segment.is_last
    if manifest is None and not is_unpublished:
        problem = f"is missing: {len(segment.rows)} rows of {segment.path} have no manifest"
        yield Finding(check=_ID, file=f"{MANIFEST}/{worker}-{segment.number:06d}.parquet", problem=problem)
    try:
        wanted = table_of(list(zip(segment.rows, segment.row_hashes, strict=True)))
    except (pa.ArrowException, KeyError, ValueError) as error:
        yield Finding(
            check=_ID, file=segment.path, problem=f"holds a row that no version before this one wrote: {error}"
        )
        return
    evidence.places.add(worker, wanted.select(list(RECORD_COLUMNS)))
    if manifest is not None:
        yield from _compare(evidence, manifest, wanted, segment)
    if index is not None or not is_unpublished:
        yield from _index(evidence, index, wanted, f"{INDEX}/{worker}-{segment.number:06d}.cdxj.gz")


def _path(evidence: Evidence, folder: str, worker: str, number: int, ending: str) -> str | None:
    """The newest edition of a segment's file."""
    found = {}
    for path in evidence.names(folder):
        told = log_number(path.partition("/")[2], worker, ending)
        if told is not None and told[0] == number:
            found[told] = path
    return found[max(found)] if found else None


def _compare(evidence: Evidence, path: str, wanted: pa.Table, segment: LogSegment) -> Iterator[Finding]:
    try:
        table = pyarrow.parquet.read_table(io.BytesIO(evidence.read(path)), page_checksum_verification=True)
        unknown = [name for name in table.column_names if name not in schema().names]
        if unknown:
            raise ValueError(f"has columns that this version does not know: {', '.join(unknown)}")  # noqa: TRY301
        if "seq" not in table.column_names or "leaf_hash" not in table.column_names:
            raise ValueError("has no column seq or leaf_hash")  # noqa: TRY301 - reported below
        table = table.sort_by("seq")
        kept = table.filter(table["erased_at"].is_null()) if "erased_at" in table.column_names else table
        erased = table.filter(table["erased_at"].is_valid()) if "erased_at" in table.column_names else table.slice(0, 0)
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        yield Finding(check=_ID, file=path, problem=f"is no whole manifest: {error}", seq=segment.first_seq)
        return
    yield from _erased(path, erased, segment)
    seqs, leaves = wanted["seq"].to_pylist(), kept["seq"].to_pylist()
    if seqs != leaves:
        at = next((one for one, two in zip([*seqs, None], [*leaves, None], strict=False) if one != two), None)
        problem = f"has {len(leaves)} rows, the log has {len(seqs)}; they part here"
        yield Finding(check=_ID, file=path, problem=problem, seq=at if at is not None else segment.first_seq)
        return
    for name in schema().names:
        if name not in kept.column_names:
            if wanted[name].null_count != len(wanted):
                yield Finding(check=_ID, file=path, problem=f"has no column {name}")
            continue
        one, two = _plain(wanted[name]), _plain(kept[name])
        if not one.equals(two):
            row = _first_difference(one, two)
            problem = f"column {name} is not what the leaf says"
            yield Finding(check=_ID, file=path, problem=problem, seq=seqs[row])
            return


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """One array without dictionaries, whose order may differ."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.combine_chunks()


def _first_difference(one: pa.Array, two: pa.Array) -> int:
    first, second = one.to_pylist(), two.to_pylist()
    return next(place for place, value in enumerate(first) if place >= len(second) or value != second[place])


def _erased(path: str, table: pa.Table, segment: LogSegment) -> Iterator[Finding]:
    """Erased rows keep number and hash only."""
    found: dict[int, dict[str, Any]] = {row["seq"]: row for row in table.to_pylist()}
    if set(found) != set(segment.erased):
        seq = min(set(found) ^ set(segment.erased))
        yield Finding(check=_ID, file=path, problem="erased in one of log and manifest only", seq=seq)
    for seq, row in found.items():
        left = [
            name
            for name, value in row.items()
            if value not in (None, []) and name not in {"seq", "leaf_hash", "erased_at"}
        ]
        if left or row["leaf_hash"] != hash_text(segment.erased.get(seq, b"")):
            problem = "an erased row holds more than its number, or another hash than the log"
            yield Finding(check=_ID, file=path, problem=problem, seq=seq)


def _index(evidence: Evidence, path: str | None, wanted: pa.Table, name: str) -> Iterator[Finding]:
    lines = index_lines(wanted)
    if path is not None and _is_exactly(evidence, path, lines):
        return
    if path is None:
        if lines:
            yield Finding(check=_ID, file=name, problem=f"is missing: {len(lines)} kept pages have no index")
        return
    try:
        found = read_index(evidence.read(path))
        told = read_index_lines(lines)
    except (OSError, ValueError) as error:
        yield Finding(check=_ID, file=path, problem=f"is no index: {error}")
        return
    if sorted(found, key=repr) != sorted(told, key=repr):
        odd = next((one for one in found if one not in told), None) or next(one for one in told if one not in found)
        yield Finding(check=_ID, file=path, problem=f"is not made of the rows: {odd[0]} at {odd[1]}")


def _is_exactly(evidence: Evidence, path: str, lines: Sequence[str]) -> bool:
    """Whether the index is what these lines make, octet by octet; else it is read line by line."""
    try:
        return gzip.decompress(evidence.read(path)) == b"".join(sorted(line.encode() + b"\n" for line in lines))
    except (OSError, EOFError, zlib.error):
        return False


def read_index_lines(lines: Sequence[str]) -> list[tuple[str, str, dict[str, str]]]:
    """As ``read_index`` reads them."""
    parts = (line.split(" ", 2) for line in lines)
    return [(key, moment, json.loads(fields)) for key, moment, fields in parts]
