"""``clearcrawl audit explain``: text to forward, JSON for scripts, and what it says of URLs that it does not know."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.demo_run import clearcrawl
from tests.integration.lab import Lab
from tests.servers.replies import Reply
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from pathlib import Path

    from tests.demo_run import DemoRun


def test_text_for_people(demo: DemoRun) -> None:
    """Verdict, literal line, places and digests, within the width but for digests and URLs."""
    url = demo.row("news.test", "/archive/")["url"]
    done = clearcrawl("audit", "explain", url, "--in", str(demo.folder), COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    text = " ".join(done.stdout.split())
    assert "left (deny, robots_disallow)" in text
    assert "Line 5 closes this URL: Disallow: /archive/" in text
    assert "Read again from the kept bytes, it gives the same answer." in text
    assert "warc/w0-evidence-000001.warc.gz, octets" in text
    assert "\x1b" not in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 80 and " " in line.strip()[:-70]] == []


def test_other_spelling_of_the_url(demo: DemoRun) -> None:
    """The argument is brought into canonical form first."""
    url = demo.row("closed.test")["url"].replace("closed.test", "CLOSED.test").removesuffix("/") + "/./#top"
    done = clearcrawl("audit", "explain", url, "--in", str(demo.folder), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["urls"][0]["decisions"][0]["reason"] == "robots_disallow"


def test_url_that_was_never_considered(demo: DemoRun) -> None:
    """Exit status 1, what that means, and what the crawl knows of the host."""
    url = demo.row("closed.test")["url"] + "other"
    done = clearcrawl("audit", "explain", url, "--in", str(demo.folder))
    text = " ".join(done.stdout.split())
    assert (done.returncode, done.stderr) == (1, "")
    assert "never considered the URL" in text
    assert demo.row("closed.test")["url"] in text
    done = clearcrawl("audit", "explain", url, "--in", str(demo.folder), "--json")
    found = json.loads(done.stdout)["urls"][0]
    assert (done.returncode, found["is_known"], found["decisions"]) == (1, False, [])


@pytest.mark.parametrize(
    "arguments",
    [["ftp://a.test/"], ["no url"], [], ["http://a.test/", "--nonsense"]],
    ids=["scheme", "text", "none", "option"],
)
def test_wrong_arguments(demo: DemoRun, arguments: list[str]) -> None:
    """Misuse ends with exit status 2 and a message."""
    done = clearcrawl("audit", "explain", "--in", str(demo.folder), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_folder_without_a_crawl(tmp_path: Path) -> None:
    """A foreign folder is misuse."""
    done = clearcrawl("audit", "explain", "http://a.test/", "--in", str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_beside_a_running_crawl_with_hostile_text(tmp_path: Path) -> None:
    """Rows that are in no segment yet are told; URLs on their way are told apart; escape sequences stay text."""
    lab = Lab(tmp_path)
    lab.policy(limits={"first_byte_timeout": 60.0, "total_timeout": 60.0})
    with ScriptedWeb() as web:
        host = web.host("slow.test").set("/robots.txt", Reply(body=b"User-agent: *\nDisallow: /x\x1b[2Jy\n"))
        host.set("/", Reply(action="hang"))
        web.host("shut.test").set("/robots.txt", Reply(body=b"User-agent: *\nDisallow: / # \x1b]0;owned\x07\n"))
        lab.start(web.url("slow.test"), web.url("shut.test"))
        try:
            for _ in range(600):
                done = clearcrawl("audit", "explain", web.url("shut.test"), "--in", str(lab.out))
                if done.returncode == 0:
                    break
                time.sleep(0.1)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "robots_disallow" in done.stdout
            assert "\x1b" not in done.stdout
            assert "\\u001b" in done.stdout
            waiting = clearcrawl("audit", "explain", web.url("slow.test"), "--in", str(lab.out))
            assert waiting.returncode == 1
            assert "No verdict yet" in waiting.stdout
        finally:
            lab.close()


def test_url_whose_row_was_erased(demo: DemoRun, tmp_path: Path) -> None:
    """A purge leaves a number and a moment: they are told; without the state it cannot be told whether it was this."""
    out, url = tmp_path / "out", demo.row("museum.test")["url"]
    shutil.copytree(demo.folder, out)
    arguments = (
        "--url",
        url,
        "--reason",
        "asked for",
        "--authority",
        "court",
        "--yes",
        "--receipt",
        str(tmp_path / "r"),
    )
    done = clearcrawl("purge", str(out), *arguments)
    assert done.returncode == 0, done.stderr
    seqs = json.loads((tmp_path / "r").read_bytes())["crawls"][0]["seqs"]["w0"]
    done = clearcrawl("audit", "explain", url, "--in", str(out), "--json")
    found = json.loads(done.stdout)["urls"][0]
    assert (done.returncode, found["is_erased"], found["decisions"]) == (1, True, [])
    assert [one["leaves"] for one in found["erasures"]] == [seqs]
    text = " ".join(clearcrawl("audit", "explain", url, "--in", str(out)).stdout.split())
    assert "Erased: the crawl had decided about this URL" in text
    assert f"reason asked for, by court: leaves {seqs[0]}" in text
    text = " ".join(clearcrawl("audit", "explain", f"{url}x", "--in", str(out)).stdout.split())
    assert "never considered the URL" in text
    before, after = (
        json.loads(clearcrawl("status", str(one), "--json").stdout)["counts"] for one in (demo.folder, out)
    )
    assert (before["rows_erased"], after["rows_erased"]) == (0, 1)
    assert after["rows_allow"] == before["rows_allow"] - 1
    assert after["pages_kept"] == before["pages_kept"] - 1
    assert after["bytes_retained"] < before["bytes_retained"]
    assert "1 more; their records" in clearcrawl("status", str(out)).stdout
    shutil.rmtree(out / "state")
    text = " ".join(clearcrawl("audit", "explain", url, "--in", str(out)).stdout.split())
    assert "No row names the URL" in text
    assert f"leaves {seqs[0]}" in text
