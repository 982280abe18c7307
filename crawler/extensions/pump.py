"""The pump of a crawl: asks the journal for claims, feeds the lanes, and finds out when nothing is left to do."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from crawler.storage.entries import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.extensions.lanes import Lanes
    from crawler.extensions.tally import Tally
    from crawler.extensions.writer import Writer
    from crawler.storage.entries import ClaimRequest, Committed

FINISHED = "finished"
MAX_PAGES = "max_pages"
LOOK_AGAIN = 5.0
"""Seconds after which a busy crawl asks the frontier again that had nothing: parked URLs may have become due."""
CLOCK_JUMP = 2.0
"""Seconds that wall clock and monotonic clock may drift apart between two commits."""


class Pump:
    """Claims in, requests out. Lives on the event loop; ``end`` is told why the crawl is over, once or more often."""

    def __init__(
        self, *, writer: Writer, lanes: Lanes, tally: Tally, wait_at_end: float, end: Callable[[str], None]
    ) -> None:
        self._writer = writer
        self._lanes = lanes
        self._tally = tally
        self._wait_at_end = wait_at_end
        self._end = end
        self._is_open = True
        self._is_seeding = True
        self._dry_for: frozenset[str] | None = None
        """Lanes that were left out when a claim brought nothing; ``None`` where there may be something to claim."""
        self._dry_since = 0.0
        self._claim_pending = False
        self._asked = 0
        """Claims asked for."""
        self._clocks = (time.time(), time.monotonic())
        self._idle_check: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def seeded(self) -> None:
        """Take note that all seeds are in the frontier."""
        self._is_seeding = False
        self._dry_for = None
        self.turn()

    def committed(self, committed: Committed, asked: ClaimRequest | None) -> None:
        """Take what a commit answered; ``asked`` where it was asked for claims."""
        self._tally.waiting = committed.waiting
        self._watch_clock()
        if committed.new_urls or committed.claims or time.monotonic() - self._dry_since > LOOK_AGAIN:
            self._dry_for = None
        if asked is not None:
            self._claim_pending = False
            self._lanes.feed(committed.claims)
            if not committed.claims and not committed.new_urls:
                self._dry_for = asked.exclude
                self._dry_since = time.monotonic()
        self.turn()

    def turn(self) -> None:
        """Ask for claims where lanes want some, and look whether the crawl is over."""
        if not self._is_open:
            return
        if self._lanes.pages_left == 0 and not self._lanes.unsettled:
            self._end(MAX_PAGES)
            return
        if not self._claim_pending and not self._writer.is_congested:
            wanted = self._lanes.wanted(time.time())
            if wanted is not None and (self._dry_for is None or self._dry_for - wanted.exclude):
                self._claim_pending = True
                self._asked += 1
                self._writer.claim(wanted, is_urgent=self._lanes.is_hungry)
        is_idle = self._lanes.is_empty and not self._is_seeding and self._dry_for == frozenset()
        if is_idle and not self._claim_pending and self._idle_check is None:
            self._idle_check = asyncio.ensure_future(self._check_idle())

    def close(self) -> None:
        """Ask for nothing more."""
        self._is_open = False
        if self._timer is not None:
            self._timer.cancel()

    def _watch_clock(self) -> None:
        """Record a jump of the wall clock against the monotonic one (R5.7)."""
        wall, monotonic = time.time(), time.monotonic()
        jump = (wall - self._clocks[0]) - (monotonic - self._clocks[1])
        self._clocks = (wall, monotonic)
        if abs(jump) > CLOCK_JUMP:
            self._writer.event(Event(type="clock_jump", body={"milliseconds": round(jump * 1000)}))

    async def _check_idle(self) -> None:
        """Find out whether anything is due soon; end the crawl where it is not (design section 5)."""
        asked = self._asked
        try:
            await self._writer.flush()
            due = await self._writer.call(lambda store: store.next_due())
        except Exception:  # noqa: BLE001 - the writer has told of its failure itself
            return
        finally:
            self._idle_check = None
        if not self._lanes.is_empty or not self._is_open:
            return
        if asked != self._asked:  # what was claimed meanwhile may have brought URLs that are not yet in the frontier
            self.turn()
            return
        wait = None if due is None else due - time.time()
        if self._dry_for is None or (wait is not None and wait <= 0):
            self._timer_due()
        elif wait is None or wait > self._wait_at_end:
            self._end(FINISHED)
        elif self._timer is None:
            self._tally.due = due
            self._timer = asyncio.get_running_loop().call_later(wait, self._timer_due)

    def _timer_due(self) -> None:
        self._timer = self._tally.due = None
        self._dry_for = None
        self.turn()
