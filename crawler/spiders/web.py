"""The broad spider: follows the links of kept pages within the scope of the crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.extensions.runtime import Runtime
from crawler.spiders.frontier import FrontierSpider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response


class WebSpider(FrontierSpider):
    """``scrapy crawl web -a seeds='https://example.com/'``."""

    name = "web"

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        """Answer with the links of the one pass that the response gate has made over the page."""
        yield from Runtime.of(self.crawler).links_of(response)
