"""The gate in a project with the add-on: two downloader middlewares, one next to the wire, one next to the engine.

They translate and do not judge. Between them a refused answer travels without its body, so that retries and the
project's own middlewares see its status; the barrier lets nothing through but what was judged, allowed and recorded.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from crawler.errors import ClearcrawlError
from crawler.extensions.project_crawl import ProjectCrawl
from crawler.extensions.project_settings import REFUSED, check
from crawler.middlewares.refusals import RefusedError, StatusRefusedError
from crawler.network.exchange import EXCHANGE_KEY
from crawler.policy.decision import Verdict
from crawler.policy.reasons import Check, reason_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.extensions.passage import Passage

logger = logging.getLogger(__name__)


class ProjectGate:
    """The last middleware before the wire and the first one after it."""

    def __init__(self, crawl: ProjectCrawl) -> None:
        self._crawl = crawl

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor. Raises what refuses the start, never ``NotConfigured``."""
        check(crawler.settings)
        return cls(ProjectCrawl.of(crawler))

    async def process_request(self, request: Request) -> None:
        """Let a request pass, or record its refusal and raise ``RefusedError``."""
        if self._crawl.is_ours(request):
            return
        try:
            reason = await self._crawl.admit(request)
        except Exception as error:
            # Anything else would be taken for a failed download, and tried again.
            raise self._broken(request, error) from error
        if reason is not None:
            raise RefusedError(reason)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Judge and record what the server sent; what is refused goes on without its body."""
        if self._crawl.is_ours(request):
            return response if request.meta[EXCHANGE_KEY].started_at is not None else self._unjudged(request, response)
        passage = self._crawl.passage(request)
        exchange = None if passage is None else passage.visit.exchange
        if passage is None or exchange is None or exchange.started_at is None or passage.visit.is_settled:
            return self._unjudged(request, response)
        request.meta.pop(EXCHANGE_KEY, None)
        self._crawl.answered(passage)
        try:
            decision = await self._crawl.judged(passage)
        except Exception as error:
            self._crawl.failed_with(passage, error)
            raise self._broken(request, error) from error
        return response if decision.verdict is Verdict.ALLOW else without_body(response)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Settle a request that brought no whole answer; the exception goes on to retries and errbacks."""
        if self._crawl.is_ours(request):
            return
        request.meta.pop(EXCHANGE_KEY, None)
        passage = self._crawl.passage(request)
        if passage is not None:
            self._crawl.failed_with(passage, exception)

    def _unjudged(self, request: Request, response: Response) -> Response:
        """Refuse an answer that did not come over the wire through us; one without content says nothing."""
        if not response.body:
            return response
        self._crawl.bypassed(f"{request.url} was answered by something else than the gate's own download")
        raise RefusedError("gate_bypassed")

    def _broken(self, request: Request, error: Exception) -> RefusedError:
        if not isinstance(error, ClearcrawlError):
            self._crawl.parts.gate.consecutive_internal_errors += 1
            logger.error("the gate failed on %s", request, exc_info=error)
        return RefusedError(f"{'storage' if isinstance(error, ClearcrawlError) else 'internal'}_error: {error}")


class Barrier:
    """The last middleware before the engine: what was not judged, allowed and recorded ends here."""

    def __init__(self, crawl: ProjectCrawl) -> None:
        self._crawl = crawl

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor. Raises what refuses the start, never ``NotConfigured``."""
        return cls(ProjectCrawl.of(crawler))

    def process_response(self, request: Request, response: Response) -> Response:
        """Hand on a page that is kept; raise ``RefusedError`` for everything else."""
        if self._crawl.is_ours(request):
            return response
        passage = self._crawl.passage(request)
        if passage is None:
            if response.body:
                self._crawl.bypassed(f"{request.url} was answered by something else than the gate's own download")
                raise RefusedError("gate_bypassed")
            return response
        return self._judged(passage, response)

    @staticmethod
    def _judged(passage: Passage, response: Response) -> Response:
        visit = passage.visit
        decision = visit.decision
        if decision is not None and visit.is_settled and decision.verdict is Verdict.ALLOW:
            return response
        reason = "internal_error" if decision is None else decision.reason
        if reason_of(reason).check is Check.STATUS:
            raise StatusRefusedError(without_body(response), reason)
        raise RefusedError(reason)


def without_body(response: Response) -> Response:
    """The same answer with nothing in it."""
    return response.replace(body=b"", flags=[*response.flags, REFUSED])
