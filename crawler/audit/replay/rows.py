"""Rows of the manifest as replay reads them: the columns that it needs, column by column, oldest first per file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from crawler.errors import DamagedStateError
from crawler.provenance.row import COLUMN_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.storage.reading import CrawlReader

    Row = Mapping[str, Any]

DECISION = ("verdict", "verdict_search_index", "access", "state", "stage", "reason", "reasons", "agreement_ref")
"""Columns that are the verdict."""
ROBOTS = ("robots_status", "robots_digest", "robots_group", "robots_rule", "robots_line", "robots_retrieved_at")
BARRIER = ("access_barrier", "barrier_action", "barrier_evidence")
LISTED = ("blocklist_id", "blocklist_digest", "blocklist_entry")
_FURTHER = (
    *("url", "url_host_name", "url_host_registered_domain", "crawl_id", "record_id", "seq", "depth", "decided_at"),
    *("fetch_time", "fetch_status", "fetch_redirect", "content_digest", "bytes_fetched", "bytes_retained"),
    "content_mime_detected",
    *("warc_filename", "warc_record_offset", "warc_record_length", "redirect_chain", "statements", "statements_unread"),
    *("policy_digest", "lists_digest", "tool_version", "suffix_list_digest", "erased_at", "leaf_hash", "purpose"),
)
COLUMNS = tuple(name for name in COLUMN_NAMES if name in {*DECISION, *ROBOTS, *BARRIER, *LISTED, *_FURTHER})
BATCH = 8_192
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows_of(reader: CrawlReader, condition: Any = None) -> Iterator[Row]:
    """All published rows, in the order of files and rows. Raises DamagedStateError naming what cannot be read."""
    try:
        batches = reader.dataset().to_batches(
            columns=list(COLUMNS), filter=condition, batch_size=BATCH, batch_readahead=2, fragment_readahead=1
        )
        for batch in batches:
            columns = [_values(column) for column in batch.columns]
            for row in zip(*columns, strict=True):
                yield dict(zip(COLUMNS, row, strict=True))
    except (pa.ArrowException, OSError) as error:
        raise DamagedStateError(f"{reader.root}: the manifest cannot be read: {error}") from error


def _values(column: pa.Array) -> list[Any]:
    """Python values; few different texts are made once, and times without the detour that Arrow takes."""
    if pa.types.is_timestamp(column.type):
        counts = column.cast(pa.int64()).to_pylist()
        return [None if one is None else _EPOCH + timedelta(microseconds=one) for one in counts]
    if pa.types.is_dictionary(column.type):
        texts = column.dictionary.to_pylist()
        return [None if index is None else texts[index] for index in column.indices.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values
