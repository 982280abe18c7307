"""Rows a second that ``audit replay`` decides again on one core, over a crawl whose rows are multiplied.

    python benchmarks/replay.py [CRAWL] [--rows 1000000] [--only before_fetch|after_fetch] [--jobs N]
    python benchmarks/replay.py [CRAWL] --least 60

Without CRAWL the demo is crawled. Each row stands in the manifest many times: log, records and rules stay those of the
crawl, and every copy is read, decided and compared for itself, its record included. What repetition hides is the disk.
Prints seconds of the clock and of CPU, microseconds of CPU a row (of all processes), the mix, and the memory at the
peak of this process. ``--least`` decides each row of the crawl that often instead, and prints the mean of the least
times: what a row costs where nobody else uses the core and its caches.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from crawler.audit.replay.running import Replay, in_order, look_again, open_replayer, replay
from crawler.storage.reading import CrawlReader

SEGMENT = 100_000


def multiplied(crawl: Path, folder: Path, rows: int, only: str | None) -> None:
    """Copy the crawl with so many rows, in segments, without the frontier."""
    shutil.copytree(crawl, folder, ignore=shutil.ignore_patterns("state", "*.parquet"))
    shutil.copytree(crawl / "state", folder / "state", ignore=shutil.ignore_patterns("*"))
    table = pyarrow.parquet.read_table(crawl / "manifest")
    if only is not None:
        table = table.filter(pyarrow.compute.equal(table["stage"], only))
    table = table.unify_dictionaries()
    for number in range(0, rows, SEGMENT):
        size = min(SEGMENT, rows - number)
        times = size // table.num_rows + 1
        part = pa.concat_tables([table] * times).combine_chunks().slice(0, size)
        target = folder / "manifest" / f"w0-{number // SEGMENT:06d}.parquet"
        pyarrow.parquet.write_table(part, target, compression="zstd", row_group_size=20_000)


def least(crawl: Path, times: int) -> None:
    """Print microseconds a row, by whether it has a record."""
    with CrawlReader.open(crawl) as reader:
        replayer, rows = open_replayer(reader), list(in_order(reader))
        found = [min(_timed(replayer, row) for _ in range(times)) for row in rows]
    for has_record, name in ((True, "with a record"), (False, "without one")):
        chosen = [one for one, row in zip(found, rows, strict=True) if (row["warc_filename"] is not None) is has_record]
        print(f"{sum(chosen) / len(chosen) / 1e3:.0f} us a row {name} ({len(chosen)} rows)")


def _timed(replayer: Any, row: Any) -> int:
    started = time.perf_counter_ns()
    look_again(replayer, row)
    return time.perf_counter_ns() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("crawl", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("before_fetch", "after_fetch"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--least", type=int, metavar="TIMES")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        crawl = given.crawl
        if crawl is None:
            crawl = Path(name) / "demo"
            subprocess.run([sys.executable, "-m", "crawler", "demo", "-o", str(crawl)], check=True, capture_output=True)
        if given.least:
            least(crawl, given.least)
            return
        folder = Path(name) / "many"
        multiplied(crawl, folder, given.rows, given.only)
        found = Replay()
        started = sum(os.times()[:4])
        with CrawlReader.open(folder) as reader:
            fetched = reader.dataset().count_rows(filter=pyarrow.compute.field("warc_filename").is_valid())
            replay(reader, found, jobs=given.jobs)
        cpu = sum(os.times()[:4]) - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{found.rows} rows in {found.seconds:.1f} s, {cpu:.1f} s of CPU: {cpu / found.rows * 1e6:.0f} us a row")
    print(f"{fetched / found.rows:.0%} of the rows have a record that was read, unpacked and parsed")
    print(f"{peak:.0f} MiB at the peak")
    print(", ".join(f"{count} {kind}" for kind, count in found.counts.items()))


if __name__ == "__main__":
    main()
