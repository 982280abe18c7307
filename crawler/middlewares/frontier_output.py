"""Scrapy's spider middleware that turns what a callback yields into links of its page, durable together with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawler.errors import UrlError
from crawler.extensions.runtime import Runtime
from crawler.extensions.sending import VISIT_KEY
from crawler.storage.entries import NewUrl
from crawler.values.url import canonicalise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response


class FrontierOutput:
    """For spiders on the durable frontier: requests and links go to the journal, items go on to the pipelines."""

    def __init__(self, crawler: Crawler) -> None:
        self._runtime = Runtime.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor."""
        return cls(crawler)

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Gather links, pass on items, and settle the page when the callback is done, however it ended."""
        visit = response.request.meta[VISIT_KEY]  # type: ignore[union-attr] # a response of the engine has one
        try:
            async for output in result:
                if isinstance(output, NewUrl):
                    visit.links.append(output)
                elif isinstance(output, Request):
                    visit.links += self._runtime.links.entries(visit, _canonical(output.url))
                else:
                    yield output
        finally:
            self._runtime.settle(visit, visit.decision)

    def process_spider_exception(self, response: Response, exception: Exception) -> None:  # noqa: ARG002 - Scrapy's signature
        """Settle the page of a callback that failed before it yielded; Scrapy logs the error."""
        visit = response.request.meta[VISIT_KEY]  # type: ignore[union-attr] # a response of the engine has one
        self._runtime.settle(visit, visit.decision)


def _canonical(text: str) -> list[Any]:
    try:
        return [canonicalise(text)]
    except UrlError:
        return []
