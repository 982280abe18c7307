"""A Scrapy project as somebody else wrote it, in a folder of its own: CrawlSpider, pipelines, files, feed, JOBDIR."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from tests.integration.lab import wait
from tests.servers.replies import Reply, html, redirect, text
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.lab import Ended, Lab
    from tests.servers.web import ScriptedWeb

LINE = 'ADDONS = {"crawler.addon.ClearcrawlAddon": 100}\n'
CFG = "[settings]\ndefault = shop.settings\n"
SETTINGS = """
BOT_NAME = "shop"
SPIDER_MODULES = ["shop.spiders"]
NEWSPIDER_MODULE = "shop.spiders"
ROBOTSTXT_OBEY = True
DOWNLOAD_DELAY = 0
CONCURRENT_REQUESTS_PER_DOMAIN = 4
ITEM_PIPELINES = {"shop.pipelines.Priced": 100, "scrapy.pipelines.files.FilesPipeline": 200}
FILES_STORE = "files"
FEEDS = {"items.jsonl": {"format": "jsonlines", "overwrite": False}}
FEED_EXPORT_ENCODING = "utf-8"
RETRY_TIMES = 2
LOG_LEVEL = "INFO"
"""
PIPELINES = '''
class Priced:
    """Adds a field."""

    def process_item(self, item):
        item["price"] = len(item["title"])
        return item
'''
SPIDERS = '''
from scrapy import Spider
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, Rule
import scrapy


class Shop(CrawlSpider):
    name = "shop"
    allowed_domains = ["site.test", "blocked.test"]
    rules = (Rule(LinkExtractor(), callback="parse_page", follow=True, errback="lost"),)

    def __init__(self, *args, url="", **kwargs):
        super().__init__(*args, **kwargs)
        self.start_urls = [url]
        self.errors = []

    def parse_page(self, response):
        yield {
            "url": response.url,
            "title": response.css("title::text").get() or "",
            "file_urls": [response.urljoin(href) for href in response.css("link[rel=file]::attr(href)").getall()],
            "redirect_urls": response.meta.get("redirect_urls", []),
            "retry_times": response.meta.get("retry_times", 0),
        }

    def lost(self, failure):
        self.logger.info("LOST %s %s: %s", failure.request.url, type(failure.value).__name__, failure.value)


class Odd(Spider):
    """Asks in every way that is never sent, and for the same page twice."""

    name = "odd"

    async def start(self):
        url = self.url
        yield scrapy.Request(url + "a", headers={"Cookie": "a=b", "Authorization": "Basic x", "User-Agent": "Mozilla",
                             "Range": "bytes=0-1", "X-Forwarded-For": "10.0.0.1", "Accept-Language": "mt"},
                             cookies={"c": "d"}, callback=self.again, errback=self.lost)
        yield scrapy.FormRequest(url + "form", formdata={"q": "x"}, errback=self.lost)
        yield scrapy.Request(url + "b", method="HEAD", errback=self.lost)
        yield scrapy.Request(url + "b", errback=self.lost, dont_filter=True)
        yield scrapy.Request(url + "denied", errback=self.lost)
        yield scrapy.Request("data:text/plain,made%20up", errback=self.lost)
        yield scrapy.Request("http://user:pass@site.test/a", errback=self.lost)

    def parse(self, response):
        yield {"url": response.url, "title": "t"}

    def again(self, response):
        yield {"url": response.url, "title": "first"}
        yield scrapy.Request(response.url, callback=self.twice, errback=self.lost, dont_filter=True)
        yield scrapy.Request(response.urljoin("/denied"), errback=self.lost, dont_filter=True)

    def twice(self, response):
        yield {"url": response.url, "title": "second"}

    def lost(self, failure):
        self.logger.info("LOST %s %s: %s", failure.request.url, type(failure.value).__name__, failure.value)


class Meta(Spider):
    """Says that robots.txt is none of its business."""

    name = "meta"

    async def start(self):
        yield scrapy.Request(self.url + "denied", meta={"dont_obey_robotstxt": True}, dont_filter=True)
        yield scrapy.Request(self.url + "a")

    def parse(self, response):
        yield {"url": response.url, "title": "t"}
'''
RESOLVER = '''
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import succeed


class Loopback(CachingThreadedResolver):
    """For the project without the add-on: every name is this machine."""

    def getHostByName(self, name, timeout=None):
        return succeed("127.0.0.1")
'''
PAGES = ("a", "b", "c", "d")


class Project:
    """One such project in a lab."""

    def __init__(self, lab: Lab, name: str = "project", *, is_gated: bool = True, more: str = "") -> None:
        self.lab = lab
        self.folder = lab.folder / name
        package = self.folder / "shop"
        package.mkdir(parents=True)
        (self.folder / "scrapy.cfg").write_text(CFG)
        (package / "__init__.py").write_text("")
        (package / "settings.py").write_text(SETTINGS + (LINE if is_gated else "") + more)
        (package / "pipelines.py").write_text(PIPELINES)
        (package / "spiders.py").write_text(SPIDERS)
        (package / "resolver.py").write_text(RESOLVER)
        self.is_gated = is_gated
        self.out = self.folder / "crawls" / "shop"

    def add(self, module: str, content: str) -> None:
        """Write a module of the project."""
        (self.folder / "shop" / f"{module}.py").write_text(content)

    def command(self, spider: str, url: str, *arguments: str) -> list[str]:
        """Give the command ``scrapy crawl``."""
        folders = {"POLICIES": self.lab.policies, "BLOCKLISTS": self.lab.blocklists}
        options = [part for name, path in folders.items() for part in ("-s", f"CLEARCRAWL_{name}={path}")]
        if not self.is_gated:
            options = ["-s", "TWISTED_DNS_RESOLVER=shop.resolver.Loopback"]
        return [sys.executable, "-m", "scrapy", "crawl", spider, "-a", f"url={url}", *options, *arguments]

    def run(self, *command: str, timeout: float = 180) -> Ended:
        """Run any command of Scrapy in the project."""
        return wait(self.spawn([sys.executable, "-m", "scrapy", *command]), timeout)

    def spawn(self, command: list[str]) -> Any:
        """Start a command in the project's folder."""
        further = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        return self.lab.spawn(
            command, cwd=self.folder, PYTHONPATH=os.pathsep.join([str(self.folder), str(ROOT), *further])
        )

    def crawl(self, spider: str, url: str, *arguments: str, timeout: float = 180) -> Ended:
        """Run ``scrapy crawl`` to its end."""
        return wait(self.spawn(self.command(spider, url, *arguments)), timeout)

    def items(self) -> dict[str, dict[str, Any]]:
        """Items of the feed by URL; fails where a page gave two."""
        path = self.folder / "items.jsonl"
        found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        by_url = {item["url"]: item for item in found}
        assert len(by_url) == len(found), found
        return by_url


