"""Scrapy's retries behind the gate: what was put off for now is asked for again, what was refused is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.settings import Settings

from crawler.extensions.project_crawl import ProjectCrawl
from crawler.policy.decision import Verdict

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class GatedRetry(RetryMiddleware):
    """Fills ``retry_times`` as Scrapy's; each retry is a request of its own and passes the gate."""

    _crawl: ProjectCrawl
    _is_wanted: bool

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor; never raises ``NotConfigured``."""
        made = cls(enabled(crawler, "RETRY_ENABLED"))
        made.crawler = crawler
        made._crawl = ProjectCrawl.of(crawler)
        made._is_wanted = crawler.settings.getbool("RETRY_ENABLED")
        return made

    def process_response(  # type: ignore[override]  # without the deprecated spider
        self, request: Request, response: Response
    ) -> Request | Response:
        """Ask again where the answer was put off and its status is one of ``RETRY_HTTP_CODES``."""
        return super().process_response(request, response) if self._may(request) else response

    def process_exception(  # type: ignore[override]  # without the deprecated spider
        self, request: Request, exception: Exception
    ) -> Request | Response | None:
        """Ask again after one of ``RETRY_EXCEPTIONS``, unless the failure is final."""
        return super().process_exception(request, exception) if self._may(request) else None

    def _may(self, request: Request) -> bool:
        if not self._is_wanted or self._crawl.is_over:
            return False
        passage = self._crawl.passage(request)
        decision = None if passage is None else passage.visit.decision
        return decision is None or decision.verdict is Verdict.DEFER


def enabled(crawler: Crawler, name: str) -> Settings:
    """The settings with a switch on, since Scrapy's constructors raise ``NotConfigured`` where it is off."""
    settings = Settings()
    settings.update(crawler.settings.copy())
    settings.set(name, value=True, priority="cmdline")
    return settings
