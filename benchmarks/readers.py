"""What the opt-out readers cost for one page: 43 kB of HTML with headers, the site files read and compiled before.

``PYTHONPATH=. python benchmarks/readers.py [ROUNDS]``: microseconds of CPU a page, the median of the rounds, for each
reader and for all together, as the crawl asks them (head, elements, then one question). The bar is 150 µs for all
together. The pass over the HTML that finds elements and links is shared with the crawl; its cost stands apart.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.page_scan import page
from crawler.optout.collect import collect, read_head, read_html, read_site
from crawler.optout.interface import HtmlHead, ResponseHead
from crawler.optout.registry import READERS, SITE_FILES, site_files
from crawler.optout.robots.groups import parse
from crawler.optout.site_file import SiteFileOutcome
from crawler.optout.statement import Question, RobotsRecords, Source, Use
from crawler.values.digest import sha256
from crawler.values.html import scan
from crawler.values.url import canonicalise, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.optout.interface import OptOutReader

BAR_US = 150.0
PAGES_A_ROUND = 50
URL = canonicalise("https://site.example/dir/page.html")
AT = datetime(2026, 1, 1, tzinfo=UTC)
TYPE = "text/html; charset=utf-8"
TOKEN = "ExampleBot"  # noqa: S105 - a product token
AGENTS = ("GPTBot", "ClaudeBot", "CCBot", "Google-Extended", "Bytespider", "Amazonbot", "Applebot-Extended")
ROBOTS = (
    "User-agent: *\nContent-Signal: search=yes,ai-train=no,use=reference\nContent-Usage: train-ai=n\nAllow: /\n"
    "DisallowAITraining: /private/\n\n"
    + "".join(f"User-agent: {agent}\nDisallow: /\n\n" for agent in AGENTS)
    + "User-agent: *\nDisallow: /admin\nSitemap: https://site.example/sitemap.xml\n"
)
FILES = {
    "/.well-known/tdmrep.json": '[{"location": "/", "tdm-reservation": 1}]',
    "/ai.txt": "User-Agent: *\nDisallow: *.jpg\nDisallow: /\n",
    "/trust.txt": "member=https://a.example/\ndatatrainingallowed=no\n",
}
HEADERS = (
    ("Date", "Mon, 23 Nov 2026 12:00:00 GMT"),
    ("Content-Type", TYPE),
    ("Content-Encoding", "gzip"),
    ("Cache-Control", "max-age=600"),
    ("ETag", '"abc"'),
    ("Server", "nginx"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Link", '<https://site.example/wp-json/>; rel="https://api.w.org/", <https://site.example/?p=7>; rel=shortlink'),
    ("X-Robots-Tag", "noarchive, noai"),
    ("tdm-reservation", "1"),
    ("Vary", "Accept-Encoding"),
    ("X-Frame-Options", "SAMEORIGIN"),
)
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token=TOKEN, media_type="text/html")


def _source(text: str) -> Source:
    return Source(url=URL, digest=sha256(text.encode()), retrieved_at=AT)


def _outcome(path: str) -> SiteFileOutcome:
    text = FILES.get(path)
    body = None if text is None else text.encode()
    return SiteFileOutcome(
        path=path,
        url=resolve(URL, path),
        status=404 if body is None else 200,
        error=None,
        content_type="text/plain",
        body=body,
        retrieved_at=AT,
        digest=None if body is None else sha256(body),
    )


def _work(readers: Sequence[OptOutReader], body: bytes) -> Callable[[], object]:
    """One page for these readers, with their site files read before."""
    robots = RobotsRecords(file=parse(ROBOTS.encode()), source=_source(ROBOTS), token=TOKEN)
    site = read_site(robots, [_outcome(path) for path in site_files(readers)], readers=readers)
    head = ResponseHead(source=_source("head"), status=200, headers=HEADERS)
    html = HtmlHead(source=_source("body"), page=scan(body, content_type=TYPE))

    def work() -> object:
        carriers = read_head(head, readers=readers) + read_html(html, readers=readers)
        return collect(QUESTION, site + carriers)

    return work


def cost(work: Callable[[], object], rounds: int) -> float:
    """Median CPU of one page, in microseconds."""
    work()
    spent = []
    for _ in range(rounds):
        started = time.process_time_ns()
        for _ in range(PAGES_A_ROUND):
            work()
        spent.append((time.process_time_ns() - started) / PAGES_A_ROUND / 1_000)
    return median(spent)


def main() -> int:
    """Print the table; 1 where all together are over the bar."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    body = page()
    idle = cost(_work((), body), rounds)
    print("| reader | µs a page |\n|---|---:|")
    for reader in READERS:
        print(f"| `{reader.id}` | {max(cost(_work((reader,), body), rounds) - idle, 0.0):.1f} |")
    everything = cost(_work(READERS, body), rounds)
    print(f"| all together | {everything:.1f} |")
    shared = cost(lambda: scan(body, content_type=TYPE), rounds)
    print(f"| the pass over {len(body) / 1_000:.0f} kB of HTML (shared with the crawl) | {shared:.1f} |")
    print(f"| for comparison: `sum(range(1000))` | {cost(lambda: sum(range(1000)), rounds):.1f} |")
    print(f"\n{len(SITE_FILES)} site files and robots.txt read before; bar {BAR_US:.0f} µs", file=sys.stderr)
    return int(everything > BAR_US)


if __name__ == "__main__":
    sys.exit(main())
