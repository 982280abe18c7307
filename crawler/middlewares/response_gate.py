"""Scrapy's downloader middleware that hands every response and failure to the pipeline before anyone else sees it.

It translates and does not judge. What was refused never reaches a callback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.http import Headers
from scrapy.responsetypes import responsetypes

from crawler.extensions.arrivals import Arrivals, is_page
from crawler.extensions.runtime import Runtime
from crawler.extensions.sending import VISIT_KEY
from crawler.middlewares.refusals import RefusedError
from crawler.policy.decision import Decision

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
        self._arrivals = Arrivals(Runtime.of(crawler))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response | Awaitable[Response]:
        """Judge a page; a site file passes on to whoever asked for it."""
        visit: Visit | None = request.meta.get(VISIT_KEY)
        if visit is None:
            return response
        if self._arrivals.is_made_up(visit):
            raise RefusedError("gate_bypassed")
        decision = self._arrivals.judged(visit)
        if isinstance(decision, Decision):
            return _handed_on(visit, decision, response)
        return _later(visit, decision, response)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Settle a page that got no whole answer."""
        visit: Visit | None = request.meta.get(VISIT_KEY)
        if visit is not None:
            raise RefusedError(self._arrivals.lost(visit, exception)) from exception


async def _later(visit: Visit, judged: Awaitable[Decision], response: Response) -> Response:
    return _handed_on(visit, await judged, response)


def _handed_on(visit: Visit, decision: Decision, response: Response) -> Response:
    """Hand a page that may be kept on to its callback; everything else ends here."""
    if not is_page(visit, decision):
        raise RefusedError(decision.reason)
    return _stored(visit, response) if visit.is_unchanged else response


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
