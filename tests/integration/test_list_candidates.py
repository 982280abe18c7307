"""Mirrors of listed sites, and sites that lead to one, are named for a person; nobody is blocked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.audit.database import Database
from crawler.audit.queries import query_named
from tests.integration.findings import by_url
from tests.servers.replies import html, redirect, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb


def test_candidates(lab: Lab, web: ScriptedWeb) -> None:
    """An earlier crawl kept a page of a site that is listed now: who serves the same bytes is told, page by page."""
    page = html("<p>a whole book</p>" * 50)
    web.host("books.test", page)
    before = lab.folder / "before"
    assert lab.crawl(web.url("books.test", "/book"), out=before).code == 0
    lab.block("books.test")
    web.host("mirror.test", page)
    web.host("other.test", html("<p>my own</p>"))
    web.host("hop.test", text("", status=404)).set("/x", redirect(web.url("books.test", "/book")))
    seeds = [web.url(name, "/x") for name in ("mirror.test", "other.test", "hop.test")]
    ended = lab.crawl(lab.seeds(seeds), "--scope", "any")
    assert ended.code == 0, ended.text
    assert by_url(lab.out)[web.url("mirror.test", "/x")]["verdict"] == "allow"
    with Database.open([before, lab.out]) as opened:
        found = opened.rows(query_named("list-candidates").sql)
    assert [(one["host"], one["why"], one["listed_host"], one["list"], one["pages"]) for one in found] == [
        ("mirror.test", "same_bytes", "books.test", "local", 1),
        ("hop.test", "redirects_there", "books.test", "local", 1),
    ]
    assert found[0]["bytes"] == len(page.body)
