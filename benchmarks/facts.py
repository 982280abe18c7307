"""What the facts of a page cost: milliseconds for visible text, likeness, language, country, kind; on real pages.

python benchmarks/facts.py FOLDER_OF_HTML [--pages 300]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.facts import generated
from crawler.facts.country import country_hint
from crawler.facts.similarity import simhash
from crawler.language_models import language_of
from crawler.storage.site_categories import site_categories
from crawler.values.html import scan
from crawler.values.html_text import visible_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _milliseconds(function: Callable[[int], object], numbers: Iterable[int]) -> float:
    """Mean of the quickest of three rounds, in CPU time of this thread."""
    rounds = []
    chosen = list(numbers)
    for _ in range(3):
        start = time.thread_time()
        for number in chosen:
            function(number)
        rounds.append((time.thread_time() - start) / len(chosen) * 1000)
    return round(min(rounds), 4)


def main() -> int:
    """Print one JSON object; ``scan`` is what the crawl does with a page anyway, for comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=300)
    given = parser.parse_args()
    files = sorted(given.folder.rglob("*.html"))
    bodies = [file.read_bytes() for file in files[:: max(len(files) // given.pages, 1)]]
    if not bodies:
        sys.stderr.write(f"{given.folder}: holds no .html file\n")
        return 2
    pages = [scan(body, content_type="text/html") for body in bodies]
    texts = [visible_text(body, page.charset) for body, page in zip(bodies, pages, strict=True)]
    rules, numbers = site_categories(), range(len(bodies))
    language_of("x" * 100)
    found = {
        "pages": len(bodies),
        "octets": sum(map(len, bodies)) // len(bodies),
        "scan": _milliseconds(lambda n: scan(bodies[n], content_type="text/html"), numbers),
        "visible_text": _milliseconds(lambda n: visible_text(bodies[n], pages[n].charset), numbers),
        "simhash": _milliseconds(lambda n: simhash(texts[n]), numbers),
        "country": _milliseconds(lambda n: country_hint("www.example.com", markup=pages[n].lang, header=()), numbers),
        "kind": _milliseconds(lambda n: rules.of_host("www.example.com")[0] or rules.of_page(pages[n]), numbers),
        "machine_made": _milliseconds(lambda n: generated.of_page(pages[n]), numbers),
        "language_model_where_nothing_is_declared": _milliseconds(lambda n: language_of(texts[n]), numbers),
    }
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
