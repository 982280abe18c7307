"""Requests of every form: what is sent, what is refused, and what is on record of a URL that is asked for twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.addon.project import Project, shop
from tests.integration.findings import by_url, check_requests, check_rows, log_entries, records_of
from tests.servers.replies import Reply

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

ERRORS = """
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.spidermiddlewares.httperror import HttpError

from shop.spiders import Odd


class Errors(Odd):
    name = "errors"

    async def start(self):
        for name in ("missing", "cut"):
            yield Request(self.url + name, errback=self.lost)

    def lost(self, failure):
        error = failure.value
        status = error.response.status if isinstance(error, HttpError) else None
        self.logger.info("LOST %s %s %s", type(error).__name__, status, isinstance(error, IgnoreRequest))
"""


def test_forms_of_requests(lab: Lab, web: ScriptedWeb) -> None:
    """GET without a body alone is sent, without credentials; the same URL again passes the gate and adds no row."""
    seed = shop(web)
    project = Project(lab)
    project.out = project.folder / "crawls" / "odd"
    (project.folder / "items.jsonl").unlink(missing_ok=True)
    ended = project.crawl("odd", seed, "-s", "ITEM_PIPELINES={}", "-s", "FEEDS={}")
    assert ended.code == 0, ended.text
    rows = by_url(project.out)
    check_rows(project.out)
    check_requests(project.out, [web.url(one.host, one.target) for one in web.log])
    assert {one.method for one in web.log} == {"GET"}
    first = next(one for one in web.log if one.target == "/a")
    names = {name.lower(): value for name, value in first.headers}
    assert names["accept-language"] == "mt"
    assert names["user-agent"].startswith("LabBot/")
    assert not {"cookie", "authorization", "range", "x-forwarded-for", "referer"} & set(names)
    assert rows[seed + "form"]["reason"] == "request_refused"
    assert rows[seed + "form"]["verdict"] == "deny"
    assert rows[seed + "b"]["verdict"] == "allow"  # the refused HEAD took nothing from the GET
    assert rows[seed + "denied"]["reason"] == "robots_disallow"
    assert web.log.targets("site.test").count("/a") == 2
    assert "/denied" not in web.log.targets("site.test")
    repeats = [entry["body"] for entry in log_entries(project.out) if entry["type"] == "repeat"]
    assert [(one["url"], one["verdict"]) for one in repeats] == [(seed + "a", "allow")]
    assert repeats[0]["content_digest"] == rows[seed + "a"]["content_digest"]
    evidence = {record.fields["WARC-Record-ID"].strip("<>"): record for record in records_of(project.out, "evidence")}
    assert evidence[repeats[0]["record_id"]].fields["WARC-Type"] == "metadata"
    refused = {entry["body"]["reason"] for entry in log_entries(project.out) if entry["type"] == "url_refused"}
    assert refused == {"scheme_refused", "userinfo_refused"}
    lost = [line.split("LOST ")[1] for line in ended.text.splitlines() if "LOST" in line]
    assert any(line.startswith(f"{seed}denied RefusedError: robots_disallow") for line in lost)
    assert any(line.startswith(f"{seed}denied RefusedError: refused_before") for line in lost)
    assert any(line.startswith(f"{seed}form RefusedError: request_refused") for line in lost)


def test_errbacks_get_what_scrapy_would_give(lab: Lab, web: ScriptedWeb) -> None:
    """A status is an HttpError with its response, a failure of the network is Scrapy's own exception."""
    seed = shop(web)
    project = Project(lab, more='CLEARCRAWL_OUT = "elsewhere"\n')
    project.out = project.folder / "elsewhere"
    project.add("more", ERRORS)
    web.host("site.test").set("/cut", Reply(action="close"))
    more = ("-s", "SPIDER_MODULES=shop.more", "-s", "ITEM_PIPELINES={}", "-s", "FEEDS={}", "-s", "RETRY_TIMES=1")
    ended = project.crawl("errors", seed, *more)
    assert ended.code == 0, ended.text
    assert "LOST StatusRefusedError 404 True" in ended.text
    assert web.log.targets("site.test").count("/cut") == 2
    rows = by_url(project.out)
    assert rows[seed + "cut"]["verdict"] == "defer"
    assert rows[seed + "cut"]["reason"] == "connection_error"
    check_rows(project.out)
