"""Which text of the Robots Exclusion Protocol holds on a day (Measure 1.3: RFC 9309 "and any later version").

A successor is one more entry with the day from which it holds; the day of the fetch decides, so that a replay decides
as the crawl did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Protocol

from crawler.optout.robots.access import RobotsRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.optout.robots.outcome import RobotsOutcome


class RulesMaker(Protocol):
    """Makes the rules of one authority from what came of asking for its robots.txt."""

    def __call__(self, outcome: RobotsOutcome, tokens: Sequence[str], *, limit: int) -> RobotsRules:
        """As ``RobotsRules``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """One text, and who reads by it."""

    id: str
    holds_from: date
    """First day on which files that are fetched are read by it."""
    rules: RulesMaker


SPECIFICATIONS: Final = (Specification(id="RFC 9309", holds_from=date(2022, 9, 1), rules=RobotsRules),)
"""In the order of their days."""


def specification_on(day: date, specifications: Sequence[Specification] = SPECIFICATIONS) -> Specification:
    """The latest text that holds on a day; before all of them the first."""
    holding = [one for one in specifications if one.holds_from <= day]
    return holding[-1] if holding else specifications[0]
