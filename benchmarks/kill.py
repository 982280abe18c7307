"""Kills a crawl with SIGKILL at random moments and counts what was lost: ``python benchmarks/kill.py --kills 50``.

The server's own log and readers that know nothing of the product are the truth. Status 0: nothing lost, doubled, half.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.integration.killing import run_series
from tests.integration.lab import Lab


def main() -> int:
    """Run one series and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="kills with requests in flight")
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--in-start", type=float, default=0.15, help="share of further kills in start-up and recovery")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="clearcrawl-kill-") as folder:
        lab = Lab(Path(folder) / "lab")
        try:
            series = run_series(lab, kills=given.kills, pages=given.pages, seed=given.seed, in_start=given.in_start)
        finally:
            lab.close()
    print(series.report())
    for finding in (*series.lost, *series.doubled, *series.half, *series.denied)[:20]:
        print("  " + finding)
    print(f"{time.monotonic() - started:.0f} s; {'passed' if series.is_good else 'FAILED'}")
    return 0 if series.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
