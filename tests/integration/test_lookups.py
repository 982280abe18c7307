"""Look-up services: off by default; when on, every file is asked about, and only a readable answer lets it be kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from tests.integration.findings import by_url, check_rows, kept
from tests.servers.replies import Reply, html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.replies import Request
    from tests.servers.web import ScriptedWeb

RESERVED = {"use": "train-genai", "preference": "reserved", "evidence": "https://registry.example/1"}
ANSWERS = {
    "/free": Reply(body=b'{"statements": []}'),
    "/unknown": Reply(status=404, body=b"nothing registered"),
    "/reserved": Reply(body=json.dumps({"statements": [RESERVED]}).encode()),
    "/allowed": Reply(body=json.dumps({"statements": [RESERVED | {"preference": "allowed"}]}).encode()),
    "/broken": Reply(status=500, body=b"{}"),
    "/refused": Reply(status=403, body=b"{}"),
    "/page": Reply(body=b"<html><body>Log in</body></html>", headers=(("Content-Type", "text/html"),)),
    "/odd": Reply(body=b'{"statements": [{"use": "everything", "preference": "reserved"}]}'),
}
KEPT = {"/free", "/unknown", "/allowed"}


def _answer(request: Request) -> Reply:
    """Answer by the page that is asked about; the digest has to be there."""
    query = parse_qs(request.target.partition("?")[2])
    assert query["digest"][0].startswith("sha256:")
    assert query["key"] == ["7"]
    return ANSWERS["/" + query["url"][0].rsplit("/", 1)[1]]


def _site(web: ScriptedWeb) -> list[str]:
    site = web.host("site.test").set("/robots.txt", text("User-agent: *\nAllow: /\n"))
    for path in ANSWERS:
        site.set(path, html(f"<p>{path}"))
    web.host("bridge.test").set("/look-up", _answer)
    return [web.url("site.test", path) for path in ANSWERS]


def test_on(lab: Lab, web: ScriptedWeb) -> None:
    """What is registered is left; so is everything of which the service did not say readably that it is not."""
    pages = _site(web)
    lab.policy(lookups={"tdm-ai": web.url("bridge.test", "/look-up?key=7")}, unread={"retries": 0})
    ended = lab.crawl(lab.seeds(pages))
    assert ended.code == 0, ended.text
    assert kept(lab.out) == {web.url("site.test", path) for path in KEPT}
    rows = by_url(lab.out)
    for path in ANSWERS:
        row = rows[web.url("site.test", path)]
        unread = {one["protocol"] for one in row["statements_unread"]}
        if path == "/reserved":
            assert (row["verdict"], row["reason"]) == ("deny", "optout_reserved")
            (said,) = [one for one in row["statements"] if one["protocol"] == "tdm-ai"]
            assert said["layer"] == "asset"
            assert said["source_url"].startswith(web.url("bridge.test", "/look-up?key=7&url=http"))
            assert "registry.example" in said["value"]
        elif path in KEPT:
            assert row["verdict"] == "allow"
            assert "tdm-ai" not in unread
        elif path != "/odd":
            assert (row["verdict"], row["reason"]) == ("deny", "site_file_unread"), path
            assert "tdm-ai" in unread
    assert rows[web.url("site.test", "/odd")]["verdict"] == "deny"
    check_rows(lab.out)


def test_off_by_default(lab: Lab, web: ScriptedWeb) -> None:
    """Nobody learns what is crawled unless the policy names an address."""
    pages = _site(web)
    assert lab.crawl(lab.seeds(pages)).code == 0
    assert len(kept(lab.out)) == len(pages)
    assert web.log.targets("bridge.test") == []


def test_unreachable_service(lab: Lab, web: ScriptedWeb) -> None:
    """A service that is not there, or that the gate refuses, holds everything back."""
    pages = _site(web)[:2]
    lab.block("listed.test")
    slots = {"iscc": "http://listed.test/look-up", "do-not-train": "http://nowhere.test:1/look-up"}
    lab.policy(lookups=slots, unread={"retries": 0})
    ended = lab.crawl(lab.seeds(pages))
    assert ended.code == 0, ended.text
    assert kept(lab.out) == set()
    for row in by_url(lab.out).values():
        assert {one["protocol"] for one in row["statements_unread"]} == set(slots)
