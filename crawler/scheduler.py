"""Scrapy's scheduler over the durable frontier: it serves requests whose turn has come and stores none.

It also knows when the crawl ends: nothing is under way, nothing is due within ``wait_at_end``, or a limit of the
operator is reached.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

from scrapy.core.scheduler import BaseScheduler
from scrapy.utils.defer import deferred_from_coro

from crawler.extensions.always import check_settings
from crawler.extensions.runtime import Runtime
from crawler.extensions.sending import VISIT_KEY

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred

logger = logging.getLogger(__name__)


class FrontierScheduler(BaseScheduler):
    """For our own spiders. Requests that a callback yields go to the journal with their page, not through here."""

    def __init__(self, crawler: Crawler, runtime: Runtime) -> None:
        self._crawler = crawler
        self._runtime = runtime
        self._ready: deque[Request] = deque()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor; the runtime of the crawl must have been opened before. Raises ``SettingsError``."""
        check_settings(crawler.settings)
        return cls(crawler, Runtime.of(crawler))

    def open(self, spider: Spider) -> Deferred[None] | None:  # noqa: ARG002 - Scrapy's signature
        """Connect the journal to the event loop and ask for the first URLs."""
        self._runtime.start(asyncio.get_running_loop(), self._release, self._wake)
        return None

    def close(self, reason: str) -> Deferred[None] | None:
        """Commit, publish and close; Scrapy waits for it."""
        unsent = [request.meta[VISIT_KEY] for request in self._ready]
        self._ready.clear()
        return deferred_from_coro(self._runtime.finish(reason, unsent))

    def has_pending_requests(self) -> bool:
        """Answer whether the crawl goes on; ``False`` lets the engine close the spider."""
        return bool(self._ready) or not self._runtime.is_over

    def enqueue_request(self, request: Request) -> bool:
        """Refuse: a request that reaches the engine this way has not passed the journal.

        Where a middleware answered one of ours with it, the visit ends here.
        """
        logger.error("request outside the frontier dropped: %s", request)
        visit = request.meta.get(VISIT_KEY)
        if visit is not None:
            self._runtime.astray(visit, "asked for something else")
        return False

    def next_request(self) -> Request | None:
        """Answer the next request whose turn has come."""
        return self._ready.popleft() if self._ready else None

    def _release(self, request: Request) -> None:
        self._ready.append(request)
        self._wake()

    def _wake(self) -> None:
        engine = self._crawler.engine
        slot = engine._slot if engine is not None else None  # noqa: SLF001 - the only way to wake a pull scheduler
        if slot is not None and slot.closing is None:
            slot.nextcall.schedule()
