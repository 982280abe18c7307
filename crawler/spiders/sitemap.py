"""The sitemap spider: fetches what the sitemaps and feeds of sites list, and follows no links."""

from __future__ import annotations

from crawler.spiders.urls import UrlsSpider


class SitemapSpider(UrlsSpider):
    """``scrapy crawl sitemap -a seeds='https://example.com/'``: sites, or sitemaps and feeds themselves."""

    name = "sitemap"
    reads_sitemaps = True
