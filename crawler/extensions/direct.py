"""The direct way of a page: download, verdict and outcome in one task, where nobody but us acts on requests.

Scrapy's engine, slots, chains and signals are there for what a project adds. ``find_company`` looks whether anything
was added; where it finds something, or anything unknown, pages go through the engine.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.core.downloader import Downloader
from scrapy.core.engine import ExecutionEngine
from scrapy.core.scraper import Scraper
from scrapy.extensions.corestats import CoreStats
from scrapy.extensions.memusage import MemoryUsage
from scrapy.signalmanager import dispatcher  # type: ignore[attr-defined]  # PyDispatcher, as Scrapy uses it

from crawler.extensions.always import FRONTIER_OUTPUT, RESPONSE_GATE, path_of
from crawler.extensions.arrivals import Arrivals, is_page
from crawler.network.handler import handler_of
from crawler.policy.decision import Decision

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.extensions.runtime import Runtime
    from crawler.extensions.visit import Visit
    from crawler.network.exchange import Exchange

logger = logging.getLogger(__name__)

WAY = "clearcrawl/way"
"""Stat: ``direct``, or ``engine`` and why."""
_WEB = "crawler.spiders.web.WebSpider"
_SPIDERS = frozenset({_WEB, "crawler.spiders.urls.UrlsSpider", "crawler.spiders.sitemap.SitemapSpider"})
"""Ours; a class derived from one is somebody's own."""
_EXTENSIONS = (CoreStats, MemoryUsage)
"""Extensions that look at no request and no response but to count them."""
_OF_PAGES = tuple(
    getattr(signals, name)
    for name in (
        *("request_scheduled", "request_dropped", "request_reached_downloader", "request_left_downloader"),
        *("response_received", "response_downloaded", "headers_received", "bytes_received", "scheduler_empty"),
        *("item_scraped", "item_dropped", "item_error", "spider_error"),
    )
)
"""Signals that pages bring about in the engine."""


def find_company(crawler: Crawler) -> str | None:
    """Say what else than clearcrawl acts on, or listens to, the pages of a crawl; ``None``: nobody does."""
    engine = crawler.engine
    for part, ours in ((engine, ExecutionEngine), (engine.downloader, Downloader), (engine.scraper, Scraper)):
        if type(part) is not ours:
            return path_of(type(part))
    parts: tuple[tuple[Any, tuple[str, ...]], ...] = (
        ((crawler.spider,), tuple(_SPIDERS)),
        (engine.downloader.middleware.middlewares, (RESPONSE_GATE,)),
        (engine.scraper.spidermw.middlewares, (FRONTIER_OUTPUT,)),
        (engine.scraper.itemproc.middlewares, ()),
        (crawler.extensions.middlewares, tuple(path_of(one) for one in _EXTENSIONS)),
    )
    for found, known in parts:
        for one in found:
            if path_of(type(one)) not in known:
                return path_of(type(one))
    return _listener(crawler)


def _listener(crawler: Crawler) -> str | None:
    for signal in _OF_PAGES:
        for receiver in dispatcher.liveReceivers(dispatcher.getAllReceivers(crawler.signals.sender, signal)):
            if type(getattr(receiver, "__self__", None)) is not CoreStats:
                return f"a receiver of {signal!r}"
    return None


class DirectWay:
    """One per worker, on the event loop."""

    def __init__(self, runtime: Runtime, crawler: Crawler) -> None:
        self._runtime = runtime
        self._arrivals = Arrivals(runtime)
        self._stats = crawler.stats
        self._follows_links = path_of(type(crawler.spider)) == _WEB
        self._fetch = {scheme: handler_of(crawler, scheme).fetch for scheme in ("http", "https")}
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, visit: Visit) -> None:
        """Take an admitted visit to its outcome. Its turn is taken here, before anybody else can ask for the next."""
        exchange = self._runtime.sending.bare_page(visit)
        task = asyncio.ensure_future(self._carry(visit, exchange))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def ended(self) -> None:
        """Wait until every visit that was sent has its outcome."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _carry(self, visit: Visit, exchange: Exchange) -> None:
        try:
            await self._download_and_judge(visit, exchange)
        except Exception:  # the outcome could not be handed over: the claim stays open, for the next run
            logger.exception("%s came to no outcome", visit.url.text)
            self._runtime.end("internal_error")

    async def _download_and_judge(self, visit: Visit, exchange: Exchange) -> None:
        try:
            await self._fetch[visit.url.scheme](exchange)
        except Exception as error:  # noqa: BLE001 - becomes the recorded outcome of the visit
            self._arrivals.lost(visit, error)
            return
        if self._arrivals.is_made_up(visit):
            return
        try:
            judged = self._arrivals.judged(visit)
            decision = judged if isinstance(judged, Decision) else await judged
        except Exception:
            logger.exception("The check of %s failed", visit.url.text)
            return
        if is_page(visit, decision):
            if self._stats is not None:
                self._stats.inc_value("response_received_count")
            if self._follows_links:
                visit.links += self._runtime.links.of_page(visit)
            self._runtime.settle(visit, decision)
