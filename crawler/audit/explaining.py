"""Why a URL was taken, left or put off: the chain from its row to the bytes that were read, in sentences.

Whatever the row says is looked up again in what was kept; a difference is a problem, never passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.compute

from crawler.audit.chapters import chapters
from crawler.audit.kept import History
from crawler.audit.literal import literal
from crawler.errors import DamagedStateError
from crawler.policy.reasons import reason_of
from crawler.values.redaction import SECRET_NAMES, redact
from crawler.values.url import parse, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crawler.audit.chapter import Chapter
    from crawler.storage.entries import UrlState
    from crawler.storage.reading import CrawlReader
    from crawler.values.url import Url

NEIGHBOURS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RowExplanation:
    """One decision on one URL."""

    row: Mapping[str, Any]
    sentence: str
    """The decisive reason, complete."""
    literal: str
    """What decided, as the stranger wrote it; empty where nobody said anything."""
    chapters: tuple[Chapter, ...]

    @property
    def problems(self) -> list[str]:
        """Where the row and what was kept differ."""
        return [problem for chapter in self.chapters for problem in chapter.problems]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An entry ``erasure`` of the log. The receipt of that purge names the same numbers, and the URLs."""

    seq: int
    """Of the entry itself."""
    erased_at: str
    reason: str
    authority: str
    seqs: tuple[int, ...]
    """Of the rows that went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that the crawl knows about one URL."""

    url: Url
    rows: tuple[RowExplanation, ...]
    """Oldest first; more than one where the folder holds several crawls."""
    states: tuple[UrlState, ...] = ()
    """Where a URL without a row stands in the frontier."""
    neighbours: tuple[str, ...] = ()
    """Where there is no row: some URLs of the same host that have one."""
    has_state: bool = True
    """Whether the frontier is here: without it nothing tells whether a URL without a row was considered once."""
    is_erased: bool = False
    """Whether the state says that it had a row, and no row names it any more."""
    erasures: tuple[Erasure, ...] = ()
    """Where there is no row: all that the log says was erased, since an erased row does not keep its URL."""


def explain(reader: CrawlReader, texts: Sequence[str]) -> list[Explanation]:
    """Explain URLs, given in any spelling. Raises ``UrlError`` for what is none, ``DamagedStateError``."""
    urls = [parse(text) for text in texts]
    rows = {url.text: _rows(reader, url) for url in urls}
    sources = {one["source_url"] for found in rows.values() for row in found for one in row["statements"]}
    history = History.read(reader, {url.origin for url in urls} | {split(source).origin for source in sources})
    return [_explain(reader, history, url, rows[url.text]) for url in urls]


def _explain(reader: CrawlReader, history: History, url: Url, rows: Sequence[Mapping[str, Any]]) -> Explanation:
    if not rows:
        column = pyarrow.compute.field("url_host_name")
        beside = [row["url"] for row in reader.rows(column == url.host)]
        erasures = tuple(_erasures(reader))
        return Explanation(
            url=url, rows=(), states=tuple(reader.frontier_states(url.text)), neighbours=tuple(beside[:NEIGHBOURS]),
            has_state=reader.logged("erasure") is not None,
            is_erased=bool(erasures) and reader.had_row(url.text), erasures=erasures,
        )  # fmt: skip
    return Explanation(url=url, rows=tuple(_explain_row(reader, history, url, row) for row in rows))


def _erasures(reader: CrawlReader) -> Iterator[Erasure]:
    for entry in reader.entries():
        if entry["type"] == "erasure":
            body = entry["body"]
            yield Erasure(
                seq=entry["seq"], erased_at=entry["time"], reason=body["reason"], authority=body["authority"],
                seqs=tuple(body["seqs"]),
            )  # fmt: skip


def _explain_row(reader: CrawlReader, history: History, url: Url, row: Mapping[str, Any]) -> RowExplanation:
    return RowExplanation(
        row=row,
        sentence=reason_of(row["reason"]).sentence,
        literal=literal(row),
        chapters=tuple(chapters(reader, history, url, row)),
    )


def _rows(reader: CrawlReader, url: Url) -> list[dict[str, Any]]:
    """Rows of the exact URL; where a value is hidden in them, key or record tell which URL is meant."""
    rows = reader.find(url.text)
    if redact(url.text, SECRET_NAMES, b"") == url.text:
        return rows
    spellings = {redact(url.text, SECRET_NAMES, secret) for secret in reader.secrets()}
    if spellings:
        return rows + [row for spelling in sorted(spellings - {url.text}) for row in reader.find(spelling)]
    column = pyarrow.compute.field("url_host_name")
    hidden = (row for row in reader.rows(column == url.host) if "REDACTED:" in row["url"])
    return rows + [row for row in hidden if _target_uri(reader, row) == url.text]


def _target_uri(reader: CrawlReader, row: Mapping[str, Any]) -> str | None:
    if row["warc_filename"] is None:
        return None
    try:
        return reader.record(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"]).target_uri
    except DamagedStateError:
        return None
