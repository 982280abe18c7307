"""The add-on for Scrapy projects: one line in ``ADDONS`` gives their spiders the gate, the WARC and the manifest.

``ADDONS = {"crawler.addon.ClearcrawlAddon": 100}``. Spiders on our own frontier are left alone, except where
``scrapy check`` calls their callbacks.
"""

from __future__ import annotations

import logging
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import scrapy
import twisted
from scrapy import signals
from scrapy.utils.conf import closest_scrapy_cfg
from scrapy.utils.spider import DefaultSpider

from crawler import __version__
from crawler.errors import ClearcrawlError, SettingsError
from crawler.extensions.plan import CrawlPlan, Scope
from crawler.extensions.project_crawl import ProjectCrawl
from crawler.extensions.project_settings import check, described, fit, is_check
from crawler.extensions.refusals import tell_in_short
from crawler.middlewares.project_gate import Barrier, ProjectGate
from crawler.network.handler import CheckedHTTP11Handler
from crawler.policy.reading import CRAWL_POLICY
from crawler.spiders.frontier import FrontierSpider
from crawler.storage.policies import open_policy
from crawler.storage.shipped import shipped

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)
CRAWLS = "crawls"
"""Folder beside scrapy.cfg that holds one crawl folder a spider, where CLEARCRAWL_OUT says nothing."""


class ClearcrawlAddon:
    """Puts the gate in place, opens the crawl folder, and sees that the gate is still there when the engine starts."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._switched_off: list[str] = []
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor."""
        return cls(crawler)

    def update_settings(self, settings: BaseSettings) -> None:
        """Change the settings, and have the crawl opened once they are final. Raises ``SettingsError``."""
        if issubclass(self._crawler.spidercls, FrontierSpider) and not is_check():
            return
        tell_in_short()
        self._switched_off = fit(settings, has_cookies=self._has_cookies(settings))
        connect = self._crawler.signals.connect
        connect(self._started, signal=signals.engine_started)
        connect(self._closed, signal=signals.spider_closed)
        connect(self._stopped, signal=signals.engine_stopped)
        ProjectCrawl.opened_by(self._crawler, partial(self._open, settings))

    def _open(self, settings: BaseSettings) -> ProjectCrawl:
        spider = self._crawler.spidercls
        project = {
            **described(settings),
            "spider": f"{spider.__module__}.{spider.__qualname__}",
            "switched_off": self._switched_off,
            "scrapy": scrapy.__version__,
            "twisted": twisted.__version__,
        }
        is_crawl = self._crawler.spidercls is not DefaultSpider
        crawl = ProjectCrawl.open(self._plan(settings), project, needs_identity=is_crawl)
        for line in self._switched_off:
            logger.info("clearcrawl: %s", line)
        for warning in crawl.parts.warnings:
            logger.warning("clearcrawl: %s", warning)
        return crawl

    def _has_cookies(self, settings: BaseSettings) -> bool:
        """Whether the policy permits cookies; a policy that cannot be read permits nothing, and refuses the start."""
        try:
            opened = open_policy(self._policies(settings), tool_version=__version__)
        except ClearcrawlError:
            return False
        return opened.policy.network.cookies

    @staticmethod
    def _policies(settings: BaseSettings) -> Path:
        return _folder(settings.get("CLEARCRAWL_POLICIES"), _root() / "policies", CRAWL_POLICY)

    def _plan(self, settings: BaseSettings) -> CrawlPlan:
        root = _root()
        out = settings.get("CLEARCRAWL_OUT")
        if is_check() or self._crawler.spidercls is DefaultSpider:  # scrapy check, shell, fetch, view: no crawl
            self._scratch = tempfile.TemporaryDirectory(prefix="clearcrawl-", ignore_cleanup_errors=True)
            out = self._scratch.name
        return CrawlPlan(
            out=Path(out) if out else root / CRAWLS / self._crawler.spidercls.name,
            policies=self._policies(settings),
            blocklists=_folder(settings.get("CLEARCRAWL_BLOCKLISTS"), root / "blocklists", "catalog.toml"),
            scope=Scope.ANY,
        )

    async def _started(self) -> None:
        """Stop before the first request where another component has taken the gate out since.

        A signal handler that raises stops nothing, so that whatever goes wrong in here ends in a stop as well.
        """
        try:
            self._check_engine()
        except Exception as error:  # noqa: BLE001 - becomes the stop
            logger.critical("nothing was fetched: %s", error)
            self._crawler.spider = None  # scrapy crawl answers with status 1
            await self._crawler.engine.stop_async()

    def _check_engine(self) -> None:
        engine = self._crawler.engine
        check(self._crawler.settings)
        for component in (ProjectGate, Barrier):
            if not any(type(found) is component for found in engine.downloader.middleware.middlewares):
                raise SettingsError(f"{component.__name__} is not among the downloader middlewares")
        for scheme in ("http", "https"):
            handler = engine.downloader.handlers._get_handler(scheme)  # noqa: SLF001 - Scrapy makes it at the first request
            if type(handler) is not CheckedHTTP11Handler:
                raise SettingsError(f"the download handler for {scheme} is {type(handler).__name__}")

    async def _closed(self, reason: str) -> None:
        await self._finish(reason)

    async def _stopped(self) -> None:
        await self._finish("shutdown")
        if self._scratch is not None:
            self._scratch.cleanup()

    async def _finish(self, reason: str) -> None:
        try:
            await ProjectCrawl.of(self._crawler).finish(reason)
        except ClearcrawlError as error:
            logger.critical("the crawl folder could not be closed: %s", error)
            self._crawler.spider = None  # scrapy crawl answers with status 1


def _root() -> Path:
    """Folder of the project."""
    config = closest_scrapy_cfg()
    return Path(config).parent if config else Path()


def _folder(given: str | None, beside: Path, file: str) -> Path:
    if given:
        return Path(given)
    return beside if (beside / file).is_file() else shipped(beside.name)
