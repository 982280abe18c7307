"""The pace of requests: never earlier than policy or site want, slower where the site suffers, bounded in memory."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.policy import document
from crawler.policy.politeness import FORGET_AT_ONCE, RETRY_WHEN_FULL, Politeness
from tests.policy.samples import policy

INF = float("inf")


def politeness(*, delay: float = 1.0, connections: int = 1, max_delay: float = 300.0, states: int = 1000) -> Politeness:
    """Pace of a policy with these numbers."""
    numbers = document.Politeness(connections=connections, delay=delay, max_delay=max_delay)
    return Politeness(replace(policy(), politeness=numbers), states=states)


def fetch(pace: Politeness, now: float, *, latency: float = 0.1, status: int | None = 200, **more: float) -> float:
    """One whole request of lane ``a`` that starts as soon as it may; the time of its answer."""
    start = now + pace.due("a", None, now)
    pace.take("a", None, start)
    pace.answered("a", None, start + latency, latency=latency, status=status, **more)
    return start + latency


def test_workers_share_the_rate_of_an_address() -> None:
    """Each of three workers asks an address a third as often; lanes have one owner, and keep their own delay."""
    numbers = document.Politeness(connections=2, delay=1.0, max_delay=300.0)
    pace = Politeness(replace(policy(), politeness=numbers), sharers=3)
    pace.take("a", "192.0.2.1", 0.0)
    assert pace.due("a", None, 0.0) == 1.0
    assert pace.due("b", "192.0.2.1", 0.0) == 3.0


class FewSlots:
    """One connection to each address, which somebody else may hold."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.quick: set[str] = set()
        """Addresses whose last slot somebody else takes in the very moment in which we do."""

    def has_room(self, address: str) -> bool:
        """Whether nobody holds it."""
        return address not in self.taken

    def take(self, address: str) -> bool:
        """Take it."""
        if address in self.taken | self.quick:
            return False
        self.taken.add(address)
        return True

    def free(self, address: str) -> None:
        """Give it back."""
        self.taken.remove(address)


def test_connections_of_others_count() -> None:
    """Where workers share an address, its last slot is taken once; turns that were not taken cost nothing."""
    numbers = document.Politeness(connections=2, delay=0.0, max_delay=300.0)
    slots = FewSlots()
    pace = Politeness(replace(policy(), politeness=numbers), slots=slots)
    assert pace.take("a", "192.0.2.1", 0.0) == 0
    assert pace.due("b", "192.0.2.1", 0.0) == pace.take("b", "192.0.2.1", 0.0) == INF
    pace.answered("a", "192.0.2.1", 1.0, latency=1.0, status=200)
    assert slots.taken == set()
    pace.answered("a", "192.0.2.1", 1.0, latency=1.0, status=200)
    slots.quick.add("192.0.2.1")
    assert pace.due("b", "192.0.2.1", 2.0) == 0
    assert pace.take("b", "192.0.2.1", 2.0) == INF
    slots.quick.clear()
    assert pace.take("b", "192.0.2.1", 2.0) == 0
    assert pace.take("b", None, 2.0) == 0


def test_the_delay_counts_from_the_moment_of_writing() -> None:
    """A connection that took long to open does not bring the next request closer, whoever waits for it."""
    pace = politeness(connections=3)
    assert pace.take("a", "192.0.2.1", 0.0) == 0
    pace.written("a", "192.0.2.1", 0.75)
    assert pace.due("a", None, 1.0) == 0.75
    assert pace.due("b", "192.0.2.1", 1.0) == 0.75
    assert pace.take("a", None, 1.75) == 0
    pace.written("a", None, 1.75)
    assert pace.due("a", None, 1.75) == 1.0
    pace.written("a", None, 0.0)
    assert pace.due("a", None, 1.75) == 1.0


def test_spacing_from_start_to_start() -> None:
    """The delay runs between starts; a fast answer does not shorten it, another lane is free."""
    pace = politeness()
    assert pace.due("a", None, 0.0) == 0
    pace.take("a", None, 0.0)
    assert pace.due("b", None, 0.0) == 0
    pace.answered("a", None, 0.25, latency=0.25, status=200)
    assert pace.due("a", None, 0.25) == 0.75
    assert pace.due("a", None, 1.0) == 0


def test_connections() -> None:
    """While all connections are open, only an answer helps."""
    pace = politeness(delay=0, connections=2)
    pace.take("a", None, 0.0)
    assert pace.due("a", None, 0.0) == 0
    pace.take("a", None, 0.0)
    assert pace.due("a", None, 5.0) == INF
    pace.answered("a", None, 5.0, latency=0.1, status=200)
    assert pace.due("a", None, 5.0) == 0


