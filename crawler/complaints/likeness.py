"""Which earlier complaints a new one resembles: a hint for the person who alone decides on duplicates (1.5-e)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from crawler.complaints.complaint import Complaint

MOST_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """An earlier case that says something similar."""

    case: int
    how: str
    """``identical``: same rightsholder, nothing new. ``same_rightsholder``: about more or other works.
    ``same_site``: somebody else about the same host."""


class Earlier:
    """Earlier cases, by what they have in common with the few complaints that are compared with them.

    Each case is read once, so that a mail among tens of thousands of cases costs no more than reading them.
    """

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self._cases: dict[tuple[str, ...], list[int]] = {key: [] for one in complaints for key in _keys(one)}

    def add(self, case: int, complaint: Complaint) -> None:
        """Take a case; numbers ascend."""
        for key in _keys(complaint) & self._cases.keys():
            self._cases[key].append(case)

    def alike(self, complaint: Complaint) -> list[Alike]:
        """Say which cases one of the complaints resembles, the most alike first; at most ``MOST_SHOWN``."""
        identical = list(islice(self._identical(complaint), MOST_SHOWN))
        found = dict.fromkeys(identical, "identical")
        of_holder = self._cases[_holder(complaint)] if complaint.rightsholder else []
        more = (case for case in of_holder if case not in found)
        found |= dict.fromkeys(list(islice(more, MOST_SHOWN - len(found))), "same_rightsholder")
        if len(found) < MOST_SHOWN:  # then all of the rightsholder are in
            at_hosts = (islice(self._others(host, found), MOST_SHOWN) for host in complaint.hosts())
            others = sorted({case for cases in at_hosts for case in cases})
            found |= dict.fromkeys(others[: MOST_SHOWN - len(found)], "same_site")
        return [Alike(case=case, how=how) for case, how in found.items()]

    def _identical(self, complaint: Complaint) -> Iterator[int]:
        """Cases of the rightsholder that name everything that the complaint names."""
        holder, objects = complaint.rightsholder, complaint.objects()
        if not holder or not objects:
            return
        rarest, *others = sorted((self._cases["object", holder, one] for one in objects), key=len)
        for case in rarest:
            if all(_holds(cases, case) for cases in others):
                yield case

    def _others(self, host: str, found: Container[int]) -> Iterator[int]:
        return (case for case in self._cases["host", host] if case not in found)


def is_identical(complaint: Complaint, earlier: Complaint) -> bool:
    """Whether it names the same rightsholder and nothing that the earlier one does not name."""
    return (
        bool(complaint.rightsholder)
        and complaint.rightsholder == earlier.rightsholder
        and bool(complaint.objects())
        and complaint.objects() <= earlier.objects()
    )


def _keys(complaint: Complaint) -> set[tuple[str, ...]]:
    holder = complaint.rightsholder
    keys = {("host", one) for one in complaint.hosts()}
    return keys | {_holder(complaint)} | {("object", holder, one) for one in complaint.objects()}


def _holder(complaint: Complaint) -> tuple[str, ...]:
    return ("rightsholder", complaint.rightsholder)


def _holds(cases: list[int], case: int) -> bool:
    place = bisect_left(cases, case)
    return place < len(cases) and cases[place] == case
