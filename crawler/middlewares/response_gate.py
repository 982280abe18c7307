"""Scrapy's downloader middleware that hands every response and failure to the pipeline before anyone else sees it.

It translates and does not judge. What was refused never reaches a callback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from scrapy.http import Headers
from scrapy.responsetypes import responsetypes

from crawler.extensions.runtime import Runtime
from crawler.extensions.sending import VISIT_KEY
from crawler.middlewares.refusals import RefusedError
from crawler.policy.decision import Decision, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.extensions.visit import Visit


class ResponseGate:
    """The last middleware before the engine on the way back."""

    def __init__(self, crawler: Crawler) -> None:
        self._runtime = Runtime.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response | Awaitable[Response]:
        """Judge a page; a site file passes on to whoever asked for it."""
        visit: Visit | None = request.meta.get(VISIT_KEY)
        if visit is None:
            return response
        self._runtime.answered(visit)
        if visit.exchange is None or visit.exchange.status is None:
            self._made_up(visit)
        try:
            decision = self._runtime.judge(visit)
        except Exception as error:
            self._broken(visit, error)
            raise
        if isinstance(decision, Decision):
            return self._settled(visit, decision, response)
        return self._later(visit, decision, response)

    async def _later(self, visit: Visit, judged: Awaitable[Decision], response: Response) -> Response:
        try:
            decision = await judged
        except Exception as error:
            self._broken(visit, error)
            raise
        return self._settled(visit, decision, response)

    def _settled(self, visit: Visit, decision: Decision, response: Response) -> Response:
        """Hand a page that may be kept on to its callback; everything else ends here."""
        if decision.verdict is Verdict.ALLOW and visit.redirect is None:
            return _stored(visit, response) if visit.is_unchanged else response
        self._runtime.settle(visit, decision)
        raise RefusedError(decision.reason)

    def _made_up(self, visit: Visit) -> NoReturn:
        """Refuse an answer that no server gave."""
        detail = f"{visit.url.text} was answered by something else than the gate's own download"
        self._runtime.bypassed(detail)
        self._runtime.failed(visit, "internal_error", detail)
        raise RefusedError("gate_bypassed")

    def _broken(self, visit: Visit, error: Exception) -> None:
        self._runtime.failed(visit, "internal_error", f"{type(error).__name__}: {error}")

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Settle a page that got no whole answer."""
        visit: Visit | None = request.meta.get(VISIT_KEY)
        if visit is None:
            return
        runtime = self._runtime
        runtime.answered(visit)
        exchange = visit.exchange
        if exchange is None or exchange.error is None:
            runtime.failed(visit, "internal_error", f"{type(exception).__name__}: {exception}")
        elif runtime.is_over and exchange.was_cancelled:
            runtime.interrupted(visit)
        else:
            runtime.failed(visit, exchange.error, exchange.error_detail)
        raise RefusedError(
            exchange.error if exchange is not None and exchange.error else "internal_error"
        ) from exception


def _stored(visit: Visit, response: Response) -> Response:
    """Show a callback the page that a 304 stands for: the stored body, with the fields that hold now."""
    head = visit.current
    assert head is not None  # noqa: S101 - read together with the stored body
    headers = Headers()
    for name, value in head.fields:
        if name.lower() != b"content-encoding":
            headers.appendlist(name, value)
    cls = responsetypes.from_args(headers=headers, url=response.url, body=visit.body)
    return response.replace(status=head.status, headers=headers, body=visit.body, cls=cls)
