"""Which rows of which crawls are documents, in one order that never changes; bodies are not read here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet

from crawler.errors import DamagedStateError, UsageError
from crawler.exporting.columns import TAKEN
from crawler.storage.reading import CrawlReader
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    Row = Mapping[str, Any]

PURPOSE = "ai_training"
"""Export is for training: what a crawl kept for another purpose was not judged for it."""

NEEDED = (*TAKEN, "verdict", "fetch_redirect", "ip_address", "statements", "erased_at", "bytes_retained")
_BATCH = 1_000
_SITEMAP = re.compile(rb"<(?:\w+:)?(?:urlset|sitemapindex)\s[^>]*[\"'][^\"'>]*sitemap")
"""The root element with the namespace of sitemaps.org, or Google's older one."""
_LOOK_AT = 4_096
_XML = frozenset({"application/xml", "text/xml", None})
"""Media types under which a sitemap is kept."""


class Position(NamedTuple):
    """A place in the order of all rows: number of the crawl, of its segment, of the row in it."""

    crawl: int
    segment: int
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One crawl to export from."""

    reader: CrawlReader
    folder: Path
    segments: tuple[Path, ...]
    """As they were published when the export began."""
    digests: tuple[str, ...]
    """SHA-256 of the segments."""
    unpublished: int
    """Rows that are in no segment yet, and so not in the export."""

    @property
    def is_growing(self) -> bool:
        """Whether the crawl still runs, or was killed and has to be started once more to publish what it has."""
        return self.unpublished > 0 or self.reader.crawl.ended_at is None


def open_sources(folders: Sequence[Path], stack: ExitStack) -> tuple[Source, ...]:
    """Open the crawls in the order of their start; the stack closes them.

    Raises UsageError for a folder without a crawl, one named twice, crawls for another purpose, and TEST crawls among
    others; DamagedStateError.
    """
    readers = [(stack.enter_context(CrawlReader.open(folder)), folder) for folder in folders]
    by_id = {reader.crawl.crawl_id: folder for reader, folder in readers}
    if len(by_id) < len(readers):
        raise UsageError("a crawl is named twice; name each folder once")
    for reader, folder in readers:
        if reader.crawl.purpose != PURPOSE:
            raise UsageError(
                f"{folder}: was crawled for {reader.crawl.purpose}, and its verdicts are about that; "
                f"export gives documents for {PURPOSE}"
            )
    if len({reader.crawl.is_test for reader, _ in readers}) > 1:
        names = ", ".join(str(folder) for reader, folder in readers if reader.crawl.is_test)
        raise UsageError(f"{names}: TEST crawls prove nothing about the web; export them apart from others")
    ordered = sorted(readers, key=lambda one: (one[0].crawl.started_at, one[0].crawl.crawl_id))
    return tuple(_source(reader, folder) for reader, folder in ordered)


def _source(reader: CrawlReader, folder: Path) -> Source:
    segments = tuple(reader.segments())
    try:
        digests = tuple(sha256(path.read_bytes()) for path in segments)
    except OSError as error:
        raise DamagedStateError(f"{error.filename}: cannot be read ({error.strerror})") from error
    return Source(
        reader=reader, folder=folder, segments=segments, digests=digests, unpublished=len(reader.unpublished())
    )


def rows_from(sources: Sequence[Source], start: Position) -> Iterator[tuple[Position, Source, Row]]:
    """All rows from a position on, each with its own position. Raises DamagedStateError."""
    for crawl, source in enumerate(sources):
        for segment, path in enumerate(source.segments):
            if (crawl, segment) < start[:2]:
                continue
            first = start.row if (crawl, segment) == start[:2] else 0
            for number, row in enumerate(read_rows(path, NEEDED)):
                if number >= first:
                    yield Position(crawl, segment, number), source, row


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of one segment in order, its pages checked; a column that an older schema lacks is ``None``.

    Raises DamagedStateError.
    """
    try:
        with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            present = [name for name in columns if name in file.schema_arrow.names]
            absent = dict.fromkeys(set(columns) - set(present))
            for batch in file.iter_batches(batch_size=_BATCH, columns=present):
                for row in batch.to_pylist():
                    yield {**absent, **row}
    except (pa.ArrowException, OSError) as error:
        raise DamagedStateError(f"{path}: cannot be read as a segment of the manifest: {error}") from error


def is_sitemap(row: Row, content: bytes) -> bool:
    """Whether a body is an XML sitemap or an index of them: a list of URLs, no document. Feeds hold text, and stay."""
    return row["content_mime_detected"] in _XML and _SITEMAP.search(content[:_LOOK_AT]) is not None


def why_left(row: Row) -> str | None:
    """Why a row is no document as the manifest alone tells, or ``None``."""
    if row["erased_at"] is not None or row["verdict"] is None:
        return "erased"
    if row["verdict"] != "allow":
        return "not_kept"
    if row["purpose"] != PURPOSE:
        return "other_purpose"
    if row["fetch_redirect"] is not None:
        return "redirect"
    return None
