"""How long a site asks us to wait: Retry-After (RFC 9110 section 10.2.3) and the records of robots.txt (R3.15)."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from crawler.policy.facts import Refusal

if TYPE_CHECKING:
    from datetime import datetime, time

    from crawler.optout.robots.waits import Waits
    from crawler.policy.document import Politeness

LONGEST_WAIT = 30 * 86_400.0
"""Seconds; a longer demand counts as this one."""

_SECONDS = re.compile(r"[0-9]{1,12}")


def read_retry_after(value: str, now: datetime) -> float | None:
    """Seconds from ``now`` (aware) that the field names, as a number or as a date; ``None`` where it names nothing.

    Never negative: a date in the past means that no further wait is asked for.
    """
    text = value.strip(" \t")
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max((when - now).total_seconds(), 0.0), LONGEST_WAIT)


def find_long_wait(waits: Waits, politeness: Politeness, now: time) -> Refusal | None:
    """Defer the host where robots.txt demands more than ``max_delay``; ``now`` is a time of the day in UTC.

    A shorter wait is no refusal: it is kept by ``Politeness.slow_to`` and ``Politeness.defer``.
    """
    delay, visit = waits.delay or 0.0, waits.until_visit(now)
    wait = max(delay, visit)
    if wait <= politeness.max_delay:
        return None
    record = "Crawl-delay or Request-rate" if delay >= visit else "Visit-time"
    return Refusal(
        code="robots_delay_too_long",
        detail=f"{record} asks for {wait:g} s, [politeness] max_delay is {politeness.max_delay:g} s",
        defers=True,
        retry_after=wait,
    )
