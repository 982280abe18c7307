"""Memory of a running crawl by the length of its queue: the same crawl with 100,000 and with 1,000,000 URLs that wait.

A seeds file fills the frontier; once all of it waits there, the crawl goes on for a while and its resident memory is
read every half second. The bar: the median with the long queue is less than 10 % above that with the short one.
"""

from __future__ import annotations

import argparse
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.integration.lab import Lab
from tests.servers.replies import html
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from subprocess import Popen

HOSTS = 200
MOST_GROWTH = 0.10


def resident(process: Popen[str]) -> float:
    """Resident memory of the process in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def known(out: Path) -> int:
    """URLs in the frontier."""
    try:
        journal = sqlite3.connect(f"file:{out / 'state' / 'w0' / 'state.db'}?mode=ro", uri=True)
        try:
            return int(journal.execute("SELECT coalesce(max(id), 0) FROM frontier").fetchone()[0])
        finally:
            journal.close()
    except sqlite3.Error:
        return 0


def measure(lab: Lab, web: ScriptedWeb, number: int, seconds: float) -> tuple[float, float]:
    """Crawl with so many URLs in the queue; answer the median and the peak of memory in MiB while all of them wait."""
    seeds = lab.seeds((web.url(f"h{n % HOSTS}.test", f"/page/{n}") for n in range(number)), name=f"{number}.txt")
    out = lab.folder / f"out-{number}"
    started = time.monotonic()
    process = lab.start(seeds, "--list", "--quiet", out=out)
    while known(out) < number:
        if process.poll() is not None:
            raise SystemExit(f"the crawl ended before its queue was full: {process.communicate()}")
        time.sleep(1)
    filled, requests = time.monotonic() - started, len(web.log)
    readings = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        readings.append(resident(process))
        time.sleep(0.5)
    median, peak = statistics.median(readings), max(readings)
    print(
        f"{number} queued after {filled:.0f} s: median {median:.1f} MiB, peak {peak:.1f} MiB, "
        f"{len(web.log) - requests} requests in {seconds:.0f} s",
        flush=True,
    )
    process.send_signal(signal.SIGINT)
    process.communicate()
    web.log.clear()
    return median, peak


def main() -> int:
    """Measure both lengths; 0 where memory stays flat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, nargs=2, default=[100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each crawl is watched")
    given = parser.parse_args()
    reply = html("<p>a page among very many</p>")
    with tempfile.TemporaryDirectory(prefix="clearcrawl-bench-") as folder, ScriptedWeb(unknown_host=reply) as web:
        lab = Lab(Path(folder) / "lab")
        lab.policy(politeness={"delay": 1.0, "connections": 1}, traps={"similar_urls": 10**9})
        try:
            few, many = (measure(lab, web, number, given.seconds)[0] for number in given.queued)
        finally:
            lab.close()
    growth = many / few - 1
    print(f"growth {growth:+.1%} (bar: below {MOST_GROWTH:.0%})")
    return 0 if growth < MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
