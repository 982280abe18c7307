"""A crawl and a check that sign what they send: every request on the wire verifies, and nothing else changes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from crawler.signing.identity import directory_keys, key_directory
from tests.integration.findings import kept
from tests.integration.lab import wait
from tests.servers.replies import html, text
from tests.signing.rfc9421 import verify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.integration.lab import Lab
    from tests.servers.log import Exchange
    from tests.servers.web import ScriptedWeb

AGENT = "https://crawl.lab.test"


def _verified(exchanges: Sequence[Exchange], keys: Path) -> int:
    directory = key_directory(directory_keys(keys))
    for one in exchanges:
        headers = dict(one.headers)
        found = {name.lower(): value for name, value in headers.items()}
        assert found["signature-agent"] == f'sig1="{AGENT}"'
        verify(one.method, f"http://{found['host']}{one.target}", headers, directory)
    return len(exchanges)


def test_crawl(lab: Lab, web: ScriptedWeb) -> None:
    """Pages, robots.txt and all other site files carry a signature that an independent implementation accepts."""
    lab.policy(publication={"signature_agent": AGENT})
    web.host("one.test", html("<p>x</p>")).set("/", html("<a href='/a'>a</a>")).set("/robots.txt", text(""))
    keys = lab.folder / "keys"
    ended = wait(lab.spawn(lab.command(web.url("one.test")), CLEARCRAWL_KEYS=str(keys)))
    assert ended.code == 0, ended.text
    assert len(kept(lab.out)) == 2
    assert _verified(list(web.log), keys) > 4
    details = json.loads((lab.out / "crawl.json").read_text())["details"]
    assert details["requests_signed"]["agent"] == AGENT


def test_check(lab: Lab, web: ScriptedWeb) -> None:
    """Single questions outside of Scrapy sign as a crawl does."""
    lab.policy(publication={"signature_agent": AGENT})
    web.host("one.test", html("<p>x</p>"))
    keys = lab.folder / "keys"
    folders = ["--policies", str(lab.policies), "--blocklists", str(lab.blocklists)]
    command = [sys.executable, "-m", "crawler", "check", web.url("one.test"), *folders]
    ended = wait(lab.spawn(command, CLEARCRAWL_KEYS=str(keys)))
    assert ended.code == 0, ended.text
    assert _verified(list(web.log), keys) > 4


def test_unsigned(lab: Lab, web: ScriptedWeb) -> None:
    """Off by default: no field of a signature leaves."""
    web.host("one.test", html("<p>x</p>"))
    assert lab.crawl(web.url("one.test")).code == 0
    assert all("signature" not in name.lower() for one in web.log for name, _ in one.headers)


def test_refused(lab: Lab, web: ScriptedWeb) -> None:
    """An agent that is no https origin stops the start, with file and key."""
    lab.policy(publication={"signature_agent": "http://x.test/path"})
    ended = lab.crawl(web.url("one.test"))
    assert ended.code == 2
    assert "publication.signature_agent" in ended.err
