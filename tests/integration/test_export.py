"""Crawls of real servers, exported and purged: repeats of an earlier crawl are followed, and go with their original."""

from __future__ import annotations

import gzip
import json
import sys
from typing import TYPE_CHECKING, Any

import duckdb

from tests.integration.lab import wait
from tests.servers.replies import Reply, html

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.lab import Ended, Lab
    from tests.servers.replies import Request
    from tests.servers.web import ScriptedWeb

BODY = b"<html><body><a href='/other'>other</a> unchanged since the last visit</body></html>"


def unchanged(request: Request) -> Reply:
    """A packed page with an entity tag."""
    if request.header("If-None-Match") == '"1"':
        return Reply(status=304, headers=(("ETag", '"1"'),))
    headers = (("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("ETag", '"1"'))
    return Reply(status=200, headers=headers, body=gzip.compress(BODY, mtime=0))


def command(lab: Lab, *arguments: str) -> Ended:
    """Run any command to its end."""
    return wait(lab.spawn([sys.executable, "-m", "crawler", *arguments]))


def told(lab: Lab, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command; answer its exit status and its JSON."""
    ended = command(lab, *arguments, "--json")
    return ended.code, json.loads(ended.out)


def contents(out: Path) -> list[tuple[str, bytes]]:
    """Crawl and content of each document."""
    with duckdb.connect() as connection:
        query = "SELECT url_path, content FROM read_parquet(?) ORDER BY fetch_time"
        query = query.replace("url_path", "regexp_extract(url, '[^/]*$')")
        return [(path, bytes(body)) for path, body in connection.execute(query, [f"{out}/data/*"]).fetchall()]


def test_later_crawl(lab: Lab, web: ScriptedWeb) -> None:
    """A page that was not modified is exported with the earlier crawl's body, and missed by name without that crawl."""
    web.host("site.test").set("/", unchanged).set("/other", html("<p>other</p>"))
    first, second = lab.folder / "first", lab.folder / "second"
    assert lab.crawl(web.url("site.test"), out=first).code == 0
    assert lab.crawl(web.url("site.test"), "--previous", str(first), out=second).code == 0
    code, both = told(lab, "export", str(second), str(first), "-o", str(lab.folder / "both"))
    assert (code, both["documents"], both["is_test"]) == (0, 4, True)
    assert [body for path, body in contents(lab.folder / "both") if not path] == [BODY, BODY]
    code, alone = told(lab, "export", str(second), "-o", str(lab.folder / "alone"))
    assert code == 1
    assert alone["left"]["missing_original"] >= 1
    assert {one["kind"] for one in alone["problems"]} == {"missing_original"}
    code, purged = told(
        lab, "purge", str(first), str(second), "--domain", "site.test", "--receipt", str(lab.folder / "receipt")
    )
    assert (code, purged["rows"], purged["unmatched"]) == (0, 4, [])
    assert command(lab, "audit", "verify", str(first), str(second)).code == 0
    code, empty = told(lab, "export", str(second), str(first), "-o", str(lab.folder / "empty"))
    assert (code, empty["documents"], empty["left"]["erased"]) == (0, 0, 4)
