"""Runs one crawl in this process from start to exit status: Scrapy, signals, display, summary."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from typing import TYPE_CHECKING, Any

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from crawler.errors import ClearcrawlError, ExitCode, StorageError
from crawler.extensions.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy import Spider

    from crawler.extensions.runtime import Runtime

GARBAGE_AFTER = (10_000, 20, 20)
"""Objects and rounds between garbage collections: pages hold no reference cycles, so that little is ever found."""


def run(runtime: Runtime, spider: type[Spider], seeds: Sequence[str], *, is_quiet: bool) -> ExitCode:
    """Crawl until the end, a limit, or a signal; answers how it ended.

    Raises what refused the start. The first SIGINT or SIGTERM stops cleanly, a second one cuts running requests off
    at once; neither skips the last commit (R5.6).
    """
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    settings.set("LOG_LEVEL", "WARNING", priority="cmdline")
    settings.set("MEMUSAGE_LIMIT_MB", runtime.policy.limits.memory_mb, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    logging.getLogger("scrapy").setLevel(logging.WARNING)  # else a record is made for each response, and dropped
    from twisted.internet import reactor  # noqa: PLC0415 - only now the right one is installed

    task = process.crawl(spider, runtime=runtime, seeds=tuple(seeds))
    progress = None if is_quiet else Progress(runtime.tally)
    stops = 0

    def stop() -> None:
        nonlocal stops
        stops += 1
        if stops > 1:
            runtime.cut_off()
            return
        runtime.stop()
        asyncio.ensure_future(process.stop())  # noqa: RUF006 - the process waits for it

    def on_signal(_number: int, _frame: Any) -> None:
        reactor.callFromThread(stop)  # type: ignore[attr-defined] # the module is the reactor

    earlier = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    if progress is not None:
        reactor.callWhenRunning(progress.start)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_AFTER)
    try:
        process.start(install_signal_handlers=False)
    finally:
        gc.unfreeze()  # else what later code of the process lets go of is never found
        for number, handler in earlier.items():
            signal.signal(number, handler)
        if progress is not None:
            progress.stop()
    return _result(runtime, task)


def _result(runtime: Runtime, task: asyncio.Future[None]) -> ExitCode:
    error = task.exception() if task.done() and not task.cancelled() else None
    if error is not None or runtime.writer.is_alive:
        runtime.writer.close(reason="start_failed", code=ExitCode.MISUSE, clean=False)
        runtime.writer.join()
    if error is not None:
        raise (
            error if isinstance(error, ClearcrawlError) else StorageError(f"the crawl broke off: {error!r}")
        ) from error
    failure = runtime.failure or runtime.writer.failure
    if failure is not None:
        raise failure
    if runtime.writer.store.unsealed is not None:
        return runtime.exit_code or ExitCode.INCOMPLETE
    return runtime.exit_code
