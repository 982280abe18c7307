"""How many of the turns that politeness permits a crawl takes, and whether it takes one too many.

Every site allows one request in ``--delay`` seconds and answers after ``--latency-ms``; the server's own audit counts
requests under way and gaps. Of each site, all requests count from its first to its last: what is missing there is a
turn that was not taken, since the frontier of the site was not empty. A site is a registrable domain.

python benchmarks/polite.py [--hosts 200] [--delay 0.5] [--latency-ms 50] [--seconds 60]
"""

from __future__ import annotations

import argparse
import gzip
import json
import signal
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.crawl import BENCH
from benchmarks.whole import Web
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.host import Host, lane
from tests.integration.lab import Lab, wait

TOLERANCE = 0.002
"""Seconds between our clock and the server's."""


def starts(out: Path) -> dict[str, list[float]]:
    """Moments of all requests of each site, in order, from the WARC files."""
    suffixes, found = bundled_suffixes(), defaultdict[str, list[float]](list)
    for file in sorted((out / "warc").glob("*.warc.gz*")):
        with gzip.open(file) as text:
            for block in text.read().split(b"WARC/1.1\r\n"):
                fields = block.partition(b"\r\n\r\n")[0]
                if b"WARC-Type: request" not in fields:
                    continue
                told = dict(line.split(": ", 1) for line in fields.decode("latin-1").split("\r\n") if ": " in line)
                host = urlsplit(told["WARC-Target-URI"]).hostname or ""
                found[lane(Host(host), suffixes)].append(datetime.fromisoformat(told["WARC-Date"]).timestamp())
    return {site: sorted(moments) for site, moments in found.items()}


def main() -> int:
    """Print one JSON object; ``share`` is the bar P9."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--delay", type=float, default=0.5)
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    if not (BENCH / "synthweb.py").is_file():
        print("skipped: ../shared/bench is not beside the repository")
        return 0
    with tempfile.TemporaryDirectory(prefix="clearcrawl-bench-") as folder:
        lab = Lab(Path(folder) / "lab")
        try:
            print(json.dumps(measure(lab, given)))
        finally:
            lab.close()
    return 0


def measure(lab: Lab, given: argparse.Namespace) -> dict[str, Any]:
    """Crawl for a while, stop, and read what both sides noted."""
    lab.policy(politeness={"delay": given.delay, "connections": 1})
    web = Web(lab, given.hosts, latency_ms=given.latency_ms)
    seeds = web.urls()
    crawl = lab.start(lab.seeds(seeds), "--scope", "any", "--concurrency", "400", "--quiet")
    time.sleep(given.seconds)
    crawl.send_signal(signal.SIGINT)
    wait(crawl, 60)
    with urllib.request.urlopen(f"http://127.0.0.1:{web.port}/__stats__") as answer:
        audit = json.load(answer)
    sites = [moments for moments in starts(lab.out).values() if len(moments) > 1]
    gaps = [later - earlier for moments in sites for earlier, later in pairwise(moments)]
    turns, span = len(gaps) * given.delay, sum(moments[-1] - moments[0] for moments in sites)
    return {
        "sites": len(sites),
        "requests": len(gaps) + len(sites),
        "share": round(turns / span, 4),
        "gaps_too_short": sum(gap < given.delay - TOLERANCE for gap in gaps),
        "median_gap": round(sorted(gaps)[len(gaps) // 2], 4),
        "audit": {name: value for name, value in audit.items() if isinstance(value, int | float)},
    }


if __name__ == "__main__":
    sys.exit(main())
