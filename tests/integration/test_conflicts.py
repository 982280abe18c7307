"""A site that says two things: the strictest holds, both stand in the row, and the conflict is found and ranked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawler.audit.database import Database
from crawler.audit.queries import query_named
from tests.integration.findings import by_url
from tests.servers.replies import html, text

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

GRANT = "User-agent: *\nAllow: /\nContent-Signal: search=yes, ai-train=yes\n"


def test_conflicts_are_ranked_by_octets(lab: Lab, web: ScriptedWeb) -> None:
    """Two sites grant in robots.txt what their pages reserve; the larger pages come first; agreement is no conflict."""
    pages = {"large.test": 50, "small.test": 1}
    for name, size in pages.items():
        words = "<p>words</p>" * size * 20
        page = html(f'<html><head><meta name="robots" content="noai"></head><body>{words}</body></html>')
        web.host(name, page).set("/robots.txt", text(GRANT))
    web.host("agreed.test", html("<p>welcome</p>")).set("/robots.txt", text(GRANT))
    names = [*pages, "agreed.test"]
    ended = lab.crawl(lab.seeds(web.url(name, "/") for name in names), "--json")
    assert ended.code == 0, ended.text
    told = json.loads(ended.out)
    assert (told["conflicts"], told["site_requests"]) == (2, sum(one.target != "/" for one in web.log))
    rows = by_url(lab.out)
    verdicts = {name: rows[web.url(name, "/")]["verdict"] for name in names}
    assert verdicts == {"large.test": "deny", "small.test": "deny", "agreed.test": "allow"}
    with Database.open([lab.out]) as opened:
        (found,) = opened.rows(query_named("conflicts").sql)
    assert (found["use"], found["applied"], found["overruled"]) == ("train-genai", "reserved", "allowed")
    assert (found["hosts"], found["urls"], found["denied"]) == (2, 2, 2)
    assert found["strict_protocols"] != found["overruled_protocols"] == "content-signals"
    assert found["bytes_at_stake"] == sum(rows[web.url(name, "/")]["bytes_fetched"] for name in pages)
