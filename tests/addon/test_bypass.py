"""A project that goes round the gate stores nothing that way, and its crawl does not end clean: one test a way."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from scrapy.settings import Settings

from crawler.errors import SettingsError
from crawler.extensions.project_settings import fit
from tests.addon.project import Project, shop
from tests.integration.findings import by_url, check_rows, crawl_file, log_entries, records_of
from tests.servers.replies import html

if TYPE_CHECKING:
    from tests.integration.lab import Ended, Lab
    from tests.servers.web import ScriptedWeb

GATE = "crawler.middlewares.project_gate.ProjectGate"
BARRIER = "crawler.middlewares.project_gate.Barrier"
PAGES_SEEN = {("site.test", path) for path in ("/", "/a", "/files/a.bin")}
REFUSED_STARTS = {
    "gate set to None": f'DOWNLOADER_MIDDLEWARES = {{"{GATE}": None}}',
    "barrier set to None": f'DOWNLOADER_MIDDLEWARES = {{"{BARRIER}": None}}',
    "own download handler": 'DOWNLOAD_HANDLERS = {"http": "scrapy.core.downloader.handlers.H2DownloadHandler"}',
    "handler for a scheme of its own": 'DOWNLOAD_HANDLERS = {"shop": "shop.other.Handler"}',
    "scrapy-playwright": (
        'DOWNLOAD_HANDLERS = {"https": "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler", '
        '"http": "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"}'
    ),
    "certificates unchecked": "DOWNLOAD_VERIFY_CERTIFICATES = False",
    "own resolver": 'TWISTED_DNS_RESOLVER = "shop.resolver.Loopback"',
    "cookies": "COOKIES_ENABLED = True",
    "HTTP cache": "HTTPCACHE_ENABLED = True",
    "telnet": "TELNETCONSOLE_ENABLED = True",
    "remote control": "REMOTE_CONTROL_ENABLED = True",
    "another reactor": 'TWISTED_REACTOR = "twisted.internet.selectreactor.SelectReactor"',
    "a misspelt name of ours": "CLEARCRAWL_OBEY = False",
    "a limit of our own spiders": "CLEARCRAWL_MAX_PAGES = 3",
    "earlier crawls": 'CLEARCRAWL_PREVIOUS = "june"',
}
OTHER = '''
import urllib.request

from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import HtmlResponse

from crawler.middlewares.project_gate import ProjectGate


STOCK = "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"


class NoGate(ProjectGate):
    @classmethod
    def from_crawler(cls, crawler):
        raise NotConfigured


class LateAddon:
    """Runs after ours and takes the gate out again."""

    def update_settings(self, settings):
        settings.set_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", ProjectGate, None)


class LateHandlers:
    def update_settings(self, settings):
        settings.set("DOWNLOAD_HANDLERS", {"http": STOCK}, "cmdline")


class Everything:
    """Takes all out, the gate's own check in its constructor among it."""

    def update_settings(self, settings):
        settings.set("DOWNLOADER_MIDDLEWARES", {}, "cmdline")
        settings.set("DOWNLOAD_HANDLERS", {}, "cmdline")


def fetched(request):
    asked = urllib.request.Request(request.url.replace("site.test", "127.0.0.1"), headers={"Host": "site.test"})
    with urllib.request.urlopen(asked) as answer:
        return HtmlResponse(request.url, body=b"<title>x</title>" + answer.read())


class Fetches:
    """A downloader middleware that fetches by itself."""

    def process_request(self, request):
        return fetched(request) if "is_start_request" in request.meta else None


class FetchesSiteFiles:
    def process_request(self, request):
        return HtmlResponse(request.url, body=b"User-agent: *\\nAllow: /\\n") if "/robots" in request.url else None


class FetchesRefused:
    """Answers with a page of its own where the gate refused."""

    def process_exception(self, request, exception):
        return HtmlResponse(request.url, body=b"<title>forged</title>")


class FillsRefused:
    """Fills the refused answer again on its way to the engine."""

    def process_response(self, request, response):
        return response if response.body else HtmlResponse(request.url, body=b"<title>forged</title>")


class Swaps:
    """Sends another URL under the verdict of the one that was judged."""

    def process_request(self, request):
        if "/a" in request.url:
            request._url = request.url.replace("/a", "/denied")


class Posts:
    def process_request(self, request):
        request.method = "POST"


class Proxies:
    def process_request(self, request):
        request.meta["proxy"] = "http://127.0.0.1:9"


class Speaks:
    """Puts back after the gate what the gate took off."""

    def process_request(self, request):
        request.headers["Cookie"] = "a=b"
        request.headers["User-Agent"] = "Mozilla/5.0"


class Signals:
    """Fails in every signal handler."""

    @classmethod
    def from_crawler(cls, crawler):
        from scrapy import signals

        made = cls()
        for name in ("spider_opened", "engine_started", "response_received", "spider_idle", "spider_closed"):
            crawler.signals.connect(made.fail, signal=getattr(signals, name))
        return made

    def fail(self):
        raise RuntimeError("a signal handler failed")


