"""Retry-After, and waits of robots.txt that are too long to be kept within a crawl."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.robots.waits import Waits
from crawler.policy.waiting import LONGEST_WAIT, find_long_wait, read_retry_after
from tests.policy.samples import policy

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("99999999999", LONGEST_WAIT),
        ("Mon, 23 Nov 2026 12:01:00 GMT", 60.0),
        ("Monday, 23-Nov-26 12:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 12:01:00", 60.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Mon, 23 Nov 2099 12:00:00 GMT", LONGEST_WAIT),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("\u0661", None),
        ("Mon, 99 Nov 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Seconds or a date (RFC 9110 section 10.2.3); anything else asks for nothing."""
    assert read_retry_after(value, NOW) == seconds


@given(
    st.text(max_size=40) | st.from_regex(r"\w{3}, \d{1,3} \w{3} \d{1,9} \d\d:\d\d:\d\d [+-]?\d{0,9}", fullmatch=True)
)
def test_retry_after_never_raises(value: str) -> None:
    """Any text is a wait within bounds, or none."""
    seconds = read_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("waits", "detail"),
    [
        (Waits(), None),
        (Waits(crawl_delay=300.0), None),
        (Waits(crawl_delay=301.0), "Crawl-delay or Request-rate asks for 301 s, [politeness] max_delay is 300 s"),
        (
            Waits(request_interval=3600.0),
            "Crawl-delay or Request-rate asks for 3600 s, [politeness] max_delay is 300 s",
        ),
        (Waits(visit_times=((12 * 3600 + 240, 13 * 3600),)), None),
        (Waits(visit_times=((13 * 3600, 14 * 3600),)), "Visit-time asks for 3600 s, [politeness] max_delay is 300 s"),
    ],
)
def test_long_wait(waits: Waits, detail: str | None) -> None:
    """Above ``max_delay`` the host is deferred for as long as it asks; below, the pace keeps the wait."""
    found = find_long_wait(waits, policy().politeness, time(12, 0))
    assert (found and found.detail) == detail
    if found is not None:
        assert (found.code, found.defers) == ("robots_delay_too_long", True)
        assert found.retry_after in {301.0, 3600.0}
