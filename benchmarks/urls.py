"""What URL work costs beside w3lib, the standard library and tldextract: best of five, microseconds a call.

Run: python benchmarks/urls.py
"""

from __future__ import annotations

import sys
import timeit
import tracemalloc
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from tldextract import TLDExtract
from w3lib.url import canonicalize_url, safe_url_string

from crawler.blocklists.interface import Entry, EntryKind
from crawler.blocklists.matcher import Matcher
from crawler.blocklists.reading import Guards, read_list
from crawler.blocklists.registry import format_named
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256
from crawler.values.redaction import SECRET_NAMES, redact
from crawler.values.surt import surt
from crawler.values.url import canonicalise, resolve, split

if TYPE_CHECKING:
    from collections.abc import Callable

CLEAN = "https://www.example.com/news/2026/some-article-title-here.html?page=2&utm_source=x"
MESSY = "HTTP://WWW.Example.com:80/a/./b/../c d?x=%7e\u00e9#f"
BASE = canonicalise("https://www.example.com/news/index.html?x=1")
CALLS = 50_000
NAMES = 1_000_000


def microseconds(call: Callable[[], object]) -> float:
    """Best of five rounds."""
    return min(timeit.repeat(call, number=CALLS, repeat=5)) / CALLS * 1e6


def line(name: str, ours: Callable[[], object], other: str, theirs: Callable[[], object]) -> None:
    """One row: our cost, the other's, and how many times faster."""
    us, them = microseconds(ours), microseconds(theirs)
    print(f"{name:34} {us:8.2f}   {other:28} {them:8.2f}   {them / us:6.1f}x")


def urls() -> None:
    """Canonical spelling, references, parts, suffixes."""
    suffixes, extract = bundled_suffixes(), TLDExtract(cache_dir=None, suffix_list_urls=())
    print(f"{'ours':34} {'us':>8}   {'beside':28} {'us':>8}   {'ratio':>7}")
    line(
        "canonicalise, canonical already",
        lambda: canonicalise(CLEAN),
        "w3lib canonicalize_url",
        lambda: canonicalize_url(CLEAN),
    )
    line(
        "canonicalise, canonical already",
        lambda: canonicalise(CLEAN),
        "w3lib safe_url_string",
        lambda: safe_url_string(CLEAN),
    )
    line("canonicalise, messy", lambda: canonicalise(MESSY), "w3lib canonicalize_url", lambda: canonicalize_url(MESSY))
    for name, reference in {
        "absolute": CLEAN,
        "absolute path": "/news/2026/some-article-title-here.html",
        "relative path": "some-article.html?x=1",
        "dot segments": "../a/b.html",
        "blank in it": "/a b/c.html",
        "other host": "//cdn.example.com/b.html",
    }.items():
        line(
            f"resolve, {name}",
            lambda reference=reference: resolve(BASE, reference),
            "safe_url_string(urljoin)",
            lambda reference=reference: safe_url_string(urljoin(BASE, reference)),
        )
    clean = canonicalise(CLEAN)
    line("split", lambda: split(clean), "urlsplit, not remembered", lambda: urlsplit.__wrapped__(CLEAN))
    line(
        "registered domain, known host",
        lambda: suffixes.registered_domain("www.example.com"),
        "tldextract",
        lambda: extract.extract_str(CLEAN),
    )
    line("surt", lambda: surt(clean), "w3lib canonicalize_url", lambda: canonicalize_url(CLEAN))
    line("redact", lambda: redact(CLEAN, SECRET_NAMES, b"s"), "w3lib canonicalize_url", lambda: canonicalize_url(CLEAN))


def blocklist() -> None:
    """A million names: reading, memory, asking."""
    lines = [f"site-{number:07d}.example-{number % 977}.test\n".encode() for number in range(NAMES)]
    guards = Guards(is_suffix=bundled_suffixes().is_suffix)

    def load() -> Matcher:
        matcher = Matcher()
        matcher.open_list("million", sha256(b""))
        for item in read_list(lines, format_named("domains"), guards):
            if isinstance(item, Entry) and item.kind is EntryKind.DOMAIN:
                matcher.add(item)
        return matcher

    started = perf_counter()
    matcher = load()
    seconds = perf_counter() - started
    del matcher
    tracemalloc.start()
    matcher = load()
    octets = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    plain = {text.decode().strip() for text in lines}
    print(f"\n{NAMES:,} names: read, checked, loaded in {seconds:.1f} s, {octets / 2**20:.0f} MiB")
    line(
        "ask, not listed, 3 labels",
        lambda: matcher.find("www.example.com"),
        "one set look-up",
        lambda: "www.example.com" in plain,
    )
    line(
        "ask, listed by its parent",
        lambda: matcher.find("www.site-0500000.example-753.test"),
        "one set look-up",
        lambda: "x" in plain,
    )


if __name__ == "__main__":
    urls()
    blocklist()
