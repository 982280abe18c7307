"""Endless sites end: URLs made by counting, pages of a domain over all its subdomains, also over a resume."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.integration.findings import by_url, check_rows, kept
from tests.servers.replies import html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.replies import Reply, Request
    from tests.servers.web import ScriptedWeb

LIMIT = 30
BEFORE_THE_COUNT = 40
"""Claims in memory and outcomes in a group: what may be asked for before the journal has counted."""


def calendar(request: Request) -> Reply:
    """A page for every day there is, all the same but for the way on, which each gives by a further address."""
    if request.path.startswith("/article/"):
        return html(f"<p>article {request.path}</p>")
    articles = "".join(f"<a href=/article/{number}>x</a>" for number in range(LIMIT + 60))
    days = "".join(f"<a href='/calendar?day={number}'>x</a>" for number in range(2000))
    return html("<p>nothing on this day</p>" if request.path == "/calendar" else days + articles)


def test_urls_that_bring_the_same_again_and_again(lab: Lab, web: ScriptedWeb) -> None:
    """After [traps] similar_urls of them the rest is refused; URLs as much alike with content of their own are kept."""
    web.host("site.test", calendar)
    lab.policy(traps={"similar_urls": LIMIT})
    ended = lab.crawl(web.url("site.test"))
    assert ended.code == 0, ended.text
    asked = Counter(target.partition("?")[0] for target in web.log.targets("site.test"))
    assert LIMIT <= asked["/calendar"] <= LIMIT + BEFORE_THE_COUNT
    reasons = Counter(row["reason"] for url, row in by_url(lab.out).items() if "/calendar" in url)
    assert reasons == {"unknown_allowed": asked["/calendar"], "trap_limit": 2000 - asked["/calendar"]}
    assert {url for url in kept(lab.out) if "/article/" in url} == {
        web.url("site.test", f"/article/{number}") for number in range(LIMIT + 60)
    }
    check_rows(lab.out)


def test_count_lasts_over_a_resume(lab: Lab, web: ScriptedWeb) -> None:
    """A second run in the same folder asks for no further URL of a group that is closed."""
    web.host("site.test", calendar)
    lab.policy(traps={"similar_urls": LIMIT})
    assert lab.crawl(web.url("site.test"), "--max-pages", "120").code == 0
    before = sum("/calendar" in target for target in web.log.targets("site.test"))
    assert before >= LIMIT
    assert lab.crawl().code == 0
    after = sum("/calendar" in target for target in web.log.targets("site.test"))
    assert after <= LIMIT + BEFORE_THE_COUNT


def test_pages_of_a_domain_are_shared_by_its_subdomains(lab: Lab, web: ScriptedWeb) -> None:
    """[traps] pages_per_domain holds for the registrable domain; URLs that are refused unasked do not count."""
    hosts = [f"{name}.site.test" for name in "abc"]
    for host in hosts:
        site = web.host(host, html("a page"))
        links = "".join(f"<a href=/no/{n}>x</a>" for n in range(30)) + "".join(
            f"<a href=/p/{n}>x</a>" for n in range(30)
        )
        site.set("/", html(links))
        site.set("/robots.txt", text("User-agent: *\nDisallow: /no/\n"))
    web.host("other.test", html("another domain"))
    lab.policy(traps={"pages_per_domain": 50})
    ended = lab.crawl(*(web.url(host) for host in [*hosts, "other.test"]))
    assert ended.code == 0, ended.text
    rows = by_url(lab.out).values()
    pages = [row for row in rows if row["url_host_registered_domain"] == "site.test" and row["verdict"] == "allow"]
    assert 45 <= len(pages) <= 50
    assert {row["reason"] for row in rows} == {"unknown_allowed", "robots_disallow", "trap_limit"}
    assert kept(lab.out) >= {web.url("other.test")}
