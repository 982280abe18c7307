"""Time of ``audit verify`` beside ``sha256sum`` over the same files.

    python benchmarks/verify.py [--pages 6000] [--rounds 3]

Makes a crawl of so many pages of about 42 kB in a temporary folder, then measures both in turns, files in the cache.
The goal is a ratio of at most 2.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.storage import BATCH, PUBLISH_AT, bodies
from crawler.audit.verifying import verify
from crawler.errors import ExitCode
from crawler.signing.key_folder import KeyFolder
from crawler.signing.sealer import open_sealer
from crawler.storage.entries import Batch, ClaimRequest
from crawler.storage.store import CrawlStore
from tests.storage.making import RUN, allowed, new


def make(root: Path, keys: Path, pages: int) -> None:
    """A finished crawl; every page has a row, a record pair, and its leaf."""
    store = CrawlStore.open(root, run=RUN, sealer=open_sealer(keys))
    made = bodies(min(pages, 2000))
    urls = tuple(new(f"http://lane{n % 50}.test/{n}", f"lane{n % 50}.test") for n in range(pages))
    store.commit(Batch(new_urls=urls))
    done = 0
    claims = store.commit(Batch(claim=ClaimRequest(now=2e9, limit=BATCH, per_lane=BATCH))).claims
    while claims:
        outcomes = tuple(
            allowed(claim, made[(done + n) % len(made)] + str(done + n).encode(), crawl_id=store.crawl_id)
            for n, claim in enumerate(claims)
        )
        done += len(claims)
        again = ClaimRequest(now=2e9, limit=BATCH, per_lane=BATCH)
        committed = store.commit(Batch(outcomes=outcomes, claim=again))
        claims = committed.claims
        if committed.unpublished >= PUBLISH_AT:
            store.publish("rows")
    store.close(clean=True, reason="finished", code=0)


def main() -> int:
    """Measure in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        root, keys = Path(made) / "out", Path(made) / "keys"
        make(root, keys, options.pages)
        files = [str(path) for path in root.rglob("*") if path.is_file() and "state" not in path.parts]
        octets = sum(Path(path).stat().st_size for path in files)
        plain, ours = [], []
        for _ in range(options.rounds):
            started = time.perf_counter()
            subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)
            plain.append(time.perf_counter() - started)
            started = time.perf_counter()
            result = verify(root, KeyFolder(keys).trust())
            ours.append(time.perf_counter() - started)
            if result.code is not ExitCode.CLEAN:
                print(*result.findings[:5], *result.undecided, sep="\n")
                return 1
    ratio = statistics.median(ours) / statistics.median(plain)
    print(f"{octets / 1e6:.0f} MB in {len(files)} files, {result.leaves} leaves, {result.records} records")
    print(f"sha256sum {statistics.median(plain):.2f} s, audit verify {statistics.median(ours):.2f} s: {ratio:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
