"""Settings of our own spiders, for ``clearcrawl crawl`` and for ``scrapy crawl`` inside this project.

What must always hold comes from ``extensions.always``; the start is refused where a project or ``-s`` weakens it.
"""

from __future__ import annotations

from typing import Any

from crawler.extensions.always import ALWAYS, FRONTIER_OUTPUT, RESPONSE_GATE, SCHEDULER

BOT_NAME = "clearcrawl"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

OWN_SPIDERS: dict[str, Any] = {
    "SCHEDULER": SCHEDULER,
    "DOWNLOADER_MIDDLEWARES_BASE": {},
    "DOWNLOADER_MIDDLEWARES": {RESPONSE_GATE: 100},
    "SPIDER_MIDDLEWARES_BASE": {},
    "SPIDER_MIDDLEWARES": {FRONTIER_OUTPUT: 100},
    "EXTENSIONS_BASE": {
        "scrapy.extensions.corestats.CoreStats": 0,
        "scrapy.extensions.memusage.MemoryUsage": 0,
    },
    "JOBDIR": None,
    "FEEDS": {},
    "CONCURRENT_REQUESTS": 10_000,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1_000,
    "CONCURRENT_ITEMS": 1,
    "DOWNLOAD_DELAY": 0,
    "DOWNLOAD_TIMEOUT": 3600,
    "DOWNLOAD_MAXSIZE": 0,
    "DOWNLOAD_WARNSIZE": 0,
    "DNS_TIMEOUT": 10,
    "LOG_LEVEL": "INFO",
    "LOGSTATS_INTERVAL": 0,
}
"""How many requests run is the frontier's business, sizes and times are the policy's."""

globals().update(ALWAYS)
globals().update(OWN_SPIDERS)
