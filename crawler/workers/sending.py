"""Requests of a worker among several: one for a site file at a domain of another worker takes its turn from there."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from crawler.extensions.sending import Sending, retry_after_of
from crawler.network.exchange import Exchange
from crawler.policy.site import Reply

if TYPE_CHECKING:
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.policy.gate import RequestKind
    from crawler.values.url import Url


class Turns(Protocol):
    """Who knows whose turn it is at a domain."""

    async def borrow(self, lane: str) -> tuple[int | None, float]:
        """A turn at a domain: number of the loan (``None``: the domain is own), or seconds for which it pauses."""

    def give_back(
        self, number: int, *, ago: float, latency: float, status: int | None, retry_after: float | None
    ) -> None:
        """Say how the request went, and how many seconds ago it was written."""


class SharedSending(Sending):
    """``turns`` is set before anything is sent."""

    turns: Turns

    async def site_file(
        self, url: Url, kind: RequestKind, limit: int, robots: RobotsAnswer | None
    ) -> tuple[Exchange, Reply]:
        """See ``Sending``."""
        loan, wait = await self.turns.borrow(self._gate.lane(url))
        if wait:
            decision = self._gate.admit(url, today=datetime.now(UTC).date(), kind=kind, robots=robots)
            exchange = Exchange(url=url.text, decision=decision, max_bytes=limit)
            exchange.error, exchange.error_detail = "site_pause", f"{wait:.0f} s, by another worker"
            return exchange, Reply(retrieved_at=datetime.now(UTC), error="site_pause", retry_after=wait)
        if loan is None:
            return await super().site_file(url, kind, limit, robots)
        found = None
        try:
            found, reply = await super().site_file(url, kind, limit, robots)
        finally:
            self.turns.give_back(
                loan,
                ago=0.0 if found is None or found.sent_at is None else time.monotonic() - found.sent_at,
                latency=0.0 if found is None else found.latency or 0.0,
                status=None if found is None else found.status,
                retry_after=None if found is None else retry_after_of(found),
            )
        return found, reply

    async def lend(self, lane: str) -> float:
        """Wait for a turn at an own domain and take it for another worker; seconds of a pause that is too long."""
        return await self._turn(lane, None)

    def returned(self, lane: str, *, ago: float, latency: float, status: int | None, retry_after: float | None) -> None:
        """Note how the request of another worker ended."""
        now = time.monotonic()
        self._politeness.written(lane, None, now - ago)
        self._politeness.answered(lane, None, now, latency=latency, status=status, retry_after=retry_after)
