"""Cookies with the add-on: none without a line of the policy; with it what the site set, never what a project made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.addon.project import Project
from tests.integration.findings import by_url, check_rows, crawl_file
from tests.servers.replies import html

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

SPIDER = """
import scrapy


class Jar(scrapy.Spider):
    name = "jar"

    async def start(self):
        yield scrapy.Request(self.url, cookies={"login": "made-up"}, headers={"Cookie": "login=made-up"})

    def parse(self, response):
        for name in ("a", "b"):
            meta = {"dont_merge_cookies": True} if name == "b" else {}
            yield response.follow("/" + name, self.last, headers={"Cookie": "login=made-up"}, meta=meta)
        yield response.follow("/reserved", self.last, errback=self.then)
        yield scrapy.Request(self.url.replace("site.test", "other.test"), self.last)

    def then(self, failure):
        yield scrapy.Request(self.url + "c", self.last)

    def last(self, response):
        pass
"""


class Forges:
    """Stands in the project: puts a cookie on every request next to the gate."""

    CODE = """
class Forges:
    def process_request(self, request):
        request.headers["Cookie"] = "login=made-up"
"""


def sent(lab: Lab, web: ScriptedWeb, more: str = "", code: int = 0) -> tuple[Project, dict[str, str | None]]:
    """Crawl a site that sets cookies; answer what each request brought."""
    sets = (("Set-Cookie", "s=site; Path=/"),)
    web.host("site.test").set("/", html("<p>front", headers=sets))
    for name in ("/a", "/b", "/c"):
        web.host("site.test").set(name, html(f"<p>{name}"))
    reserved = (("X-Robots-Tag", "noai"), ("Set-Cookie", "s=refused; Path=/"))
    web.host("site.test").set("/reserved", html("<p>reserved", headers=reserved))
    web.host("other.test").set("/", html("<p>other"))
    project = Project(lab, more=f"ITEM_PIPELINES = {{}}\nFEEDS = {{}}\n{more}\n")
    project.add("jars", SPIDER)
    project.add("forging", Forges.CODE)
    project.out = project.folder / "crawls" / "jar"
    ended = project.crawl("jar", web.url("site.test"), "-s", "SPIDER_MODULES=shop.jars")
    assert ended.code == code, ended.text
    if code:
        assert "[network] cookies = true" in ended.text
    return project, {one.host.partition(".")[0] + one.target: dict(one.headers).get("Cookie") for one in web.log}


def test_none_without_a_line_of_the_policy(lab: Lab, web: ScriptedWeb) -> None:
    """They are off, and the evidence says so; a project that insists on them is told which line is missing."""
    project, cookies = sent(lab, web)
    assert set(cookies.values()) == {None}
    off = crawl_file(project.out)["details"]["config"]["project"]["switched_off"]
    assert any(line.startswith("COOKIES_ENABLED") for line in off)
    asked = len(web.log)
    lab.folder.joinpath("project").rename(lab.folder / "before")
    sent(lab, web, "COOKIES_ENABLED = True", code=1)
    assert len(web.log) == asked


@pytest.mark.parametrize("more", ["", 'DOWNLOADER_MIDDLEWARES = {"shop.forging.Forges": 9000}'])
def test_only_what_the_site_set(lab: Lab, web: ScriptedWeb, more: str) -> None:
    """With the line: the jar of the site goes back to the site alone; nothing of the project, no refused answer."""
    lab.policy(network={"cookies": True})
    project, cookies = sent(lab, web, more)
    assert {name: cookies[name] for name in ("site/", "site/a", "site/b", "site/c", "other/", "site/robots.txt")} == {
        **dict.fromkeys(("site/", "site/b", "other/", "site/robots.txt")),
        **dict.fromkeys(("site/a", "site/c"), "s=site"),
    }
    off = crawl_file(project.out)["details"]["config"]["project"]["switched_off"]
    assert any("GatedCookies" in line for line in off)
    assert by_url(project.out)[web.url("site.test", "/a")]["verdict"] == "allow"
    check_rows(project.out)
