"""Base of spiders on the durable frontier: seeds go to the journal, callbacks answer with links."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy import Spider

from crawler.errors import UsageError
from crawler.extensions.always import check_settings
from crawler.extensions.plan import plan_of
from crawler.extensions.project_settings import is_check
from crawler.extensions.refusals import tell_in_short
from crawler.extensions.runtime import Runtime
from crawler.extensions.work import check_work
from crawler.storage.entries import Role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.extensions.plan import CrawlPlan


class FrontierSpider(Spider):
    """Takes ``seeds``: URLs and files (text, CSV, Parquet), as a sequence or as one string separated by white space."""

    reads_sitemaps: ClassVar[bool] = False
    """Whether seeds are read for what they list, and the sitemaps of their sites."""

    def __init__(self, *args: Any, seeds: str | Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seeds = tuple(seeds.split() if isinstance(seeds, str) else seeds)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, runtime: Runtime | None = None, **kwargs: Any) -> Self:
        """Scrapy's constructor. ``runtime`` is given by our command line; ``scrapy crawl`` opens one by its settings.

        Raises whatever refuses the start.
        """
        if is_check():  # the add-on holds the gate then
            return super().from_crawler(crawler, *args, **kwargs)
        tell_in_short()
        check_settings(crawler.settings, has_frontier=True)
        spider = super().from_crawler(crawler, *args, **kwargs)
        if runtime is None:
            plan = plan_of(crawler.settings)
            _check_work(plan, spider.seeds)
            runtime = Runtime.open(replace(plan, sitemaps=plan.sitemaps or cls.reads_sitemaps), spider.seeds)
        runtime.bind(crawler)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Stream the seeds into the journal; yields nothing to Scrapy."""
        await Runtime.of(self.crawler).seed(self.seeds, role=Role.SITEMAP if self.reads_sitemaps else Role.PAGE)
        nothing: tuple[Any, ...] = ()
        for item in nothing:  # Scrapy wants an asynchronous generator
            yield item


def _check_work(plan: CrawlPlan, seeds: Sequence[str]) -> None:
    try:
        check_work(plan.out, seeds, previous=plan.previous)
    except UsageError as error:
        raise UsageError(f"{error}\nWith scrapy crawl: -a seeds='URL FILE ...'") from None
