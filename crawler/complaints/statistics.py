"""Figures of the register for the policy document (1.5-d) and for the public page: counts and days, nobody's name."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from crawler.complaints.case import OUTCOMES, cases_of
from crawler.complaints.clock import acknowledge_by, decide_by, reminders
from crawler.complaints.fields import CAPACITIES
from crawler.complaints.register import Register

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from crawler.complaints.case import Case
    from crawler.complaints.clock import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How a target was kept, over cases that have come to it."""

    target_days: int | None
    """``None``: provider.toml names none, and nothing was kept or missed."""
    done: int
    in_time: int
    late: int
    """Done after the last day, or not done and past it."""
    median_days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Of all cases received between two days, both included."""

    since: date | None
    until: date
    received: int
    open: int
    incomplete: int
    overdue: int
    awaiting_removal: int
    erased: int
    by_capacity: Mapping[str, int]
    by_channel: Mapping[str, int]
    by_measure: Mapping[str, int]
    by_outcome: Mapping[str, int]
    acknowledged: Kept
    decided: Kept
    rows_removed: int
    """As the receipts of purges say."""
    is_signed: bool
    """Whether a signed head covers every entry."""

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        found = asdict(self)
        return {**found, "since": None if self.since is None else str(self.since), "until": str(self.until)}


def statistics_of(path: Path, targets: Targets, *, today: date, since: date | None = None) -> Statistics:
    """Count a register. Raises UsageError where there is none, DamagedStateError where it does not hold."""
    with Register.open(path) as register:
        cases = cases_of(register.entries)
        is_signed = register.unsigned is None
    return count(cases.values(), targets, today=today, since=since, is_signed=is_signed)


def count(
    cases: Iterable[Case], targets: Targets, *, today: date, since: date | None, is_signed: bool
) -> Statistics:  # fmt: skip
    """Count cases."""
    found = [case for case in cases if since is None or case.received_at.date() >= since]
    late = {one.case for one in reminders(found, targets, today) if one.is_overdue}
    return Statistics(
        since=since,
        until=today,
        received=len(found),
        open=sum(not case.is_closed for case in found),
        incomplete=sum(case.state == "incomplete" for case in found),
        overdue=len(late),
        awaiting_removal=sum(case.awaits_receipt for case in found),
        erased=sum(case.is_erased for case in found),
        by_capacity=_counted((case.capacity or "not_said" for case in found), (*CAPACITIES, "not_said")),
        by_channel=_counted((case.channel for case in found), ()),
        by_measure=_counted((str(case.entries[0].body["measure"]) or "not_said" for case in found), ()),
        by_outcome=_counted((case.outcome or "open" for case in found), (*OUTCOMES, "open")),
        acknowledged=_kept(
            [(case.received_at.date(), case.acknowledged_at, acknowledge_by(case, targets)) for case in found],
            targets.acknowledge_days,
            today,
        ),
        decided=_kept(
            [(case.received_at.date(), case.decided_at, decide_by(case, targets)) for case in found],
            targets.decide_days,
            today,
        ),
        rows_removed=sum(receipt["rows"] for case in found for receipt in case.receipts),
        is_signed=is_signed,
    )


def _counted(values: Iterable[str], always: Iterable[str]) -> dict[str, int]:
    found = Counter(values)
    return dict.fromkeys(always, 0) | dict(sorted(found.items()))


def _kept(cases: list[tuple[date, Any, date | None]], target: int | None, today: date) -> Kept:
    done = [(began, ended.date(), due) for began, ended, due in cases if ended is not None]
    open_late = sum(ended is None and due is not None and today > due for _, ended, due in cases)
    in_time = sum(due is not None and ended <= due for _, ended, due in done)
    late = sum(due is not None and ended > due for _, ended, due in done)
    days = [(ended - began).days for began, ended, _ in done]
    return Kept(
        target_days=target,
        done=len(done),
        in_time=in_time,
        late=late + open_late,
        median_days=float(median(days)) if days else None,
    )
