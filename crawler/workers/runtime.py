"""One worker's crawl: as if it were alone, but for what it is told and what it hands over."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING

from crawler.errors import ClearcrawlError
from crawler.extensions.opening import open_parts
from crawler.extensions.pump import FINISHED, MAX_PAGES
from crawler.extensions.runtime import Runtime
from crawler.storage.entries import Role
from crawler.workers.addresses import SharedSlots
from crawler.workers.link import Link
from crawler.workers.sending import SharedSending

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from typing import Self

    from scrapy import Request

    from crawler.extensions.opening import Parts
    from crawler.extensions.plan import CrawlPlan
    from crawler.storage.entries import ClaimRequest, Committed, Share

NOBODY_LEADS = "coordinator_lost"
LEAST_WAIT = 1.0
"""Seconds after which an idle worker looks at the earliest for parked URLs that have become due."""
CUT_AFTER = 0.5
"""Seconds between the stop and the cut where nobody leads any more: whoever starts next waits for this."""


class WorkerRuntime(Runtime):
    """Ends when it is told to; until then idleness is only reported."""

    sending_class = SharedSending

    def __init__(self, parts: Parts, connection: socket.socket, slots: int) -> None:
        super().__init__(parts)
        self.slots = SharedSlots(slots, self.policy.politeness.connections)
        self.link = Link(connection, self.writer, self.tally)
        self._is_told = False
        self._is_idle = False
        self._has_given_back = False
        self._wakes = 0
        """How often there was something new to do."""
        self._spent: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None

    @classmethod
    def join(cls, plan: CrawlPlan, share: Share, connection: socket.socket, slots: int) -> Self:
        """Open everything; ``slots``: the file of ``SharedSlots``. Raises whatever refuses the start."""
        return cls(open_parts(plan, share=share), connection, slots)

    def start(
        self, loop: asyncio.AbstractEventLoop, release: Callable[[Request], None], wake: Callable[[], None]
    ) -> None:
        """As alone, but with no page to keep before some are granted, and connected to the process that leads."""
        super().start(loop, release, wake)
        if self.lanes.pages_left is not None:
            self.lanes.pages_left = 0
        self._sending.turns = self.link
        self.writer.attach(loop, self._committed, self.broken_writer, lambda: self.end("low_space"))
        self._opening = asyncio.ensure_future(self.link.open(self))

    @property
    def _sending(self) -> SharedSending:
        assert isinstance(self.sending, SharedSending)  # noqa: S101 - made of ``sending_class``
        return self.sending

    async def seed(self, sources: Sequence[str], *, role: Role = Role.PAGE) -> None:  # noqa: ARG002 - as alone
        """Seeds come through the connection."""
        await self._opening
        self.pump.seeded()

    def _committed(self, committed: Committed, asked: ClaimRequest | None) -> None:
        if committed.claims or committed.new_urls:
            self._wake_up()
            self.link.owns(claim.new.lane for claim in committed.claims)
        self.pump.committed(committed, asked)
        left = self.lanes.pages_left
        if left is not None and left < self.parts.plan.concurrency and committed.claims:
            self.link.want()
        self.link.committed()

    def _wake_up(self) -> None:
        self._wakes += 1
        self._is_idle = self._has_given_back = False
        self.link.active()

    def end(self, reason: str) -> None:
        """Report that nothing is left to do; every other end is this worker's own."""
        if self._is_told or reason not in self.clean_ends:
            super().end(reason)
        elif reason == FINISHED:
            self._rest(reason)
        elif self._spent is None:
            self._spent = asyncio.ensure_future(self._look_if_spent())

    async def _look_if_spent(self) -> None:
        """No page may be kept any more: find out whether some are wanted, once all that the last ones brought is known.

        Until it is committed, neither the frontier nor the outbox has their links.
        """
        wakes = self._wakes
        try:
            await self.writer.flush()
        except ClearcrawlError:  # the writer tells of its failure itself
            return
        finally:
            self._spent = None
        if wakes != self._wakes or self.lanes.pages_left or self.lanes.unsettled:
            self.pump.turn()
        elif not self._has_given_back and (self.tally.waiting or not self.lanes.is_empty):
            self.link.want()
            self._rest(MAX_PAGES)
        else:
            self._rest(FINISHED)

    def _rest(self, reason: str) -> None:
        if self._is_told:
            return
        was_idle, self._is_idle = self._is_idle, True
        if reason == FINISHED and not was_idle:
            self._look_later = asyncio.ensure_future(self._look_when_due())
        self.link.idle(reason)

    async def _look_when_due(self) -> None:
        """Look again when a URL becomes due that waits longer than a crawl would wait at its end."""
        due = await self.writer.call(lambda store: store.next_due())
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if due is not None and self._is_idle:
            self._later = self._loop.call_later(max(due - time.time(), LEAST_WAIT), self._look_again)

    def _look_again(self) -> None:
        self._wake_up()
        self.pump.seeded()

    # -- what the connection says

    def received(self, added: int) -> None:
        """See ``Follower``."""
        if added:
            self.tally.waiting += added  # until the next commit tells
            self._wake_up()
        self.pump.seeded()

    def allow(self, pages: int) -> None:
        """See ``Follower``."""
        self._wake_up()
        self.lanes.pages_left = (self.lanes.pages_left or 0) + pages
        self.lanes._pages_freed.set()  # noqa: SLF001 - who waits for a page to be kept looks again
        self.pump.turn()

    def give_back(self) -> int:
        """See ``Follower``."""
        if not self._is_idle or not self.lanes.is_empty:
            return 0  # URLs have come since it said that it was idle
        self._has_given_back = True
        left, self.lanes.pages_left = self.lanes.pages_left or 0, 0
        return left

    def is_idle(self) -> bool:
        """See ``Follower``."""
        lanes = self.lanes
        is_spent = lanes.pages_left == 0 and not lanes.unsettled  # what is claimed waits for pages to keep
        return self._is_idle and (lanes.is_empty or is_spent)

    def told(self, reason: str, *, is_stop: bool) -> None:
        """See ``Follower``."""
        self._is_told = True
        if not is_stop:
            self.end(reason)
            return
        if self.end_reason is None:
            self.end_reason = reason
        os.kill(os.getpid(), signal.SIGINT)  # one way to stop, whoever asks for it

    def lost(self) -> None:
        """See ``Follower``."""
        if self.end_reason is None:
            self.end_reason = NOBODY_LEADS
        os.kill(os.getpid(), signal.SIGINT)
        self._loop.call_later(CUT_AFTER, os.kill, os.getpid(), signal.SIGINT)

    async def lend(self, lane: str) -> float:
        """See ``Follower``."""
        return await self._sending.lend(lane)

    def returned(self, lane: str, *, ago: float, latency: float, status: int | None, retry_after: float | None) -> None:
        """See ``Follower``."""
        self._sending.returned(lane, ago=ago, latency=latency, status=status, retry_after=retry_after)

    async def close(self, reason: str) -> None:
        """Close this worker's part, then say so."""
        if self._later is not None:
            self._later.cancel()
        await super().close(reason)
        failure = self.failure or self.writer.failure
        store = self.writer.store
        await self.link.close(
            reason=self.end_reason, code=int(self.exit_code), unsealed=store.unsealed, unsigned=store.unsigned,
            pending=store.pending, failure=None if failure is None else str(failure),
        )  # fmt: skip
