"""Who may send next: one task per registrable domain, so that waiting costs no connection and holds nobody else.

A lane takes its claims in order: gate (site files included), then its turn by politeness, then the engine. Refused
and deferred URLs never become requests. The number of requests under way is bounded here, not in Scrapy's slots.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from crawler.storage.entries import ClaimRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from crawler.extensions.visit import Visit
    from crawler.storage.entries import Claim

LONGEST_SLEEP = 0.1
"""Seconds after which a lane looks again that waits for a connection of the site, or of its address, to be freed. A
wait that is known is slept through, since it can only grow."""
PER_LANE = 16
"""Claims that a lane holds in memory at most."""
REFILL = 4
"""Claims of a lane at which more are asked for."""
LANES = 1000
"""Lanes with claims in memory at most: what bounds memory on a web of millions of domains."""


@dataclass(slots=True, eq=False)
class Lane:
    """One registrable domain while it has claims in memory or requests under way."""

    name: str
    claims: deque[Claim] = field(default_factory=deque)
    in_flight: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Lanes:
    """All lanes of one worker. Lives on the event loop."""

    def __init__(
        self,
        *,
        concurrency: int,
        per_lane_limit: int,
        pages_left: int | None,
        admit: Callable[[Claim], Awaitable[Visit | None]],
        due: Callable[[Visit], float],
        take: Callable[[Visit], float],
        longest_wait: float,
        put_off: Callable[[Visit, float], None],
        send: Callable[[Visit], None],
        on_error: Callable[[Claim, Exception], None],
        on_unsent: Callable[[Claim], None],
    ) -> None:
        self._concurrency = concurrency
        self._per_lane_limit = per_lane_limit
        self._admit = admit
        self._due = due
        self._take = take
        self._longest_wait = longest_wait
        self._put_off = put_off
        self._send = send
        self._on_error = on_error
        self._on_unsent = on_unsent
        self._lanes: dict[str, Lane] = {}
        self._claims = 0
        self._full: set[str] = set()
        """Lanes that have enough claims."""
        self._capacity = asyncio.Semaphore(concurrency)
        self._is_open = True
        self.pages_left = pages_left
        """Pages that may still be kept; those under way are taken off until they turn out not to be kept."""
        self._pages_freed = asyncio.Event()
        self.in_flight = 0
        """Requests handed to the engine and not yet answered."""
        self.unsettled = 0
        """Visits handed to the engine whose outcome is not known yet."""
        self.undecided = 0
        """Claims between the journal and the engine: in a buffer, before the gate or waiting for their turn."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is claimed, waiting for its turn, under way, or without an outcome."""
        return not self.undecided and not self.unsettled

    @property
    def is_hungry(self) -> bool:
        """Whether connections are free that the claims in memory cannot fill."""
        return self._claims + self.in_flight < self._concurrency

    def wanted(self, now: float) -> ClaimRequest | None:
        """Ask for more claims, or ``None`` where memory holds enough to keep all connections busy."""
        if not self._is_open or self.pages_left == 0 or self._claims >= max(4 * self._concurrency, 2 * LANES):
            return None
        limit = max(4 * self._concurrency, LANES) - self._claims
        if limit <= 0 or len(self._full) >= LANES:
            return None
        return ClaimRequest(now=now, limit=limit, per_lane=PER_LANE, exclude=frozenset(self._full))

    def feed(self, claims: Iterable[Claim]) -> None:
        """Take claims from the journal; starts the tasks of lanes that had none. Once closed, none is taken."""
        for claim in claims:
            if not self._is_open:
                self._on_unsent(claim)
                continue
            name = claim.new.lane
            lane = self._lanes.get(name)
            if lane is None:
                lane = self._lanes[name] = Lane(name)
            lane.claims.append(claim)
            self._claims += 1
            self.undecided += 1
            if len(lane.claims) == REFILL + 1:
                self._full.add(name)
            if lane.task is None:
                lane.task = asyncio.ensure_future(self._run(lane))

    def answered(self, visit: Visit) -> None:
        """Free the connection of a request that the engine has answered."""
        self.in_flight -= 1
        self._capacity.release()
        lane = self._lanes[visit.lane]
        lane.in_flight -= 1
        lane.freed.set()
        self._forget(lane)

    def settled(self, *, is_kept: bool) -> None:
        """Note that a sent visit has its outcome; one that was not kept does not count against the limit."""
        self.unsettled -= 1
        if self.pages_left is not None and not is_kept:
            self.pages_left += 1
            self._pages_freed.set()

    def close(self) -> None:
        """Stop sending; every claim that was not sent is handed to ``on_unsent``."""
        self._is_open = False
        for lane in self._lanes.values():
            while lane.claims:
                self._claims -= 1
                self.undecided -= 1
                self._on_unsent(lane.claims.popleft())
            if lane.task is not None:
                lane.task.cancel()

    async def _run(self, lane: Lane) -> None:
        while lane.claims:
            claim = lane.claims.popleft()
            self._claims -= 1
            if len(lane.claims) == REFILL:
                self._full.discard(lane.name)
            try:
                await self._step(lane, claim)
            except asyncio.CancelledError:
                self._on_unsent(claim)
            except Exception as error:  # noqa: BLE001 - becomes a recorded refusal (R2.4)
                self._on_error(claim, error)
            finally:
                self.undecided -= 1
        lane.task = None
        self._forget(lane)

    async def _step(self, lane: Lane, claim: Claim) -> None:
        while lane.in_flight >= self._per_lane_limit:
            lane.freed.clear()
            await lane.freed.wait()
        visit = await self._admit(claim)
        if visit is None:
            return
        while True:
            if not await self._turn(visit):
                return
            await self._capacity.acquire()
            if self.pages_left != 0 and self._take(visit) <= 0:
                break
            self._capacity.release()  # others behind the same address have sent meanwhile
        if self.pages_left is not None:
            self.pages_left -= 1
        lane.in_flight += 1
        self.in_flight += 1
        self.unsettled += 1
        self._send(visit)

    async def _turn(self, visit: Visit) -> bool:
        """Wait until the visit may be sent; ``False`` after it was put off, since its site asked for a long pause."""
        while True:
            if self.pages_left == 0:
                self._pages_freed.clear()
                await self._pages_freed.wait()
            wait = self._due(visit)
            if wait <= 0:
                return True
            if self._longest_wait < wait < inf:
                self._put_off(visit, wait)
                return False
            await asyncio.sleep(LONGEST_SLEEP if wait == inf else wait)

    def _forget(self, lane: Lane) -> None:
        if lane.task is None and not lane.in_flight and not lane.claims:
            self._lanes.pop(lane.name, None)
