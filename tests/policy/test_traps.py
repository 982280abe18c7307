"""Where an endless site ends."""

from __future__ import annotations

import pytest

from crawler.policy.traps import find_trap, repeated_segment
from crawler.values.url import parse
from tests.policy.samples import policy

TRAPS = policy().traps


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("/a/a/a/a", "a"),
        ("/a/b/a/b/a/b/a/", "a"),
        ("/a/a/a", None),
        ("/a/a/a/b?x=/a/a/a/a", None),
        ("//////", None),
        ("/", None),
        ("/2026/11/11/11/11.html", None),
    ],
)
def test_repeated_segment(path: str, segment: str | None) -> None:
    """The same segment four times, side by side or not; the query and empty segments do not count."""
    assert repeated_segment(parse(f"https://example.com{path}"), 4) == segment


@pytest.mark.parametrize(
    ("path", "depth", "pages", "detail"),
    [
        ("/a", 20, 19_999, None),
        ("/a", 21, 0, "depth 21 is above [traps] depth = 20"),
        ("/a", 0, 20_000, "20000 pages of the domain reach [traps] pages_per_domain = 20000"),
        ("/a?page=7", 0, 0, None),
        ("/a/a/a/a", 0, 0, "path segment 'a' stands 4 times ([traps] repeated_segments)"),
    ],
)
def test_find_trap(path: str, depth: int, pages: int, detail: str | None) -> None:
    """Each limit is named with the key that sets it."""
    found = find_trap(parse(f"https://example.com{path}"), TRAPS, depth=depth, pages_of_domain=pages)
    assert (found and found.detail) == detail
    assert found is None or (found.code, found.defers) == ("trap_limit", False)


def test_urls_made_by_counting() -> None:
    """Of URLs that bring the same content as others alike, [traps] similar_urls are asked for and no more."""
    url = parse("https://example.com/calendar?day=501")
    assert find_trap(url, TRAPS, depth=1, pages_of_domain=500, alike=499) is None
    found = find_trap(url, TRAPS, depth=1, pages_of_domain=500, alike=500)
    assert found is not None
    assert "([traps] similar_urls)" in found.detail
