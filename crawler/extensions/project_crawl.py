"""A crawl whose queue is a project's own: each request that its scheduler hands out asks for its URL by name.

Rows, records and site files are as durable as in a crawl from the frontier; the queue is as durable as the project's.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from scrapy.http.request import NO_CALLBACK

from crawler.errors import StorageError, UrlError
from crawler.extensions.opening import open_parts
from crawler.extensions.passage import Passage, fields_of, problem_of
from crawler.extensions.repeats import NeverSent, record_repeat
from crawler.extensions.session import Session
from crawler.extensions.visit import Visit
from crawler.network.exchange import EXCHANGE_KEY, Exchange
from crawler.network.failures import SitePauseError
from crawler.policy.decision import Verdict
from crawler.storage.entries import AttemptOutcome, Claim, Event, Intent, IntentOutcome, NewUrl, UrlState, Via
from crawler.values.url import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self

    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawler.extensions.opening import Parts
    from crawler.extensions.plan import CrawlPlan
    from crawler.policy.decision import Decision
    from crawler.values.url import Url

LONGEST_SLEEP = 0.1
"""Seconds after which a waiting request looks again whether its turn has come."""

_makers: WeakKeyDictionary[Crawler, Callable[[], Any]] = WeakKeyDictionary()


class ProjectCrawl(Session):
    """One per Scrapy crawler. Everything but ``open`` lives on the event loop."""

    clean_ends = frozenset(
        {
            "finished",
            "closespider_itemcount",
            "closespider_pagecount",
            "closespider_pagecount_no_item",
            "closespider_timeout",
            "closespider_timeout_no_item",
        }
    )

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._passages: WeakKeyDictionary[Request, Passage] = WeakKeyDictionary()
        self._open: dict[int, Passage] = {}
        self._never_sent = NeverSent(parts.writer)
        self._is_connected = False
        self._is_finished = False
        self.cookies: WeakKeyDictionary[Request, bytes] = WeakKeyDictionary()
        """What a request may send of the cookies that its site set; empty unless the policy permits them."""

    @classmethod
    def open(cls, plan: CrawlPlan, project: Mapping[str, Any], *, needs_identity: bool = True) -> Self:
        """Open everything; raises whatever refuses the start (``opening.open_parts``)."""
        return cls(open_parts(plan, project=project, needs_identity=needs_identity))

    @classmethod
    def opened_by(cls, crawler: Crawler, make: Callable[[], Self]) -> None:
        """Name how the crawl of a crawler is opened, once its settings are final."""
        _makers[crawler] = make

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """The crawl of a Scrapy crawler, opened by the first component that asks. Raises what refuses the start."""
        make = _makers.pop(crawler, None)
        if make is not None:
            make().bind(crawler)
        return super().of(crawler)

    def passage(self, request: Request) -> Passage | None:
        """How far a request has come; ``None`` where the gate has not let it in."""
        return self._passages.get(request)

    def is_ours(self, request: Request) -> bool:
        """Whether it is a request of ours for a site file, which whoever asked for it judges."""
        return self._is_connected and request in self.sending.site_requests

    def ready(self) -> None:
        """Build what lives on the event loop, once."""
        if not self._is_connected:
            self._is_connected = True
            loop = asyncio.get_running_loop()
            self.connect(loop, has_own_slots=True)
            self.writer.attach(loop, lambda _done, _asked: None, self.broken_writer, lambda: self.end("low_space"))

    # -- on the way out

    async def admit(self, request: Request) -> str | None:
        """Ask the gate about a request: ``None`` where it may be sent, else the reason, which is recorded by then.

        Raises ``StorageError`` where it could not be recorded.
        """
        self.ready()
        request.meta.pop(EXCHANGE_KEY, None)
        if self.is_over or self.writer.failure is not None:
            return self.end_reason or "storage_error"
        self._watch(request)
        try:
            url = parse(request.url, limit=self.policy.limits.url_bytes)
        except UrlError as error:
            return self._nameless(request, error)
        new = self._entry(request, url)
        problem = problem_of(request)
        if problem is not None:
            self._count("clearcrawl/url/request_refused")
            self._never_sent.add(new, self.rows.redacted(new.url), problem)
            return "request_refused"
        passage = await self._take(url, new)
        if passage is None:
            self._count("clearcrawl/project/refused_before")
            return "refused_before"
        visit = passage.visit
        decision = await self.admission.decide(visit)
        if decision.verdict is not Verdict.ALLOW:
            self.settle(visit, decision)
            return decision.reason
        visit.decision = decision
        limits = self.policy.limits
        visit.exchange = request.meta[EXCHANGE_KEY] = Exchange(
            url=url.text,
            decision=decision,
            max_bytes=limits.media_bytes if visit.new.via is Via.MEDIA else limits.page_bytes,
            on_head=partial(self._on_head, visit),
            asked_as=request.url,
            fields=fields_of(request, self.policy.identity.user_agent, cookies=self.cookies.get(request)),
            turn=partial(self._turn, passage),
        )
        self._passages[request] = passage
        return None

    def _watch(self, request: Request) -> None:
        """Take note of keys of ``meta`` that are meant to open the gate; they open nothing."""
        for key in ("dont_obey_robotstxt", "proxy"):
            if request.meta.get(key):
                self.find(key, self.rows.redacted(request.url))

    def _nameless(self, request: Request, error: UrlError) -> str:
        """Log what has no canonical URL and hence no row."""
        body = {"url": self.rows.redacted(request.url)[:2048], "reason": error.reason, "detail": str(error)[:2048]}
        self.writer.event(Event(type="url_refused", body=body))
        self._count(f"clearcrawl/url/{error.reason}")
        return error.reason

    def _entry(self, request: Request, url: Url) -> NewUrl:
        """Describe the URL of a request as a frontier would."""
        meta, via = request.meta, Via.LINK
        if meta.get("is_start_request"):
            via = Via.SEED
        elif meta.get("redirect_urls"):
            via = Via.REDIRECT
        elif request.callback is NO_CALLBACK:
            via = Via.MEDIA
        depth = meta.get("depth")
        return NewUrl(
            url=url.text,
            lane=self.parts.gate.lane(url),
            depth=depth if isinstance(depth, int) and depth >= 0 else 0,
            via=via,
            discovered_at=datetime.now(UTC),
        )

    async def _take(self, url: Url, new: NewUrl) -> Passage | None:
        """Put the attempt on disk. ``None``: the URL was refused before in this crawl, and that stands."""
        taken = await self.writer.take(new)
        if taken.claim is not None:
            passage = Passage(visit=Visit(url=url, claim=taken.claim, lane=new.lane))
        elif taken.state in {UrlState.SENT, UrlState.DONE}:
            attempt = await self.writer.intend(Intent(url=url.text))
            claim = Claim(frontier_id=0, attempt_id=attempt, tries=0, new=new)
            passage = Passage(visit=Visit(url=url, claim=claim, lane=new.lane), is_repeat=True)
        else:
            return None
        self._open[passage.visit.claim.attempt_id] = passage
        return passage

    async def _turn(self, passage: Passage) -> None:
        visit = passage.visit
        while (wait := self.admission.take(visit)) > 0:
            if self.is_over or self.longest_wait < wait < inf:
                raise SitePauseError(f"{wait:.0f} s")
            await asyncio.sleep(min(wait, LONGEST_SLEEP))
        passage.is_sent = True
        self.tally.requests += 1
        if visit.exchange is not None:
            self.sending.in_flight.add(visit.exchange)

    # -- on the way back

    def answered(self, passage: Passage) -> None:
        """Give the connection of a request back; a second call changes nothing."""
        visit = passage.visit
        if passage.is_sent and not visit.is_answered and visit.exchange is not None:
            visit.is_answered = True
            self.sending.answered(visit.exchange, visit.lane, visit.address)

    async def judged(self, passage: Passage) -> Decision:
        """Decide on the whole response and record it; what comes back as ALLOW is durable by then.

        Raises ``StorageError`` where it is not.
        """
        visit = passage.visit
        judged = self.judge(visit)
        decision = await judged if asyncio.iscoroutine(judged) else judged
        self.settle(visit, decision)
        if decision.verdict is Verdict.ALLOW:
            await self.writer.flush()
        if self.writer.failure is not None:
            raise StorageError(str(self.writer.failure))
        return decision

    def settle(self, visit: Visit, decision: Decision) -> None:
        """Hand the outcome of a visit to the journal; a second call changes nothing."""
        if visit.is_settled or self.writer.failure is not None:  # after a failure nothing is recorded
            return
        passage = self._open.pop(visit.claim.attempt_id, None)
        if passage is not None and passage.is_repeat:
            self._settle_repeat(visit, decision)
        else:
            self.ledger.settle(visit, decision)
        visit.decision = decision
        if self.parts.gate.is_broken:
            self.end("internal_error")

    def _settle_repeat(self, visit: Visit, decision: Decision) -> None:
        """Record a further fetch of a URL that has its row: evidence and a log entry, no second row, no second body."""
        visit.is_settled = True
        record_repeat(self.writer, visit, decision, self.rows.redacted(visit.url.text))
        self._count(f"clearcrawl/project/repeat_{decision.verdict.value}")

    def failed_with(self, passage: Passage, error: Exception) -> None:
        """Settle a request that brought no whole answer."""
        visit, exchange = passage.visit, passage.visit.exchange
        self.answered(passage)
        if visit.is_settled or self.writer.failure is not None:
            return
        if exchange is not None and exchange.was_cancelled and self.is_over:
            self._interrupt(passage)
        elif exchange is not None and exchange.error is not None:
            self.failed(visit, exchange.error, exchange.error_detail)
        else:
            self.failed(visit, "internal_error", f"{type(error).__name__}: {error}")

    # -- the end

    def bypassed(self, detail: str) -> None:
        """Stop: something brings content, or asks for it, behind the gate's back."""
        super().bypassed(detail)
        self.end("gate_bypassed")

    def end(self, reason: str) -> None:
        """Take note why the crawl is over, and close the spider."""
        if self.end_reason is not None:
            return
        self.end_reason = reason
        self.is_over = True
        engine = self._crawler.engine
        if engine.spider is not None:
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason=reason))

    def _interrupt(self, passage: Passage) -> None:
        visit = passage.visit
        self._open.pop(visit.claim.attempt_id, None)
        if passage.is_repeat:
            visit.is_settled = True
            attempt = visit.claim.attempt_id
            self.writer.intent_outcome(IntentOutcome(attempt_id=attempt, attempt=AttemptOutcome.INTERRUPTED))
        else:
            self.ledger.interrupt(visit)

    async def finish(self, reason: str) -> None:
        """Put back what never came to an end, write the rows of parked URLs, publish and close; once."""
        if self._is_finished:
            return
        self._is_finished = True
        self.ready()
        self.is_over = True
        if self.failure is None and self.writer.failure is None:
            for passage in list(self._open.values()):
                if not passage.visit.is_settled:
                    self._interrupt(passage)
            await self._never_sent.park()
        await self.close(reason)
