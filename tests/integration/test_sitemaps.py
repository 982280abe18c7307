"""Sitemaps and feeds in whole crawls: what they list is crawled, what is hostile is refused and said."""

from __future__ import annotations

import gzip
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.findings import by_url, check_requests, check_rows, kept, log_entries
from tests.integration.lab import wait
from tests.servers.replies import Reply, html, redirect, text
from tests.shared import shared_path
from tests.spiders.project import crawl as scrapy_crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.lab import Lab
    from tests.servers.web import Host, ScriptedWeb


def urlset(*urls: str) -> Reply:
    """A sitemap."""
    listed = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return text(f'<?xml version="1.0"?><urlset xmlns="{namespace}">{listed}</urlset>', "application/xml")


def index(*urls: str) -> Reply:
    """A sitemap of sitemaps."""
    listed = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return text(f"<sitemapindex>{listed}</sitemapindex>", "application/xml")


def rss(url: str) -> Reply:
    """A feed with one item."""
    item = f"<item><title>x</title><link>{url}</link></item>"
    return text(f"<rss version='2.0'><channel><link>/</link>{item}</channel></rss>", "application/rss+xml")


def notes(out: Path) -> dict[str, dict[str, Any]]:
    """What the evidence log says of each sitemap."""
    return {entry["body"]["url"]: entry["body"] for entry in log_entries(out) if entry["type"] == "sitemap"}


@pytest.fixture
def site(web: ScriptedWeb) -> Host:
    """A site whose pages answer on any path, and whose home page links to nothing."""
    host = web.host("one.test", lambda request: html(f"page {request.target}"))
    host.set("/robots.txt", text(f"User-agent: *\nDisallow: /no\nSitemap: {web.url('one.test', '/sm.xml')}\n"))
    for path in (
        "/.well-known/tdmrep.json", "/ai.txt", "/.well-known/ai.txt", "/.well-known/ai.json", "/trust.txt",
        "/.well-known/trust.txt",
    ):  # fmt: skip
        host.set(path, Reply(status=404))
    return host


