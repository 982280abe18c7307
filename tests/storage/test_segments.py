"""Segments are made by another process: whatever becomes of it or of its starter, no row is lost, doubled or half."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from crawler.storage.reading import CrawlReader
from crawler.storage.store import CrawlStore
from tests.storage.making import RUN
from tests.storage.publishing import PAGES

if TYPE_CHECKING:
    from subprocess import CompletedProcess

SCRIPT = Path(__file__).with_name("publishing.py")
URLS = sorted(f"http://a.test/{n}" for n in range(PAGES))


def publish(out: Path, fault: str) -> CompletedProcess[str]:
    """Run the crawl with that fault."""
    command = [sys.executable, str(SCRIPT), str(out), fault]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own script


def rows(out: Path) -> list[str]:
    """URLs of all rows, published and not."""
    with CrawlReader.open(out) as reader:
        found = reader.dataset().to_table().to_pylist() + reader.unpublished().to_pylist()
    return sorted(row["url"] for row in found)


def check_visible(out: Path) -> None:
    """Whatever has its name is whole."""
    for path in (out / "manifest").glob("*.parquet"):
        pq.read_table(path, page_checksum_verification=True)


def test_a_segment_is_made_where_arrow_is_not_loaded(tmp_path: Path) -> None:
    """All three files have their names, and nothing is left beside them."""
    out = tmp_path / "out"
    ended = publish(out, "none")
    assert ended.returncode == 0, ended.stderr
    assert rows(out) == URLS
    (segment,) = (out / "manifest").glob("*.parquet")
    table = pq.read_table(segment, page_checksum_verification=True)
    assert table["leaf_hash"].null_count == 0
    assert list((out / "index").glob("*.cdxj.gz"))
    assert not list(out.rglob("*.tmp"))


@pytest.mark.slow
def test_a_kill_at_every_step(tmp_path: Path) -> None:
    """The next start puts everything right: each URL has one row, and no half file is left."""
    step = 0
    while True:
        out = tmp_path / str(step)
        ended = publish(out, f"die:{step}")
        check_visible(out)
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        store = CrawlStore.open(out, run=RUN)
        assert not [path for where in ("log", "index", "manifest") for path in (out / where).glob("*.tmp")]
        store.close(clean=True, reason="finished", code=0)
        assert rows(out) == URLS, f"killed before step {step}"
        step += 5 if step > 12 else 1  # the end of a crawl has many steps, which other tests kill at random
    assert step > 20


def test_a_process_that_is_killed_is_started_again(tmp_path: Path) -> None:
    """A signal meant for the whole crawl does not fail it."""
    ended = publish(tmp_path / "out", "kill:2")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "ended\n"
    assert rows(tmp_path / "out") == URLS


@pytest.mark.parametrize(("fault", "says"), [("kill:9", "-9"), ("broken", "making it ended with 1")])
def test_a_process_that_never_ends_well_stops_the_crawl(tmp_path: Path, fault: str, says: str) -> None:
    """Nothing is put in place, the message names the file, and the rows wait for the next start."""
    out = tmp_path / "out"
    ended = publish(out, fault)
    assert "w0-000001.parquet" in ended.stdout, ended.stderr
    assert says in ended.stdout
    assert not list((out / "manifest").iterdir())
    CrawlStore.open(out, run=RUN).close(clean=True, reason="finished", code=0)
    assert rows(out) == URLS
