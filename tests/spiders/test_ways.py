"""Both ways of a page, direct and through Scrapy's engine: who decides which is taken; nothing else differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import lab, web
from tests.integration.findings import by_url, check_requests, check_rows, crawl_file
from tests.servers.replies import Reply, gzipped, html, redirect, text
from tests.spiders.project import SETTINGS, crawl

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

__all__ = ["lab", "web"]  # fixtures

ALONE = "from crawler.settings import *\n"
MODULE = """
from scrapy import signals

class Addon:
    def __init__(self, crawler):
        crawler.signals.connect(self.came, signals.response_received)

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def came(self):
        pass

class Idle:
    pass
"""
ADDON = 'ADDONS = {"crawler.addon.ClearcrawlAddon": 100, "labcompany.Addon": 200}\n'
COMPANY = {
    "downloader middleware": (
        'DOWNLOADER_MIDDLEWARES = {"crawler.middlewares.response_gate.ResponseGate": 100, "labcompany.Idle": 500}\n'
    ),
    "spider middleware": (
        'SPIDER_MIDDLEWARES = {"crawler.middlewares.frontier_output.FrontierOutput": 100, "labcompany.Idle": 500}\n'
    ),
    "pipeline": 'ITEM_PIPELINES = {"labcompany.Idle": 500}\n',
    "extension": 'EXTENSIONS = {"labcompany.Addon": 500}\n',
}
COMPARED = ("verdict", "reason", "stage", "state", "content_digest", "fetch_status", "fetch_redirect", "depth")


def _site(web: ScriptedWeb) -> str:
    """One of every kind of outcome; answers the front page."""
    host = web.host("site.test").set("/robots.txt", text("User-agent: *\nDisallow: /denied\n"))
    names = ("open", "denied", "reserved", "meta", "hop", "gone", "cut", "squeezed", "broken")
    host.set("/", html("".join(f"<a href='/{name}'>x</a>" for name in names)))
    host.set("/open", html("<a href='/under'>y</a>")).set("/under", html("<p>under</p>"))
    host.set("/reserved", html("<p>page</p>", headers=(("X-Robots-Tag", "noai"),)))
    host.set("/meta", html("<meta name='robots' content='noai'><a href='/never'>y</a>"))
    host.set("/hop", redirect("/there")).set("/there", html("<p>there</p>"))
    host.set("/gone", html("<p>gone</p>", status=404))
    host.set("/cut", Reply(body=b"<p>half</p>", headers=(("Content-Length", "4000"),)))
    host.set("/squeezed", gzipped(html("<p>squeezed</p>")))
    host.set("/broken", gzipped(html("<p>broken</p>"), is_broken=True))
    return web.url("site.test")


def _company(lab: Lab) -> None:
    project = lab.folder / "project"
    project.mkdir(exist_ok=True)
    (project / "labcompany.py").write_text(MODULE)


def test_both_ways_end_alike(lab: Lab, web: ScriptedWeb) -> None:
    """Every kind of outcome, alone and with a listener: the same rows, the same requests, the same statistics."""
    lab.policy(limits={"wait_at_end": 0})
    _company(lab)
    seed, found, asked, counted = _site(web), {}, {}, {}
    for way, settings in (("direct", ALONE), ("engine", ALONE + ADDON)):
        before, out = len(web.log), lab.folder / way
        ended = crawl(lab, "web", seed, "-s", f"CLEARCRAWL_OUT={out}", settings=settings)
        assert ended.code == 0, ended.text
        assert f"'clearcrawl/way': '{way}" in ended.text, ended.text
        rows = by_url(out)
        check_rows(out)
        assert crawl_file(out)["finish_reason"] == "finished"
        sent = [web.url(one.host, one.target) for one in list(web.log)[before:]]
        check_requests(out, sent)
        asked[way] = sorted(sent)
        found[way] = {url: {name: row[name] for name in COMPARED} for url, row in rows.items()}
        counted[way] = [line for line in ended.text.splitlines() if "response_received_count" in line]
    assert found["direct"] == found["engine"]
    assert asked["direct"] == asked["engine"]
    assert counted["direct"] == counted["engine"] != []
    assert {row["reason"] for row in found["direct"].values()} >= {"robots_disallow", "optout_reserved", "redirect"}


@pytest.mark.parametrize(
    "kind", ["pipeline", *(pytest.param(one, marks=pytest.mark.slow) for one in COMPANY if one != "pipeline")]
)
def test_company_takes_the_engine(lab: Lab, web: ScriptedWeb, kind: str) -> None:
    """Whatever a project adds that could act on pages: they go through the engine, and the log says for whom."""
    _company(lab)
    ended = crawl(lab, "web", _site(web), "--set", "CLEARCRAWL_MAX_PAGES=2", settings=ALONE + COMPANY[kind])
    assert "'clearcrawl/way': 'engine: labcompany." in ended.text, ended.text
    assert "pages go through Scrapy's engine, for labcompany." in ended.text
    assert by_url(lab.out)[web.url("site.test")]["verdict"] == "allow"


def test_a_spider_of_a_project_takes_the_engine(lab: Lab, web: ScriptedWeb) -> None:
    """One derived from ours has a callback of its own."""
    ended = crawl(lab, "titles", _site(web), "--set", "CLEARCRAWL_MAX_PAGES=2", settings=SETTINGS)
    assert "'clearcrawl/way': 'engine: labspiders.Titles'" in ended.text, ended.text
