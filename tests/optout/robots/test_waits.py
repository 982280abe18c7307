"""Crawl-delay, Request-rate and Visit-time, read strictly."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

import pytest

from crawler.optout.robots.groups import parse
from crawler.optout.robots.waits import NO_WAITS, WAIT_LIMIT, read_waits

if TYPE_CHECKING:
    from crawler.optout.robots.waits import Waits


def _waits(records: str) -> Waits:
    return read_waits([parse(f"User-agent: *\n{records}\nDisallow: /x\n".encode()).group_for("t")])


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("10", 10.0),
        ("2.5", 2.5),
        (".5", 0.5),
        ("3.", 3.0),
        ("0", 0.0),
        ("9" * 400, WAIT_LIMIT),
        *((value, None) for value in ("10s", "inf", "nan", "-1", "1_000", "1e3", "+1", "1,5", "", "٣", "0x1", ".")),
    ],
)
def test_crawl_delay(value: str, seconds: float | None) -> None:
    """A decimal number of seconds; anything else states nothing."""
    assert _waits(f"Crawl-delay: {value}").crawl_delay == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1/5", 5.0),
        ("2/5", 2.5),
        ("1/10m", 600.0),
        ("1/1H", 3600.0),
        ("1 / 2d", 172_800.0),
        ("1/5 0600-0845", 5.0),
        ("1/999999999999", WAIT_LIMIT),
        *((value, None) for value in ("0/5", "1/0", "1", "1/5x", "-1/5", "1/5 6-8", "1.5/2", "a/b")),
    ],
)
def test_request_rate(value: str, seconds: float | None) -> None:
    """Documents per time become seconds between requests; hours of the day do not weaken it."""
    assert _waits(f"Request-rate: {value}").request_interval == seconds


def test_the_longest_wait_counts() -> None:
    """Of several records, and of the two kinds."""
    waits = _waits("Crawl-delay: 2\nCrawl-delay: 7\nCrawl-delay: x\nRequest-rate: 1/30\nRequest-rate: 1/3")
    assert (waits.crawl_delay, waits.request_interval, waits.delay) == (7.0, 30.0, 30.0)
    assert _waits("Crawl-delay: 4").delay == 4.0
    assert NO_WAITS.delay is None


def test_visit_time() -> None:
    """Seconds until the next window opens; windows may span midnight; malformed ones state nothing."""
    waits = _waits("Visit-time: 0600-0845\nVisit-time: 2300-0100\nVisit-time: 2500-2600\nVisit-time: 06:00-08:00")
    assert waits.visit_times == ((21_600, 31_500), (82_800, 3_600))
    assert waits.until_visit(time(6, 0)) == 0
    assert waits.until_visit(time(8, 44, 59)) == 0
    assert waits.until_visit(time(8, 45)) == (23 - 8.75) * 3600
    assert waits.until_visit(time(23, 30)) == 0
    assert waits.until_visit(time(0, 30)) == 0
    assert waits.until_visit(time(5, 59, 30)) == 30
    assert NO_WAITS.until_visit(time(3)) == 0


def test_only_records_of_our_groups_count() -> None:
    """Another agent's delay is not ours (RFC 9309 section 2.2.1)."""
    file = parse(b"User-agent: t\nCrawl-delay: 1\nUser-agent: u\nCrawl-delay: 9\nDisallow: /\n")
    assert read_waits([file.group_for("t")]).crawl_delay == 1.0
