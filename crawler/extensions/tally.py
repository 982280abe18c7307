"""Running totals of one run, for the display, the summary at the end and the Scrapy stats."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts since this run started; octets are bodies as sent."""

    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(verdict, reason) to rows."""
    changes: Counter[str] = field(default_factory=Counter)
    """Column ``change`` to rows; empty without earlier crawls."""
    requests: int = 0
    """Requests that were handed to the engine, site files included."""
    site_requests: int = 0
    """Of them, how many asked for site files, documents that these name, and their redirect targets."""
    conflicts: int = 0
    """Rows in which two statements disagree."""
    bytes_fetched: int = 0
    bytes_retained: int = 0
    pages_kept: int = 0
    """Rows that say ALLOW and whose body is kept (redirect hops are not pages)."""
    origins: int = 0
    """Origins whose site files have been asked for or read back."""
    waiting: int = 0
    """URLs in the frontier that wait, as of the last commit."""
    due: float | None = None
    """Unix time at which the next URL is due; ``None`` while something is under way."""

    def row(self, *, verdict: str, reason: str, fetched: int, retained: int, is_page: bool) -> None:
        """Count one final row."""
        self.verdicts[verdict] += 1
        self.reasons[verdict, reason] += 1
        self.bytes_fetched += fetched
        self.bytes_retained += retained
        self.pages_kept += is_page
