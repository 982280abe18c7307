"""A crawl from the journal's frontier: feeds the lanes, takes what comes back, and knows when the crawl is over."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from crawler.errors import ClearcrawlError, StorageError
from crawler.extensions.direct import WAY, DirectWay, find_company
from crawler.extensions.lanes import Lanes
from crawler.extensions.opening import open_parts
from crawler.extensions.pump import FINISHED, MAX_PAGES, Pump
from crawler.extensions.sending import VISIT_KEY
from crawler.extensions.session import GRACE, Session
from crawler.extensions.visit import Visit
from crawler.policy.decision import Verdict
from crawler.storage.entries import NewUrl, Role, Via
from crawler.storage.seeds import read_seeds
from crawler.values.url import parse, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Self

    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.extensions.opening import Parts
    from crawler.extensions.plan import CrawlPlan
    from crawler.policy.decision import Decision
    from crawler.storage.entries import Claim
    from crawler.storage.seeds import Seed

logger = logging.getLogger(__name__)

SEEDS_AT_ONCE = 2_000


class Runtime(Session):
    """The crawl of our own spiders. Everything but ``open`` lives on the event loop."""

    clean_ends = frozenset({FINISHED, MAX_PAGES})

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        counts = parts.writer.store.counts()
        self.tally.waiting = counts.waiting
        self._kept_before = counts.pages_kept
        self._direct: DirectWay | None = None
        self._way: Callable[[Visit], None] | None = None
        """How pages are sent; chosen with the first one, when everybody who listens has connected."""

    @classmethod
    def open(cls, plan: CrawlPlan, seeds: Sequence[str] = ()) -> Self:
        """Open everything; raises whatever refuses the start (``opening.open_parts``)."""
        return cls(open_parts(plan, seeds))

    def start(
        self, loop: asyncio.AbstractEventLoop, release: Callable[[Request], None], wake: Callable[[], None]
    ) -> None:
        """Build the parts that live on the event loop and ask for the first URLs."""
        self._release, self._wake = release, wake
        self.connect(loop)
        parts, limits = self.parts, self.policy.limits
        left = parts.plan.max_pages
        self.lanes = Lanes(
            concurrency=parts.plan.concurrency,
            per_lane_limit=max(
                1, min(self.policy.politeness.connections, int(parts.plan.concurrency * limits.host_share))
            ),
            pages_left=None if left is None else max(left - self._kept_before, 0),
            admit=self.admission.admit,
            due=self.admission.due,
            take=self.admission.take,
            longest_wait=self.longest_wait,
            put_off=self.admission.put_off,
            send=self._send,
            on_error=self._broken,
            on_unsent=self._unsent,
        )
        self.pump = Pump(
            writer=self.writer,
            lanes=self.lanes,
            tally=self.tally,
            wait_at_end=limits.wait_at_end,
            end=self.end,
        )
        self.writer.attach(loop, self.pump.committed, self.broken_writer, lambda: self.end("low_space"))
        self.pump.turn()

    # -- seeds

    async def seed(self, sources: Sequence[str], *, role: Role = Role.PAGE) -> None:
        """Stream seeds into the frontier; those that are known already change nothing.

        Without seeds a re-crawl starts from the pages that the earlier crawls kept.
        """
        seeds: Iterator[NewUrl] = (self._seed_entry(seed, role) for seed in read_seeds(sources))
        if not sources and self.parts.previous is not None:
            seeds = map(self._kept_entry, self.parts.previous.kept())
        while not self.is_over and self.end_reason is None:
            chunk = await asyncio.to_thread(lambda: list(islice(seeds, SEEDS_AT_ONCE)))
            if not chunk:
                break
            self.writer.add(chunk)
            await self.writer.flush()
        self.pump.seeded()

    def _seed_entry(self, seed: Seed, role: Role) -> NewUrl:
        url, now = parse(seed.text), datetime.now(UTC)
        lane, site = self.parts.gate.lane(url), url.host if role is Role.SITEMAP else None
        return NewUrl(url=url.text, lane=lane, depth=0, via=Via.SEED, role=role, site=site, discovered_at=now)

    def _kept_entry(self, row: Mapping[str, Any]) -> NewUrl:
        url, via = parse(row["url"]), Via.SEED if row["seed"] else Via.PREVIOUS
        lane, now = self.parts.gate.lane(url), datetime.now(UTC)
        return NewUrl(url=url.text, lane=lane, depth=row["depth"], via=via, discovered_at=now)

    # -- requests out

    def _send(self, visit: Visit) -> None:
        if self._way is None:
            self._way = self._choose_way()
        self._way(visit)

    def _choose_way(self) -> Callable[[Visit], None]:
        company = find_company(self._crawler)
        if self._crawler.stats is not None:
            self._crawler.stats.set_value(WAY, "direct" if company is None else f"engine: {company}")
        if company is not None:
            logger.info("pages go through Scrapy's engine, for %s", company)
            return self._send_through_engine
        self._direct = DirectWay(self, self._crawler)
        return self._direct.send

    def _send_through_engine(self, visit: Visit) -> None:
        request = self.sending.page(visit)
        request.errback = self._lost
        self._release(request)

    def _lost(self, failure: Failure) -> Failure:
        """Settle a visit whose response another middleware threw away before the response gate saw it."""
        self.astray(failure.request.meta[VISIT_KEY], repr(failure.value))  # type: ignore[attr-defined] # set by Scrapy
        return failure

    def astray(self, visit: Visit, detail: str) -> None:
        """Settle a visit that left the way of its request; one that has its outcome stays as it is."""
        if not visit.is_settled:
            self.answered(visit)
            self.failed(visit, "internal_error", f"a middleware came between: {detail}")

    # -- what comes back

    def answered(self, visit: Visit) -> None:
        """Give the connection of a visit back; called once, as soon as the engine has an answer."""
        if not visit.is_answered and visit.exchange is not None:
            visit.is_answered = True
            self.sending.answered(visit.exchange, visit.lane, visit.address)
            self.lanes.answered(visit)

    def settle(self, visit: Visit, decision: Decision) -> None:
        """Hand the outcome of a visit to the journal; a second call changes nothing."""
        if visit.is_settled or self.writer.failure is not None:  # after a failure nothing is recorded
            return
        is_page = decision.verdict is Verdict.ALLOW and visit.redirect is None
        try:
            self.ledger.settle(visit, decision)
            if visit.exchange is not None:
                self.lanes.settled(is_kept=is_page)
            if self.parts.gate.is_broken:
                self.end("internal_error")
            self.pump.turn()
        except StorageError:
            if self.writer.failure is None:  # else it failed in its thread since, and tells so itself
                raise

    def links_of(self, response: Response) -> list[NewUrl]:
        """Links of a page, from the one pass that was made over it."""
        visit: Visit = response.request.meta[VISIT_KEY]  # type: ignore[union-attr] # a response of the engine has one
        return self.links.of_page(visit)

    def _unsent(self, claim: Claim) -> None:
        if self.writer.failure is None:
            self.writer.release([claim])

    def interrupted(self, visit: Visit) -> None:
        """Put the URL of a request back that our own stop cut off."""
        if self.writer.failure is None:
            self.ledger.interrupt(visit)
        self.lanes.settled(is_kept=False)

    def _broken(self, claim: Claim, error: Exception) -> None:
        if self.failure is not None:
            return
        visit = Visit(url=split(claim.new.url), claim=claim, lane=claim.new.lane)
        self.parts.gate.consecutive_internal_errors += 1
        self.settle(visit, self.admission.refused(visit, "internal_error", f"{type(error).__name__}: {error}"))

    def end(self, reason: str) -> None:
        """Take note why the crawl is over; the engine closes the spider when nothing is under way, or at once."""
        if self.end_reason is not None:
            return
        self.end_reason = reason
        self.is_over = True
        self.pump.close()
        engine = self._crawler.engine
        if reason not in self.clean_ends:
            self.lanes.close()
            self.sending.close()
        if reason not in self.clean_ends and engine is not None:
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason=reason))
        self._wake()

    def stop(self, reason: str = "shutdown") -> None:
        """Stop sending at once; what runs is cut off after ``GRACE`` seconds (R5.6)."""
        if self.end_reason is None:
            self.end_reason = reason
        self.is_over = True
        if hasattr(self, "pump"):
            self.pump.close()
            self.lanes.close()
            self.sending.close()
            self._loop.call_later(GRACE, self.cut_off)

    # -- the end

    async def finish(self, reason: str, unsent: Sequence[Visit] = ()) -> None:
        """Give back what was not sent, also of a claim that is on its way, then ``close``."""
        self.pump.close()
        self.lanes.close()
        if self._direct is not None:
            await self._direct.ended()
        if self.failure is None:
            for visit in unsent:
                self.ledger.release(visit)
            with suppress(ClearcrawlError):  # the writer tells of its failure itself
                await self.writer.flush()
        await self.close(reason)
