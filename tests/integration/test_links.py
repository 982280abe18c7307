"""Which pages a crawl reaches, against a walk that uses nothing of the product: links, scope, limits, resume."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

from tests.integration.findings import by_url, check_requests, check_rows, crawl_file, kept
from tests.servers.replies import Reply, html, text
from tests.servers.tree import TreeSite

if TYPE_CHECKING:
    from tests.integration.lab import Ended, Lab
    from tests.servers.web import ScriptedWeb

PAGES = {
    "/": "<a href='plain'>1</a><a href='/plain#part'>2</a><a href='PLAIN'>3</a><a href='?q=1'>4</a><a href=''>5</a>",
    "/plain": "<area href='under/one'><a href='./under/../under/one'>1</a><a href='/under/%6fne'>2</a>",
    "/PLAIN": "<a href='mailto:x@y'>m</a><a href='javascript:1'>j</a><a href='tel:1'>t</a><a href='data:,x'>d</a>",
    "/?q=1": "<a href=' /spaced '>s</a><a href='/tab\tbed'>t</a><a href='/un&amp;escaped?a=1&amp;b=2'>u</a>",
    "/under/one": "<html><head><base href='/based/'></head><body><a href='two'>2</a><a href='../three'>3</a>",
    "/based/two": "<a href='//site.test:PORT/four'>4</a><a href='HTTP://SITE.TEST:PORT/five'>5</a>",
    "/three": "<a href='/a%2fb'>kept as it is</a><a href='/caf\u00e9'>x</a><a href='/caf%C3%A9'>same</a>",
    "/four": "<frame src='/framed'><iframe src='/framed'></iframe><!-- <a href='/comment'>c</a> -->",
    "/five": "<script>'<a href=\"/script\">'</script><noscript><a href='/noscript'>n</a></noscript>",
    "/spaced": "<svg><a href='/in-svg'>x</a></svg><a>no href</a><a href='/dup'>1</a><a href='/dup'>2</a>",
    "/tabbed": "",
    "/un&escaped?a=1&b=2": "",
    "/a%2Fb": "",
    "/caf%C3%A9": "",
    "/noscript": "",
    "/in-svg": "",
    "/dup": "<a href='/'>home</a><a href='/dup'>self</a>",
}
OPTIONAL = {"/framed", "/noscript", "/in-svg"}
"""Targets that extractors may or may not follow."""


class Links(HTMLParser):
    """Targets of anchors and areas, against the base."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.base = url
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note bases and links."""
        href = dict(attrs).get("href")
        if href is None:
            return
        if tag == "base":
            self.base = urljoin(self.base, href)
        elif tag in {"a", "area"}:
            self.found.append(urljoin(self.base, href.strip().replace("\t", "")))


def walk(pages: dict[str, str], start: str) -> set[str]:
    """Targets reachable on one host, by the standard library alone."""
    root = urlsplit(start)
    found, waiting = {"/"}, ["/"]
    while waiting:
        target = waiting.pop()
        parser = Links(f"http://{root.netloc}{target}")
        parser.feed(pages[target])
        for link in parser.found:
            parts = urlsplit(urldefrag(link).url)
            path = (parts.path or "/").replace("\u00e9", "%C3%A9").replace("%6f", "o").replace("%2f", "%2F")
            linked = path + (f"?{parts.query}" if parts.query else "")
            if (
                parts.scheme == "http"
                and parts.netloc.lower() == root.netloc
                and linked in pages
                and linked not in found
            ):
                found.add(linked)
                waiting.append(linked)
    return found


def test_the_page_set_is_that_of_a_plain_walk(lab: Lab, web: ScriptedWeb) -> None:
    """Base, area, spellings of one URL, fragments, repetitions: each page once, none missing, none invented."""
    host = web.host("site.test")
    pages = {target: content.replace("PORT", str(web.port)) for target, content in PAGES.items()}
    for target, content in pages.items():
        host.set(target, html(content))
    host.set("/framed", html("<p>framed</p>"))
    ended = lab.crawl(web.url("site.test"))
    assert ended.code == 0, ended.text
    wanted = walk(pages, web.url("site.test"))
    got = {url.removeprefix(web.url("site.test", "")) for url in kept(lab.out)}
    assert wanted - OPTIONAL == got - OPTIONAL
    asked = [target for target in web.log.targets("site.test") if "txt" not in target and "json" not in target]
    assert len(asked) == len(set(asked))
    assert "/comment" not in asked
    assert "/script" not in asked
    check_rows(lab.out)


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        ("host", {"www.site.test"}),
        ("domain", {"www.site.test", "shop.site.test", "site.test"}),
        ("any", {"www.site.test", "shop.site.test", "site.test", "other.test"}),
    ],
)
def test_scope(lab: Lab, web: ScriptedWeb, scope: str, wanted: set[str]) -> None:
    """Links are followed to the host, its registrable domain, or anywhere."""
    for name in ("www.site.test", "shop.site.test", "site.test", "other.test"):
        links = "".join(
            f"<a href='{web.url(host, '/page')}'>x</a>" for host in ("shop.site.test", "site.test", "other.test")
        )
        web.host(name, html(links))
    ended = lab.crawl(web.url("www.site.test"), "--scope", scope)
    assert ended.code == 0, ended.text
    assert {one.host for one in web.log} == wanted
    check_requests(lab.out, [web.url(one.host, one.target) for one in web.log])


def test_max_pages_is_exact_over_all_runs(lab: Lab, web: ScriptedWeb) -> None:
    """Seventeen and no other number, with many connections; the next run takes no more, a higher limit does."""
    lab.policy(politeness={"connections": 8})
    site = TreeSite(pages=120, redirect_every=5, delay=0.02)
    web.host("site.test", site)

    def run(limit: int) -> Ended:
        ended = lab.crawl(web.url("site.test"), "--max-pages", str(limit))
        assert ended.code == 0, ended.text
        return ended

    run(17)
    assert len(kept(lab.out)) == 17
    assert crawl_file(lab.out)["finish_reason"] == "max_pages"
    run(17)
    assert len(kept(lab.out)) == 17
    check_rows(lab.out)
    seen = [one for one in web.log if one.target.startswith("/p/") or one.target == "/"]
    assert len(seen) == 17


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_max_depth(lab: Lab, web: ScriptedWeb, depth: int) -> None:
    """Links are followed so far from the seed and no further; a redirect is no step."""
    for level in range(4):
        web.host("site.test").set(f"/{level}", html(f"<a href='/hop{level + 1}'>x</a>"))
        web.host("site.test").set(f"/hop{level}", Reply(status=302, headers=(("Location", f"/{level}"),)))
    ended = lab.crawl(web.url("site.test", "/0"), "--max-depth", str(depth))
    assert ended.code == 0, ended.text
    assert {row["url_path"] for row in by_url(lab.out).values()} == {
        "/0",
        *(f"/{kind}{level}" for level in range(1, depth + 1) for kind in ("", "hop")),
    }


def test_resume_after_the_end_asks_for_nothing(lab: Lab, web: ScriptedWeb) -> None:
    """The same folder again, finished: nothing is fetched again, no row is added; a new seed is crawled."""
    web.host("site.test", TreeSite(pages=20))
    web.host("more.test").set("/", html("<p>more</p>")).set("/robots.txt", text(""))
    assert lab.crawl(web.url("site.test")).code == 0
    first, asked = kept(lab.out), len(web.log)
    again = lab.crawl(web.url("site.test"))
    assert again.code == 0, again.text
    assert len(web.log) == asked
    assert kept(lab.out) == first
    assert lab.crawl(web.url("more.test")).code == 0
    assert kept(lab.out) == first | {web.url("more.test")}


def test_list(lab: Lab, web: ScriptedWeb) -> None:
    """``--list`` fetches what is named and follows redirects alone."""
    web.host("site.test", TreeSite(pages=20, redirect_every=2))
    ended = lab.crawl(web.url("site.test"), web.url("site.test", "/r/2"), "--list")
    assert ended.code == 0, ended.text
    assert kept(lab.out) == {web.url("site.test"), web.url("site.test", "/p/2")}
