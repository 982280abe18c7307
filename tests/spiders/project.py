"""A small Scrapy project on our settings, with spiders of its own, crawled by ``scrapy crawl`` as a process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.integration.lab import wait
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.lab import Ended, Lab

SETTINGS = """
from crawler.settings import *
SPIDER_MODULES = ["labspiders"]
ITEM_PIPELINES = {"labspiders.Written": 300}
"""
SPIDERS = '''
import json
from pathlib import Path

from scrapy import Request

from crawler.spiders.frontier import FrontierSpider
from crawler.spiders.web import WebSpider


class Written:
    """Appends items to a file."""

    def process_item(self, item):
        with Path(__file__).with_name("items.jsonl").open("a") as file:
            file.write(json.dumps(item) + "\\n")
        return item


class Titles(WebSpider):
    """Follows links and yields items."""

    name = "titles"

    def parse(self, response, **_):
        yield {"url": response.url, "title": response.css("title::text").get()}
        yield from super().parse(response)


class Raising(WebSpider):
    """Fails in its callback, at once or after the first output."""

    name = "raising"

    def parse(self, response, **_):
        if response.url.endswith("/first"):
            raise ValueError("first")
        yield from super().parse(response)
        if response.url.endswith("/late"):
            raise ValueError("late")


class Generous(FrontierSpider):
    """Asks for more than it may."""

    name = "generous"

    def parse(self, response, **_):
        meta = {"dont_obey_robotstxt": True, "handle_httpstatus_all": True, "dont_redirect": True, "proxy": "http://p/"}
        yield Request(response.urljoin("/denied"), meta=meta, dont_filter=True, priority=1000)
        yield Request(response.urljoin("/reserved"), meta=meta, dont_filter=True)
        yield Request("http://blocked.test/", meta=meta, dont_filter=True)
        yield Request(response.urljoin("/open"), headers={"User-Agent": "Mozilla/5.0"}, cookies={"a": "b"})
'''


def scrapy(lab: Lab, *arguments: str, settings: str = SETTINGS, timeout: float = 180, **environment: str) -> Ended:
    """Run ``scrapy`` in a project of the lab."""
    folder = lab.folder / "project"
    folder.mkdir(exist_ok=True)
    (folder / "labsettings.py").write_text(settings)
    (folder / "labspiders.py").write_text(SPIDERS)
    environment = {"SCRAPY_SETTINGS_MODULE": "labsettings", "PYTHONPATH": f"{folder}:{ROOT}", **environment}
    return wait(lab.spawn([sys.executable, "-m", "scrapy", *arguments], **environment), timeout)


def crawl(lab: Lab, spider: str, seeds: str, *arguments: str, settings: str = SETTINGS, timeout: float = 180) -> Ended:
    """Run ``scrapy crawl`` into the lab's folder."""
    given = {"OUT": lab.out, "POLICIES": lab.policies, "BLOCKLISTS": lab.blocklists}
    options = [part for name, path in given.items() for part in ("-s", f"CLEARCRAWL_{name}={path}")]
    return scrapy(
        lab, "crawl", spider, "-a", f"seeds={seeds}", *options, *arguments, settings=settings, timeout=timeout
    )


def items(lab: Lab) -> Path:
    """Where the pipeline writes."""
    return lab.folder / "project" / "items.jsonl"
