"""Rows of the manifest as replay reads them: the columns that it needs, column by column, oldest first per file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from pyarrow.dataset import FileSystemDataset

from crawler.errors import DamagedStateError
from crawler.provenance.row import COLUMN_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyarrow.dataset import Dataset, Fragment

    from crawler.storage.reading import CrawlReader

    Row = Mapping[str, Any]

DECISION = ("verdict", "verdict_search_index", "access", "state", "stage", "reason", "reasons", "agreement_ref")
"""Columns that are the verdict."""
ROBOTS = ("robots_status", "robots_digest", "robots_group", "robots_rule", "robots_line", "robots_retrieved_at")
BARRIER = ("access_barrier", "barrier_action", "barrier_evidence")
LISTED = ("blocklist_id", "blocklist_digest", "blocklist_entry")
_FURTHER = (
    *("url", "url_host_name", "url_host_registered_domain", "crawl_id", "record_id", "seq", "depth", "decided_at"),
    *("fetch_time", "fetch_status", "fetch_redirect", "content_digest", "content_mime_detected", "bytes_retained"),
    *("warc_filename", "warc_record_offset", "warc_record_length", "redirect_chain", "statements", "statements_unread"),
    *("payload_crawl_id", "policy_digest", "lists_digest", "tool_version", "erased_at"),
)
COLUMNS = tuple(name for name in COLUMN_NAMES if name in {*DECISION, *ROBOTS, *BARRIER, *LISTED, *_FURTHER})
BATCH = 8_192
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NULL = -(2**63)
"""Stands for null where only numbers can stand; no column of ours has that value."""
_NEVER: list[Any] = []
"""Of all rows with an empty list; nobody changes it."""


class StatementSeen(NamedTuple):
    """A statement of a row: what is compared, in the order in which ``deciding`` lays its own out."""

    protocol: str
    use: str
    preference: str
    carrier: str
    layer: str
    value: str
    source_url: str
    evidence_digest: str


class UnreadSeen(NamedTuple):
    """A carrier that was not read, of a row."""

    protocol: str
    why: str


_STRUCTS: dict[str, type[StatementSeen | UnreadSeen]] = {
    "statements": StatementSeen,
    "statements_unread": UnreadSeen,
}


def rows_of(reader: CrawlReader, condition: Any = None, *, groups: tuple[int, int] | None = None) -> Iterator[Row]:
    """All published rows, in the order of files and rows. Raises DamagedStateError naming what cannot be read.

    ``groups`` are the first row group and the one behind the last, counted over all files.

    Statements and unread carriers come as ``StatementSeen`` and ``UnreadSeen``; empty lists are one and the same.
    """
    try:
        batches = _dataset(reader, groups).to_batches(
            columns=list(COLUMNS), filter=condition, batch_size=BATCH, batch_readahead=2, fragment_readahead=1
        )
        for batch in batches:
            columns = [_values(name, column) for name, column in zip(COLUMNS, batch.columns, strict=True)]
            for row in zip(*columns, strict=True):
                yield dict(zip(COLUMNS, row))  # noqa: B905 - the columns are counted above
    except (pa.ArrowException, OSError) as error:
        raise DamagedStateError(f"{reader.root}: the manifest cannot be read: {error}") from error


def sizes_of_groups(reader: CrawlReader) -> list[int]:
    """Rows of each row group, over all files. Raises DamagedStateError as ``rows_of`` does."""
    try:
        return [piece.count_rows() for piece in _pieces(reader.dataset())]
    except (pa.ArrowException, OSError) as error:
        raise DamagedStateError(f"{reader.root}: the manifest cannot be read: {error}") from error


def _dataset(reader: CrawlReader, groups: tuple[int, int] | None) -> Dataset:
    whole = reader.dataset()
    return whole if groups is None else FileSystemDataset(
        _pieces(whole)[slice(*groups)], whole.schema, whole.format, whole.filesystem
    )  # fmt: skip


def _pieces(dataset: Dataset) -> list[Fragment]:
    return [piece for fragment in dataset.get_fragments() for piece in fragment.split_by_row_group()]


def _values(name: str, column: pa.Array) -> list[Any]:
    """Python values of one column, without the detour by a scalar for each that Arrow takes."""
    kind = column.type
    if column.null_count == len(column):
        return [None] * len(column)
    if pa.types.is_list(kind):
        return _lists(name, column)
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
        return _texts(column)
    if pa.types.is_timestamp(kind):
        counts = _whole(column.cast(pa.int64()))
        made = {one: one if one is None else _EPOCH + timedelta(microseconds=one) for one in set(counts)}
        return [made[one] for one in counts]
    if pa.types.is_int64(kind):
        return _whole(column)
    values: list[Any] = column.to_pylist()
    return values


def _texts(column: pa.Array) -> list[str | None]:
    """Each different text is made once."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    texts = [*coded.dictionary.to_pylist(), None]
    return [texts[index] for index in _octets(coded.indices.fill_null(-1), 4, "i")]


def _whole(column: pa.Array) -> list[Any]:
    """Integers."""
    if not column.null_count:
        return _octets(column, 8, "q")
    return [None if one == _NULL else one for one in _octets(column.fill_null(_NULL), 8, "q")]


def _octets(column: pa.Array, width: int, code: str) -> list[int]:
    """Numbers without nulls, as they lie in memory."""
    start = column.offset * width
    return memoryview(column.buffers()[1])[start : start + len(column) * width].cast(code).tolist()  # type: ignore[call-overload, no-any-return] # no literal


def _lists(name: str, column: pa.Array) -> list[Any]:
    offsets = _octets(column.offsets, 4, "i")
    if offsets[0] == offsets[-1]:
        return [_NEVER] * len(column)
    shape, items = _STRUCTS.get(name), column.flatten()
    if shape is None:
        values: list[Any] = _texts(items)
    else:
        fields = items.flatten()
        parts = [_texts(fields[items.type.get_field_index(part)]) for part in shape._fields]
        values = list(map(shape._make, zip(*parts, strict=True)))
    first = offsets[0]
    return [values[start - first : end - first] if end > start else _NEVER for start, end in pairwise(offsets)]
