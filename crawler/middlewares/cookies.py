"""Cookies of sites in a project with the add-on, where the policy permits them: what a site set is sent back to it.

Cookies that the project made up would be a login, and never leave; nor does what a refused answer set count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.cookies import CookiesMiddleware

from crawler.extensions.project_crawl import ProjectCrawl
from crawler.extensions.project_settings import REFUSED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from http.cookiejar import Cookie
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.http.cookies import CookieJar


class GatedCookies(CookiesMiddleware):
    """Scrapy's jars, filled by sites alone. The gate sends what it finds in ``ProjectCrawl.cookies``."""

    _crawl: ProjectCrawl
    _is_on: bool

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor; never raises ``NotConfigured``."""
        made = cls(crawler.settings.getbool("COOKIES_DEBUG"))
        made.crawler = crawler
        made._crawl = ProjectCrawl.of(crawler)
        made._is_on = made._crawl.policy.network.cookies and crawler.settings.getbool("COOKIES_ENABLED")
        return made

    def process_request(  # type: ignore[override]  # without the deprecated spider
        self, request: Request
    ) -> None:
        """Hand the cookies of the site to the gate."""
        request.headers.pop("Cookie", None)
        if not self._is_on or request.meta.get("dont_merge_cookies"):
            return
        super().process_request(request)
        made = request.headers.get("Cookie")
        if made is not None:
            self._crawl.cookies[request] = made

    def process_response(  # type: ignore[override]  # without the deprecated spider
        self, request: Request, response: Response
    ) -> Response:
        """Keep what the site set, unless its answer was refused."""
        if self._is_on and REFUSED not in response.flags:
            super().process_response(request, response)
        return response

    def _get_request_cookies(self, jar: CookieJar, request: Request) -> Sequence[Cookie]:  # noqa: ARG002 - Scrapy's
        return ()
