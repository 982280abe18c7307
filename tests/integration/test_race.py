"""While robots.txt is on its way, nobody who waits for it gets through (R3.2): the server's log is the truth."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.integration.findings import check_rows, rows_of
from tests.servers.replies import Reply, html, text
from tests.shared import shared_path

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb


def race(lab: Lab, web: ScriptedWeb, *, hosts: int, parallel: int, delay: float, robots: str) -> None:
    """Crawl so many disallowed start URLs of so many hosts at once."""
    lab.policy(politeness={"connections": parallel})
    for number in range(hosts):
        host = web.host(f"race{number}.test", html("<p>not for robots</p>"))
        host.set("/robots.txt", Reply(body=robots.encode(), delay=delay))
    seeds = lab.seeds(web.url(f"race{host}.test", f"/page/{page}") for page in range(parallel) for host in range(hosts))
    ended = lab.crawl(seeds, "--concurrency", "1000", timeout=120)
    assert ended.code == 0, ended.text
    pages = [f"{one.host}{one.target}" for one in web.log if one.target.startswith("/page/")]
    assert pages == []
    for number in range(hosts):
        assert web.log.targets(f"race{number}.test").count("/robots.txt") == 1
    rows = rows_of(lab.out)
    assert len(rows) == hosts * parallel
    assert {(row["verdict"], row["reason"]) for row in rows} == {("deny", "robots_disallow")}


def test_waiters_of_ten_hosts(lab: Lab, web: ScriptedWeb) -> None:
    """10 hosts, 20 disallowed start URLs each, robots.txt half a second late: no page is asked for."""
    race(lab, web, hosts=10, parallel=20, delay=0.5, robots="User-agent: *\nDisallow: /\n")
    check_rows(lab.out)


@pytest.mark.slow
def test_waiters_of_fifty_hosts(lab: Lab, web: ScriptedWeb) -> None:
    """50 hosts, 20 start URLs each: no page is asked for."""
    race(lab, web, hosts=50, parallel=20, delay=0.5, robots="User-agent: *\nDisallow: /\n")


def test_vectors(lab: Lab, web: ScriptedWeb) -> None:
    """As the vectors describe the race."""
    for case in json.loads(shared_path("vectors/adversarial/robots/race_cases.json").read_text()):
        race(
            lab,
            web,
            hosts=case["hosts"],
            parallel=case["parallel_requests"],
            delay=case["robots_delay_ms"] / 1000,
            robots=case["robots"],
        )
        shutil.rmtree(lab.out)


def test_one_waiter_allowed_one_not(lab: Lab, web: ScriptedWeb) -> None:
    """Each waiter gets the answer for its own URL."""
    lab.policy(politeness={"connections": 20})
    host = web.host("mixed.test", html("<p>page</p>"))
    host.set("/robots.txt", Reply(body=b"User-agent: *\nDisallow: /no/\n", delay=0.4))
    host.set("/.well-known/tdmrep.json", text("", status=404))
    seeds = lab.seeds(web.url("mixed.test", f"/{side}/{n}") for n in range(20) for side in ("no", "yes"))
    assert lab.crawl(seeds, "--concurrency", "200").code == 0
    asked = [one.target for one in web.log if one.target.count("/") == 2 and "well-known" not in one.target]
    assert sorted(asked) == sorted(f"/yes/{n}" for n in range(20))
