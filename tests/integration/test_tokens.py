"""Tokens of kept pages, where the policy names a tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.findings import by_url, crawl_file
from tests.servers.replies import html
from tests.test_tokenizers import tiny

if TYPE_CHECKING:
    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb


def test_tokens_of_pages(web: ScriptedWeb, lab: Lab) -> None:
    """Columns of a kept page hold the count and the tokenizer; rows of no text and refused ones hold neither."""
    web.host(
        "site.test", html("<html><head><title>no</title></head><body><script>none()</script><p>One two <b>three</b>")
    )
    identity = tiny(lab.policies)
    lab.policy(facts={"tokenizer": "tiny.json"})
    url = web.url("site.test")
    ended = lab.crawl(url, web.url("gone.test"), "--list")
    assert ended.code == 0, ended.text
    rows = by_url(lab.out)
    assert (rows[url]["tokens"], rows[url]["tokenizer_id"]) == (3, identity)
    assert {(row["tokens"], row["tokenizer_id"]) for name, row in rows.items() if name != url} <= {(None, None)}
    assert crawl_file(lab.out)["details"]["tokenizer"] == identity
    lab.policy(facts={"tokenizer": "gone.json"})
    ended = lab.crawl(url, "--list")
    assert (ended.code, "gone.json: cannot be read" in ended.err, "Traceback" in ended.text) == (2, True, False)
