"""All real robots.txt files through the product and the oracle: ``python -m benchmarks.robots_differential``.

Needs the optional data beside the repository. Exit status 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

from tests.oracles.comparison import TOKENS, Totals, compare
from tests.oracles.corpus import robots_files

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "robots" / "robots.jsonl.zst"
SECONDS = 1.0
OCTETS = 64 * 2**20


def one(row: tuple[str, bytes], *, seed: str, count: int) -> Totals:
    """Compare one file."""
    return compare(*row, seed=seed, count=count)


def main() -> int:
    """Run, print totals, judge."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robots_differential")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seed", default="20261123")
    parser.add_argument("--urls", type=int, default=24, help="URLs made from the rules of each file, beside fixed ones")
    parser.add_argument("--files", type=int, help="only so many files")
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--show", type=int, default=20, help="differences to print of each kind")
    given = parser.parse_args()
    if not given.data.exists():
        print(f"no data at {given.data}", file=sys.stderr)
        return 2
    start = time.monotonic()
    rows = list(robots_files(given.data))[: given.files]
    totals = Totals()
    with multiprocessing.Pool(given.processes) as pool:
        for found in pool.imap_unordered(partial(one, seed=given.seed, count=given.urls), rows, chunksize=50):
            totals.add(found)
    print(f"seed {given.seed}, {totals.files} files x {len(TOKENS)} tokens, {totals.decisions} decisions")
    print(f"denied by the oracle  {totals.denied}")
    print(f"wider than the oracle {len(totals.wider)} {dict(Counter(one.code for one in totals.wider))}")
    print(f"stricter              {len(totals.stricter)} {dict(Counter(one.code for one in totals.stricter))}")
    print(f"crashes               {len(totals.crashes)}")
    print(f"slowest parse         {totals.slowest_parse[0]:.3f} s  {totals.slowest_parse[1]}")
    print(f"slowest decision      {totals.slowest_decision[0] * 1000:.2f} ms  {totals.slowest_decision[1]}")
    print(f"largest parse         {totals.largest[0] / 2**20:.1f} MiB  {totals.largest[1]}")
    print(f"took                  {time.monotonic() - start:.0f} s")
    for title, differences in (("wider", totals.wider), ("stricter", totals.stricter)):
        places = {(one.code, one.name, one.url): one for one in differences}
        for key in sorted(places)[: given.show]:
            print(f"{title}: {places[key]}")
    for crash in totals.crashes[: given.show]:
        print(f"crash: {crash}")
    is_good = (
        not totals.wider
        and not totals.crashes
        and max(totals.slowest_parse[0], totals.slowest_decision[0]) < SECONDS
        and totals.largest[0] < OCTETS
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
