"""Where URLs go: to the owner of their domain, and a domain that nobody owns to the worker with the least to do.

What was sent is remembered until its owner has it on disk; only then does the sender hear of it (R5.12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.workers.member import Life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crawler.storage.owners import Owners
    from crawler.workers.member import Member


@dataclass(slots=True, eq=False)
class _Group:
    """URLs that came together; ``done`` is called when the last of them is safe."""

    left: int
    done: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Delivery:
    lanes: list[str]
    texts: list[str]
    group: _Group


class Router:
    """Lives on the event loop of the leading process."""

    def __init__(self, owners: Owners, members: Mapping[str, Member], wake: Callable[[Member], None]) -> None:
        """``wake`` is asked to start a worker that has got its first domain."""
        self._owners = owners
        self._members = members
        self._wake = wake
        self._number = 0
        self.is_closed = False
        """Whether no worker is started any more."""
        self._pending: dict[str, dict[int, _Delivery]] = {name: {} for name in members}
        for name, domains in owners.owned().items():
            members[name].domains = domains

    @property
    def is_empty(self) -> bool:
        """Whether every URL is with its owner."""
        return not any(self._pending.values())

    def route(self, urls: Iterable[tuple[str, str]], done: Callable[[], None]) -> None:
        """Send URLs (lane, text) to their owners. Raises sqlite3.Error."""
        shares: dict[str, list[tuple[str, str]]] = {}
        new: dict[str, str] = {}
        for lane, text in urls:
            owner = self._owners.owner(lane) or new.get(lane)
            if owner is None:
                chosen = self._least_loaded()
                owner = new[lane] = chosen.name
                chosen.domains += 1
            self._members[owner].given += 1
            shares.setdefault(owner, []).append((lane, text))
        if new:
            for owner in set(new.values()):
                self._owners.add_worker(owner)
            self._owners.give(new)
        group = _Group(len(shares), done)
        if not shares:
            done()
        for owner, parts in shares.items():
            delivery = _Delivery(lanes=[lane for lane, _ in parts], texts=[text for _, text in parts], group=group)
            self._deliver(self._members[owner], delivery)

    def _least_loaded(self) -> Member:
        there = [member for member in self._members.values() if member.life is not Life.LOST]
        return min(there or self._members.values(), key=lambda member: (member.load, member.domains))

    def _deliver(self, member: Member, delivery: _Delivery) -> None:
        if member.life is Life.LOST or (member.life is Life.NEW and self.is_closed):
            self._hold(delivery)
            return
        self._number += 1
        self._pending[member.name][self._number] = delivery
        if member.life is Life.NEW:
            self._wake(member)
        elif member.life is Life.UP:
            self._send(member, self._number, delivery.texts)

    def _send(self, member: Member, number: int, texts: Sequence[str]) -> None:
        member.sent += 1
        member.quiet = None
        member.gave = False
        member.tell("urls", n=number, items=texts)

    def came_up(self, member: Member) -> None:
        """Send a worker that has just started all that it has not on disk for certain."""
        for number, delivery in self._pending[member.name].items():
            self._send(member, number, delivery.texts)

    def took(self, member: Member, number: int) -> None:
        """Take note that the worker has a delivery on disk."""
        delivery = self._pending[member.name].pop(number, None)
        if delivery is not None:
            self._settle(delivery)

    def lose(self, member: Member) -> None:
        """Keep for the next run what a lost worker did not take."""
        left, self._pending[member.name] = self._pending[member.name], {}
        for delivery in left.values():
            self._hold(delivery)

    def _hold(self, delivery: _Delivery) -> None:
        self._owners.hold(zip(delivery.lanes, delivery.texts, strict=True))
        self._settle(delivery)

    @staticmethod
    def _settle(delivery: _Delivery) -> None:
        delivery.group.left -= 1
        if not delivery.group.left:
            delivery.group.done()
