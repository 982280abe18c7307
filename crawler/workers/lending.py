"""Turns at a domain of another worker: a robots.txt that leads elsewhere, a document that a page refers to.

The owner keeps the rates and the connections of its domains. Whoever needs one request there borrows a turn from it
and tells how it went, so that the domain sees one crawler.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crawler.workers.member import Life

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.storage.owners import Owners
    from crawler.workers.member import Member

AWAY: Final = 3600.0
"""Seconds that a domain is said to pause whose owner cannot lend a turn in this run."""
_FAILED = {"ago": 0.0, "latency": 0.0, "status": None, "retry_after": None}


@dataclass(slots=True, kw_only=True, eq=False)
class _Loan:
    asker: Member
    number: int
    """As the asker counts."""
    lane: str
    owner: Member
    is_lent: bool = False


class Lending:
    """Lives on the event loop of the leading process."""

    def __init__(self, owners: Owners, members: Mapping[str, Member]) -> None:
        self._owners = owners
        self._members = members
        self._number = 0
        self._loans: dict[int, _Loan] = {}

    def borrow(self, asker: Member, number: int, lane: str) -> None:
        """A worker wants a turn; a domain that nobody owns becomes its own. Raises sqlite3.Error."""
        name = self._owners.owner(lane)
        if name is None:
            self._owners.give({lane: asker.name})
            name = asker.name
        if name == asker.name:
            asker.tell("borrowed", id=number, wait=0.0, is_own=True)
            return
        self._number += 1
        loan = self._loans[self._number] = _Loan(asker=asker, number=number, lane=lane, owner=self._members[name])
        if loan.owner.life is Life.UP:
            loan.owner.tell("lend", id=self._number, lane=lane)
        elif loan.owner.life is not Life.STARTING:
            self._refuse(self._number)

    def _refuse(self, number: int) -> None:
        loan = self._loans.pop(number)
        loan.asker.tell("borrowed", id=loan.number, wait=AWAY, is_own=False)

    def lent(self, number: int, wait: float) -> None:
        """The owner has given the turn, or told for how many seconds the domain pauses."""
        loan = self._loans.get(number)
        if loan is None:
            return
        loan.is_lent = True
        if wait:
            del self._loans[number]
        loan.asker.tell("borrowed", id=loan.number, wait=wait, is_own=False)

    def returned(self, asker: Member, body: Mapping[str, Any]) -> None:
        """The request is over."""
        for number, loan in list(self._loans.items()):
            if loan.asker is asker and loan.number == body["id"]:
                self._give_back(number, body)

    def _give_back(self, number: int, body: Mapping[str, Any]) -> None:
        loan = self._loans.pop(number)
        told = {name: body[name] for name in _FAILED}
        loan.owner.tell("returned", lane=loan.lane, **told)

    def came_up(self, member: Member) -> None:
        """A worker has started: it is asked for the turns that others wait for."""
        for number, loan in self._loans.items():
            if loan.owner is member and not loan.is_lent:
                member.tell("lend", id=number, lane=loan.lane)

    def died(self, member: Member) -> None:
        """Turns that a dead worker held are over; those that it had lent are forgotten with all that it knew."""
        for number, loan in list(self._loans.items()):
            if loan.asker is member and loan.is_lent:
                self._give_back(number, _FAILED)
            elif loan.asker is member or (loan.owner is member and loan.is_lent):
                del self._loans[number]

    def lose(self, member: Member) -> None:
        """A worker is not started again: nobody gets a turn at its domains."""
        for number, loan in list(self._loans.items()):
            if loan.owner is member:
                self._refuse(number)
