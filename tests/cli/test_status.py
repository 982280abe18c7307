"""``clearcrawl status`` on folders in every state."""

from __future__ import annotations

import json
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.demo_run import clearcrawl
from tests.integration.lab import Lab
from tests.servers.replies import Reply
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.demo_run import DemoRun


def _status(folder: Path) -> dict[str, Any]:
    done = clearcrawl("status", str(folder), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_finished_crawl(demo: DemoRun) -> None:
    """Numbers are the crawl's own; what waits for another time can be resumed; test hosts are marked."""
    found = _status(demo.folder)
    rows = [row for site in demo.report["sites"] for row in site["rows"]]
    assert (found["state"], found["exit_code"], found["is_test"]) == ("finished", 0, True)
    counted = found["counts"]
    assert counted["rows_allow"] + counted["rows_deny"] + counted["rows_defer"] == len(rows)
    assert counted["unpublished"] == 0
    assert found["bytes_on_disk"]["warc"] > 0
    assert found["attempts_per_second"] is None
    assert found["resume"] == f"clearcrawl crawl -o {demo.folder}"


def test_text_for_people(demo: DemoRun) -> None:
    """One screen, within 80 columns but for the path, with TEST and what to do next."""
    done = clearcrawl("status", str(demo.folder), COLUMNS="80")
    assert done.returncode == 0
    assert "TEST: test hosts were allowed" in done.stdout
    assert "this asks them again" in done.stdout
    assert "\x1b" not in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 80 and str(demo.folder) not in line] == []


def test_what_goes_on_with_the_same_options(tmp_path: Path) -> None:
    """A list stays a list, and a limit of pages that was reached is not named again: it would end at once."""
    lab = Lab(tmp_path)
    try:
        with ScriptedWeb() as web:
            host = web.host("site.test")
            for path in ("/", "/a", "/b"):
                host.set(path, Reply(body=b"<p>page"))
            seeds = [web.url("site.test", path) for path in ("/", "/a", "/b")]
            assert lab.crawl(*seeds, "--list", "--sitemaps", "--max-depth", "3", "--max-pages", "1").code == 0
        found = _status(lab.out)
        assert (found["finish_reason"], found["state"]) == ("max_pages", "finished")
        assert found["resume"] == f"clearcrawl crawl -o {lab.out} --list --sitemaps --max-depth 3"
        assert "the limit of pages was reached" in " ".join(clearcrawl("status", str(lab.out)).stdout.split())
    finally:
        lab.close()


def test_without_the_state(demo: DemoRun, tmp_path: Path) -> None:
    """The state is no evidence: an auditor's copy without it is told from crawl.json, and cannot be resumed."""
    copy = demo.copy(tmp_path / "copy")
    shutil.rmtree(copy / "state")
    found = _status(copy)
    assert found["state"] == "finished"
    assert found["counts"]["rows_allow"] > 0
    assert found["resume"] is None
    assert "audit explain" in clearcrawl("status", str(copy)).stdout


def test_foreign_folder(tmp_path: Path) -> None:
    """A folder of somebody else is misuse, said in one line."""
    (tmp_path / "thesis.txt").write_text("")
    done = clearcrawl("status", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "holds no crawl" in done.stderr


@pytest.mark.parametrize("name", ["crawl.json", "state/w0/state.db"])
def test_damaged_folder(demo: DemoRun, tmp_path: Path, name: str) -> None:
    """A file of ours that cannot be read is damage: exit status 5, named."""
    copy = demo.copy(tmp_path / "copy")
    (copy / name).write_bytes(b'{"format": 1}')
    done = clearcrawl("status", str(copy))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (5, "", 1)
    assert name.split("/", maxsplit=1)[0] in done.stderr
    assert "Traceback" not in done.stderr


def test_running_and_killed(tmp_path: Path) -> None:
    """Beside a running crawl it takes no lock; after SIGKILL it says how to go on, with the options of the run."""
    lab = Lab(tmp_path)
    with ScriptedWeb() as web:
        web.host("slow.test").set("/robots.txt", Reply(body=b"")).set("/", Reply(action="hang"))
        process = lab.start(web.url("slow.test"), "--max-pages", "7")
        try:
            for _ in range(600):
                if (lab.out / "crawl.json").exists() and _status(lab.out)["counts"].get("sent"):
                    break
                time.sleep(0.1)
            found = _status(lab.out)
            assert (found["state"], found["resume"], found["ended_at"]) == ("running", None, None)
            assert found["attempts_per_second"] is not None
            assert "running" in clearcrawl("status", str(lab.out)).stdout
            process.send_signal(signal.SIGKILL)
            process.wait()
            found = _status(lab.out)
            assert found["state"] == "interrupted"
            assert found["resume"] == f"clearcrawl crawl -o {lab.out} --max-pages 7"
            assert "nothing committed is lost" in " ".join(clearcrawl("status", str(lab.out)).stdout.split())
        finally:
            lab.close()
