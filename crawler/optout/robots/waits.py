"""How long a site asks to wait: Crawl-delay, Request-rate and Visit-time (no standard; R3.15).

Values are read strictly: what only a lenient number parser takes states nothing. Caps and floors belong to the policy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import time

    from crawler.optout.robots.groups import Selection

WAIT_LIMIT: Final = 1e9
"""Longest wait that is told apart, in seconds: 31 years."""

_DAY: Final = 86_400
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": _DAY}
_DECIMAL: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+", re.ASCII)
_RATE: Final = re.compile(r"([0-9]{1,12})[ \t]*/[ \t]*([0-9]{1,12})([smhd]?)(?:[ \t]+[0-9]{4}[ \t]*-[ \t]*[0-9]{4})?")
_WINDOW: Final = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])[ \t]*-[ \t]*([01][0-9]|2[0-3])([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The longest of what the selected groups ask for."""

    crawl_delay: float | None = None
    """Seconds between two requests."""
    request_interval: float | None = None
    """Seconds between two requests, from Request-rate; its hours of the day are not looked at: it always counts."""
    visit_times: tuple[tuple[int, int], ...] = ()
    """Windows in seconds since midnight UTC, first to last; one that ends before it begins spans midnight."""

    @property
    def delay(self) -> float | None:
        """Seconds between two requests: the longer of the two, ``None`` where the site asks for nothing."""
        return max((wait for wait in (self.crawl_delay, self.request_interval) if wait is not None), default=None)

    def until_visit(self, now: time) -> float:
        """Seconds until the site may be visited; ``now`` is a time of the day in UTC."""
        second = now.hour * 3600 + now.minute * 60 + now.second
        if not self.visit_times or any(_is_within(second, window) for window in self.visit_times):
            return 0.0
        return float(min((start - second) % _DAY for start, _ in self.visit_times))


NO_WAITS: Final = Waits()


def read_waits(selections: Iterable[Selection]) -> Waits:
    """Read the three records of all selections that bind us; the longest wait of each kind is taken."""
    delays: list[float] = []
    intervals: list[float] = []
    windows: list[tuple[int, int]] = []
    for selection in selections:
        delays += (wait for value in selection.values("crawl-delay") for wait in _read_delay(value))
        intervals += (wait for value in selection.values("request-rate") for wait in _read_rate(value))
        windows += (window for value in selection.values("visit-time") for window in _read_window(value))
    return Waits(
        crawl_delay=max(delays, default=None),
        request_interval=max(intervals, default=None),
        visit_times=tuple(dict.fromkeys(windows)),
    )


def _read_delay(value: str) -> tuple[float, ...]:
    return (min(float(value), WAIT_LIMIT),) if _DECIMAL.fullmatch(value) else ()


def _read_rate(value: str) -> tuple[float, ...]:
    found = _RATE.fullmatch(value.lower())
    if not found or not int(found[1]) or not int(found[2]):
        return ()
    return (min(int(found[2]) * _UNITS[found[3]] / int(found[1]), WAIT_LIMIT),)


def _read_window(value: str) -> tuple[tuple[int, int], ...]:
    found = _WINDOW.fullmatch(value)
    if not found:
        return ()
    hour, minute, last_hour, last_minute = (int(part) for part in found.groups())
    return ((hour * 3600 + minute * 60, last_hour * 3600 + last_minute * 60),)


def _is_within(second: int, window: tuple[int, int]) -> bool:
    first, last = window
    return first <= second < last if first < last else second >= first or second < last
