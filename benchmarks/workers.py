"""Several workers beside one: pages a second of whole crawls one after the other, on a machine that does nothing else.

Each round crawls the synthetic web (``../shared/bench``) with every number of workers in turn; the median of the
rounds' ratios counts, and all crawls have to keep the same pages. The web server needs processor time as well.

python benchmarks/workers.py [--hosts 300] [--rounds 3] [--workers 1 2 4]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.crawl import BENCH
from benchmarks.whole import Web
from tests.integration.lab import Lab
from tests.shared import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawled:
    """One crawl from start to end."""

    pages: frozenset[str]
    seconds: float
    """Of the whole command."""
    busy_seconds: float
    """From the first row that was decided to the last."""
    cpu_seconds: float
    """Of all its processes."""

    @property
    def rate(self) -> float:
        """Pages a second of the whole command."""
        return len(self.pages) / self.seconds

    @property
    def busy_rate(self) -> float:
        """Pages a second without start and end."""
        return len(self.pages) / self.busy_seconds

    @property
    def cpu(self) -> float:
        """Milliseconds a page."""
        return self.cpu_seconds / len(self.pages) * 1000


def crawl(lab: Lab, seeds: str, workers: int, concurrency: int) -> Crawled:
    """Crawl everything once."""
    out = lab.folder / f"out-{workers}"
    shutil.rmtree(out, ignore_errors=True)
    options = ["--scope", "any", "--quiet", "--json", "--concurrency", str(concurrency), "--workers", str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = time.monotonic()
    process = subprocess.Popen(lab.command(seeds, *options, out=out), stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{workers} workers: ended with {process.returncode}")
    table = pq.read_table(out / "manifest", columns=["url", "verdict", "reason", "decided_at"])
    rows = table.to_pylist()
    moments = [row["decided_at"] for row in rows]
    pages = frozenset(row["url"] for row in rows if row["verdict"] == "allow" and row["reason"] != "redirect")
    shutil.rmtree(out)
    return Crawled(
        pages=pages,
        seconds=seconds,
        busy_seconds=(max(moments) - min(moments)).total_seconds(),
        cpu_seconds=usage.ru_utime + usage.ru_stime,
    )


def table(rounds: list[dict[int, Crawled]]) -> str:
    """Medians, and ratios to one worker in the same round, as Markdown."""
    lines = ["| workers | pages | pages/s | to one | to one, without start and end | CPU ms/page |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for number in rounds[0]:
        middle = statistics.median(one[number].rate for one in rounds)
        whole = statistics.median(one[number].rate / one[1].rate for one in rounds)
        busy = statistics.median(one[number].busy_rate / one[1].busy_rate for one in rounds)
        cpu = statistics.median(one[number].cpu for one in rounds)
        pages = len(rounds[0][number].pages)
        lines.append(f"| {number} | {pages} | {middle:.0f} | {whole:.2f} | {busy:.2f} | {cpu:.2f} |")
    return "\n".join(lines)


def main() -> int:
    """Print the table; 1 where two numbers of workers do not keep the same pages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2, 4])
    given = parser.parse_args()
    if not (BENCH / "synthweb.py").is_file():
        print("skipped: ../shared/bench is not beside the repository")
        return 0
    numbers = sorted({1, *given.workers})
    folder = Path(tempfile.mkdtemp(prefix="clearcrawl-workers-"))
    folder.chmod(0o755)  # the web server's worker runs as somebody else
    lab = Lab(folder / "lab")
    rounds: list[dict[int, Crawled]] = []
    try:
        web = Web(lab, given.hosts)
        seeds = lab.seeds(web.urls())
        print(f"{given.hosts} hosts, {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}", flush=True)
        for _ in range(given.rounds):
            rounds.append({number: crawl(lab, seeds, number, given.concurrency) for number in numbers})
            print({number: round(one.rate) for number, one in rounds[-1].items()}, flush=True)
        web.stop()
    finally:
        lab.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(table(rounds))
    sets = {one.pages for measured in rounds for one in measured.values()}
    if len(sets) > 1:
        print("the page sets differ: " + json.dumps(sorted(len(one) for one in sets)))
    return int(len(sets) > 1)


if __name__ == "__main__":
    sys.exit(main())
