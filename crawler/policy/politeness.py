"""When the next request to a site may start: a state machine without a clock, time comes in as a value (seconds).

Two keys are kept apart: the lane (registrable domain), which slows down with the answers it gives, and the dialled
address, which many lanes share and which only spaces and counts. Nothing here ever speeds a site up.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crawler.policy.document import CrawlPolicy

SLOW_ANSWER = 2.0
"""Seconds; a slower answer stretches the delay to its own length."""
FIRST_BACKOFF = 1.0
"""Seconds; the shortest delay after a sign of overload, where the policy's own is shorter."""
RECOVERY = 0.8
"""Factor by which each good answer brings the delay back towards the ordinary one."""
STATES = 200_000
"""Lanes and addresses remembered, each; beyond it, those that are free of any wait are forgotten first."""
RETRY_WHEN_FULL = 1.0
"""Seconds that a new lane waits when every remembered one still matters."""
FORGET_AT_ONCE = 100

_BUSY = frozenset({429, 503})
_NEVER = float("-inf")


class Slots(Protocol):
    """Connections to addresses that others open as well; each address has as many slots as the policy permits."""

    def has_room(self, address: str) -> bool:
        """Whether a slot of the address is free at this moment."""

    def take(self, address: str) -> bool:
        """Take a slot; ``False`` where others hold them all."""

    def free(self, address: str) -> None:
        """Give a slot back that was taken."""


class _State:
    __slots__ = ("delay", "floor", "next_start", "open")

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.floor = delay
        self.next_start = _NEVER
        self.open = 0

    def is_idle(self, now: float) -> bool:
        return self.open == 0 and self.next_start <= now


