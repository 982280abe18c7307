"""Removal lists asked about rows."""

from __future__ import annotations

import pytest

from crawler.provenance.removal_index import RemovalIndex
from crawler.provenance.removals import Removal


def _removal(kind: str, value: str, crawl_id: str | None = None) -> Removal:
    return Removal(kind=kind, value=value, reason="r", basis="b", since="s", crawl_id=crawl_id)


ENTRIES = (
    _removal("domain", "gone.example"),
    _removal("path", "part.example/secret"),
    _removal("network", "192.0.2.0/24"),
    _removal("url", "https://one.example/page?id=1"),
    _removal("domain", "once.example", "c1"),
    _removal("url", "https://one.example/page?id=1"),
)


@pytest.mark.parametrize(
    ("url", "address", "crawl_id", "entry"),
    [
        ("https://gone.example/", None, "c", 0),
        ("http://www.gone.example/x", None, "c", 0),
        ("https://notgone.example/", None, "c", None),
        ("https://part.example/secret/x", None, "c", 1),
        ("https://part.example/secrets", None, "c", None),
        ("https://other.example/", "192.0.2.7", "c", 2),
        ("https://other.example/", "198.51.100.7", "c", None),
        ("https://one.example/page?id=1", "198.51.100.7", "c", 3),
        ("https://one.example/page?id=12", None, "c", None),
        ("https://once.example/", None, "c1", 4),
        ("https://once.example/", None, "c2", None),
    ],
)
def test_about_row(url: str, address: str | None, crawl_id: str, entry: int | None) -> None:
    """Domains cover what is below them, paths and networks what is in them, URLs themselves; a crawl id narrows."""
    found = RemovalIndex(ENTRIES).about_row({"url": url, "ip_address": address, "crawl_id": crawl_id})
    assert found == (None if entry is None else ENTRIES[entry])


def test_exact_url() -> None:
    """Where the row's URL may be redacted, the record's is compared."""
    index = RemovalIndex(ENTRIES)
    row = {"url": "https://one.example/page?id=REDACTED:00000000", "ip_address": None, "crawl_id": "c"}
    assert index.about_row(row) is None
    assert index.about_row(row, "https://one.example/page?id=1") is ENTRIES[3]
    assert len(index) == len(ENTRIES)
