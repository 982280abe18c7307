"""The list spider: fetches the given URLs and follows nothing but their redirects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.spiders.frontier import FrontierSpider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response


class UrlsSpider(FrontierSpider):
    """``scrapy crawl urls -a seeds='urls.csv'``."""

    name = "urls"

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:  # noqa: ARG002 - Scrapy's signature
        """Answer with nothing: the page is kept by then."""
        return iter(())
