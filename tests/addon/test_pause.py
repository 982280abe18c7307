"""Pause, resume and kill of a project with a JOBDIR: its queue is Scrapy's, its rows and records are ours."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from tests.addon.project import Project
from tests.integration.findings import by_url, check_requests, check_rows, check_visible, crawl_file, kept
from tests.integration.lab import wait
from tests.servers.replies import html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

PAGES = 60


def chain(web: ScriptedWeb) -> str:
    """A front page that links to many pages; answers its URL."""
    host = web.host("site.test").set("/robots.txt", text("User-agent: *\nDisallow: /denied\n"))
    links = "".join(f'<a href="/p/{number}">x</a><a href="/denied/{number}">y</a>' for number in range(PAGES))
    host.set("/", html(f"<html><head><title>Front</title></head><body>{links}</body></html>"))
    for number in range(PAGES):
        host.set(f"/p/{number}", html(f"<html><head><title>{number}</title></head><body>{number}</body></html>"))
    return web.url("site.test")


def until_some(web: ScriptedWeb) -> None:
    """Wait until the crawl is well under way."""
    deadline = time.monotonic() + 120
    while sum(one.target.startswith("/p/") for one in web.log) < 10:
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def start(project: Project, seed: str) -> list[str]:
    """Give the command with a JOBDIR, slow enough to be stopped half-way."""
    more = ("-s", "JOBDIR=job", "-s", "DOWNLOAD_DELAY=0.1", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=1")
    return project.command("shop", seed, *more)


def test_pause_and_resume(lab: Lab, web: ScriptedWeb) -> None:
    """SIGINT pauses: crawl.json says 3, the next start goes on in the same crawl, no page is asked for twice."""
    seed = chain(web)
    project = Project(lab)
    process = project.spawn(start(project, seed))
    until_some(web)
    process.send_signal(signal.SIGINT)
    ended = wait(process, 60)
    assert ended.code == 0, ended.text  # a pause is no failure of scrapy crawl
    paused = crawl_file(project.out)
    assert (paused["finish_reason"], paused["exit_code"]) == ("shutdown", 3)
    before = kept(project.out)
    assert 5 < len(before) < PAGES
    check_rows(project.out)
    ended = wait(project.spawn(start(project, seed)), 60)
    assert ended.code == 0, ended.text
    after = crawl_file(project.out)
    assert (after["finish_reason"], after["exit_code"]) == ("finished", 0)
    assert after["crawl_id"] == paused["crawl_id"]
    rows = by_url(project.out)
    check_rows(project.out)
    assert kept(project.out) == {seed, *(f"{seed}p/{number}" for number in range(PAGES))}
    assert sum(row["reason"] == "robots_disallow" for row in rows.values()) == PAGES
    assert set(project.items()) == {f"{seed}p/{number}" for number in range(PAGES)}
    asked = [one.target for one in web.log if one.target.startswith("/p/")]
    assert len(asked) == len(set(asked)) == PAGES
    assert not [one for one in web.log if one.target.startswith("/denied")]


def test_a_kill(lab: Lab, web: ScriptedWeb) -> None:
    """SIGKILL: no item without a row that allows it; what is there is whole, and the next start takes the folder."""
    seed = chain(web)
    project = Project(lab)
    process = project.spawn(start(project, seed))
    until_some(web)
    process.kill()
    wait(process)
    check_visible(project.out)
    ended = project.crawl("shop", seed)
    assert ended.code == 0, ended.text
    check_rows(project.out)
    check_requests(project.out, [web.url(one.host, one.target) for one in web.log])
    assert set(kept(project.out)) >= {f"{seed}p/{number}" for number in range(PAGES)}
