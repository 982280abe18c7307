"""Crawls with Crawlee for Python as ``whole.py`` wants it: ParselCrawler, robots on, links of any host followed.

Run by the interpreter of an environment of its own (``pip install "crawlee[parsel]"``), without clearcrawl. Names are
resolved by a shim that the caller preloads. Counts distinct pages, as the URLs that were answered at last.

python benchmarks/with_crawlee.py SEEDS CONCURRENCY
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crawlee import ConcurrencySettings  # type: ignore[import-not-found] # of another environment
from crawlee.crawlers import ParselCrawler  # type: ignore[import-not-found] # as above
from crawlee.storage_clients import MemoryStorageClient  # type: ignore[import-not-found] # as above

if TYPE_CHECKING:
    from crawlee.crawlers import ParselCrawlingContext


async def crawl(seeds: list[str], concurrency: int) -> set[str]:
    """Answer the pages."""
    pages: set[str] = set()
    crawler = ParselCrawler(
        storage_client=MemoryStorageClient(),
        respect_robots_txt_file=True,
        concurrency_settings=ConcurrencySettings(
            desired_concurrency=concurrency, max_concurrency=concurrency, min_concurrency=concurrency
        ),
        configure_logging=False,
    )

    @crawler.router.default_handler  # type: ignore[untyped-decorator] # as above
    async def handle(context: ParselCrawlingContext) -> None:
        pages.add(context.request.loaded_url)
        await context.enqueue_links(strategy="all")

    await crawler.run(seeds)
    return pages


if __name__ == "__main__":
    found = asyncio.run(crawl(Path(sys.argv[1]).read_text().split(), int(sys.argv[2])))
    print(json.dumps({"pages": len(found)}))
