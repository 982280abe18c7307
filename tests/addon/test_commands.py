"""``scrapy list, check, shell, settings, crawl`` in our own project and in one that ``init`` wrote."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.addon.project import shop
from tests.integration.findings import by_url, check_rows, crawl_file, kept
from tests.integration.lab import wait
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.lab import Ended, Lab
    from tests.servers.web import ScriptedWeb

    Run = Callable[..., Ended]

PLAIN = '''
from scrapy import Spider


class Plain(Spider):
    """A spider that knows nothing of us."""

    name = "plain"

    def __init__(self, url=""):
        super().__init__()
        self.start_urls = [url]

    def parse(self, response):
        yield {"url": response.url}
        yield from response.follow_all(css="a")
'''


@pytest.fixture
def working_copy(lab: Lab, web: ScriptedWeb) -> Path:
    """What ``init`` writes, with the lab's policy and one more spider."""
    folder = lab.folder / "copy"
    command = [sys.executable, "-m", "crawler", "init", str(folder), "--operator", "Lab", "--token", "LabBot"]
    ended = wait(lab.spawn([*command, "--contact", "mailto:lab@lab.test"]))
    assert ended.code == 0, ended.text
    policy = (lab.policies / "crawl-policy.toml").read_text()
    (folder / "policies" / "crawl-policy.toml").write_text(policy)
    (folder / "spiders" / "plain.py").write_text(PLAIN)
    example = folder / "spiders" / "example.py"
    text = example.read_text()
    assert "@url https://example.com/" in text
    example.write_text(text.replace("https://example.com/", shop(web), 2))
    return folder


def scrapy(lab: Lab, folder: Path, *arguments: str) -> Ended:
    """Run ``scrapy`` in a folder."""
    path = os.pathsep.join([str(folder), str(ROOT)])
    return wait(lab.spawn([sys.executable, "-m", "scrapy", *arguments], cwd=folder, PYTHONPATH=path))


def test_in_our_own_project(lab: Lab) -> None:
    """They need no folder, no policy and no network, and leave nothing behind."""
    ended = scrapy(lab, ROOT, "list")
    assert {"urls", "web"} <= set(ended.out.split()), ended.text
    ended = scrapy(lab, ROOT, "settings", "--get", "SCHEDULER")
    assert (ended.code, ended.out.strip()) == (0, "crawler.scheduler.FrontierScheduler"), ended.text
    ended = scrapy(lab, ROOT, "check")
    assert ended.code == 0, ended.text
    before = {path.name for path in ROOT.iterdir()}
    ended = scrapy(lab, ROOT, "shell", "-c", "settings['SCHEDULER']")
    assert (ended.code, ended.out.strip()) == (0, "scrapy.core.scheduler.Scheduler"), ended.text
    assert {path.name for path in ROOT.iterdir()} == before


def test_in_a_working_copy(lab: Lab, web: ScriptedWeb, working_copy: Path) -> None:
    """List, settings, contracts and the shell: pages come through the gate, and no crawl folder is made."""
    ended = scrapy(lab, working_copy, "list")
    assert {"example", "plain", "urls", "web"} <= set(ended.out.split()), ended.text
    ended = scrapy(lab, working_copy, "settings", "--get", "BOT_NAME")
    assert ended.code == 0, ended.text
    ended = scrapy(lab, working_copy, "check", "example")
    assert ended.code == 0, ended.text
    assert "Ran 2 contracts" in ended.text
    assert "OK" in ended.text
    assert "/robots.txt" in web.log.targets("site.test")
    url = web.url("site.test")
    ended = scrapy(lab, working_copy, "shell", "-c", "response.css('title::text').get()", url)
    assert (ended.code, ended.out.strip()) == (0, "Front"), ended.text
    ended = scrapy(lab, working_copy, "shell", "-c", "response", f"{url}denied")
    assert ended.out.strip() == "None", ended.text
    assert "/denied" not in web.log.targets("site.test")
    sent = [value for one in web.log for name, value in one.headers if name.lower() == "user-agent"]
    assert all(value.startswith("LabBot/") for value in sent)
    assert not (working_copy / "out").exists()
    assert not (working_copy / "crawls").exists()


def test_crawls_in_a_working_copy(lab: Lab, web: ScriptedWeb, working_copy: Path) -> None:
    """The example crawls from our frontier; a plain spider beside it gets the gate by the add-on."""
    url = shop(web)
    out = working_copy / "out"
    ended = scrapy(lab, working_copy, "crawl", "example", "-a", f"seeds={url}")
    assert ended.code == 0, ended.text
    assert crawl_file(out)["exit_code"] == 0
    check_rows(out)
    frontier = kept(out)
    assert {url, url + "a", url + "there"} <= frontier
    plain = working_copy / "plain-out"
    ended = scrapy(lab, working_copy, "crawl", "plain", "-a", f"url={url}", "-s", f"CLEARCRAWL_OUT={plain}")
    assert ended.code == 0, ended.text
    check_rows(plain)
    rows = by_url(plain)
    # the busy page, asked for again at once, and the other host: the project decides about those
    assert kept(plain) - frontier <= {url + "busy", url + "refreshed", web.url("blocked.test")}
    assert frontier <= kept(plain)
    assert rows[url + "denied"]["reason"] == "robots_disallow"
    assert not [one for one in web.log if one.target == "/denied"]
