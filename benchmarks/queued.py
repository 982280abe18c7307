"""Memory of a running crawl by the length of its queue: the same crawl with 100,000 and with 1,000,000 URLs that wait.

A seeds file fills the frontier (``--bulk``: its first 1,000 URLs, the rest goes into the database directly, for ten
million); the crawl is stopped and resumed, so that both crawls have the same age and have done
the same work when their resident memory is read: memory also grows with the first segments, whatever the queue. The
bar: the median with the long queue is less than 10 % above that with the short one. The peak while filling is told.
"""

from __future__ import annotations

import argparse
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.integration.lab import Lab
from tests.servers.replies import html
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import Popen

HOSTS = 200
AS_SEEDS = 1_000
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


def stop(process: Popen[str]) -> None:
    """End a crawl as a person does."""
    process.send_signal(signal.SIGINT)
    process.communicate()


def url(web: ScriptedWeb, number: int) -> str:
    """URL of a page by its number."""
    return web.url(f"h{number % HOSTS}.test", f"/page/{number}")


def put_in(journal: Path, urls: Iterator[str]) -> None:
    """Add URLs to the queue of a crawl that is not running, as copies of those that are there."""
    connection = sqlite3.connect(journal)
    connection.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -2000000")
    lanes = dict(connection.execute("SELECT name, id FROM lanes"))
    depth, via, moment, role = connection.execute("SELECT depth, via, discovered_at, role FROM frontier").fetchone()
    rows = (
        (blake2b(one.encode(), digest_size=16).digest(), one, lanes[urlsplit(one).hostname], depth, via, moment, role)
        for one in urls
    )
    names = "key, url, lane, depth, via, discovered_at, role"
    added = connection.executemany(f"INSERT INTO frontier ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows).rowcount  # noqa: S608 - constants only
    connection.execute("UPDATE counters SET value = value + ? WHERE name = 'waiting'", (added,))
    connection.execute("UPDATE lanes SET due = 0")
    connection.commit()
    connection.close()


def fill(lab: Lab, web: ScriptedWeb, number: int, *, is_bulk: bool) -> Path:
    """Bring so many URLs into a queue; answer the folder of the crawl."""
    if is_bulk:
        out = fill(lab, web, AS_SEEDS, is_bulk=False).rename(lab.folder / f"out-{number}")
        put_in(out / "state" / "w0" / "state.db", (url(web, n) for n in range(AS_SEEDS, number)))
        return out
    lab.policy(politeness={"delay": 20.0, "connections": 1})
    seeds = lab.seeds((url(web, n) for n in range(number)), name=f"{number}.txt")
    out = lab.folder / f"out-{number}"
    started = time.monotonic()
    process = lab.start(seeds, "--list", "--quiet", out=out)
    peak = 0.0
    while known(out) < number:
        if process.poll() is not None:
            raise SystemExit(f"the crawl ended before its queue was full: {process.communicate()}")
        peak = max(peak, resident(process))
        time.sleep(0.5)
    print(f"{number} queued after {time.monotonic() - started:.0f} s, at most {peak:.1f} MiB", flush=True)
    stop(process)
    return out


def measure(lab: Lab, web: ScriptedWeb, number: int, seconds: float, *, is_bulk: bool) -> float:
    """Crawl with so many URLs in the queue; answer the median of memory in MiB over the second half of the time."""
    out = fill(lab, web, number, is_bulk=is_bulk)
    lab.policy(politeness={"delay": 1.0, "connections": 1}, traps={"similar_urls": 10**9})
    web.log.clear()
    process = lab.start("--list", "--quiet", out=out)
    time.sleep(seconds / 2)
    readings = []
    until = time.monotonic() + seconds / 2
    while time.monotonic() < until:
        readings.append(resident(process))
        time.sleep(0.5)
    median = statistics.median(readings)
    requests = len(web.log)
    stop(process)
    print(f"{number} waiting: median {median:.1f} MiB, peak {max(readings):.1f} MiB, {requests} requests", flush=True)
    return median


def main() -> int:
    """Measure both lengths; 0 where memory stays flat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, nargs=2, default=[100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=90.0, help="how long each crawl goes on")
    parser.add_argument("--bulk", action="store_true", help="put most of the URLs into the database directly")
    given = parser.parse_args()
    reply = html("<p>a page among very many</p>")
    with tempfile.TemporaryDirectory(prefix="clearcrawl-bench-") as folder, ScriptedWeb(unknown_host=reply) as web:
        lab = Lab(Path(folder) / "lab")
        try:
            few, many = (measure(lab, web, number, given.seconds, is_bulk=given.bulk) for number in given.queued)
        finally:
            lab.close()
    growth = many / few - 1
    print(f"growth {growth:+.1%} (bar: below {MOST_GROWTH:.0%})")
    return 0 if growth < MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
