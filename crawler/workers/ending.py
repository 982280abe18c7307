"""How a crawl of several workers ends: the roll call before it is over, and what its end came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import ExitCode
from crawler.extensions.pump import FINISHED, MAX_PAGES
from crawler.workers.member import Life

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.workers.member import Member

_CLEAN = frozenset({FINISHED, MAX_PAGES})
_WORST_FIRST = (ExitCode.DAMAGED, ExitCode.IN_USE, ExitCode.MISUSE, ExitCode.FINDINGS, ExitCode.INCOMPLETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a crawl of several workers ended."""

    reason: str
    code: ExitCode
    deaths: int
    """Of workers in this run."""
    unsealed: str | None
    """What the workers' own seals miss."""
    unsigned: str | None
    """Why newest leaves are not signed."""
    pending: list[str]
    """Time stamps without an answer."""
    is_whole: bool
    """Whether every worker has closed its part; only then can the crawl be sealed."""


def how_it_ended(everybody: Iterable[Member], reason: str) -> Ended:
    """Sum up what the workers said that were started."""
    members = [one for one in everybody if one.life is not Life.NEW]
    codes = {one.code for one in members}
    code = next((code for code in _WORST_FIRST if code in codes), ExitCode.CLEAN)
    is_whole = all(one.life is Life.DONE for one in members)
    if code is ExitCode.CLEAN and (reason not in _CLEAN or not is_whole):
        code = ExitCode.INCOMPLETE
    return Ended(
        reason=reason,
        code=code,
        deaths=sum(one.died for one in members),
        unsealed=next((one.unsealed for one in members if one.unsealed), None),
        unsigned=next((one.unsigned for one in members if one.unsigned), None),
        pending=sorted(name for one in members for name in one.pending),
        is_whole=is_whole,
    )


class RollCall:
    """Asks workers that have all said that they are idle whether they still are (R5.14).

    Only if nothing has happened since does it hold: each has heard of everything that was sent before the question.
    """

    def __init__(self) -> None:
        self._number = 0
        self._unanswered: set[str] = set()

    @property
    def is_open(self) -> bool:
        """Whether an answer to the last question is missing."""
        return bool(self._unanswered)

    def ask(self, members: list[Member]) -> None:
        """Ask all."""
        self._number += 1
        self._unanswered = {one.name for one in members}
        for one in members:
            one.tell("probe", n=self._number)

    def answered(self, member: Member, number: int) -> None:
        """Take note of an answer, to this question or an earlier one."""
        if number == self._number:
            self._unanswered.discard(member.name)

    def give_up(self) -> None:
        """Wait for nobody: a worker is gone, and those that are left are asked anew."""
        self._unanswered.clear()

    def holds(self, members: list[Member]) -> bool:
        """Whether all were idle when they were asked last."""
        return self._number > 0 and all(one.probe == self._number for one in members)
