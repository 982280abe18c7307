"""One crawl in one process: connects the parts on the event loop, feeds the lanes, and knows when the crawl is over.

A ``Runtime`` is opened before Scrapy starts, so that every refused start is one message. It belongs to one Scrapy
crawler, whose components find it with ``Runtime.of``.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from crawler.errors import ExitCode, UsageError
from crawler.extensions.admission import Admission
from crawler.extensions.lanes import Lanes
from crawler.extensions.ledger import Ledger
from crawler.extensions.links import Links
from crawler.extensions.list_watch import ListWatch
from crawler.extensions.opening import open_parts
from crawler.extensions.pump import FINISHED, MAX_PAGES, Pump
from crawler.extensions.responses import Responses
from crawler.extensions.rows import RowMaker
from crawler.extensions.sending import VISIT_KEY, Sending
from crawler.extensions.site_files import SiteFiles
from crawler.extensions.tally import Tally
from crawler.extensions.visit import Visit
from crawler.network.policy_slot import NetworkRules, set_rules
from crawler.network.resolver import installed_resolver
from crawler.policy.decision import Verdict
from crawler.policy.politeness import Politeness
from crawler.storage.entries import NewUrl, Via
from crawler.storage.seeds import read_seeds
from crawler.values.address import TestHosts
from crawler.values.url import parse, split

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any, Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.errors import ClearcrawlError
    from crawler.extensions.opening import Parts
    from crawler.extensions.plan import CrawlPlan
    from crawler.network.exchange import Exchange, StopReason
    from crawler.policy.decision import Decision
    from crawler.policy.facts import Refusal
    from crawler.storage.entries import Claim
    from crawler.storage.store import CrawlStore

SEEDS_AT_ONCE = 2_000
PARKED_AT_ONCE = 500
LEAST_PAUSE = 30.0
"""Seconds that a lane waits out in any case; what a site asks for beyond that is not waited for at the end."""
GRACE = 10.0
"""Seconds that running requests get after a stop before they are cut off (R5.6)."""

_runtimes: WeakKeyDictionary[Crawler, Runtime] = WeakKeyDictionary()
_CLEAN = frozenset({FINISHED, MAX_PAGES})
_CODES = {"storage_error": ExitCode.DAMAGED, "internal_error": ExitCode.FINDINGS}


class Runtime:
    """The crawl while it runs. Everything but ``open`` lives on the event loop."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.policy = parts.policy
        self.writer = parts.writer
        self.tally = Tally()
        self.failure: ClearcrawlError | None = None
        self.end_reason: str | None = None
        """Why the crawl ends, as soon as it is known."""
        self.is_over = False
        """Whether the engine may close the spider."""
        counts = parts.writer.store.counts()
        self.tally.waiting = counts.waiting
        self.has_frontier = counts.waiting > 0
        self._kept_before = counts.pages_kept

    @classmethod
    def open(cls, plan: CrawlPlan, seeds: Sequence[str] = ()) -> Self:
        """Open everything; raises whatever refuses the start (``opening.open_parts``)."""
        return cls(open_parts(plan, seeds))

    @classmethod
    def of(cls, crawler: Crawler) -> Runtime:
        """The runtime of a Scrapy crawler."""
        found = _runtimes.get(crawler)
        if found is None:
            raise UsageError(
                "this spider needs an open crawl folder: start it with clearcrawl crawl, or set CLEARCRAWL_OUT"
            )
        return found

    def bind(self, crawler: Crawler) -> None:
        """Belong to this crawler, and put the rules of the network in force for it."""
        _runtimes[crawler] = self
        self._crawler = crawler
        self.lists = ListWatch(self.parts)
        set_rules(
            crawler,
            NetworkRules(
                test_hosts=TestHosts(self.policy.network.test_hosts),
                refuse=self.parts.gate.listed_address,
                limits=self.policy.limits,
                pause=self.lists.pause,
                recheck=self.lists.recheck,
            ),
        )

    def start(
        self, loop: asyncio.AbstractEventLoop, release: Callable[[Request], None], wake: Callable[[], None]
    ) -> None:
        """Build the parts that live on the event loop and ask for the first URLs."""
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one

        parts, gate = self.parts, self.parts.gate
        resolver = installed_resolver(reactor, self._crawler)
        resolve = resolver.addresses
        self._loop, self._release, self._wake = loop, release, wake
        politeness = Politeness(self.policy)
        limits = self.policy.limits
        longest_wait = min(self.policy.politeness.max_delay, max(limits.wait_at_end, LEAST_PAUSE))
        self.sending = Sending(
            crawler=self._crawler,
            gate=gate,
            politeness=politeness,
            resolve=resolve,
            tally=self.tally,
            longest_wait=longest_wait,
        )
        self.sites = SiteFiles(gate, self.writer, self.sending.site_file, self.tally)
        rows = RowMaker(parts.columns, parts.suffixes, parts.secret)
        self.lists.start(rows.use_lists)
        self.links = Links(parts.plan, gate)
        self.ledger = Ledger(
            writer=self.writer, rows=rows, tally=self.tally, count=self._count, lane_of=gate.lane, links=self.links
        )
        self.admission = Admission(
            gate=gate,
            sites=self.sites,
            politeness=politeness,
            resolve=resolve,
            on_head=self._on_head,
            settle=self.settle,
            longest_wait=longest_wait,
        )
        self.responses = Responses(gate, self.admission, self.sites)
        left = parts.plan.max_pages
        self.lanes = Lanes(
            concurrency=parts.plan.concurrency,
            per_lane_limit=max(
                1, min(self.policy.politeness.connections, int(parts.plan.concurrency * limits.host_share))
            ),
            pages_left=None if left is None else max(left - self._kept_before, 0),
            admit=self.admission.admit,
            due=self.admission.due,
            longest_wait=longest_wait,
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
            end=self._end,
        )
        self.writer.attach(loop, self.pump.committed, self._failed, lambda: self._end("low_space"))
        self.pump.turn()

    # -- seeds

    async def seed(self, sources: Sequence[str]) -> None:
        """Stream seeds into the frontier; those that are known already change nothing."""
        seeds = read_seeds(sources)
        while not self.is_over and self.end_reason is None:
            chunk = await asyncio.to_thread(lambda: list(islice(seeds, SEEDS_AT_ONCE)))
            if not chunk:
                break
            now = datetime.now(UTC)
            self.writer.add([self._seed_entry(seed.text, now) for seed in chunk])
            await self.writer.flush()
        self.pump.seeded()

    def _seed_entry(self, text: str, now: datetime) -> NewUrl:
        url = parse(text)
        return NewUrl(url=url.text, lane=self.parts.gate.lane(url), depth=0, via=Via.SEED, discovered_at=now)

    # -- requests out

    def _send(self, visit: Visit) -> None:
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
        self.ledger.settle(visit, decision)
        if visit.exchange is not None:
            self.lanes.settled(is_kept=is_page)
        if self.parts.gate.is_broken:
            self._end("internal_error")
        self.pump.turn()

    def _on_head(self, visit: Visit, exchange: Exchange) -> StopReason | None:
        return self.responses.on_head(visit, exchange)

    def judge(self, visit: Visit) -> Decision | Coroutine[Any, Any, Decision]:
        """Decide on a whole response, as the server sent it, whatever a project's middlewares made of it.

        Answers at once, or with a coroutine where documents have to be fetched that the page refers to.
        """
        visit.is_judged = True
        exchange = visit.exchange
        assert exchange is not None  # noqa: S101 - what was sent has an exchange
        if exchange.stopped is not None and visit.decision is not None:
            return visit.decision
        refusal = self.responses.read(visit, exchange.body)
        if visit.carriers.references:
            return self._judge_with_documents(visit, refusal)
        return self.responses.decide(visit, refusal)

    async def _judge_with_documents(self, visit: Visit, refusal: Refusal | None) -> Decision:
        await self.responses.read_documents(visit)
        return self.responses.decide(visit, refusal)

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

    def failed(self, visit: Visit, code: str, detail: str) -> None:
        """Settle a visit whose request got no whole answer."""
        self.settle(visit, self.admission.refused(visit, code, detail))

    def _broken(self, claim: Claim, error: Exception) -> None:
        if self.failure is not None:
            return
        visit = Visit(url=split(claim.new.url), claim=claim, lane=claim.new.lane)
        self.parts.gate.consecutive_internal_errors += 1
        self.settle(visit, self.admission.refused(visit, "internal_error", f"{type(error).__name__}: {error}"))

    def _failed(self, failure: ClearcrawlError) -> None:
        """Stop at the first failure of the writer: nothing is fetched that could not be recorded."""
        self.failure = failure
        self._end("storage_error")

    def _end(self, reason: str) -> None:
        if self.end_reason is not None:
            return
        self.end_reason = reason
        self.is_over = True
        self.pump.close()
        engine = self._crawler.engine
        if reason not in _CLEAN:
            self.lanes.close()
        if reason not in _CLEAN and engine is not None:
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
            self._loop.call_later(GRACE, self.cut_off)

    def cut_off(self) -> None:
        """Cancel every running request; its URL goes back to the frontier."""
        for exchange in tuple(self.sending.in_flight):
            if exchange.cancel is not None:
                exchange.cancel()

    # -- the end

    async def finish(self, reason: str, unsent: Sequence[Visit] = ()) -> None:
        """Commit, write the rows of parked URLs where the crawl is over, publish and close."""
        self.lists.stop()
        self.pump.close()
        self.lanes.close()
        reason = self.end_reason or reason
        if self.failure is None:
            for visit in unsent:
                self.ledger.release(visit)
            if reason in _CLEAN:
                await self._record_parked()
        self.end_reason = reason
        self.writer.close(reason=reason, code=self.exit_code, clean=reason in _CLEAN)
        await asyncio.to_thread(self.writer.join)

    async def _record_parked(self) -> None:
        """Give every URL that was tried or put off its row; it stays in the frontier (design section 5)."""
        await self.writer.flush()
        while True:
            claims = await self.writer.call(_next_parked)
            if not claims:
                return
            for claim in claims:
                visit = Visit(url=split(claim.new.url), claim=claim, lane=claim.new.lane)
                self.ledger.record_parked(visit, await self.admission.decide_parked(visit))
            await self.writer.flush()

    @property
    def exit_code(self) -> ExitCode:
        """What the command answers for the way the crawl ended."""
        if self.failure is not None or self.writer.failure is not None:
            return ExitCode.DAMAGED
        if self.end_reason in _CLEAN:
            return ExitCode.CLEAN
        return _CODES.get(self.end_reason or "", ExitCode.INCOMPLETE)

    def _count(self, stat: str) -> None:
        stats = self._crawler.stats
        if stats is not None:
            stats.inc_value(stat)


def _next_parked(store: CrawlStore) -> list[Claim]:
    return list(islice(store.parked(), PARKED_AT_ONCE))
