"""One pass over a 43 kB page, and its links, beside lxml, parsel and Scrapy's LinkExtractor.

``python benchmarks/page_scan.py [ROUNDS]``: microseconds a page (best round) and the ratio to ours.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from lxml import html as lxml_html
from parsel import Selector
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor
from selectolax.lexbor import LexborHTMLParser

from crawler.values.html import scan
from crawler.values.html_shape import safe_length
from crawler.values.links import outlinks
from crawler.values.url import canonicalise

if TYPE_CHECKING:
    from collections.abc import Callable

URL = canonicalise("https://site.example/dir/page.html")
TYPE = "text/html; charset=utf-8"
PAGES_A_ROUND = 100
EXTRACTOR = LinkExtractor(deny_extensions=[])


def page(links: int = 40, metas: int = 8, size: int = 43_000) -> bytes:
    """Text with links, as articles have them."""
    head = "".join(f'<meta name="m{number}" content="value">' for number in range(metas))
    filler = "lorem ipsum " * ((size - len(head)) // links // 12 - 4)
    body = "".join(f'<p>{filler}<a href="/page/{number}.html">link</a></p>\n' for number in range(links))
    return f"<!doctype html><html lang=en><head><title>t</title>{head}</head><body>{body}</body></html>".encode()


def _by_lxml(body: bytes) -> None:
    root = lxml_html.fromstring(body)
    for element in root.iter("a", "area", "meta", "link", "script", "input", "img"):
        dict(element.attrib)


def _by_parsel(body: bytes) -> None:
    selector = Selector(text=body.decode())
    selector.xpath("//a/@href | //area/@href").getall()
    selector.xpath("//meta | //link").getall()


def _by_scrapy(body: bytes) -> None:
    EXTRACTOR.extract_links(HtmlResponse(URL, body=body, headers={"Content-Type": TYPE}))


def _best(function: Callable[[bytes], object], body: bytes, rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(PAGES_A_ROUND):
            function(body)
        best = min(best, (time.perf_counter() - started) / PAGES_A_ROUND)
    return best * 1e6


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    body = page()
    found = scan(body, content_type=TYPE)
    ours = _best(lambda page: scan(page, content_type=TYPE), body, rounds)
    rows: dict[str, Callable[[bytes], object]] = {
        "lexbor, tree only": LexborHTMLParser,
        "look before parsing": lambda page: safe_length(page, 256),
        "outlinks of a scanned page": lambda _: outlinks(found, URL),
        "lxml, tree and iterate": _by_lxml,
        "parsel, links and metas": _by_parsel,
        "Scrapy's LinkExtractor alone": _by_scrapy,
    }
    print(f"{len(body)} octets, {len(found.hyperlinks)} links, {len(found.metas)} metas")
    print(f"{'scan':32}{ours:8.0f} us")
    for name, function in rows.items():
        time_taken = _best(function, body, rounds)
        print(f"{name:32}{time_taken:8.0f} us{time_taken / ours:8.2f} x")


if __name__ == "__main__":
    main()
