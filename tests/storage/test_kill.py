"""SIGKILL at random moments: nothing committed is lost or doubled, and no visible file is half (I1 to I4)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from crawler.audit.verifying import verify
from crawler.errors import ExitCode
from crawler.signing.key_folder import KeyFolder, default_folder
from crawler.storage.layout import Folder
from crawler.storage.reading import CrawlReader
from crawler.storage.warc_reading import walk_members

CHILD = Path(__file__).with_name("committing.py")
PAGES = 900
KILLS = 36


def run_until(out: Path, seed: int, seconds: float | None) -> tuple[bool, list[str]]:
    """Run the child, kill it after that long; answer whether it finished, and the URLs whose commit was through."""
    log = out.with_suffix(f".{seed}.txt")
    with log.open("wb") as sink:
        child = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, str(CHILD), str(out), str(PAGES), str(seed)], stdout=sink, stderr=subprocess.PIPE
        )
        if seconds is not None:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline and child.poll() is None and b"ready" not in log.read_bytes():
                time.sleep(0.005)
                if seconds < 0:
                    break
            time.sleep(abs(seconds))
            child.send_signal(signal.SIGKILL)
        _, errors = child.communicate(timeout=120)
    assert child.returncode in (0, -signal.SIGKILL), errors.decode()
    text = log.read_text()
    lines = [line for line in text.split("\n")[:-1] if line.startswith("row ")]
    return "finished" in text, [url for line in lines for url in line.split()[1:]]


def check_files(out: Path) -> None:
    """I3: every visible Parquet opens, every finished WARC is whole, at the instant after a kill."""
    for path in (out / "manifest").glob("*.parquet"):
        pq.read_table(path, page_checksum_verification=True)
    if not (out / "warc").is_dir():
        return
    with Folder.descend(out / "warc") as folder:
        for name in folder.names():
            if name.endswith(".warc.gz"):
                size = folder.size(name)
                assert size
                assert sum(member.length for member in walk_members(folder, name, size)) == size


@pytest.mark.slow
def test_sigkill_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed again and again, also in start-up; the last run ends with exactly one row a URL, each with its record."""
    seed = int(os.environ.get("KILL_SEED", str(random.SystemRandom().randrange(10**6))))
    sys.stdout.write(f"KILL_SEED={seed}\n")
    chosen = random.Random(seed)  # noqa: S311 - repeatable, not secret
    kills = interrupted = 0
    crawls = 0
    while kills < KILLS:
        out = tmp_path / f"out{crawls}"
        crawls += 1
        committed: list[str] = []
        is_finished = False
        runs = 0
        while not is_finished:
            runs += 1
            # Negative: counted from the start of the process, so that start-up and recovery are hit as well.
            delay = chosen.choice([chosen.uniform(0.0, 0.5), -chosen.uniform(0.2, 1.0)]) if runs <= 12 else None
            is_finished, urls = run_until(out, seed + runs, delay)
            committed += urls
            kills += not is_finished
            check_files(out)
            check_evidence(out, is_finished=is_finished)
        interrupted += check_crawl(out, committed)
    sys.stdout.write(f"{kills} kills in {crawls} crawls, {interrupted} attempts interrupted\n")
    assert interrupted > 0, "no kill hit a busy moment: the series proves nothing"


def check_evidence(out: Path, *, is_finished: bool) -> None:
    """What was signed holds at the instant after a kill; after the last run all of it is signed (I9)."""
    if not (out / "crawl.json").is_file():
        return
    result = verify(out, KeyFolder(default_folder()).trust())
    assert result.findings == ()
    assert not is_finished or result.code is ExitCode.CLEAN


def check_crawl(out: Path, committed: list[str]) -> int:
    """I1, I2, I4 over a finished crawl; answer how many attempts were interrupted."""
    assert max(Counter(committed).values()) == 1, "a URL was given out again after its row was committed"
    with CrawlReader.open(out) as reader:
        rows = reader.dataset().to_table().to_pylist()
        assert reader.unpublished().num_rows == 0
        urls = Counter(row["url"] for row in rows)
        assert set(urls.values()) == {1}
        assert len(urls) == PAGES
        assert set(committed) <= set(urls)
        # A kill between the clean end and the exit is followed by a start that begins another, empty crawl.
        ids = {reader.crawl.crawl_id, *(one["crawl_id"] for one in reader.crawl.earlier)}
        assert len({row["crawl_id"] for row in rows} & ids) == len({row["crawl_id"] for row in rows}) == 1
        held = {}
        for row in rows:
            if row["verdict"] == "allow":
                record = reader.record(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
                assert record.target_uri == row["url"]
                assert record.fields["WARC-Payload-Digest"] == row["content_digest"]
                held.setdefault(row["content_digest"], set()).add(record.type)
        assert all("response" in types for types in held.values())
        numbers = sorted([row["seq"] for row in rows] + [entry["seq"] for entry in reader.entries()])
        assert numbers == list(range(len(numbers)))
        counts = reader.counts()
        assert counts is not None
        assert (counts.waiting, counts.sent) == (0, 0)
        assert counts.rows_allow + counts.rows_deny == PAGES
        return counts.interrupted
