"""What URLs that a site makes by counting have in common."""

from __future__ import annotations

import pytest

from crawler.values.url import CanonicalUrl
from crawler.values.url_shape import shape_of


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        ("https://a.test/day/2026-11-23?x=1", "https://a.test/day/0-0-0"),
        ("https://a.test/day/7-1-3", "https://a.test/day/0-0-0"),
        ("https://a.test/list?page=2", "https://a.test/list"),
        ("https://a.test/", None),
        ("https://a.test/about", None),
        ("http://a1.test:8080/about", None),
    ],
)
def test_shape(url: str, shape: str | None) -> None:
    """Query and digits of the path do not tell two URLs apart; host and port do."""
    assert shape_of(CanonicalUrl(url)) == shape