class Fails:
    """A pipeline that fails."""

    def process_item(self, item):
        raise RuntimeError("a pipeline failed")
'''


def crawl(lab: Lab, web: ScriptedWeb, more: str, spider: str = "shop", *arguments: str) -> tuple[Project, Ended, str]:
    """Crawl the shop with a project that has something more in its settings."""
    seed = shop(web)
    project = Project(lab, more=more + "\n")
    project.add("other", OTHER)
    project.out = project.folder / "crawls" / spider
    return project, project.crawl(spider, seed, *arguments), seed


def stored(project: Project) -> bytes:
    """Everything that the pages files hold."""
    return b"".join(record.block for record in records_of(project.out, "pages"))


@pytest.mark.parametrize("way", REFUSED_STARTS)
def test_a_setting_that_weakens_the_gate(way: str) -> None:
    """Each one alone is named, whether the project chose it or the command line."""
    line = REFUSED_STARTS[way]
    chosen: dict[str, object] = {}
    exec(line, chosen)  # noqa: S102 - a line of a settings module, written above
    for priority in ("project", "spider", "cmdline"):
        settings = Settings()
        for name in chosen.keys() - {"__builtins__"}:
            settings.set(name, chosen[name], priority=priority)
        with pytest.raises(SettingsError, match=named(line).replace(".", r"\.")):
            fit(settings)


@pytest.mark.parametrize("way", ["gate set to None", "own download handler"])
def test_a_start_that_is_refused(lab: Lab, web: ScriptedWeb, way: str) -> None:
    """A weakened setting: status 1, a message with its name, no request, no crawl folder."""
    line = REFUSED_STARTS[way]
    project, ended, _ = crawl(lab, web, line)
    assert ended.code == 1, ended.text
    assert named(line) in ended.text
    assert "nothing was started" in ended.text
    assert len(web.log) == 0
    assert not project.out.exists()


def named(line: str) -> str:
    """What the message has to name."""
    return line.split('"')[1] if "MIDDLEWARES" in line else line.split(" ", maxsplit=1)[0]


def test_stronger_and_replaced_settings_pass() -> None:
    """A project may be stricter, and may say what it likes of parts that are replaced; what was done is answered."""
    settings = Settings()
    for name, value in {"DOWNLOAD_TLS_MIN_VERSION": "TLSv1.3", "ROBOTSTXT_OBEY": True, "RETRY_ENABLED": False}.items():
        settings.set(name, value, priority="project")
    off = fit(settings)
    assert settings["DOWNLOAD_TLS_MIN_VERSION"] == "TLSv1.3"
    assert any(one.startswith("scrapy.downloadermiddlewares.robotstxt") for one in off)
    assert not [one for one in off if one.startswith("DOWNLOAD_TLS_MIN_VERSION")]


@pytest.mark.parametrize("way", ["LateAddon", "LateHandlers", "Everything", "NoGate"])
def test_a_gate_that_another_component_takes_out(lab: Lab, web: ScriptedWeb, way: str) -> None:
    """By an add-on that runs later, or by ``NotConfigured``: nothing is fetched, status 1."""
    more = f'ADDONS["shop.other.{way}"] = 200'
    if way == "NoGate":
        more = f'DOWNLOADER_MIDDLEWARES = {{"{GATE}": None, "shop.other.NoGate": 10000}}'
    _, ended, _ = crawl(lab, web, more)
    assert ended.code == 1, ended.text
    assert len(web.log) == 0, ended.text


@pytest.mark.parametrize("place", [50, 20_000])
@pytest.mark.parametrize("way", ["Fetches", "FetchesSiteFiles"])
def test_a_middleware_that_answers_by_itself(lab: Lab, web: ScriptedWeb, way: str, place: int) -> None:
    """On either side of the gate: the spider gets nothing of it, nothing is stored, the crawl stops with findings."""
    project, ended, seed = crawl(lab, web, f'DOWNLOADER_MIDDLEWARES = {{"shop.other.{way}": {place}}}')
    assert ended.code == 1, ended.text
    assert stored(project) == b""
    assert project.items() == {}
    file = crawl_file(project.out)
    assert (file["finish_reason"], file["exit_code"]) == ("gate_bypassed", 1)
    finding = next(entry for entry in log_entries(project.out) if entry["type"] == "finding")
    assert finding["body"]["kind"] == "gate_bypassed"
    assert seed.rstrip("/") in finding["body"]["detail"]


@pytest.mark.parametrize("way", ["FetchesRefused", "FillsRefused"])
def test_a_middleware_that_mends_a_refusal(lab: Lab, web: ScriptedWeb, way: str) -> None:
    """What is put in the place of a refused page reaches neither the spider nor the store."""
    project, ended, seed = crawl(lab, web, f'DOWNLOADER_MIDDLEWARES = {{"shop.other.{way}": 500}}')
    assert b"forged" not in stored(project), ended.text
    assert not [item for item in project.items().values() if item["title"] == "forged"]
    check_rows(project.out)
    assert by_url(project.out).get(seed + "denied", {"verdict": "deny"})["verdict"] == "deny"
    if way == "FetchesRefused":
        assert crawl_file(project.out)["exit_code"] == 1
        assert ended.code == 1


@pytest.mark.parametrize("way", ["Swaps", "Posts", "Proxies"])
def test_a_request_changed_behind_the_gate(lab: Lab, web: ScriptedWeb, way: str) -> None:
    """URL, method or proxy: the download handler refuses what the gate did not see, and the crawl stops."""
    project, ended, _ = crawl(lab, web, f'DOWNLOADER_MIDDLEWARES = {{"shop.other.{way}": 20000}}')
    assert ended.code == 1, ended.text
    assert crawl_file(project.out)["finish_reason"] == "gate_bypassed"
    assert "/denied" not in web.log.targets("site.test")
    assert {one.method for one in web.log} <= {"GET"}
    check_rows(project.out)


def test_fields_put_back_behind_the_gate(lab: Lab, web: ScriptedWeb) -> None:
    """They never leave: what the gate chose is what is sent."""
    project, ended, _ = crawl(lab, web, 'DOWNLOADER_MIDDLEWARES = {"shop.other.Speaks": 20000}')
    assert ended.code == 0, ended.text
    assert {(one.host, one.target) for one in web.log} > {*PAGES_SEEN, ("site.test", "/robots.txt")}
    for one in web.log:
        names = {name.lower(): value for name, value in one.headers}
        assert "cookie" not in names
        assert names["user-agent"].startswith("LabBot/")
    check_rows(project.out)


def test_no_key_of_meta_opens_the_gate(lab: Lab, web: ScriptedWeb) -> None:
    """``dont_obey_robotstxt``: the page is refused as ever, and the attempt is a finding of the crawl."""
    project, ended, seed = crawl(lab, web, "", "meta")
    assert ended.code == 1, ended.text
    rows = by_url(project.out)
    assert rows[seed + "denied"]["reason"] == "robots_disallow"
    assert rows[seed + "a"]["verdict"] == "allow"
    assert "/denied" not in web.log.targets("site.test")
    file = crawl_file(project.out)
    assert (file["finish_reason"], file["exit_code"]) == ("finished", 1)
    finding = next(entry for entry in log_entries(project.out) if entry["type"] == "finding")
    assert finding["body"] == {"kind": "dont_obey_robotstxt", "detail": seed + "denied"}


def test_errors_in_signal_handlers(lab: Lab, web: ScriptedWeb) -> None:
    """Handlers that fail change nothing: rows, records and the end are all there."""
    project, ended, seed = crawl(lab, web, 'EXTENSIONS = {"shop.other.Signals": 10}')
    assert "a signal handler failed" in ended.text
    assert crawl_file(project.out)["finish_reason"] == "finished"
    assert by_url(project.out)[seed]["verdict"] == "allow"
    check_rows(project.out)


def test_errors_in_pipelines(lab: Lab, web: ScriptedWeb) -> None:
    """Items are lost, rows are not."""
    project, _, seed = crawl(lab, web, 'ITEM_PIPELINES = {"shop.other.Fails": 10}')
    assert project.items() == {}
    assert by_url(project.out)[seed + "a"]["verdict"] == "allow"
    check_rows(project.out)


def test_a_ledger_that_cannot_write(lab: Lab, web: ScriptedWeb) -> None:
    """The first failure stops the crawl; no page reaches the spider that could not be recorded; status 1."""
    seed = shop(web)
    project = Project(lab)
    (project.folder / "sitecustomize.py").write_text(
        "import crawler.storage.warc_files as files\n"
        "files.os.fsync = lambda _: (_ for _ in ()).throw(OSError(28, 'No space left on device'))\n"
    )
    ended = project.crawl("shop", seed)
    assert ended.code == 1, ended.text
    assert project.items() == {}
    assert "No space left" in ended.text
    assert len(web.log) < 5


def test_the_folder_is_taken(lab: Lab, web: ScriptedWeb) -> None:
    """Two crawls on one folder: the second one is refused before its first request."""
    seed = shop(web)
    web.host("site.test").set("/a", html("slow", headers=()))
    project = Project(lab)
    (project.folder / "hold.py").write_text(
        "import sys, time, pathlib\nfrom crawler.storage.layout import Folder\nfrom crawler.storage.lock import lock\n"
        f"folder = Folder.create(pathlib.Path({json.dumps(str(project.out))}))\nlock(folder)\n"
        "print('held', flush=True)\ntime.sleep(60)\n"
    )
    holder = project.spawn([sys.executable, "hold.py"])
    assert holder.stdout.readline() == "held\n"
    ended = project.crawl("shop", seed)
    assert ended.code == 1, ended.text
    assert str(project.out) in ended.text
    assert len(web.log) == 0
