"""How gently sites are asked, as their own log tells it: gaps, connections, Crawl-delay, Retry-After, one slow host."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tests.integration.findings import by_url, check_rows, kept
from tests.servers.replies import Reply, html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.log import Exchange
    from tests.servers.web import ScriptedWeb

JITTER = 0.03
"""Seconds by which a busy machine may write two starts closer together than they were sent."""


def of_domain(web: ScriptedWeb, domain: str) -> list[Exchange]:
    """Requests to a domain and its hosts, in order of their start."""
    found = [one for one in web.log if one.host == domain or one.host.endswith("." + domain)]
    return sorted(found, key=lambda one: one.started)


def smallest_gap(exchanges: list[Exchange]) -> float:
    """Seconds between the two closest starts, as far as the server can tell."""
    return min(later.started - earlier.earliest for earlier, later in pairwise(exchanges))


def most_at_once(exchanges: list[Exchange]) -> int:
    """Requests under way at the same time."""
    events = sorted([(one.started, 1) for one in exchanges] + [(one.ended, -1) for one in exchanges if one.ended])
    most = now = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


def linked(count: int) -> Reply:
    """A front page with so many links."""
    return html("".join(f"<a href='/{number}'>x</a>" for number in range(count)))


def test_delay_by_registrable_domain(lab: Lab, web: ScriptedWeb) -> None:
    """Three hosts of one domain share one turn, site files included; other domains have their own."""
    lab.policy(politeness={"delay": 0.3, "connections": 1})
    hosts = [f"h{n}.shared.test" for n in range(2)] + ["shared.test", "alone.test", "other.test"]
    for host in hosts:
        web.host(host, html("<p>x</p>")).set("/", linked(2)).set("/robots.txt", text(""))
    ended = lab.crawl(*(web.url(host) for host in hosts))
    assert ended.code == 0, ended.text
    assert len(kept(lab.out)) == 3 * len(hosts)
    for domain in ("shared.test", "alone.test", "other.test"):
        exchanges = of_domain(web, domain)
        assert smallest_gap(exchanges) >= 0.3 - JITTER
        assert most_at_once(exchanges) == 1
    starts = sorted(one.started for one in web.log)
    assert min(later - earlier for earlier, later in pairwise(starts)) < 0.15  # domains do not wait for each other


def test_connections(lab: Lab, web: ScriptedWeb) -> None:
    """Three connections to a domain at most, and three are used."""
    lab.policy(politeness={"connections": 3})
    web.host("site.test", Reply(headers=(("Content-Type", "text/html"),), body=b"<p>", delay=0.1)).set("/", linked(20))
    assert lab.crawl(web.url("site.test")).code == 0
    assert len(kept(lab.out)) == 21
    assert most_at_once(of_domain(web, "site.test")) == 3


def test_crawl_delay(lab: Lab, web: ScriptedWeb) -> None:
    """The delay that robots.txt asks for holds between pages; one above the limit leaves the host for later (R3.15)."""
    lab.policy(politeness={"connections": 4, "max_delay": 5.0})
    web.host("slow.test", html("<p>x</p>")).set("/", linked(3))
    web.host("slow.test").set("/robots.txt", text("User-agent: *\nCrawl-delay: 0.7\n"))
    web.host("never.test", html("<p>x</p>")).set("/robots.txt", text("User-agent: *\nCrawl-delay: 3600\n"))
    ended = lab.crawl(web.url("slow.test"), web.url("never.test"))
    assert ended.code == 0, ended.text
    pages = [one for one in of_domain(web, "slow.test") if "txt" not in one.target and "json" not in one.target]
    assert len(pages) == 4
    assert smallest_gap(pages) >= 0.7 - JITTER
    assert [target for target in web.log.targets("never.test") if target == "/"] == []
    row = by_url(lab.out)[web.url("never.test")]
    assert (row["verdict"], row["reason"]) == ("defer", "robots_delay_too_long")


def test_retry_after(lab: Lab, web: ScriptedWeb) -> None:
    """429 and 503 with Retry-After: the whole domain is left alone so long, then asked again and kept."""
    lab.policy(limits={"wait_at_end": 60.0}, politeness={"connections": 1})
    for name, status in (("busy.test", 503), ("many.test", 429)):
        pause = Reply(status=status, headers=(("Retry-After", "12"),), body=b"later")
        web.host(name, html("<p>x</p>")).set("/robots.txt", text("")).set("/", linked(2)).set(
            "/0", [pause, html("<p>")]
        )
    web.host("free.test", html("<p>x</p>")).set("/", linked(3))
    ended = lab.crawl(web.url("busy.test"), web.url("many.test"), web.url("free.test"), timeout=90)
    assert ended.code == 0, ended.text
    check_rows(lab.out)
    for name in ("busy.test", "many.test"):
        exchanges = of_domain(web, name)
        at = next(place for place, one in enumerate(exchanges) if one.status in {429, 503})
        later = exchanges[at + 1 :]
        assert min(one.started for one in later) - exchanges[at].started >= 12 - JITTER
        assert [one.target for one in later].count("/0") == 1
    assert len(kept(lab.out)) == 3 + 3 + 4
    free = of_domain(web, "free.test")
    assert free[-1].started - free[0].started < 5


def test_a_pause_longer_than_the_crawl(lab: Lab, web: ScriptedWeb) -> None:
    """A site that asks for an hour gets it: the crawl ends, the row says defer, the next run does not ask either."""
    lab.policy(politeness={"connections": 1})
    pause = Reply(status=503, headers=(("Retry-After", "3600"),), body=b"later")
    web.host("busy.test", pause).set("/robots.txt", text(""))
    ended = lab.crawl(web.url("busy.test", "/page"))
    assert ended.code == 0, ended.text
    assert by_url(lab.out)[web.url("busy.test", "/page")]["verdict"] == "defer"
    asked = len(web.log)
    assert len([one for one in web.log if one.status == 503]) == 1  # whatever was asked first
    again = lab.crawl()
    assert again.code == 0, again.text
    assert len(web.log) == asked


def test_a_pause_holds_for_the_whole_domain(lab: Lab, web: ScriptedWeb) -> None:
    """While one host asks for an hour, no other host of its domain is asked for anything, robots.txt included."""
    pause = Reply(status=429, headers=(("Retry-After", "3600"),), body=b"later")
    web.host("a.busy.test", html("<p>x</p>")).set("/robots.txt", text("")).set("/page", pause)
    web.host("b.busy.test", html("<p>x</p>"))
    links = f"<a href='{web.url('b.busy.test')}'>x</a>"
    web.host("a.busy.test").set("/", html(f"<a href='/page'>x</a>{links}"))
    ended = lab.crawl(web.url("a.busy.test"), "--scope", "domain")
    assert ended.code == 0, ended.text
    exchanges = of_domain(web, "busy.test")
    at = next(place for place, one in enumerate(exchanges) if one.status == 429)
    assert [one.target for one in exchanges[at + 1 :]] == []
    rows = by_url(lab.out)
    assert rows[web.url("a.busy.test", "/page")]["reason"] == "http_429"
    assert rows[web.url("b.busy.test")]["verdict"] == "defer"


def test_a_pause_ends_the_crawl_for_what_was_admitted_before(lab: Lab, web: ScriptedWeb) -> None:
    """URLs that wait for their turn when their site asks for an hour are left for later too, and the crawl ends."""
    lab.policy(politeness={"connections": 1})
    pause = Reply(status=429, headers=(("Retry-After", "3600"),), body=b"later")
    web.host("busy.test", html("<p>x</p>")).set("/", linked(6)).set("/0", pause)
    ended = lab.crawl(web.url("busy.test"), timeout=60)
    assert ended.code == 0, ended.text
    rows = by_url(lab.out)
    told = {rows[web.url("busy.test", f"/{number}")]["reason"] for number in range(6)}
    assert told == {"http_429", "site_pause"}
    assert len(rows) == 7


def test_a_hanging_host_slows_nobody(lab: Lab, web: ScriptedWeb) -> None:
    """Hosts that never answer hold their own turn only: the others keep at least 80 % of their pace."""
    lab.policy(politeness={"connections": 2}, limits={"first_byte_timeout": 4.0, "total_timeout": 4.0})
    names = [f"quick{n}.test" for n in range(8)]
    for name in names:
        web.host(name, Reply(headers=(("Content-Type", "text/html"),), body=b"<p>", delay=0.05)).set("/", linked(25))
    for number in range(3):
        for page in range(2):
            web.host(f"hung{number}.test").set(f"/{page}", Reply(action="hang"))

    def seconds(*more: str) -> float:
        web.log.clear()
        seeds = lab.seeds([*more, *(web.url(name) for name in names)])
        out = lab.folder / f"out{len(more)}"
        ended = lab.crawl(seeds, "--concurrency", "32", out=out)
        assert ended.code == 0, ended.text
        assert len(kept(out)) == 8 * 26
        quick = [one for one in web.log if one.host.startswith("quick")]
        return max(one.started for one in quick) - min(one.started for one in quick)

    alone = seconds()
    beside = seconds(*(web.url(f"hung{number}.test", f"/{page}") for number in range(3) for page in range(2)))
    assert beside <= alone / 0.8 + 1.0  # a second for a busy machine
