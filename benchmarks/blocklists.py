"""Five million names as a table in a file, beside a Python set and, where it is installed, marisa-trie alone.

Run: python -m benchmarks.blocklists [--entries N]. Every figure of memory is that of a process of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter_ns, sleep
from typing import TYPE_CHECKING

from crawler.policy.document import Blocklists
from crawler.storage.blocklists import open_blocklists
from crawler.storage.list_compiling import COMPILED
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256
from crawler.values.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable

TODAY = date(2026, 11, 23)
ASKED = 20_000
"""Different hosts of four labels; fewer than a process remembers the registrable domain of."""
_CATALOG = """[[list]]
id = "large"
title = "t"
issuer = "i"
country = "EU"
legal_basis = "b"
kind = "community"
licence = "CC0-1.0"
source = "made"
format = "domains"
file = "lists/large.txt"
retrieved_at = 2026-11-01
sha256 = "{digest}"
updates = false
"""


def name(number: int) -> str:
    """A made name of three labels, of usual length."""
    return f"site-{number:07d}.example-{number % 977}.test"


def main() -> None:
    """Make a folder, then measure each way in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.blocklists")
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(WAYS[given.way](given.folder, given.entries)))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "lists").mkdir()
        content = "".join(f"{name(number)}\n" for number in range(given.entries)).encode()
        (folder / "lists" / "large.txt").write_bytes(content)
        (folder / "catalog.toml").write_text(_CATALOG.format(digest=sha256(content).removeprefix("sha256:")))
        size = len(content)
        del content
        sleep(6)  # digests of files that were just written are not remembered
        found = {way: _apart(way, folder, given.entries) for way in WAYS}
    print(f"{given.entries:,} names, {size / 2**20:.0f} MiB of text; look-ups in microseconds, median of {ASKED:,}")
    print(f"{'':32} {'seconds':>8} {'MB':>6} {'miss':>7} {'hit':>7} {'again':>7} {'miss / set':>11}")
    for way, figures in found.items():
        if "absent" in figures:
            print(f"{way:32} {figures['absent']}")
            continue
        ratio = figures["miss"] / found["set"]["miss"]
        print(f"{way:32} {figures['seconds']:8.3f} {figures['resident']:6.0f}", end=" ")
        print(f"{figures['miss']:7.2f} {figures['hit']:7.2f} {figures['again']:7.2f} {ratio:10.1f}x")
    bare = found["open, table alone"]["seconds"]
    taken = found["open, digests taken"]["seconds"]
    print(f"opening the table alone: {bare:.3f} s; the first time after a change: {taken:.3f} s")


def _apart(way: str, folder: Path, entries: int) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.blocklists", "--way", way, "--folder", folder, "--entries", str(entries)],
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(run.stdout))


def _open(folder: Path, entries: int) -> dict[str, float]:
    """The whole way of a crawl: files, digests, catalog, table; look-ups with the registrable domain."""
    suffixes = bundled_suffixes()
    started = perf_counter_ns()
    opened = open_blocklists(folder, today=TODAY, ages=Blocklists(warn_age=7, refuse_age=30), suffixes=suffixes)
    seconds = (perf_counter_ns() - started) / 1e9
    resident = _resident()

    def ask(host: str) -> object:
        suffixes.registered_domain(host)
        return opened.matcher.about_host(Host(host))

    figures = _looks(ask, entries)
    return {"seconds": seconds, **figures, "resident": max(resident, _resident())}


def _table(folder: Path, entries: int) -> dict[str, float]:
    """The table alone, asked for one key."""
    from crawler.storage.list_tables import MappedTable  # noqa: PLC0415 - only this process needs it

    (path,) = (folder / COMPILED).glob("*.table")
    started = perf_counter_ns()
    table = MappedTable.open(path)
    seconds = (perf_counter_ns() - started) / 1e9
    return {"seconds": seconds, **_looks(table.get, entries, below=""), "resident": _resident()}


def _set(folder: Path, entries: int) -> dict[str, float]:
    started = perf_counter_ns()
    with (folder / "lists" / "large.txt").open() as lines:
        names = {line.rstrip("\n") for line in lines}
    seconds = (perf_counter_ns() - started) / 1e9
    looks = _looks(lambda host: host in names or None, entries, below="")
    return {"seconds": seconds, **looks, "resident": _resident()}


def _marisa(folder: Path, entries: int) -> dict[str, object]:
    try:
        import marisa_trie  # noqa: PLC0415 - no dependency: measured where it happens to be installed
    except ImportError:
        return {"absent": "marisa-trie is not installed"}
    started = perf_counter_ns()
    with (folder / "lists" / "large.txt").open() as lines:
        trie = marisa_trie.Trie(line.rstrip("\n") for line in lines)
    seconds = (perf_counter_ns() - started) / 1e9
    looks = _looks(lambda host: host in trie or None, entries, below="")
    return {"seconds": seconds, **looks, "resident": _resident()}


def _looks(ask: Callable[[str], object], entries: int, below: str = "www.") -> dict[str, float]:
    """Median of single questions: hosts that are not listed, and hosts below a listed one."""
    draw = random.Random(7)  # noqa: S311 - names for a measurement
    wanted = [draw.randrange(entries) for _ in range(ASKED)]
    misses = [f"www.shop-{number:07d}.example-{number % 977}.test" for number in wanted]
    hits = [f"{below}{name(number)}" for number in wanted]
    for host in (*misses, *hits):
        ask(host)
    again = misses[:1000] * 20
    return {
        "miss": _median(ask, misses, listed=False),
        "hit": _median(ask, hits, listed=True),
        "again": _median(ask, again, listed=False),
    }


def _median(ask: Callable[[str], object], hosts: list[str], *, listed: bool) -> float:
    times = []
    clock = perf_counter_ns
    for host in hosts:
        began = clock()
        found = ask(host)
        times.append(clock() - began)
        if (found is not None) != listed:
            raise SystemExit(f"wrong answer about {host}")
    return median(times) / 1e3


def _resident() -> float:
    """Megabytes resident now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


WAYS = {
    "set": _set,
    "build": _open,
    "open, digests taken": _open,
    "open": _open,
    "open, table alone": _table,
    "marisa-trie": _marisa,
}

if __name__ == "__main__":
    main()
