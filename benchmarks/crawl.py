"""Pages a second of ``clearcrawl crawl`` beside plain Scrapy with robots and a JSON lines feed, paired in each round.

The synthetic web and the yardstick are optional data beside the repository (``../shared/bench``); without them there is
nothing to measure. Everything of clearcrawl is on: gate, WARC, journal with fsync, manifest; the delay is 0.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.integration.findings import kept
from tests.integration.lab import Lab, wait
from tests.shared import SHARED

BENCH = SHARED / "bench"


def free_port() -> int:
    """Find a port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the synthetic web did not start")


def ours(lab: Lab, seeds: str, concurrency: int, number: int) -> tuple[float, set[str]]:
    """Crawl with clearcrawl; answer seconds of the process and the pages kept."""
    out = lab.folder / f"ours{number}"
    started = time.monotonic()
    ended = lab.crawl(seeds, "--scope", "any", "--concurrency", str(concurrency), "--quiet", out=out, timeout=900)
    seconds = time.monotonic() - started
    if ended.code:
        raise SystemExit(ended.text)
    return seconds, kept(out)


def theirs(lab: Lab, seeds: str, concurrency: int, number: int) -> tuple[float, set[str]]:
    """Crawl with plain Scrapy; answer seconds of the process and the pages in its feed."""
    feed = lab.folder / f"theirs{number}.jsonl"
    options = ["--robots", "--feed", str(feed), "--conc", str(concurrency)]
    started = time.monotonic()
    ended = wait(lab.spawn([sys.executable, str(BENCH / "scrapybench.py"), seeds, *options]), 900)
    seconds = time.monotonic() - started
    if ended.code:
        raise SystemExit(ended.text)
    with feed.open() as lines:
        return seconds, {item["url"] for item in map(json.loads, lines) if item["status"] == 200}  # noqa: PLR2004 - OK


def main() -> int:
    """Run the rounds and print pages a second, their ratio, and whether the pages are the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[32, 64])
    given = parser.parse_args()
    if not (BENCH / "synthweb.py").is_file():
        print("skipped: ../shared/bench is not beside the repository")
        return 0
    port = free_port()
    web = [sys.executable, str(BENCH / "synthweb.py")]
    options = ["--hosts", str(given.hosts), "--port", str(port)]
    with tempfile.TemporaryDirectory(prefix="clearcrawl-bench-") as folder:
        lab = Lab(Path(folder) / "lab")
        try:
            lab.spawn([*web, "serve", *options, "--ttl", "3600"])
            wait_for(port)
            urls = subprocess.run([*web, "urls", *options], capture_output=True, text=True, check=True).stdout.split()
            return compare(lab, lab.seeds(urls), given.concurrency, given.rounds)
        finally:
            lab.close()


def compare(lab: Lab, seeds: str, concurrencies: list[int], rounds: int) -> int:
    """Measure both in turn; 0 where both got the same pages."""
    is_same = True
    for concurrency in concurrencies:
        ratios = []
        for number in range(rounds):
            place = concurrency * 100 + number
            runs = {"ours": ours, "theirs": theirs} if number % 2 else {"theirs": theirs, "ours": ours}
            got = {name: run(lab, seeds, concurrency, place) for name, run in runs.items()}
            rates = {name: len(pages) / seconds for name, (seconds, pages) in got.items()}
            ratios.append(rates["ours"] / rates["theirs"])
            missing, further = got["theirs"][1] - got["ours"][1], got["ours"][1] - got["theirs"][1]
            is_same = is_same and not missing and not further
            print(
                f"concurrency {concurrency}, round {number + 1}: clearcrawl {rates['ours']:.0f} pages/s, "
                f"Scrapy {rates['theirs']:.0f} pages/s, ratio {ratios[-1]:.2f}; {len(got['ours'][1])} pages, "
                f"only Scrapy {len(missing)}, only clearcrawl {len(further)}",
                flush=True,
            )
            for url in sorted(missing | further)[:3]:
                print("  differs: " + url)
        print(f"concurrency {concurrency}: median ratio {statistics.median(ratios):.2f}")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
