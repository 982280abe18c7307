"""Which rows of a crawl a removal list names, and which others repeat what goes; nothing is changed here.

Rows that keep content go. Rows of URLs that were refused keep none: they stay, and show that nothing was taken (R6.17).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet

from crawler.errors import DamagedStateError
from crawler.purging.due import REASON

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crawler.provenance.removal_index import RemovalIndex
    from crawler.provenance.removals import Removal
    from crawler.purging.due import Due
    from crawler.storage.reading import CrawlReader

_COLUMNS = (
    *("seq", "url", "url_host_name", "ip_address", "crawl_id", "verdict", "erased_at", "bytes_retained"),
    *("fetch_time", "decided_at"),
    *("warc_filename", "warc_record_offset", "warc_record_length"),
)
_BATCH = 5_000
REPEATS = "repeats_erased"
"""Reason of rows whose record holds no body of its own but stands for one that goes."""


@dataclass(slots=True, kw_only=True)
class Selection:
    """Rows of one worker of one crawl that go."""

    worker: str
    rows: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Number to reason and authority."""
    repeats: int = 0
    """Of ``rows``: those that only repeat a body that goes."""
    octets: int = 0
    """Of the bodies."""
    matched: set[Removal] = field(default_factory=set)
    """Entries that named a row."""


def select(reader: CrawlReader, index: RemovalIndex, *, authority: str, due: Due | None = None) -> list[Selection]:
    """Go through all published rows. ``authority``: of entries that name none. Raises DamagedStateError."""
    found: dict[str, Selection] = {}
    for path in reader.segments():
        worker = path.name.partition("-")[0]
        chosen = found.setdefault(worker, Selection(worker=worker))
        for row in _rows(path):
            if row["erased_at"] is not None or row["verdict"] != "allow":
                continue
            removal = index.about_row(row, _exact_url(reader, row))
            if removal is not None:
                chosen.rows[row["seq"]] = (removal.reason, removal.authority or authority)
                chosen.matched.add(removal)
            elif due is not None and (row["fetch_time"] or row["decided_at"]) < due.before:
                chosen.rows[row["seq"]] = (REASON, due.basis)
            else:
                continue
            chosen.octets += row["bytes_retained"] or 0
    return list(found.values())


def _exact_url(reader: CrawlReader, row: dict[str, Any]) -> str | None:
    """The URL of the record, where the row's may be redacted."""
    if "REDACTED:" not in row["url"] or row["warc_filename"] is None:
        return None
    record = reader.record(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
    return record.target_uri


def _rows(path: Path, columns: Sequence[str] = _COLUMNS) -> Iterator[dict[str, Any]]:
    try:
        with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=list(columns)):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DamagedStateError(f"{path}: cannot be read as a segment of the manifest: {error}") from error
