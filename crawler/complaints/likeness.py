"""Which earlier complaints a new one resembles: a hint for the person who alone decides on duplicates (1.5-e)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.complaints.case import Case
    from crawler.complaints.complaint import Complaint

MOST_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """An earlier case that says something similar."""

    case: int
    how: str
    """``identical``: same rightsholder, nothing new. ``same_rightsholder``: about more or other works.
    ``same_site``: somebody else about the same host."""


def alike(complaint: Complaint, earlier: Iterable[Case]) -> list[Alike]:
    """Earlier cases, the most alike first; at most ``MOST_SHOWN``."""
    found = [
        Alike(case=case.number, how=how)
        for case in earlier
        if case.complaint is not None and (how := _how(complaint, case.complaint)) is not None
    ]
    order = ("identical", "same_rightsholder", "same_site")
    return sorted(found, key=lambda one: (order.index(one.how), one.case))[:MOST_SHOWN]


def is_identical(complaint: Complaint, earlier: Complaint) -> bool:
    """Whether it names the same rightsholder and nothing that the earlier one does not name."""
    return (
        bool(complaint.rightsholder)
        and complaint.rightsholder == earlier.rightsholder
        and bool(complaint.objects())
        and complaint.objects() <= earlier.objects()
    )


def _how(complaint: Complaint, earlier: Complaint) -> str | None:
    if is_identical(complaint, earlier):
        return "identical"
    if complaint.rightsholder and complaint.rightsholder == earlier.rightsholder:
        return "same_rightsholder"
    return "same_site" if complaint.hosts() & earlier.hosts() else None
