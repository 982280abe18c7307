"""When the Summary is due again: six months after a version, if the model is trained on further data (notice, 29)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.policy.profiles import EarlierSummary

MONTHS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What the calendar says."""

    due: date
    text: str
    problems: tuple[str, ...] = ()


def next_update(earlier: Sequence[EarlierSummary], today: date, latest: str | None) -> Clock:
    """``latest`` is the ``MM/YYYY`` of the newest kept page."""
    due = months_later(today, MONTHS)
    text = (
        f"Next update by {due:%d/%m/%Y} if the model is trained on further data that calls for a change, "
        "earlier if the change is materially significant."
    )
    before = max((one.published for one in earlier if one.published), default=None)
    if before is None:
        return Clock(due=due, text=text)
    if before > today:
        return Clock(due=due, text=text, problems=(f"An earlier version is dated {before:%d/%m/%Y}, after this one.",))
    is_newer = latest is not None and (latest[3:], latest[:2]) > (f"{before:%Y}", f"{before:%m}")
    if is_newer and months_later(before, MONTHS) < today:
        why = f"The version of {before:%d/%m/%Y} is older than six months, and pages were kept until {latest}."
        return Clock(
            due=due, text=text, problems=(f"{why} This update was due by {months_later(before, MONTHS):%d/%m/%Y}.",)
        )
    return Clock(due=due, text=text)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
