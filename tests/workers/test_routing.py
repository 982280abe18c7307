"""URLs on their way to their owners: who gets a new domain, what a dead worker is sent again, who may keep how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.storage.layout import Folder
from crawler.storage.owners import Owners
from crawler.workers.allowance import Allowance
from crawler.workers.lending import AWAY, Lending
from crawler.workers.member import Life, Member
from crawler.workers.messages import unpack
from crawler.workers.routing import Router

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any


class Heard:
    """What a worker was told, in place of its connection."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def write(self, line: bytes) -> None:
        """Take a line."""
        self.told.append(unpack(line))

    def is_closing(self) -> bool:
        """Never."""
        return False

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Messages of one kind."""
        return [body for name, body in self.told if name == kind]


@pytest.fixture
def owners(tmp_path: Path) -> Iterator[Owners]:
    """An empty table of owners."""
    with Folder.create(tmp_path / "crawl") as folder:
        opened = Owners.open(folder)
        yield opened
        opened.close()


def member(name: str, life: Life = Life.UP) -> tuple[Member, Heard]:
    """A worker that is up, and what it hears."""
    heard = Heard()
    return Member(name, life=life, writer=heard), heard  # type: ignore[arg-type] # all that is used of a stream


def test_a_new_domain_goes_to_whom_has_least_to_do_and_stays_there(owners: Owners) -> None:
    """By URLs that wait, then by domains; on disk before the first URL is sent."""
    (busy, _), (idle, heard) = member("w0"), member("w1")
    busy.waiting = 5
    router = Router(owners, {"w0": busy, "w1": idle}, lambda _: None)
    router.route([("a.test", "1"), ("a.test", "2")], lambda: None)
    assert heard.of("urls")[0]["items"] == ["1", "2"]
    assert owners.owner("a.test") == "w1"
    idle.waiting, busy.waiting = 50, 0
    router.route([("a.test", "3")], lambda: None)
    assert len(heard.of("urls")) == 2
    router.route([("b.test", "4")], lambda: None)
    assert owners.owner("b.test") == "w0"


def test_the_sender_hears_only_when_every_owner_has_it(owners: Owners) -> None:
    """Two owners, two deliveries; an answer that comes twice counts once."""
    (first, one), (second, two) = member("w0"), member("w1")
    router = Router(owners, {"w0": first, "w1": second}, lambda _: None)
    safe: list[int] = []
    router.route([("a.test", "1"), ("b.test", "2")], lambda: safe.append(1))
    numbers = [heard.of("urls")[0]["n"] for heard in (one, two)]
    router.took(first, numbers[0])
    router.took(first, numbers[0])
    assert (safe, router.is_empty) == ([], False)
    router.took(second, numbers[1])
    assert (safe, router.is_empty) == ([1], True)


def test_what_a_dead_worker_did_not_take_is_sent_again_or_kept(owners: Owners) -> None:
    """Its next incarnation gets it; where there is none, it waits on disk for the next run, and nobody waits for it."""
    one, heard = member("w0")
    router = Router(owners, {"w0": one}, lambda _: None)
    safe: list[int] = []
    router.route([("a.test", "1")], lambda: safe.append(1))
    router.came_up(one)
    assert [body["items"] for body in heard.of("urls")] == [["1"], ["1"]]
    one.life = Life.LOST
    router.lose(one)
    router.route([("a.test", "2")], lambda: safe.append(2))
    assert safe == [1, 2]
    assert [(lane, text) for _, lane, text in owners.held(0, 10)] == [("a.test", "1"), ("a.test", "2")]


def test_a_worker_is_started_with_its_first_domain(owners: Owners) -> None:
    """One that is not needed is never started, and none once the crawl ends."""
    one, _ = member("w0")
    fresh, _ = member("w1", Life.NEW)
    started: list[str] = []
    router = Router(owners, {"w0": one, "w1": fresh}, lambda who: started.append(who.name))
    router.route([("a.test", "1")], lambda: None)
    assert started == []
    router.route([("b.test", "2")], lambda: None)
    assert started == ["w1"]
    router.is_closed = True
    router.route([("b.test", "3")], lambda: None)
    assert [text for _, _, text in owners.held(0, 10)] == ["3"]


def test_grants_never_exceed_the_limit(owners: Owners) -> None:
    """What earlier runs kept is taken off; what a dead incarnation did not use comes back; idle ones give back."""
    del owners
    (first, one), (second, two) = member("w0"), member("w1")
    both = [first, second]
    allowance = Allowance(20)
    for who, kept in ((first, 3), (second, 2)):
        allowance.came_up(who, kept)
    allowance.want(first, both)
    assert one.of("pages") == []
    allowance.open(both)
    while first.granted + second.granted < 15:
        allowance.want(first, both)
        allowance.want(second, both)
    allowance.want(second, both)
    assert second.wants
    assert sum(body["more"] for heard in (one, two) for body in heard.of("pages")) == 15
    held = first.granted
    allowance.came_up(first, 3 + held - 1)  # it had kept all but one when it died
    first.quiet = "finished"
    allowance.want(second, both)
    assert second.granted == 15 - held + 1
    first.granted = 1
    allowance.want(second, both)
    assert one.of("give") == [{}]
    allowance.back(first, 1, both)
    assert second.granted == 15 - held + 2


def test_turns_are_lent_by_owners_and_given_back(owners: Owners) -> None:
    """One request at a time as the owner says; the asker's death ends its loan, the owner's is a pause."""
    (asker, asked), (owner, lent) = member("w0"), member("w1")
    members = {"w0": asker, "w1": owner}
    for name in members:
        owners.add_worker(name)
    owners.give({"b.test": "w1"})
    lending = Lending(owners, members)
    lending.borrow(asker, 1, "new.test")
    assert asked.of("borrowed") == [{"id": 1, "wait": 0.0, "is_own": True}]
    assert owners.owner("new.test") == "w0"
    lending.borrow(asker, 2, "b.test")
    number = lent.of("lend")[0]["id"]
    lending.lent(number, 0.0)
    assert asked.of("borrowed")[1] == {"id": 2, "wait": 0.0, "is_own": False}
    lending.returned(asker, {"id": 2, "ago": 0.1, "latency": 0.5, "status": 200, "retry_after": None})
    assert lent.of("returned") == [{"lane": "b.test", "ago": 0.1, "latency": 0.5, "status": 200, "retry_after": None}]
    lending.borrow(asker, 3, "b.test")
    lending.lent(lent.of("lend")[1]["id"], 0.0)
    lending.died(asker)
    assert lent.of("returned")[1]["status"] is None
    lending.borrow(asker, 4, "b.test")
    lending.came_up(owner)
    assert [body["id"] for body in lent.of("lend")][2:] == [3, 3]
    lending.lose(owner)
    assert asked.of("borrowed")[-1] == {"id": 4, "wait": AWAY, "is_own": False}
