"""A project's own crawl is sealed like any other: signed, stamped, the same to both verifiers, decided again alike."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.audit.replay.running import Replay, replay
from crawler.errors import ExitCode
from crawler.signing.key_folder import KeyFolder
from crawler.storage.reading import CrawlReader
from tests.addon.project import Project, shop
from tests.evidence.authority import OPENSSL, Authority
from tests.evidence.both import verify
from tests.integration.findings import crawl_file
from tests.spiders.project import crawl

if TYPE_CHECKING:
    from tests.integration.lab import Ended, Lab
    from tests.servers.web import ScriptedWeb

pytestmark = pytest.mark.skipif(OPENSSL is None and os.environ.get("TEST_PARTS") != "all", reason="needs openssl")


def test_signed_and_stamped(lab: Lab, web: ScriptedWeb, tmp_path: Path) -> None:
    """Both verifiers agree on it, stamps included, and every row follows from its evidence."""
    with Authority(tmp_path / "ca") as authority:
        with (lab.policies / "crawl-policy.toml").open("a") as file:
            file.write(f"\n[timestamps.authorities.tsa]\nurl = '{authority.url}'\nroots = ['{authority.root_line}']\n")
        project = Project(lab)
        ended = project.crawl("shop", shop(web))
        assert ended.code == 0, ended.text
    result = verify(project.out, KeyFolder(Path(os.environ["CLEARCRAWL_KEYS"])).trust())
    assert (result.code, result.findings) == (ExitCode.CLEAN, ())
    assert result.stamps >= 2
    evidence = crawl_file(project.out)["evidence"]
    assert (evidence["pending"], evidence["unsigned"]) == ([], None)
    found = Replay()
    with CrawlReader.open(project.out) as reader:
        replay(reader, found)
    assert found.rows > 10
    assert (found.counts["different"], found.counts["unreplayable"]) == (0, 0)  # type: ignore[index] # a StrEnum's member is its text


def test_pending_stamps_do_not_end_in_silence(lab: Lab, web: ScriptedWeb, tmp_path: Path) -> None:
    """An authority is away: 3 in crawl.json and of ``crawl``, one worker or two; 1 of ``scrapy crawl``, any spider."""
    with Authority(tmp_path / "ca") as authority:
        authority.behaviour = "refuse"
        with (lab.policies / "crawl-policy.toml").open("a") as file:
            file.write(f"\n[timestamps.authorities.tsa]\nurl = '{authority.url}'\nroots = ['{authority.root_line}']\n")
        project = Project(lab)
        scrapy, seed = project.crawl("shop", shop(web)), web.url("shop.test")
        crawls = {project.out: (scrapy, 1), lab.folder / "spider": (spider_crawl(lab, seed, lab.folder / "spider"), 1)}
        for workers in ("1", "2"):
            out = lab.folder / f"out{workers}"
            crawls[out] = (lab.crawl(seed, "--max-pages", "3", "--workers", workers, out=out), 3)
    for out, (ended, code) in crawls.items():
        assert ended.code == code, ended.text
        assert "pending" in ended.text
        found = crawl_file(out)
        assert (found["exit_code"], bool(found["evidence"]["pending"])) == (3, True)
        assert verify(out, KeyFolder(Path(os.environ["CLEARCRAWL_KEYS"])).trust()).code is ExitCode.CLEAN


def spider_crawl(lab: Lab, seed: str, out: Path) -> Ended:
    """``scrapy crawl web`` into a folder."""
    return crawl(
        lab,
        "web",
        seed,
        "-s",
        f"CLEARCRAWL_OUT={out}",
        "-s",
        "CLEARCRAWL_MAX_PAGES=3",
        settings="from crawler.settings import *",
    )
