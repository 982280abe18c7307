"""Scrapy's redirects behind the gate: only a hop that was kept is followed, and its target is judged for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware, MetaRefreshMiddleware, RedirectMiddleware

from crawler.extensions.project_crawl import ProjectCrawl
from crawler.middlewares.retry import enabled
from crawler.policy.decision import Verdict

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class _Gated(BaseRedirectMiddleware):
    """Fills ``redirect_urls``, ``redirect_times`` and ``redirect_reasons`` as Scrapy's."""

    _crawl: ProjectCrawl
    _is_wanted: bool

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor; never raises ``NotConfigured``."""
        made = cls(enabled(crawler, cls.enabled_setting))
        made.crawler = crawler
        made._crawl = ProjectCrawl.of(crawler)
        made._is_wanted = crawler.settings.getbool(cls.enabled_setting)
        return made

    def handle_referer(self, request: Request, response: Response) -> None:  # noqa: ARG002 - Scrapy's signature
        """Send none."""
        request.headers.pop("Referer", None)

    def _may(self, request: Request) -> bool:
        passage = self._crawl.passage(request)
        decision = None if passage is None else passage.visit.decision
        return self._is_wanted and decision is not None and decision.verdict is Verdict.ALLOW


class GatedRedirect(_Gated, RedirectMiddleware):
    """Follows a Location that Scrapy's would follow."""

    def process_response(  # type: ignore[override]  # without the deprecated spider
        self, request: Request, response: Response
    ) -> Request | Response:
        """Answer with the request for the target, or with the response."""
        return super().process_response(request, response) if self._may(request) else response


class GatedMetaRefresh(_Gated, MetaRefreshMiddleware):
    """Follows a meta refresh that Scrapy's would follow."""

    def process_response(  # type: ignore[override]  # without the deprecated spider
        self, request: Request, response: Response
    ) -> Request | Response:
        """Answer with the request for the target, or with the response."""
        return super().process_response(request, response) if self._may(request) else response
