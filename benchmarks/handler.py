"""CPU a page of the checked download handler beside Scrapy's own, over the same URLs.

Fetches a list of URLs under ``.test`` (all on loopback, nothing parsed or followed) in one process a run, the two
handlers in turn, and prints the medians with their ratio:

    python ../shared/bench/synthweb.py serve --hosts 300 --port 8080 &
    python ../shared/bench/synthweb.py urls --hosts 300 --port 8080 --all > urls.txt
    python benchmarks/handler.py urls.txt
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

HANDLERS = {
    "scrapy": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
    "checked": "crawler.network.handler.CheckedHTTP11Handler",
}


def crawl(name: str, urls: str, concurrency: int) -> dict[str, float]:
    """Fetch all URLs with one handler in this process."""
    from scrapy import Request, Spider  # noqa: PLC0415 - only the measured process needs it
    from scrapy.crawler import CrawlerProcess  # noqa: PLC0415 - only the measured process needs it

    from crawler.network.exchange import EXCHANGE_KEY, Exchange  # noqa: PLC0415 - only the measured process needs it
    from crawler.network.policy_slot import NetworkRules, set_rules  # noqa: PLC0415 - only the measured process needs it
    from crawler.policy.decision import Access, Decision, Stage, State, Verdict  # noqa: PLC0415 - only the measured process needs it
    from crawler.policy.document import Limits  # noqa: PLC0415 - only the measured process needs it
    from crawler.values.address import TestHosts  # noqa: PLC0415 - only the measured process needs it

    allow = Decision(
        verdict=Verdict.ALLOW,
        verdict_search_index=Verdict.ALLOW,
        access=Access.ALLOW,
        state=State.UNKNOWN,
        stage=Stage.BEFORE_FETCH,
        reason="unknown_allowed",
        reasons=("unknown_allowed",),
    )
    numbers: dict[str, Any] = {field.name: 1 << 26 for field in fields(Limits)}
    numbers |= {"connect_timeout": 10.0, "first_byte_timeout": 20.0, "total_timeout": 60.0, "content_codings": 2}
    numbers |= {"header_lines": 100, "header_bytes": 65536, "header_line_bytes": 16384}
    rules = NetworkRules(
        test_hosts=TestHosts({"*.test": "127.0.0.1"}), refuse=lambda _host, _address: None, limits=Limits(**numbers)
    )
    targets = Path(urls).read_text().split()
    seen = {"pages": 0, "bytes": 0}

    class Pages(Spider):
        name = "pages"

        async def start(self) -> Any:
            set_rules(self.crawler, rules)
            for url in targets:
                exchange = Exchange(url=url, decision=allow, max_bytes=10 << 20)
                yield Request(url, meta={EXCHANGE_KEY: exchange, "download_slot": url[:20]}, dont_filter=True)

        def parse(self, response: Any, **_: Any) -> None:
            seen["pages"] += 1
            seen["bytes"] += len(response.body)

    process = CrawlerProcess(
        {
            "DOWNLOAD_HANDLERS": {"http": HANDLERS[name], "https": HANDLERS[name]},
            "TWISTED_DNS_RESOLVER": "crawler.network.resolver.CheckedResolver",
            "DOWNLOAD_VERIFY_CERTIFICATES": True,
            "CONCURRENT_REQUESTS": concurrency,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
            "CONCURRENT_ITEMS": 1,
            "COOKIES_ENABLED": False,
            "RETRY_ENABLED": False,
            "REDIRECT_ENABLED": False,
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": False,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "ERROR",
        },
        install_root_handler=True,
    )
    process.crawl(Pages)
    began, cpu = time.perf_counter(), time.process_time()
    process.start()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    pages = seen["pages"] or 1
    return {**seen, "pages_per_second": pages / seconds, "cpu_ms_per_page": cpu * 1000 / pages}


def main() -> None:
    """Run both handlers in turn and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--one", choices=sorted(HANDLERS), help="measure one handler in this process, print JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(crawl(arguments.one, arguments.urls, arguments.concurrency)))
        return
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in HANDLERS}
    command = [sys.executable, __file__, arguments.urls, "--concurrency", str(arguments.concurrency), "--one"]
    for number in range(arguments.rounds):
        for name in sorted(HANDLERS, reverse=bool(number % 2)):
            done = subprocess.run([*command, name], capture_output=True, check=True, timeout=300, text=True)
            runs[name].append(json.loads(done.stdout.splitlines()[-1]))
            print(name, runs[name][-1], file=sys.stderr)
    medians = {name: statistics.median(run["cpu_ms_per_page"] for run in found) for name, found in runs.items()}
    ratios = [
        ours["cpu_ms_per_page"] / theirs["cpu_ms_per_page"]
        for ours, theirs in zip(runs["checked"], runs["scrapy"], strict=True)
    ]
    print(json.dumps({"cpu_ms_per_page": medians, "ratio": statistics.median(ratios), "ratios": ratios}))


if __name__ == "__main__":
    main()