class Politeness:
    """Spacing, connections and growth for every lane and address of one worker.

    For each request: ``take`` answers 0, then ``written`` when its octets leave, then exactly one ``answered`` with the
    same lane and address. ``address`` is ``None`` for a test host, and wherever it is not known yet.
    """

    def __init__(
        self, policy: CrawlPolicy, *, states: int = STATES, sharers: int = 1, slots: Slots | None = None
    ) -> None:
        """``sharers``: workers that may dial the same address, each of which keeps to its part of the rate.

        ``slots``: what keeps the connections of all of them together within the limit.
        """
        self._slots = slots
        self._delay = policy.politeness.delay
        self._sharers = sharers
        self._max_delay = policy.politeness.max_delay
        self._connections = policy.politeness.connections
        self._capacity = states
        self._lanes: OrderedDict[str, _State] = OrderedDict()
        self._addresses: OrderedDict[str, _State] = OrderedDict()

    def due(self, lane: str, address: str | None, now: float) -> float:
        """Seconds until a request may start; 0 is now. ``inf`` while all connections are taken: ask after an answer.

        A wait that the site demanded is told in full, also above ``max_delay``.
        """
        wait = self._wait(self._lanes, lane, now)
        if address is None:
            return wait
        wait = max(wait, self._wait(self._addresses, address, now))
        if not wait and self._slots is not None and not self._slots.has_room(address):
            return float("inf")
        return wait

    def take(self, lane: str, address: str | None, now: float) -> float:
        """Take the turn of a request and answer 0, or the seconds until it may be asked for again, as ``due`` does."""
        wait = self.due(lane, address, now)
        if not wait and address is not None and self._slots is not None and not self._slots.take(address):
            return float("inf")
        if not wait:
            self._start(lane, address, now)
        return wait

    def written(self, lane: str, address: str | None, now: float) -> None:
        """Note that the octets of a request leave: the delay counts from here, as the site sees it."""
        state = self._state(self._lanes, lane, now)
        state.next_start = max(state.next_start, now + state.delay)
        if address is not None:
            state = self._state(self._addresses, address, now)
            state.next_start = max(state.next_start, now + self._delay * self._sharers)

    def _start(self, lane: str, address: str | None, now: float) -> None:
        state = self._state(self._lanes, lane, now)
        state.open += 1
        state.next_start = max(state.next_start, now + state.delay)
        if address is not None:
            state = self._state(self._addresses, address, now)
            state.open += 1
            state.next_start = max(state.next_start, now + self._delay * self._sharers)

    def answered(
        self,
        lane: str,
        address: str | None,
        now: float,
        *,
        latency: float,
        status: int | None,
        retry_after: float | None = None,
    ) -> None:
        """Note how a request ended. ``latency`` in seconds to the response head; no ``status`` means that it failed."""
        state = self._ended(lane, address, now)
        if status is None or status in _BUSY:
            ceiling = max(self._max_delay, state.floor)
            state.delay = min(max(state.delay * 2, FIRST_BACKOFF), ceiling)
            state.next_start = max(state.next_start, now + state.delay)
        else:
            self._settle(state, now, latency)
        if retry_after is not None:
            state.next_start = max(state.next_start, now + retry_after)

    def turned_away(self, lane: str, address: str | None, now: float) -> None:
        """Note that a request ended unprocessed while its connection was closed in good order: that slows nothing."""
        self._ended(lane, address, now)

    def _ended(self, lane: str, address: str | None, now: float) -> _State:
        if address is not None:
            shared = self._state(self._addresses, address, now)
            if shared.open and self._slots is not None:
                self._slots.free(address)
            shared.open = max(shared.open - 1, 0)
        state = self._state(self._lanes, lane, now)
        state.open = max(state.open - 1, 0)
        return state

    def slow_to(self, lane: str, wait: float, now: float) -> None:
        """Keep at least ``wait`` seconds between requests of the lane: Crawl-delay, Request-rate (R3.15).

        Call it for every robots answer that names a wait: an idle lane may have been forgotten. The longest wait of
        all hosts of the lane holds.
        """
        state = self._state(self._lanes, lane, now)
        if wait > state.floor:
            state.next_start += wait - state.delay if wait > state.delay else 0.0
            state.floor = wait
            state.delay = max(state.delay, wait)

    def defer(self, lane: str, until: float, now: float) -> None:
        """Start nothing in the lane before ``until``: Visit-time, Retry-After of robots.txt."""
        state = self._state(self._lanes, lane, now)
        state.next_start = max(state.next_start, until)

    def _settle(self, state: _State, now: float, latency: float) -> None:
        """Stretch the delay to a slow answer at once, come back from a longer one step by step."""
        target = state.floor if latency <= SLOW_ANSWER else max(state.floor, min(latency, self._max_delay))
        if target >= state.delay:
            state.delay = target
            state.next_start = max(state.next_start, now - latency + target)
        else:
            recovered = target + (state.delay - target) * RECOVERY
            state.delay = recovered if recovered - target > 0.01 else target  # noqa: PLR2004 - 10 ms

    def _wait(self, states: OrderedDict[str, _State], key: str, now: float) -> float:
        state = states.get(key)
        if state is None:
            if len(states) < self._capacity or self._forget_idle(states, now):
                return 0.0
            return RETRY_WHEN_FULL
        if state.open >= self._connections:
            return float("inf")
        return state.next_start - now if state.next_start > now else 0.0

    def _state(self, states: OrderedDict[str, _State], key: str, now: float) -> _State:
        state = states.get(key)
        if state is None:
            if len(states) >= self._capacity:
                self._forget_idle(states, now)
            state = states[key] = _State(self._delay)
        return state

    def _forget_idle(self, states: OrderedDict[str, _State], now: float) -> bool:
        """Drop idle states among the oldest; whether there is room now. States that still matter go to the end."""
        for _ in range(min(FORGET_AT_ONCE, len(states))):
            key, state = next(iter(states.items()))
            if state.is_idle(now):
                del states[key]
            else:
                states.move_to_end(key)
        return len(states) < self._capacity
