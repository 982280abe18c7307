"""The largest picture of an attribute srcset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.srcset import CANDIDATES, largest


@pytest.mark.parametrize(
    ("srcset", "found"),
    [
        ("", None),
        (" , ", None),
        ("a", "a"),
        ("a 1x, b 2x", "b"),
        ("a 2x, b", "a"),
        ("a 480w, b 1080w, c 800w", "b"),
        ("a, b", "a"),
        ("a,", "a"),
        (",,a,, b 3x", "b"),
        ("a 9x, b 10w", "b"),
        ("a 100w 50h,b 200w 100h", "b"),
        ("a (1,2) 2x, b 1.5x", "a"),
        ("a (never closed, b 2x", "a"),
        ("a junk, b", "b"),
        ("a junk", "a"),
    ],
)
def test_sizes(srcset: str, found: str | None) -> None:
    """Widths before densities, the first of equals; none is 1x, and what is no size counts as nothing."""
    assert largest(srcset) == found


def test_commas_inside_a_reference() -> None:
    """A reference ends at white space, as addresses of picture services and data URLs want it."""
    srcset = "https://cdn.test/w_400,h_300/p.jpg 400w, https://cdn.test/w_800,h_600/p.jpg 800w"
    assert largest(srcset) == "https://cdn.test/w_800,h_600/p.jpg"


def test_number_of_candidates() -> None:
    """What is beyond the bound is not looked at."""
    assert largest(", ".join(f"p{n} {n}w" for n in range(10_000))) == f"p{CANDIDATES - 1}"


@given(st.text(alphabet="ab ,()1.xw\t"))
def test_whatever_is_written(srcset: str) -> None:
    """A reference is a piece of the attribute without white space, or there is none."""
    found = largest(srcset)
    assert found is None or (found in srcset and found.split() == [found] and not found.endswith(","))
