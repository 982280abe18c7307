"""``clearcrawl check``: the same verdicts as a crawl, told carrier by carrier."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from crawler import __version__
from crawler.asking.pages import Asker
from crawler.demo.folders import write_folders
from crawler.demo.web import DemoWeb
from crawler.optout.registry import READERS
from crawler.policy.gate import Gate
from crawler.storage.blocklists import open_blocklists
from crawler.storage.policies import open_policy
from crawler.storage.suffixes import bundled_suffixes
from tests.demo_run import clearcrawl
from tests.integration.lab import Lab
from tests.servers.replies import Reply
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

NEEDS_A_CRAWL = frozenset({"too_many_redirects", "redirect_loop"})
"""Reasons that a chain, not a URL, has; asked for below by their first hop."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoWeb, Path]]:
    """The demo web, and the folders under which it is asked."""
    root = tmp_path_factory.mktemp("check")
    write_folders(root)
    with DemoWeb(readers=[reader.id for reader in READERS]) as web:
        yield web, root


def _check(root: Path, *arguments: str, **environment: str) -> CompletedProcess[str]:
    folders = ["--policies", str(root / "policies"), "--blocklists", str(root / "blocklists")]
    return clearcrawl("check", *folders, *arguments, **environment)


def _hops(root: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    done = _check(root, "--json", *arguments)
    assert done.stderr == ""
    hops: list[dict[str, Any]] = json.loads(done.stdout)["urls"][0]["hops"]
    return done.returncode, hops


def test_decides_as_a_crawl_does(served: tuple[DemoWeb, Path]) -> None:
    """Every URL of the demo gets the verdict that a crawl must give it, and nothing is asked that must not be."""
    web, root = served
    suffixes = bundled_suffixes()
    policy = open_policy(root / "policies", tool_version=__version__, suffixes=suffixes).policy
    today = datetime.now(UTC).date()
    lists = open_blocklists(root / "blocklists", today=today, ages=policy.blocklists, suffixes=suffixes)
    gate = Gate(policy, lists.matcher, suffixes)
    asker = Asker(gate, pause=lambda _seconds: None)
    wrong = []
    for site in web.sites:
        for one in site.expected:
            if one.has_row and not NEEDS_A_CRAWL & set(one.reasons):
                decision = next(asker.judge(web.url(site.host, one.path))).decision
                if (decision.verdict == "allow") != one.is_kept or decision.reason not in one.reasons:
                    wrong.append((site.host, one.path, decision.reason))
    assert wrong == []
    assert web.wrongly_asked() == ()
    assert {asked.user_agent for asked in web.log} == {policy.identity.user_agent}


@pytest.mark.parametrize(
    ("host", "path", "code", "verdict"),
    [("harbour.test", "/", 0, "allow"), ("closed.test", "/", 1, "deny"), ("busy.test", "/", 3, "defer")],
)
def test_exit_status(served: tuple[DemoWeb, Path], host: str, path: str, code: int, verdict: str) -> None:
    """0 allow, 1 deny, 3 defer."""
    web, root = served
    found, hops = _hops(root, web.url(host, path))
    assert (found, hops[-1]["verdict"]) == (code, verdict)


def test_strictest_of_several_decides_the_exit_status(served: tuple[DemoWeb, Path]) -> None:
    """One refusal outranks a wait, a wait outranks permission."""
    web, root = served
    urls = [web.url(host, "/") for host in ("harbour.test", "busy.test", "closed.test")]
    assert _check(root, *urls).returncode == 1
    assert _check(root, *urls[:2]).returncode == 3


def test_found_absent_and_not_fetched_are_told_apart(served: tuple[DemoWeb, Path]) -> None:
    """The head decides before the body: what was not looked at is not called absent."""
    web, root = served
    _, (hop,) = _hops(root, web.url("headers.test", "/essay"))
    states = {(line["protocol"], line["carrier"]): line["state"] for line in hop["lines"]}
    assert states["robots.txt", "/robots.txt"] == "found"
    assert states["tdmrep", "/.well-known/tdmrep.json"] == "absent"
    assert states["tdmrep", "response head"] == "found"
    assert states["tdmrep", "HTML"] == "not fetched"
    (decisive,) = [line for line in hop["lines"] if line["decides"]]
    assert decisive["literal"] == "tdm-reservation: 1"
    assert decisive["meaning"] == "training of generative AI: reserved"


def test_redirects_are_judged_hop_by_hop(served: tuple[DemoWeb, Path]) -> None:
    """Each hop has its own verdict; the last one counts."""
    web, root = served
    code, hops = _hops(root, web.url("redirects.test", "/chain/2"))
    assert [hop["reason"] for hop in hops] == ["redirect", "redirect", "unknown_allowed"]
    assert code == 0
    code, hops = _hops(root, web.url("redirects.test", "/to-closed"))
    assert [hop["reason"] for hop in hops] == ["redirect", "robots_disallow"]
    assert code == 1
    assert _hops(root, web.url("redirects.test", "/loop/a"))[1][-1]["reason"] == "redirect_loop"
    assert _hops(root, web.url("redirects.test", "/long/1"))[1][-1]["reason"] == "too_many_redirects"


def test_blocked_host_is_not_asked(served: tuple[DemoWeb, Path]) -> None:
    """Not even robots.txt; the entry is quoted, and the text does not list what nobody looked at."""
    web, root = served
    done = _check(root, web.url("blocked.test", "/"))
    assert done.returncode == 1
    assert "line 2: blocked.test" in done.stdout
    assert "HTML" not in done.stdout
    assert not [asked for asked in web.log if asked.host == "blocked.test"]


@pytest.mark.parametrize("columns", [80, 160])
def test_text_fits_the_terminal(served: tuple[DemoWeb, Path], columns: int) -> None:
    """One line a carrier, literal values below; within the width, and without colour where there is no terminal."""
    web, root = served
    done = _check(root, web.url("metas.test", "/summer"), COLUMNS=str(columns))
    assert "\x1b" not in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > columns] == []
    assert "deny for ai_training (optout_reserved)" in done.stdout