def shop(web: ScriptedWeb) -> str:
    """A site with pages, files, a hop, a busy page, and some that nobody may fetch or keep; answers its front page."""
    host = web.host("site.test")
    host.set("/robots.txt", text("User-agent: *\nDisallow: /denied\nDisallow: /files/denied\n"))
    names = (*PAGES, "hop", "busy", "missing", "denied", "reserved", "refresh")
    links = "".join(f'<a href="/{name}">x</a>' for name in names) + f'<a href="{web.url("blocked.test")}">y</a>'
    host.set("/", html(f"<html><head><title>Front</title></head><body>{links}</body></html>"))
    file = '<link rel=file href="/files/{0}.bin"><link rel=file href="/files/denied-{0}.bin">'
    for name in PAGES:
        page = f"<html><head><title>Page {name}</title>{file.format(name)}</head><body>{name * 50}</body></html>"
        host.set(f"/{name}", html(page))
        host.set(
            f"/files/{name}.bin",
            Reply(headers=(("Content-Type", "application/pdf"),), body=b"%PDF-1.4 " + name.encode()),
        )
        host.set(f"/files/denied-{name}.bin", text("must never be fetched"))
    host.set("/hop", redirect("/there"))
    host.set("/there", html("<html><head><title>There</title></head><body>there</body></html>"))
    busy = html("<html><head><title>Busy</title></head><body>at last</body></html>")
    host.set("/busy", lambda request: busy if request.number % 2 else Reply(status=503, body=b"busy"))
    host.set("/denied", html("<p>must never be fetched</p>"))
    host.set("/reserved", html("<title>Reserved</title><p>reserved</p>", headers=(("X-Robots-Tag", "noai"),)))
    refresh = '<meta http-equiv="refresh" content="0;url=/refreshed">'
    host.set("/refresh", html(f"<html><head><title>R</title>{refresh}</head><body>r</body></html>"))
    host.set("/refreshed", html("<html><head><title>Refreshed</title></head><body>refreshed</body></html>"))
    web.host("blocked.test").set("/", html("<title>Blocked</title>"))
    return web.url("site.test")


def forbidden(web: ScriptedWeb) -> list[str]:
    """What the server was asked for and never should have been."""
    return [f"{one.host}{one.target}" for one in web.log if "denied" in one.target or one.host == "blocked.test"]


def paths(folder: Path) -> set[str]:
    """Names of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
