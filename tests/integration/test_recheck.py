"""Sites of an ended crawl asked again: what they reserve since is listed, purged, and proven to be gone."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from crawler.provenance.removals import read_removals
from tests.integration.lab import wait
from tests.servers.replies import Reply, html

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

LINKS = html("<a href='/a'>a</a><a href='/b'>b</a><a href='/c'>c</a>")


def told(lab: Lab, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command; answer its exit status and its JSON."""
    ended = wait(lab.spawn([sys.executable, "-m", "crawler", *arguments, "--json"]))
    assert ended.out, ended.err
    return ended.code, json.loads(ended.out)


def recheck(lab: Lab, out: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Ask again."""
    folders = ["--policies", str(lab.policies), "--blocklists", str(lab.blocklists)]
    return told(lab, "recheck", str(lab.out), "-o", str(out), *folders, *arguments)


def test_revoked(lab: Lab, web: ScriptedWeb) -> None:
    """Robots rules, lists, site files and pages that say no since are listed with a reason; purge removes them."""
    for host in ("rules.test", "listed.test", "tdm.test", "meta.test", "same.test"):
        web.host(host).set("/", LINKS if host == "rules.test" else html(f"<p>{host}</p>"))
        for path in ("/a", "/b", "/c"):
            web.host(host).set(path, html(f"<p>{host}{path}</p>"))
    hosts = ("rules.test", "listed.test", "tdm.test", "meta.test", "same.test")
    assert lab.crawl(*(web.url(host) for host in hosts)).code == 0
    asked = len(list(web.log))
    code, same = recheck(lab, lab.folder / "none")
    assert (code, same["outcomes"]["stands"], same["revocations"]) == (0, 8, None)
    pages = {"/", "/a", "/b", "/c"}
    assert not [one for one in list(web.log)[asked:] if one.target in pages]  # site files alone were asked for

    web.host("rules.test").set("/robots.txt", Reply(body=b"User-agent: *\nDisallow: /a\n"))
    web.host("tdm.test").set(
        "/.well-known/tdmrep.json",
        Reply(headers=(("Content-Type", "application/json"),), body=b'[{"location": "/", "tdm-reservation": 1}]'),
    )
    web.host("meta.test").set("/", html("<p>no</p>", headers=(("tdm-reservation", "1"),)))
    lab.block("listed.test")
    code, first = recheck(lab, lab.folder / "first.jsonl")
    assert (code, first["outcomes"]["revoked"], first["outcomes"]["stands"]) == (1, 3, 5)
    assert first["reasons"] == {"robots_disallow": 1, "blocklist": 1, "optout_reserved": 1}
    code, second = recheck(lab, lab.folder / "second.jsonl", "--pages")
    assert (code, second["outcomes"]["revoked"]) == (1, 4)
    removals = read_removals("second", (lab.folder / "second.jsonl").read_bytes())
    assert {one.value.split("/")[2].split(":")[0] for one in removals} == {
        *("rules.test", "listed.test", "tdm.test", "meta.test"),
    }
    assert next(one for one in removals if one.reason == "robots_disallow").basis.endswith("Disallow: /a")

    code, purged = told(
        lab, "purge", str(lab.out), "--revocations", str(lab.folder / "second.jsonl"), "--receipt",
        str(lab.folder / "receipt"),
    )  # fmt: skip
    assert (code, purged["rows"], purged["unmatched"]) == (0, 4, [])
    assert purged["crawls"][0]["reasons"]["robots_disallow"] == 1
    code, after = recheck(lab, lab.folder / "after", "--pages")
    assert (code, after["pages"], after["outcomes"]["stands"]) == (0, 4, 4)


def test_undecided(lab: Lab, web: ScriptedWeb) -> None:
    """A site that does not answer has revoked nothing: undecided, exit 3, no list; a page of two crawls is one page."""
    web.host("site.test").set("/", html("<p>page</p>"))
    assert lab.crawl(web.url("site.test")).code == 0
    assert lab.crawl(web.url("site.test"), out=lab.folder / "again").code == 0
    web.host("site.test").set("/robots.txt", Reply(status=503))
    code, found = recheck(lab, lab.folder / "list", str(lab.folder / "again"))
    assert (code, found["pages"], found["outcomes"]["undecided"]) == (3, 1, 1)
    assert not (lab.folder / "list").exists()
