"""Cost of one durable page (WARC records, row, links, claim) in the writer thread, beside warcio and JSON lines.

    python benchmarks/storage.py [--pages 2000] [--queued 0] [--rounds 3]

Prints milliseconds of thread CPU and of wall time a page, the share of the time in which another thread could run
Python, and the ratios to the plain pair. Both run in turns, in the same process, on the same pages.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.storage.entries import Batch, ClaimRequest
from crawler.storage.store import CrawlStore
from tests.storage.making import RUN, allowed, new

if TYPE_CHECKING:
    from crawler.storage.entries import Claim, NewUrl

BATCH = 32
PUBLISH_AT = 5000
BODY = 42_000
LINKS = 40
KNOWN_LINKS = 29


def bodies(count: int) -> list[bytes]:
    """Pages of about 42 kB that compress like HTML (to 0.36) and differ from each other."""
    chosen = random.Random(1)  # noqa: S311 - repeatable, not secret
    words = [f"{chosen.getrandbits(28):x}" for _ in range(4000)]
    pages = []
    for _ in range(count):
        parts: list[str] = []
        size = 0
        while size < BODY:
            part = (
                f'<p class="text">{" ".join(chosen.choices(words, k=12))} <a href="/{chosen.choice(words)}">x</a></p>\n'
            )
            parts.append(part)
            size += len(part)
        pages.append("".join(parts).encode())
    return pages


def spin(stop: threading.Event, count: list[int]) -> None:
    """Count as fast as the interpreter lets this thread."""
    steps = 0
    while not stop.is_set():
        for _ in range(1000):
            steps += 1
    count[0] = steps


def measure_store(pages: list[bytes], queued: int) -> tuple[float, float]:
    """Milliseconds of CPU and of wall time a page: commits of a batch with the next claims, segments included."""
    with tempfile.TemporaryDirectory() as folder:
        store = CrawlStore.open(Path(folder) / "out", run=RUN)
        for start in range(0, queued, 10_000):
            urls = tuple(
                new(f"http://h{n % 100_000}.test/{n}", f"h{n % 100_000}.test") for n in range(start, start + 10_000)
            )
            store.commit(Batch(new_urls=urls))
        seeds = tuple(new(f"http://s{n}.test/", f"s{n}.test") for n in range(len(pages)))
        store.commit(Batch(new_urls=seeds))
        want = ClaimRequest(now=time.time(), limit=BATCH)
        claims = store.commit(Batch(claim=want)).claims
        cpu = wall = 0.0
        done = 0
        while done + BATCH <= len(pages):
            outcomes = tuple(
                allowed(claim, pages[done + index], *links(claim, done + index)) for index, claim in enumerate(claims)
            )
            cpu_before, wall_before = time.thread_time(), time.perf_counter()
            committed = store.commit(Batch(outcomes=outcomes, claim=want))
            done += BATCH
            if committed.unpublished >= PUBLISH_AT or done + BATCH > len(pages):
                store.publish("rows")
            cpu += time.thread_time() - cpu_before
            wall += time.perf_counter() - wall_before
            claims = committed.claims
        store.close(clean=True, reason="finished", code=0)
        return cpu / done * 1e3, wall / done * 1e3


def links(claim: Claim, number: int) -> list[NewUrl]:
    """Forty links, most of them known."""
    known = [new(f"http://s{n % 50}.test/", f"s{n % 50}.test") for n in range(number, number + KNOWN_LINKS)]
    fresh = [new(f"{claim.new.url}{number}/{n}", claim.new.lane) for n in range(LINKS - KNOWN_LINKS)]
    return known + fresh


def measure_plain(pages: list[bytes]) -> tuple[float, float]:
    """The same with warcio (gzip, its default) and a JSON line a page; nothing durable."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        cpu, wall = time.thread_time(), time.perf_counter()
        with (path / "x.warc.gz").open("wb") as warc, (path / "x.jsonl").open("w") as rows:
            writer = WARCWriter(warc, gzip=True)
            for index, body in enumerate(pages):
                url = f"http://s{index}.test/"
                head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
                writer.write_record(
                    writer.create_warc_record(
                        url, "response", payload=BytesIO(body), length=len(body), http_headers=head
                    )
                )
                rows.write(json.dumps({"url": url, "status": 200, "bytes": len(body), "verdict": "allow"}) + "\n")
        return (time.thread_time() - cpu) / len(pages) * 1e3, (time.perf_counter() - wall) / len(pages) * 1e3


def free_share(work: threading.Thread) -> float:
    """Part of a spinning thread's own speed that is left while the other thread works."""
    alone, beside = [0], [0]
    for count, other in ((alone, None), (beside, work)):
        stop = threading.Event()
        spinner = threading.Thread(target=spin, args=(stop, count))
        started = time.perf_counter()
        spinner.start()
        if other is None:
            time.sleep(1)
        else:
            other.start()
            other.join()
        stop.set()
        spinner.join()
        count[0] /= time.perf_counter() - started
    return beside[0] / alone[0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=2048)
    parser.add_argument("--queued", type=int, default=0, help="URLs in the frontier before the start, 100,000 lanes")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    pages = bodies(asked.pages)
    ours, plain = [], []
    for _ in range(asked.rounds):
        ours.append(measure_store(pages, asked.queued))
        plain.append(measure_plain(pages[:256]))
    cpu = statistics.median(o[0] for o in ours)
    wall = statistics.median(o[1] for o in ours)
    plain_cpu = statistics.median(p[0] for p in plain)
    print(f"store:           {cpu:.3f} ms CPU, {wall:.3f} ms wall a page ({1e3 / wall:.0f} pages/s)")
    print(f"warcio + jsonl:  {plain_cpu:.3f} ms CPU a page")
    ratios = ", ".join(f"{mine[0] / other[0]:.2f}" for mine, other in zip(ours, plain, strict=True))
    print(f"ratio of CPU:    {cpu / plain_cpu:.2f} [{ratios}]")
    share = free_share(threading.Thread(target=measure_store, args=(pages, 0)))
    print(f"left for Python: {share:.0%} of another thread's speed while pages are made and committed")


if __name__ == "__main__":
    main()
