"""Middlewares of a project beside ours: whatever they do, every URL gets its row and nothing unjudged is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import lab, web
from tests.integration.findings import by_url, check_requests, check_rows
from tests.servers.replies import html, redirect, text
from tests.spiders.project import SETTINGS, crawl

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

__all__ = ["lab", "web"]  # fixtures

GATE = '"crawler.middlewares.response_gate.ResponseGate": 100'
NEIGHBOURS = {
    "repeats": ("response", "request.replace(dont_filter=True)"),
    "ignores": ("response", "fail(IgnoreRequest('not wanted'))"),
    "fails": ("response", "fail(ValueError('broken'))"),
    "forges": ("response", "response.replace(body=b'<p>forged</p>')"),
    "invents": ("request", "HtmlResponse(request.url, body=b'<p>made up</p>')"),
    "refuses": ("request", "fail(IgnoreRequest('not sent'))"),
    "swaps": ("request", "None if request.url.endswith('denied') else request.replace(url=request.url + 'denied')"),
}
MODULE = """
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse

def fail(error):
    raise error

class Neighbour:
    def process_{method}(self, request{argument}):
        if {is_page}:
            return {action}
        return {otherwise}
"""


@pytest.mark.parametrize("place", [pytest.param(50, marks=pytest.mark.slow), 500])
@pytest.mark.parametrize("name", NEIGHBOURS)
@pytest.mark.parametrize("acts_on", ["pages", pytest.param("site files too", marks=pytest.mark.slow)])
def test_a_neighbour(lab: Lab, web: ScriptedWeb, name: str, place: int, acts_on: str) -> None:
    """On either side of the gate: the crawl ends, each URL has a row, a kept page is what the server sent."""
    host = web.host("site.test").set("/robots.txt", text("User-agent: *\nDisallow: /denied\n"))
    host.set("/", html("<p>page</p>")).set("/hop", redirect("/there")).set("/there", html("<p>there</p>"))
    host.set("/reserved", html("<p>page</p>", headers=(("X-Robots-Tag", "noai"),)))
    project = lab.folder / "project"
    project.mkdir()
    method, action = NEIGHBOURS[name]
    argument, otherwise = (", response", "response") if method == "response" else ("", "None")
    given = {"method": method, "action": action, "argument": argument, "otherwise": otherwise}
    is_page = "clearcrawl_visit" if acts_on == "pages" else "clearcrawl"
    (project / "labneighbour.py").write_text(MODULE.format(is_page=f"{is_page!r} in request.meta", **given))
    line = f'DOWNLOADER_MIDDLEWARES = {{{GATE}, "labneighbour.Neighbour": {place}}}\n'
    seeds = lab.seeds(web.url("site.test", path) for path in ("/", "/hop", "/reserved"))
    ended = crawl(lab, "titles", seeds, settings=SETTINGS + line)
    rows = by_url(lab.out)
    assert set(rows) >= {web.url("site.test", path) for path in ("/", "/hop", "/reserved")}, ended.text
    check_rows(lab.out)
    if name not in {"forges", "ignores", "fails"}:
        assert not [url for url, row in rows.items() if row["verdict"] == "allow" and row["reason"] != "redirect"]
    assert rows[web.url("site.test", "/reserved")]["verdict"] != "allow"
    assert "/denied" not in web.log.targets("site.test")
    check_requests(lab.out, [web.url(one.host, one.target) for one in web.log])