def test_every_kind_of_sitemap_brings_its_pages(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """Index, gzip file, plain text, RSS and Atom: each lists a page that nothing links to; each has a row."""
    url = web.url
    names = ("set.xml", "packed.xml.gz", "list.txt", "rss.xml", "atom.xml")
    site.set("/sm.xml", index(*(url("one.test", f"/{name}") for name in names)))
    site.set("/set.xml", urlset(url("one.test", "/a"), url("one.test", "/no/entry")))
    packed = gzip.compress(urlset(url("one.test", "/b")).body)
    site.set("/packed.xml.gz", Reply(body=packed, headers=(("Content-Type", "application/gzip"),)))
    site.set("/list.txt", text(f"{url('one.test', '/c')}\n"))
    site.set("/rss.xml", rss(url("one.test", "/d")))
    entry = f"<entry><link href='{url('one.test', '/e')}'/></entry>"
    site.set("/atom.xml", text(f"<feed xmlns='http://www.w3.org/2005/Atom'>{entry}</feed>", "application/atom+xml"))
    ended = lab.crawl(url("one.test"), "--sitemaps")
    assert ended.code == 0, ended.text
    pages = {url("one.test", f"/{name}") for name in ("", "a", "b", "c", "d", "e", "sm.xml", *names)}
    assert kept(lab.out) == pages
    assert by_url(lab.out)[url("one.test", "/no/entry")]["reason"] == "robots_disallow"
    said = notes(lab.out)
    assert {said[url("one.test", f"/{name}")]["kind"] for name in names} == {"urlset", "text", "rss", "atom"}
    check_rows(lab.out)
    check_requests(lab.out, [url(one.host, one.target) for one in web.log])


def test_without_the_option_no_sitemap_is_asked_for(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """Sitemaps are read only where the operator asks for it."""
    site.set("/sm.xml", urlset(web.url("one.test", "/a")))
    assert lab.crawl(web.url("one.test")).code == 0
    assert "/sm.xml" not in web.log.targets("one.test")


@pytest.mark.parametrize("case", ["l1", "l2", "l3"])
def test_adversarial_sitemaps(lab: Lab, web: ScriptedWeb, site: Host, case: str) -> None:
    """Vectors sitemaps/: what is listed is asked for, what is refused is counted, a DTD refuses the whole file."""
    folder = shared_path("vectors/adversarial/sitemaps")
    expected = json.loads((folder / "expected.json").read_text())[case]
    body = next(folder.glob(f"{case}_*")).read_bytes().replace(b"one.test/", f"one.test:{web.port}/".encode())
    site.set("/sm.xml", Reply(body=body, headers=(("Content-Type", "application/xml"),)))
    assert lab.crawl(web.url("one.test"), "--sitemaps").code == 0
    sitemap = web.url("one.test", "/sm.xml")
    listed = {url.replace("one.test/", f"one.test:{web.port}/") for url in expected["urls"]}
    assert kept(lab.out) - {web.url("one.test"), sitemap} == listed
    note = notes(lab.out)[sitemap]
    if "result" in expected:
        assert by_url(lab.out)[sitemap]["reason"] == "sitemap_refused"
        assert "DOCTYPE" in note["problem"]
    else:
        assert note["refused"] == expected["refused"]


def test_limits_of_number_and_depth(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """Sitemaps beyond [limits] are not asked for, entries beyond it are left out; rows and log say so."""
    lab.policy(limits={"sitemap_files": 3, "sitemap_depth": 1, "sitemap_entries": 2})
    url = web.url
    site.set("/sm.xml", index(url("one.test", "/1.xml"), url("one.test", "/2.xml"), url("one.test", "/3.xml")))
    site.set("/1.xml", index(url("one.test", "/deep.xml")))
    site.set("/2.xml", urlset(*(url("one.test", f"/{name}") for name in "abc")))
    assert lab.crawl(url("one.test"), "--sitemaps").code == 0
    rows = by_url(lab.out)
    assert rows[url("one.test", "/deep.xml")]["reason"] == "sitemap_limit"
    assert kept(lab.out) >= {url("one.test", "/a"), url("one.test", "/b")}
    assert url("one.test", "/c") not in rows
    assert notes(lab.out)[url("one.test", "/2.xml")]["has_more"]
    assert notes(lab.out)[url("one.test", "/sm.xml")]["has_more"]
    assert not {"/deep.xml", "/3.xml", "/c"} & set(web.log.targets("one.test"))


def test_one_sitemap_too_many_gets_a_row(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """The file after the last one permitted is refused by name of the limit, and never asked for."""
    lab.policy(limits={"sitemap_files": 2})
    site.set("/sm.xml", index(*(web.url("one.test", f"/{n}.xml") for n in range(3))))
    for n in range(3):
        site.set(f"/{n}.xml", urlset(web.url("one.test", f"/page{n}")))
    assert lab.crawl(web.url("one.test"), "--sitemaps").code == 0
    reasons = [by_url(lab.out)[web.url("one.test", f"/{n}.xml")]["reason"] for n in range(3)]
    assert reasons == ["unknown_allowed", "sitemap_limit", "sitemap_limit"]


def test_sitemap_on_another_host_speaks_for_the_site_that_names_it(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """A cross-submitted sitemap lists pages of the site whose robots.txt names it; others it lists are out of scope."""
    url = web.url
    named = url("maps.two.test", "/sm.xml")
    site.set("/robots.txt", text(f"Sitemap: {named}\n"))
    web.host("maps.two.test").set("/sm.xml", redirect("/real.xml")).set(
        "/real.xml", urlset(url("one.test", "/a"), url("maps.two.test", "/b"), url("three.test", "/c"))
    )
    web.host("three.test", html("never asked for"))
    assert lab.crawl(url("one.test"), "--sitemaps").code == 0
    assert kept(lab.out) == {url("one.test"), url("one.test", "/a"), url("maps.two.test", "/real.xml")}
    assert notes(lab.out)[url("maps.two.test", "/real.xml")]["foreign"] == 2
    assert web.log.targets("three.test") == []


def test_page_in_place_of_a_sitemap_is_noted(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """A soft 404 is a page and lists nothing; the log says so, and its links are not followed."""
    site.set("/sm.xml", html("<a href=/from-soft-404>not found</a>"))
    assert lab.crawl(web.url("one.test"), "--sitemaps").code == 0
    assert notes(lab.out)[web.url("one.test", "/sm.xml")]["problem"] == "a page, not a sitemap"
    assert web.url("one.test", "/from-soft-404") not in by_url(lab.out)


def test_seed_that_is_a_feed_is_read(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """With --sitemaps a feed may be given as a seed; a page names its feed as well."""
    url = web.url
    site.set("/robots.txt", text(""))
    site.set("/feed", rss(url("one.test", "/a")))
    site.set("/home", html("<link rel=alternate type='application/rss+xml' href=/other>"))
    site.set("/other", rss(url("one.test", "/b")))
    assert lab.crawl(url("one.test", "/feed"), url("one.test", "/home"), "--sitemaps", "--list").code == 0
    assert kept(lab.out) == {url("one.test", path) for path in ("/feed", "/home", "/a", "/other", "/b")}


def test_sitemap_spider(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """``scrapy crawl sitemap`` takes a site or a sitemap, fetches what is listed and follows no links."""
    site.set("/sm.xml", urlset(web.url("one.test", "/a")))
    site.set("/a", html("<a href=/linked>x</a>"))
    ended = scrapy_crawl(lab, "sitemap", web.url("one.test"), settings="from crawler.settings import *")
    assert ended.code == 0, ended.text
    assert kept(lab.out) == {web.url("one.test"), web.url("one.test", "/sm.xml"), web.url("one.test", "/a")}


def test_redirect_vectors_that_begin_in_robots(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """Vectors redirects/: what a Sitemap line names passes the blocklist like everything else."""
    cases = json.loads(shared_path("vectors/adversarial/redirects/cases.json").read_text())["cases"]
    for number, case in enumerate(one for one in cases if one.get("via") == "sitemap in robots.txt"):
        robots = case["robots"]["one.test"].replace(".test/", f".test:{web.port}/")
        site.set("/robots.txt", text(robots))
        lab.block(*case["blocklist"])
        out = lab.folder / f"out{number}"
        assert lab.crawl(web.url("one.test"), "--sitemaps", out=out).code == 0
        assert not {f"{one.host}{one.target}" for one in web.log} & set(case["never"])
        assert "blocklist" in {row["reason"] for row in by_url(out).values()}


def test_addresses_do_not_shape_paths(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """Vectors filenames/: whatever an address looks like, files are named by counters and lie in the folder (R7.3)."""
    inputs = json.loads(shared_path("vectors/adversarial/filenames/cases.json").read_text())["inputs"]
    listed = [url.replace("one.test/", f"one.test:{web.port}/") for url in inputs]
    links = "".join(f'<a href="{url}">x</a>' for url in listed)
    site.set("/", html(links))
    site.set("/sm.xml", text("\n".join(listed)))
    before = {path for path in lab.folder.rglob("*") if lab.out not in path.parents}
    assert lab.crawl(web.url("one.test"), "--sitemaps").code == 0
    assert {path for path in lab.folder.rglob("*") if lab.out not in path.parents} == {*before, lab.out}
    names = {path.name for path in (*(lab.out / "warc").iterdir(), *(lab.out / "manifest").iterdir())}
    assert all(name.startswith("w0-") and len(name) < 60 for name in names), names
    assert web.url("one.test", "/x") in by_url(lab.out)
    check_rows(lab.out)


def test_replay_of_sitemaps_and_media(lab: Lab, web: ScriptedWeb, site: Host) -> None:
    """An auditor decides the same: refused sitemaps, unwanted kinds, and images that their page reserves."""
    lab.policy(media={"kinds": ["image"], "embedded": ["image"]}, limits={"sitemap_files": 1})
    site.set("/robots.txt", text("".join(f"Sitemap: {web.url('one.test', path)}\n" for path in ("/bad.xml", "/2.xml"))))
    site.set("/bad.xml", text("<!DOCTYPE x><urlset/>", "text/xml")).set("/2.xml", urlset())
    site.set("/", html("<img src=/a.png><img src=/page><a href=/b.pdf>x</a>", headers=(("X-Robots-Tag", "noimageai"),)))
    site.set("/b.pdf", Reply(headers=(("Content-Type", "application/pdf"),), body=b"%PDF-1.4"))
    assert lab.crawl(web.url("one.test"), "--sitemaps").code == 0
    reasons = sorted(row["reason"] for row in by_url(lab.out).values())
    assert reasons == ["media_type_not_wanted", "optout_reserved", "optout_reserved", "sitemap_limit",
                       "sitemap_refused", "unknown_allowed"]  # fmt: skip
    ended = wait(lab.spawn([sys.executable, "-m", "crawler", "audit", "replay", str(lab.out)]))
    assert ended.code == 0, ended.text