def test_site_file_that_could_not_be_read(tmp_path: Path) -> None:
    """Unread is a state of its own: asked again later, and named."""
    lab = Lab(tmp_path)
    with ScriptedWeb() as web:
        host = web.host("a.test").set("/robots.txt", Reply(body=b""))
        host.set("/.well-known/tdmrep.json", Reply(status=503, body=b"")).set("/", Reply(body=b"<p>Hello.</p>"))
        code, (hop,) = _hops(lab.folder, web.url("a.test"))
        asked = web.log.targets("a.test")
    assert (code, hop["reason"]) == (3, "site_file_unread")
    assert [line["state"] for line in hop["lines"] if line["carrier"] == "/.well-known/tdmrep.json"] == ["unread"]
    assert "/" not in asked


def test_strangers_are_not_asked_without_identity(tmp_path: Path) -> None:
    """A policy that names nobody asks nobody: exit status 2, the keys, and what to do."""
    lab = Lab(tmp_path)
    lab.policy(identity={"operator": "", "contact": "", "product_token": ""}, network__test_hosts=None)
    done = _check(lab.folder, "https://example.com/")
    assert (done.returncode, done.stdout) == (2, "")
    assert "[identity] operator, contact, product_token not set" in done.stderr
    assert "clearcrawl init" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["ftp://a.test/"], ["a b"], [], ["http://a.test/", "--nonsense"], ["http://a.test/", "--policies", "nowhere"]],
    ids=["scheme", "text", "none", "option", "folder"],
)
def test_wrong_arguments(arguments: list[str]) -> None:
    """One message, exit status 2, no traceback."""
    done = clearcrawl("check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr
