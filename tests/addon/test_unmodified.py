"""An unmodified project with one line added: the same items where they are allowed, and evidence of everything else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.addon.project import PAGES, Project, forbidden, paths, shop
from tests.integration.findings import by_url, check_requests, check_rows, crawl_file, kept, log_entries

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb


def test_same_items_where_allowed(lab: Lab, web: ScriptedWeb) -> None:
    """CrawlSpider, item pipeline, files and feed: what the gate allows comes out as without it, the rest has a row."""
    lab.block("blocked.test")
    seed = shop(web)
    plain = Project(lab, "plain", is_gated=False)
    ended = plain.crawl("shop", seed)
    assert ended.code == 0, ended.text
    asked_before = len(web.log)
    project = Project(lab)
    ended = project.crawl("shop", seed, "-s", "JOBDIR=job")
    assert ended.code == 0, ended.text
    requests = [web.url(one.host, one.target) for one in list(web.log)[asked_before:]]
    assert not [url for url in requests if "denied" in url or "blocked" in url], ended.text
    rows = by_url(project.out)
    check_rows(project.out)
    check_requests(project.out, requests)
    wanted = {url: item for url, item in plain.items().items() if url in kept(project.out)}
    assert project.items() == wanted
    assert set(wanted) >= {seed + name for name in (*PAGES, "there", "busy", "refreshed")}
    assert project.items()[seed + "there"]["redirect_urls"] == [seed + "hop"]
    assert project.items()[seed + "busy"]["retry_times"] == 1
    files = paths(plain.folder / "files")
    allowed = {f"full/{hashlib.sha1(f'{seed}files/{name}.bin'.encode()).hexdigest()}.bin" for name in PAGES}  # noqa: S324 - how Scrapy names files
    assert paths(project.folder / "files") == allowed == files
    reasons = {url.removeprefix(seed): row["reason"] for url, row in rows.items()}
    assert reasons["denied"] == "robots_disallow"
    assert reasons["files/denied-a.bin"] == "robots_disallow"
    assert reasons["reserved"] == "optout_reserved"
    assert reasons["missing"] == "http_unavailable"
    assert reasons["hop"] == "redirect"
    assert reasons[web.url("blocked.test")] == "blocklist"
    assert rows[seed]["seed"]
    assert rows[seed + "there"]["redirect_chain"] == [seed + "hop"]
    file = crawl_file(project.out)
    assert (file["finish_reason"], file["exit_code"]) == ("finished", 0)
    off = file["details"]["config"]["project"]["switched_off"]
    assert any(line.startswith("scrapy.downloadermiddlewares.robotstxt") for line in off)
    assert any(line.startswith("COOKIES_ENABLED") for line in off)
    start = next(entry for entry in log_entries(project.out) if entry["type"] == "crawl_start")
    assert start["body"]["details"]["config"]["project"]["switched_off"] == off
    assert "LOST" in ended.text
    assert forbidden(web)  # by the plain run, so that the test would see them