def test_a_request_that_was_turned_away_slows_nothing() -> None:
    """It frees its connection, the delay runs on from its start."""
    pace = politeness()
    for address in ("192.0.2.1", None):
        start = pace.due("a", address, 0.0)
        pace.take("a", address, start)
        pace.turned_away("a", address, start + 0.25)
        assert pace.due("a", address, start + 0.25) == 0.75
        assert pace.due("a", address, start + 1.0) == 0


def test_address_is_shared() -> None:
    """Two lanes at one address wait for each other; a test host has no address key."""
    pace = politeness()
    pace.take("a", "192.0.2.1", 0.0)
    assert pace.due("b", "192.0.2.1", 0.0) == INF
    pace.answered("a", "192.0.2.1", 0.5, latency=0.5, status=200)
    assert pace.due("b", "192.0.2.1", 0.5) == 0.5
    assert pace.due("b", None, 0.5) == 0
    assert pace.due("b", "192.0.2.2", 0.5) == 0


def test_trouble_of_one_lane_does_not_slow_its_neighbours() -> None:
    """Backing off is a matter of the lane, not of an address that many share."""
    pace = politeness()
    pace.take("a", "192.0.2.1", 0.0)
    pace.answered("a", "192.0.2.1", 0.1, latency=0.1, status=429, retry_after=600.0)
    assert pace.due("a", "192.0.2.1", 1.0) == pytest.approx(599.1)
    assert pace.due("b", "192.0.2.1", 1.0) == 0


@pytest.mark.parametrize("status", [429, 503, None])
def test_overload_doubles_up_to_the_limit(status: int | None) -> None:
    """Each sign of overload doubles the delay, up to ``max_delay``."""
    pace, now, waits = politeness(max_delay=10.0), 0.0, []
    for _ in range(5):
        now = fetch(pace, now, status=status)
        waits.append(round(pace.due("a", None, now), 6))
    assert waits == [2, 4, 8, 10, 10]


def test_overload_without_a_delay() -> None:
    """With a delay of 0 the backing off begins at one second."""
    pace = politeness(delay=0)
    now = fetch(pace, 0.0, status=503)
    assert pace.due("a", None, now) == 1.0


def test_recovery() -> None:
    """Good answers bring the pace back, step by step, to exactly what it was."""
    pace = politeness()
    now = fetch(pace, 0.0, status=429)
    waits = []
    for _ in range(30):
        now = fetch(pace, now)
        waits.append(round(pace.due("a", None, now) + 0.1, 6))
    assert waits == sorted(waits, reverse=True)
    assert waits[-1] == 1.0


def test_slow_answers_stretch_the_delay() -> None:
    """A site that takes six seconds is asked every six seconds; the stretch is bounded and goes away."""
    pace = politeness(delay=0.5, max_delay=8.0)
    now = fetch(pace, 0.0, latency=6.0)
    assert pace.due("a", None, now) == 0
    pace.take("a", None, now)
    pace.answered("a", None, now + 0.1, latency=0.1, status=200)
    assert pace.due("a", None, now + 0.1) == pytest.approx(5.9)
    now = fetch(pace, now, latency=30.0)
    pace.take("a", None, now)
    assert pace.due("a", None, now) == INF
    pace.answered("a", None, now, latency=3.0, status=200)
    assert pace.due("a", None, now) == pytest.approx(8.0)


def test_retry_after_is_obeyed_in_full() -> None:
    """A wait above ``max_delay`` is told as it is: the host is put off, never sped up."""
    pace = politeness(max_delay=10.0)
    now = fetch(pace, 0.0, status=503, retry_after=5000.0)
    assert pace.due("a", None, now) == 5000.0


def test_crawl_delay() -> None:
    """The longest wait that robots.txt names becomes the floor, at once and for good."""
    pace = politeness()
    pace.take("a", None, 0.0)
    pace.answered("a", None, 0.1, latency=0.1, status=200)
    pace.slow_to("a", 10.0, 0.1)
    assert pace.due("a", None, 0.1) == pytest.approx(9.9)
    pace.slow_to("a", 3.0, 0.1)
    now = 10.0
    for _ in range(20):
        now = fetch(pace, now)
    assert pace.due("a", None, now) == pytest.approx(9.9)


