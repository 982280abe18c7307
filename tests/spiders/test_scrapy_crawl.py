"""``scrapy crawl`` with our spiders and with spiders of a project: the same gate, whatever they ask for."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import lab, web
from tests.integration.findings import by_url, check_rows, crawl_file, kept
from tests.integration.lab import wait
from tests.servers.replies import html, text
from tests.spiders.project import SETTINGS, crawl, items, scrapy

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

__all__ = ["lab", "web"]  # fixtures


def small_site(web: ScriptedWeb) -> str:
    """A site with an open, a denied and a reserved page; answers its front page."""
    host = web.host("site.test")
    links = "".join(f"<a href='/{name}'>x</a>" for name in ("first", "late", "open", "denied", "reserved"))
    host.set("/robots.txt", text("User-agent: *\nDisallow: /denied\n"))
    host.set("/", html(f"<html><head><title>Front</title></head><body>{links}</body></html>"))
    for name in ("first", "late", "open", "denied"):
        host.set(
            f"/{name}",
            html(f"<html><head><title>{name}</title></head><body><a href='/under/{name}'>y</a></body></html>"),
        )
        host.set(f"/under/{name}", html("<p>under</p>"))
    host.set("/reserved", html("<p>reserved</p>", headers=(("X-Robots-Tag", "noai"),)))
    return web.url("site.test")


def test_list(lab: Lab) -> None:
    """``scrapy list`` needs no folder of a crawl."""
    ended = scrapy(lab, "list", SCRAPY_SETTINGS_MODULE="crawler.settings")
    assert (ended.code, ended.out.split()) == (0, ["sitemap", "urls", "web"]), ended.text


def test_items_reach_pipelines(lab: Lab, web: ScriptedWeb) -> None:
    """A spider of a project yields items beside links; what is kept is the same."""
    seed = small_site(web)
    ended = crawl(lab, "titles", seed)
    assert ended.code == 0, ended.text
    check_rows(lab.out)
    got = {item["url"]: item["title"] for item in map(json.loads, items(lab).read_text().splitlines())}
    assert set(got) == kept(lab.out)
    assert got[seed] == "Front"
    assert crawl_file(lab.out)["finish_reason"] == "finished"
    assert "/denied" not in web.log.targets("site.test")


def test_a_failing_callback_keeps_its_row(lab: Lab, web: ScriptedWeb) -> None:
    """The page of a callback that raises is kept; links that it gave before are followed."""
    seed = small_site(web)
    ended = crawl(lab, "raising", seed)
    rows = by_url(lab.out)
    for name in ("first", "late", "open"):
        assert rows[seed + name]["verdict"] == "allow", ended.text
    assert rows[seed + "under/late"]["verdict"] == "allow"
    assert seed + "under/first" not in rows
    check_rows(lab.out)


def test_no_request_attribute_opens_the_gate(lab: Lab, web: ScriptedWeb) -> None:
    """``dont_obey_robotstxt``, a proxy, headers and cookies of a request change nothing (R2.6)."""
    lab.block("blocked.test")
    seed = small_site(web)
    ended = crawl(lab, "generous", seed, "-s", "CLEARCRAWL_SCOPE=any")
    assert ended.code == 0, ended.text
    rows = by_url(lab.out)
    assert rows[seed + "denied"]["reason"] == "robots_disallow"
    assert rows[seed + "reserved"]["reason"] == "optout_reserved"
    assert rows["http://blocked.test/"]["reason"] == "blocklist"
    assert rows[seed + "open"]["verdict"] == "allow"
    assert "/denied" not in web.log.targets("site.test")
    sent = {(name.lower(), value) for one in web.log for name, value in one.headers}
    assert not [name for name, _ in sent if name in {"cookie", "referer"}]
    assert {value.split("/")[0] for name, value in sent if name == "user-agent"} == {"LabBot"}


@pytest.mark.parametrize(
    "option",
    [
        "COOKIES_ENABLED=True",
        "DOWNLOAD_VERIFY_CERTIFICATES=0",
        "TWISTED_DNS_RESOLVER=scrapy.resolver.CachingThreadedResolver",
        "CLEARCRAWL_OBEY=0",
        "SCHEDULER=scrapy.core.scheduler.Scheduler",
        "ROBOTSTXT_OBEY=1",
    ],
)
def test_a_weaker_setting_refuses_the_start(lab: Lab, web: ScriptedWeb, option: str) -> None:
    """Given on the command line of Scrapy: nothing is asked for, the message names the setting, status 1."""
    ended = crawl(lab, "titles", small_site(web), "-s", option)
    assert ended.code != 0, ended.text
    assert option.split("=", 1)[0] in ended.text
    assert len(web.log) == 0


@pytest.mark.parametrize(
    "line",
    [
        'DOWNLOADER_MIDDLEWARES = {"crawler.middlewares.response_gate.ResponseGate": None}',
        'SPIDER_MIDDLEWARES = {"crawler.middlewares.frontier_output.FrontierOutput": None}',
    ],
)
def test_a_project_cannot_take_the_gate_out(lab: Lab, web: ScriptedWeb, line: str) -> None:
    """Components set to ``None`` refuse the start."""
    ended = crawl(lab, "titles", small_site(web), settings=SETTINGS + line)
    assert ended.code != 0, ended.text
    assert line.split("{")[1].split('"')[1] in ended.text
    assert len(web.log) == 0


def test_the_example_of_a_working_copy(lab: Lab, web: ScriptedWeb) -> None:
    """What ``init`` writes follows links of a real page, where addresses of mailboxes and scripts stand as well."""
    folder = lab.folder / "work"
    given = ("--operator", "Lab", "--contact", "mailto:lab@lab.test", "--token", "LabBot")
    assert wait(lab.spawn([sys.executable, "-m", "crawler", "init", str(folder), *given])).code == 0
    links = "".join(
        f"<a href='{where}'>x</a>" for where in ("mailto:a@b.test", "javascript:void(0)", "tel:1", "", "/on")
    )
    web.host("site.test").set("/", html(f"<title>Front</title>{links}<a name=x>")).set("/on", html("<title>On</title>"))
    options = [f"CLEARCRAWL_OUT={lab.out}", f"CLEARCRAWL_POLICIES={lab.policies}"]
    command = [sys.executable, "-m", "scrapy", "crawl", "example", "-a", f"seeds={web.url('site.test')}"]
    ended = wait(lab.spawn([*command, *(part for one in options for part in ("-s", one))], cwd=folder))
    assert ended.code == 0, ended.text
    assert "Traceback" not in ended.text
    assert kept(lab.out) == {web.url("site.test"), web.url("site.test", "/on")}


def test_no_seeds(lab: Lab) -> None:
    """One message that says how seeds are given, no traceback, no folder of a crawl."""
    ended = crawl(lab, "titles", "")
    assert ended.code == 1
    assert "the start was refused: nothing to crawl: give URLs or seed files" in ended.text
    assert "-a seeds=" in ended.text
    assert "Traceback" not in ended.text
    assert not lab.out.exists()


def test_no_folder_named(lab: Lab, web: ScriptedWeb) -> None:
    """Without a folder the message says which setting names it."""
    ended = scrapy(lab, "crawl", "titles", "-a", f"seeds={small_site(web)}")
    assert ended.code != 0
    assert "CLEARCRAWL_OUT" in ended.text
    assert len(web.log) == 0
