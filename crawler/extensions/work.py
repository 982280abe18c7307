"""Whether a start finds anything to crawl, asked before the folder is touched: an ended crawl stays as it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import ExitCode, UsageError
from crawler.storage.layout import recognise
from crawler.storage.reading import CrawlReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def check_work(out: Path, seeds: Sequence[str], *, previous: Sequence[Path]) -> None:
    """Raise UsageError where there is nothing to crawl, and what to do; other errors as ``CrawlReader.open``."""
    if seeds or previous:
        return
    if not recognise(out):
        raise UsageError(f"nothing to crawl: give URLs or seed files ({out} holds no crawl that could go on)")
    with CrawlReader.open(out) as reader:
        crawl, counts = reader.crawl, reader.counts()
    if counts is None or counts.waiting or counts.sent:
        return
    if crawl.ended_at is None or crawl.exit_code == ExitCode.INCOMPLETE:
        if counts.done or counts.failed or counts.denied:
            return  # everything is settled but the end itself
        raise UsageError(f"nothing to crawl: {out} was begun and holds no URL yet; give URLs or seed files")
    raise UsageError(
        f"nothing to crawl: the crawl in {out} ended on {crawl.ended_at[:10]} ({crawl.finish_reason}), and no URL of "
        f"it waits. Give URLs or seed files to crawl more into this folder; to crawl its pages again, give another "
        f"folder and --previous {out}"
    )