def test_crawl_delay_below_a_longer_back_off() -> None:
    """A floor below the present delay changes nothing until the site has recovered."""
    pace = politeness()
    now = fetch(pace, 0.0, status=429)
    now = fetch(pace, now, status=429)
    pace.slow_to("a", 3.0, now)
    assert pace.due("a", None, now) == 4.0


def test_crawl_delay_above_the_limit_is_never_shortened() -> None:
    """A demanded delay above ``max_delay`` still holds when the site is overloaded as well."""
    pace = politeness(max_delay=10.0)
    pace.slow_to("a", 60.0, 0.0)
    now = fetch(pace, 0.0, status=503)
    assert pace.due("a", None, now) == 60.0


def test_defer() -> None:
    """Nothing starts before the time that was set; an earlier time changes nothing."""
    pace = politeness()
    pace.defer("a", 100.0, 0.0)
    pace.defer("a", 50.0, 0.0)
    assert pace.due("a", None, 0.0) == 100.0


def test_memory_is_bounded() -> None:
    """Idle lanes are forgotten, busy ones never; when all are busy, a new one has to wait."""
    pace = politeness(states=50)
    for number in range(1000):
        now = number * 10.0
        assert pace.due(f"lane{number}", f"address{number}", now) == 0
        pace.take(f"lane{number}", f"address{number}", now)
        pace.answered(f"lane{number}", f"address{number}", now + 1, latency=1.0, status=200)
    assert len(pace._lanes) <= 50
    assert len(pace._addresses) <= 50
    full = politeness(states=FORGET_AT_ONCE + 50)
    for number in range(FORGET_AT_ONCE + 50):
        full.defer(f"lane{number}", 1000.0, 0.0)
    assert full.due("new", None, 0.0) == RETRY_WHEN_FULL
    assert full.due("lane0", None, 0.0) == 1000.0
    assert full.due("new", None, 1000.0) == 0


def test_answers_without_a_request_do_no_harm() -> None:
    """A state that was forgotten, or an answer too many, never frees a connection that is open."""
    pace = politeness()
    pace.answered("a", "192.0.2.1", 0.0, latency=0.1, status=200)
    assert pace.take("a", "192.0.2.1", 1.0) == 0
    assert pace.take("a", "192.0.2.1", 9.0) == INF


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from([None, "192.0.2.1", "192.0.2.2"]),
            st.floats(0, 20),
            st.sampled_from([200, 404, 429, 503, None]),
            st.sampled_from([None, 0.0, 7.0, 900.0]),
        ),
        max_size=60,
    )
)
def test_never_too_early(requests: list[tuple[str, str | None, float, int | None, float | None]]) -> None:
    """Whatever happens, starts of a lane and of an address are a delay apart, and Retry-After is kept."""
    pace, now = politeness(delay=0.5, max_delay=20.0), 0.0
    last: dict[str, float] = {}
    blocked: dict[str, float] = {}
    for lane, address, latency, status, retry_after in requests:
        now += pace.due(lane, address, now)
        for key in filter(None, (lane, address)):
            assert now - last.get(key, -INF) >= 0.5 - 1e-9
            last[key] = now
        assert now >= blocked.get(lane, -INF) - 1e-9
        pace.take(lane, address, now)
        now += latency
        pace.answered(lane, address, now, latency=latency, status=status, retry_after=retry_after)
        if retry_after is not None:
            blocked[lane] = max(blocked.get(lane, -INF), now + retry_after)


def test_cost_is_small() -> None:
    """A pass costs microseconds, so that pacing never slows a crawl without delays."""
    pace = politeness(delay=0, connections=16)
    start = perf_counter()
    for number in range(10_000):
        pace.due("a", "192.0.2.1", number)
        pace.take("a", "192.0.2.1", number)
        pace.answered("a", "192.0.2.1", number, latency=0.01, status=200)
    assert perf_counter() - start < 2.0


@pytest.mark.parametrize("is_taken", [True, False])
def test_room_is_made_at_the_bound(*, is_taken: bool) -> None:
    """A lane that starts, or has to wait, at the bound takes the place of an idle one."""
    pace = politeness(states=10)
    for number in range(10):
        pace.take(f"lane{number}", None, 0.0)
        pace.answered(f"lane{number}", None, 0.1, latency=0.1, status=200)
    if is_taken:
        pace.take("new", None, 100.0)
    else:
        pace.defer("new", INF, 100.0)
    assert len(pace._lanes) <= 10
    assert pace.due("new", None, 100.0) == INF
