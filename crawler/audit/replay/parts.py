"""A crawl's rows in parts, decided by several processes: the same findings in the same order as one would make.

What a row needs of others is learned first, in one place: the reservations that redirects hand on and that pages make
for their media. After that every row stands alone.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from crawler.audit.replay.rows import rows_of, sizes_of_groups
from crawler.errors import DamagedStateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from crawler.audit.replay.deciding import Learned, Replayer
    from crawler.storage.reading import CrawlReader

    Row = Mapping[str, Any]

ROWS_A_PROCESS = 50_000
"""Below so many rows a further process costs more than it brings: each reads the log, the rules, and the lists."""
_PARTS_A_PROCESS = 8
_HIDDEN = "REDACTED:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a process needs to be ready for rows."""

    folder: Path
    others: tuple[Path, ...]
    learned: Learned
    work: Callable[[Replayer, Iterable[Row]], Any]
    """Importable by name."""


def jobs_for(rows: int) -> int:
    """How many processes pay for so many rows, on the cores that this one may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, rows // ROWS_A_PROCESS))


def hops(reader: CrawlReader) -> list[Row]:
    """All redirects that were followed, oldest first: before what they led to."""
    return sorted(rows_of(reader, _is_hop()), key=lambda row: row["decided_at"])


def rest(
    reader: CrawlReader, *, condition: pc.Expression | None = None, groups: tuple[int, int] | None = None
) -> Iterator[Row]:
    """All further rows as they lie: those that meet a condition, those in a range of the manifest's row groups."""
    behind = ~pc.coalesce(_is_hop(), pc.scalar(False))
    return rows_of(reader, behind if condition is None else behind & condition, groups=groups)


def embedding_pages(reader: CrawlReader) -> Iterator[Row]:
    """Kept pages that rows name as the source of what is stated of another URL, each before what it embeds."""
    named: set[str] = set()
    try:
        for batch in reader.dataset().to_batches(columns=["url", "statements"]):
            statements = batch["statements"]
            urls = batch["url"].take(pc.list_parent_indices(statements))
            sources = pc.struct_field(pc.list_flatten(statements), "source_url")
            named.update(sources.filter(pc.not_equal(sources, urls)).unique().to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise DamagedStateError(f"{reader.root}: the manifest cannot be read: {error}") from error
    if not named:
        return iter(())
    url, text = pc.field("url"), pa.array(sorted(named), pa.string())
    is_named = url.isin(text) | pc.match_substring(url, _HIDDEN)
    return rest(reader, condition=(pc.field("verdict") == "allow") & is_named)


def _is_hop() -> pc.Expression:
    return pc.field("fetch_redirect").is_valid() & (pc.field("verdict") == "allow")


def in_parts(reader: CrawlReader, opening: Opening, jobs: int) -> Iterator[Any]:
    """What ``work`` makes of each part of ``rest``, in the order of the rows. Raises what the work raises."""
    context = multiprocessing.get_context("spawn")  # a fork would share open files and the threads of Arrow
    pool = ProcessPoolExecutor(jobs, context, _begin, (opening,))
    children = set(multiprocessing.active_children())
    try:
        yield from pool.map(_do, _ranges(sizes_of_groups(reader), jobs))
    except BrokenProcessPool as error:
        detail = "a process that replays ended unasked, perhaps for want of memory: give fewer --jobs"
        raise DamagedStateError(f"{reader.root}: {detail}") from error
    except BaseException:
        for child in set(multiprocessing.active_children()) - children:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _ranges(sizes: list[int], jobs: int) -> list[tuple[int, int]]:
    """Neighbouring row groups joined to parts of about the same number of rows."""
    wanted = max(1, sum(sizes) // (jobs * _PARTS_A_PROCESS))
    ranges, start, rows = [], 0, 0
    for end, size in enumerate(sizes, 1):
        rows += size
        if rows >= wanted or end == len(sizes):
            ranges.append((start, end))
            start, rows = end, 0
    return ranges


_OPEN: list[tuple[CrawlReader, Replayer, Callable[[Replayer, Iterable[Row]], Any]]] = []
"""Of this process, where it is one of the pool."""


def _begin(opening: Opening) -> None:
    from crawler.audit.replay.running import open_replayer  # noqa: PLC0415 - it imports this module
    from crawler.storage.reading import CrawlReader  # noqa: PLC0415 - only to check types elsewhere

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its children
    reader = CrawlReader.open(opening.folder)
    beside = [CrawlReader.open(folder) for folder in opening.others]
    replayer = open_replayer(reader, others=beside)
    replayer.learned.update(opening.learned)
    _OPEN.append((reader, replayer, opening.work))


def _do(groups: tuple[int, int]) -> Any:
    reader, replayer, work = _OPEN[0]
    return work(replayer, rest(reader, groups=groups))
