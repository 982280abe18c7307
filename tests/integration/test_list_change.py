"""Blocklists that change while a crawl runs: what is not sent obeys the new state; a bad one changes nothing."""

from __future__ import annotations

import gzip
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.integration.findings import by_url, check_rows, crawl_file
from tests.integration.lab import wait
from tests.servers.replies import Reply, html

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

PAGES = 150


def begin(lab: Lab, web: ScriptedWeb, *hosts: str) -> str:
    """Script hosts whose pages take a moment each; answer a file of seeds."""
    lab.policy(politeness={"connections": 2})
    for host in hosts:
        script = web.host(host, Reply(status=404))
        for page in range(PAGES):
            script.set(f"/page/{page}", Reply(body=html(f"<p>{host} {page}</p>").body, delay=0.03))
    return lab.seeds(web.url(host, f"/page/{page}") for page in range(PAGES) for host in hosts)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that is about to happen."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)


def pages_of(web: ScriptedWeb, host: str) -> list[str]:
    """Pages that the server was asked for, site files left out."""
    return [target for target in web.log.targets(host) if target.startswith("/page/")]


def logged(out: Path, kind: str) -> list[dict[str, Any]]:
    """Entries of the log of one type."""
    found = []
    for path in sorted((out / "log").glob("*.jsonl.gz")):
        found += [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return [one for one in found if one.get("type") == kind]


def changes(out: Path) -> list[dict[str, Any]]:
    """Entries that put other lists in force; a new day opens the same ones again."""
    return [one for one in logged(out, "lists") if one["body"]["before"] != one["body"]["digest"]]


def run(lab: Lab, *arguments: str) -> str:
    """Run a command to its end; answer what it printed."""
    ended = wait(lab.spawn([sys.executable, "-m", "crawler", *arguments]))
    assert ended.code == 0, ended.text
    return ended.text


def test_a_list_is_added_while_the_crawl_runs(lab: Lab, web: ScriptedWeb) -> None:
    """Nothing reaches the host once the command is done; rows name the new lists, whose bytes and change are kept."""
    seeds = begin(lab, web, "taken.test", "left.test")
    names = lab.folder / "names.txt"
    names.write_text("# decided today\nleft.test\n")
    crawl = lab.start(seeds)
    until(lambda: len(pages_of(web, "left.test")) > 5, "the crawl asks the host")
    run(
        lab, "blocklist", "add", str(names), "--blocklists", str(lab.blocklists), "--id", "court-1", "--title", "t",
        "--issuer", "i", "--country", "DE", "--kind", "court", "--legal-basis", "b", "--licence", "l",
    )  # fmt: skip
    asked = pages_of(web, "left.test")
    assert len(asked) < PAGES, "the crawl was over before the list was there; give it more pages"
    ended = wait(crawl)
    assert ended.code == 0, ended.text
    assert pages_of(web, "left.test") == asked
    assert len(pages_of(web, "taken.test")) == PAGES

    rows = check_rows(lab.out)
    left = [row for row in rows if "left.test" in row["url"]]
    refused = [row for row in left if row["verdict"] == "deny"]
    assert len(left) == PAGES
    assert len(refused) >= PAGES - len(asked)
    assert {row["reason"] for row in refused} == {"blocklist"}
    named = {(row["blocklist_id"], row["blocklist_entry"], row["blocklist_line"]) for row in refused}
    assert named == {("court-1", "left.test", 2)}

    (change,) = changes(lab.out)
    body = change["body"]
    before = crawl_file(lab.out)["details"]["lists_digest"]
    assert body["before"] == before != body["digest"]
    assert {row["lists_digest"] for row in refused} == {body["digest"]}
    assert {row["lists_digest"] for row in left if row["verdict"] == "allow"} == {before}
    assert {row["lists_digest"] for row in rows if row["seq"] < change["seq"]} == {before}
    assert len({row["config_digest"] for row in rows}) == 2
    kept = {path.name for path in (lab.out / "blocklists").iterdir()}
    assert {digest.replace(":", "-") for digest in body["details"]["list_files"].values()} <= kept
    run(lab, "audit", "replay", str(lab.out))
    assert "line 2: left.test" in run(lab, "audit", "explain", refused[-1]["url"], "--in", str(lab.out))


def test_a_bad_state_changes_nothing(lab: Lab, web: ScriptedWeb) -> None:
    """A catalog that cannot be read neither opens the gate nor ends the crawl; once it is mended, it is in force."""
    lab.block("closed.test")
    seeds = begin(lab, web, "taken.test", "later.test", "closed.test")
    crawl = lab.start(seeds)
    until(lambda: len(pages_of(web, "later.test")) > 3, "the crawl asks the host")
    catalog = lab.blocklists / "catalog.toml"
    good = catalog.read_text()
    catalog.write_text(f"{good}\n[[list]]\nid = 1\n")
    reached = len(pages_of(web, "taken.test"))
    until(lambda: len(pages_of(web, "taken.test")) > reached + 5, "the crawl goes on")
    lab.block("closed.test", "later.test")
    catalog.write_text(good)
    ended = wait(crawl)
    assert ended.code == 0, ended.text
    assert web.log.targets("closed.test") == []
    rows = by_url(lab.out)
    assert {row["reason"] for url, row in rows.items() if "closed.test" in url} == {"blocklist"}
    assert any(row["reason"] == "blocklist" for url, row in rows.items() if "later.test" in url)
    refused = logged(lab.out, "lists_refused")
    assert refused
    assert "catalog.toml" in refused[0]["body"]["problem"]
    assert len(changes(lab.out)) == 1


def test_an_edit_by_hand_is_noticed(lab: Lab, web: ScriptedWeb) -> None:
    """A line in local.txt holds within a moment for what still waits."""
    seeds = begin(lab, web, "taken.test", "left.test")
    crawl = lab.start(seeds)
    until(lambda: len(pages_of(web, "left.test")) > 3, "the crawl asks the host")
    lab.block("left.test")
    assert wait(crawl).code == 0
    assert len(pages_of(web, "left.test")) < PAGES
    assert len(changes(lab.out)) == 1
