"""Reads a crawl back: every segment, and the record of every row, against the digests that the row names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyarrow import ArrowException

from crawler.errors import DamagedStateError
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.storage.reading import CrawlReader
    from crawler.storage.warc_reading import StoredRecord

_COLUMNS = (
    *("url", "verdict", "record_id", "warc_filename", "warc_record_offset", "warc_record_length"),
    *("content_digest", "erased_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What reading a crawl back came to."""

    segments: int
    rows: int
    records: int
    """Records that rows point to and that were read."""
    problems: tuple[str, ...]
    """Each with file and URL; empty where all is as it was written."""


def read_back(reader: CrawlReader) -> ReadBack:
    """Open every published segment and read every record that its rows name; nothing is held in memory."""
    rows = records = 0
    problems: list[str] = []
    segments = reader.segments()
    try:
        for batch in reader.dataset().to_batches(columns=list(_COLUMNS)):
            for row in batch.to_pylist():
                rows += 1
                records += row["warc_filename"] is not None
                problem = _problem(reader, row)
                if problem is not None:
                    problems.append(f"{row['url']}: {problem}")
    except (ArrowException, OSError) as error:
        problems.append(f"manifest: {error}")
    return ReadBack(segments=len(segments), rows=rows, records=records, problems=tuple(problems))


def _problem(reader: CrawlReader, row: Mapping[str, Any]) -> str | None:
    is_kept = row["verdict"] == "allow"
    if row["warc_filename"] is None:
        return "kept without a record" if is_kept and row["erased_at"] is None else None
    try:
        record = reader.record(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
    except DamagedStateError as error:
        return str(error)
    if record.fields.get("WARC-Record-ID") != row["record_id"]:
        return f"{row['warc_filename']} holds the record of another row at {row['warc_record_offset']}"
    if not is_kept:
        return "a page body was kept though the row does not allow it" if record.type == "response" else None
    return None if _payload_digest(record) == row["content_digest"] else "the body does not match its digest"


def _payload_digest(record: StoredRecord) -> str | None:
    """Of the body as stored, or of the body that a revisit stands for."""
    return record.fields.get("WARC-Payload-Digest") if record.type == "revisit" else sha256(record.body)
