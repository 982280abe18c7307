"""Lanes at their end: what comes after it goes back to the journal."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.extensions.lanes import Lanes
from crawler.storage.entries import Claim, NewUrl, Via

if TYPE_CHECKING:
    from crawler.extensions.visit import Visit


def claim(number: int) -> Claim:
    """A claim of one lane."""
    url = f"http://site.test/{number}"
    new = NewUrl(url=url, lane="site.test", depth=0, via=Via.SEED, discovered_at=datetime.now(UTC))
    return Claim(frontier_id=number, attempt_id=number, tries=0, new=new)


def test_claims_that_arrive_after_the_stop_go_back() -> None:
    """A commit that was under way when a signal came brings claims: none is looked at, all are released (R5.6)."""
    admitted: list[Claim] = []
    released: list[Claim] = []

    async def admit(one: Claim) -> Visit | None:
        admitted.append(one)
        return None

    async def stopped() -> None:
        lanes = Lanes(
            concurrency=4,
            per_lane_limit=1,
            pages_left=None,
            admit=admit,
            due=lambda _: 0.0,
            take=lambda _: 0.0,
            longest_wait=1.0,
            put_off=lambda _visit, _wait: None,
            send=lambda _: None,
            on_error=lambda _claim, _error: None,
            on_unsent=released.append,
        )
        lanes.close()
        lanes.feed([claim(1), claim(2)])
        await asyncio.sleep(0)
        assert lanes.is_empty

    asyncio.run(stopped())
    assert admitted == []
    assert [one.frontier_id for one in released] == [1, 2]
