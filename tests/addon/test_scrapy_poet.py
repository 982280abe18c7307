"""Beside scrapy-poet: page objects get pages that passed the gate, whoever asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.addon.project import Project, shop
from tests.integration.findings import by_url, check_requests, check_rows, crawl_file

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

pytest.importorskip("scrapy_poet", reason="scrapy-poet is not installed")

POET = """
from scrapy import Request, Spider
from scrapy_poet import DummyResponse
from web_poet import HttpClient, WebPage


class Page(WebPage):
    def to_item(self):
        return {"url": str(self.response.url), "title": self.css("title::text").get()}


class Poet(Spider):
    name = "poet"

    async def start(self):
        for name in ("a", "denied", "reserved"):
            yield Request(self.url + name, callback=self.parse_page)
        yield Request(self.url + "c", callback=self.parse_dummy)

    def parse_page(self, response, page: Page):
        yield page.to_item()

    async def parse_dummy(self, response: DummyResponse, client: HttpClient):
        more = await client.get(self.url + "b")
        yield {"url": str(more.url), "title": "by client"}
        try:
            await client.get(self.url + "denied/more")
        except Exception as error:
            self.logger.info("CLIENT %s", type(error).__name__)
"""


def test_page_objects(lab: Lab, web: ScriptedWeb) -> None:
    """Injected pages, requests of the page client and callbacks that need no response: all pass the gate."""
    seed = shop(web)
    more = 'ADDONS["scrapy_poet.Addon"] = 300\nSPIDER_MODULES = ["shop.poet"]\nITEM_PIPELINES = {}\n'
    project = Project(lab, more=more)
    project.add("poet", POET)
    project.out = project.folder / "crawls" / "poet"
    ended = project.crawl("poet", seed)
    assert ended.code == 0, ended.text
    check_rows(project.out)
    check_requests(project.out, [web.url(one.host, one.target) for one in web.log])
    titles = {url.removeprefix(seed): item["title"] for url, item in project.items().items()}
    assert titles == {"a": "Page a", "b": "by client"}, ended.text
    reasons = {url.removeprefix(seed): row["reason"] for url, row in by_url(project.out).items()}
    assert reasons["denied"] == reasons["denied/more"] == "robots_disallow"
    assert reasons["reserved"] == "optout_reserved"
    assert "CLIENT" in ended.text
    assert "/denied" not in web.log.targets("site.test")
    assert crawl_file(project.out)["exit_code"] == 0
