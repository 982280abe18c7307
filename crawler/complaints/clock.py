"""The clock of a complaint: the provider's own targets in days, since the Code names none (1.5-d), and reminders.

Days are calendar days in UTC. The acknowledgement counts from receipt, the decision from when the complaint was precise
enough. A target that nobody set is never met and never missed: it is told as not set.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from crawler.complaints.case import Case
    from crawler.policy.profiles import Rightsholders

REMIND_DAYS = 3
"""Before a target, where provider.toml names no other number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """In days; ``None`` where provider.toml leaves it open."""

    acknowledge_days: int | None
    decide_days: int | None
    remind_days: int = REMIND_DAYS

    @classmethod
    def of(cls, rightsholders: Rightsholders) -> Targets:
        """Those of provider.toml."""
        remind = rightsholders.remind_days
        return cls(
            acknowledge_days=rightsholders.acknowledge_days,
            decide_days=rightsholders.decide_days,
            remind_days=REMIND_DAYS if remind is None else remind,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """Something that a person has to do."""

    case: int
    what: str
    """``acknowledge``, ``ask``, ``decide``, ``remove``."""
    due: date | None
    """Last day; ``None`` where no target is set, or none applies."""
    is_overdue: bool
    is_soon: bool
    sentence: str


def acknowledge_by(case: Case, targets: Targets) -> date | None:
    """Last day for the acknowledgement."""
    return _due(case.received_at, targets.acknowledge_days)


def decide_by(case: Case, targets: Targets) -> date | None:
    """Last day for the decision; ``None`` while something is missing."""
    return None if case.completed_at is None else _due(case.completed_at, targets.decide_days)


def reminders(cases: Iterable[Case], targets: Targets, today: date) -> list[Reminder]:
    """What is open, the most urgent first."""
    found = [one for case in cases for one in _of(case, targets, today)]
    return sorted(found, key=lambda one: (not one.is_overdue, one.due is None, one.due or today, one.case))


def _of(case: Case, targets: Targets, today: date) -> Iterator[Reminder]:
    if case.awaits_receipt:
        sentence = "run purge with the removal list, then enter its receipt"
        yield _reminder(case, "remove", decide_by(case, targets), targets, today, sentence)
    if case.decision is not None:
        return
    if case.acknowledged_at is None:
        due = acknowledge_by(case, targets)
        yield _reminder(case, "acknowledge", due, targets, today, "send the acknowledgement")
    if case.is_complete:
        yield _reminder(case, "decide", decide_by(case, targets), targets, today, "decide, and say why")
    elif case.acknowledged_at is not None:
        yield _reminder(case, "ask", None, targets, today, "waits for what is missing")


def _reminder(  # noqa: PLR0917 - one line of a table
    case: Case, what: str, due: date | None, targets: Targets, today: date, sentence: str
) -> Reminder:
    is_overdue = due is not None and today > due
    is_soon = due is not None and not is_overdue and (due - today).days <= targets.remind_days
    return Reminder(case=case.number, what=what, due=due, is_overdue=is_overdue, is_soon=is_soon, sentence=sentence)


def _due(start: datetime, days: int | None) -> date | None:
    return None if days is None else (start + timedelta(days=days)).date()
