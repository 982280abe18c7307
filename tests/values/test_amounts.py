"""Amounts as people read them."""

from __future__ import annotations

import pytest

from crawler.values.amounts import counted, duration, octets


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 * 1024**2, "5.0 MiB"),
        (1024**3, "1.0 GiB"),
        (1024**4, "1.0 TiB"),
        (3000 * 1024**4, "3000.0 TiB"),
    ],
)
def test_octets_in_powers_of_1024(count: int, text: str) -> None:
    """The largest unit that leaves at least one, TiB at most."""
    assert octets(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00"), (7.9, "0:07"), (62, "1:02"), (3723, "1:02:03")])
def test_duration_as_a_clock(seconds: float, text: str) -> None:
    """Minutes and seconds; hours where there are any."""
    assert duration(seconds) == text


@pytest.mark.parametrize(("number", "told"), [(0, "0 pages"), (1, "1 page"), (2, "2 pages")])
def test_one_is_no_plural(number: int, told: str) -> None:
    """Only one is one."""
    assert counted(number, "page") == told
