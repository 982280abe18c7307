"""What sites say in prose waits for a person with its quote, and changes no verdict."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING

from tests.integration.findings import by_url
from tests.integration.lab import wait
from tests.servers.replies import html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

ROBOTS = """# Legal notice: we reserve the use of our pages for
# commercial text and data mining (§ 44b UrhG).
User-agent: *
Disallow: /private
"""
TERMS = "<h1>Terms</h1><p>Welcome.</p><p>You may not use our articles to train artificial intelligence.</p>"


def test_quotes_wait_for_a_person(lab: Lab, web: ScriptedWeb) -> None:
    """A comment of robots.txt and a sentence of the terms become a worksheet; other pages are left alone."""
    host = web.host("press.test", text("", status=404)).set("/robots.txt", text(ROBOTS))
    host.set("/", html('<a href="/terms-of-use">terms</a><a href="/news">news</a>')).set("/terms-of-use", html(TERMS))
    host.set("/news", html("<p>A company trained an AI with text and data mining.</p>"))
    ended = lab.crawl(web.url("press.test", "/"))
    assert ended.code == 0, ended.text
    assert {row["verdict"] for row in by_url(lab.out).values()} == {"allow"}

    sheet = lab.folder / "sheet.csv"
    command = [sys.executable, "-m", "crawler", "audit", "query", str(lab.out), "prose", "-o", str(sheet)]
    asked = wait(lab.spawn(command))
    assert asked.code == 0, asked.text
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    robots, terms = sorted(rows, key=lambda row: row["url"])
    assert robots["url"].endswith("/robots.txt")
    assert (robots["line"], robots["topics"]) == ("1", "mining, law")
    assert "commercial text and data mining (§ 44b UrhG)" in robots["quote"]
    assert (terms["url"], terms["topics"]) == (web.url("press.test", "/terms-of-use"), "ai_training")
    assert "You may not use our articles" in terms["quote"]
    assert {(row["decision"], row["decided_by"]) for row in rows} == {("", "")}
    state = wait(lab.spawn([sys.executable, "-m", "crawler", "status", str(lab.out), "--json"]))
    assert json.loads(state.out)["quotes_for_people"] == 2
