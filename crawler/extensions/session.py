"""One crawl on the event loop, whoever holds the queue: policy, gate, site files, rows, writer, and how it ends.

A session is opened before anything is sent, so that every refused start is one message. It belongs to one Scrapy
crawler, whose components find it with ``of``. ``runtime.Runtime`` crawls from the journal's frontier; ``addon_runtime``
serves requests that a project's own scheduler hands out.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from scrapy import signals

from crawler.errors import ExitCode, UrlError, UsageError
from crawler.extensions.admission import Admission
from crawler.extensions.ledger import Ledger
from crawler.extensions.links import Links
from crawler.extensions.list_watch import ListWatch
from crawler.extensions.page_facts import PageFacts
from crawler.extensions.responses import Responses
from crawler.extensions.revisiting import Revisiting
from crawler.extensions.rows import RowMaker
from crawler.extensions.sending import Sending
from crawler.extensions.site_files import SiteFiles
from crawler.extensions.sitemaps import Sitemaps
from crawler.extensions.tally import Tally
from crawler.extensions.visit import Visit
from crawler.network.policy_slot import NetworkRules, set_rules
from crawler.network.resolver import installed_resolver
from crawler.policy.politeness import Politeness
from crawler.policy.response import NOT_MODIFIED
from crawler.storage.entries import Event
from crawler.values.address import TestHosts
from crawler.values.host import canonical_host
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any, Self

    from scrapy.crawler import Crawler

    from crawler.errors import ClearcrawlError
    from crawler.extensions.opening import Parts
    from crawler.network.exchange import Exchange, StopReason
    from crawler.policy.decision import Decision
    from crawler.policy.facts import Refusal
    from crawler.policy.politeness import Slots
    from crawler.storage.entries import Claim
    from crawler.storage.store import CrawlStore

FINDINGS_LOGGED = 100
PARKED_AT_ONCE = 500
GRACE = 10.0
"""Seconds that running requests get after a stop before they are cut off (R5.6)."""
LEAST_PAUSE = 30.0
"""Seconds that a URL waits out in memory in any case; what a site asks for beyond that puts it off."""

logger = logging.getLogger(__name__)
_sessions: WeakKeyDictionary[Crawler, Session] = WeakKeyDictionary()
_CODES = {"storage_error": ExitCode.DAMAGED, "internal_error": ExitCode.FINDINGS, "start_error": ExitCode.FINDINGS}


class Session(ABC):
    """The crawl while it runs. Everything but opening lives on the event loop."""

    clean_ends: frozenset[str]
    """Reasons after which the crawl is over instead of stopped."""
    sending_class: ClassVar[type[Sending]] = Sending
    slots: Slots | None = None
    """Connections to addresses that other workers open as well."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.policy = parts.policy
        self.writer = parts.writer
        self.tally = Tally()
        self.failure: ClearcrawlError | None = None
        self.end_reason: str | None = None
        """Why the crawl ends, as soon as it is known."""
        self.is_over = False
        """Whether nothing more is sent."""
        self.findings: Counter[str] = Counter()
        """What a project did to get round the gate, by kind; it failed, and the crawl does not end clean."""

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """The session of a Scrapy crawler. Raises ``UsageError`` where none of this kind was opened."""
        found = _sessions.get(crawler)
        if not isinstance(found, cls):
            raise UsageError(
                "this spider needs an open crawl folder: start it with clearcrawl crawl, or set CLEARCRAWL_OUT"
            )
        return found

    def bind(self, crawler: Crawler) -> None:
        """Belong to this crawler, and put the rules of the network in force for it."""
        _sessions[crawler] = self
        self._crawler = crawler
        self.lists = ListWatch(self.parts)
        signer = self.parts.request_signer
        set_rules(
            crawler,
            NetworkRules(
                test_hosts=TestHosts(self.policy.network.test_hosts),
                refuse=self.parts.gate.listed_address,
                limits=self.policy.limits,
                pause=self.lists.pause,
                recheck=self.lists.recheck,
                bypassed=self.bypassed,
                aliased=self.aliased,
                sign=None if signer is None else signer.fields,
                http2=self.policy.network.http2,
            ),
        )
        crawler.signals.connect(self._stopped, signal=signals.engine_stopped)

    def connect(self, loop: asyncio.AbstractEventLoop, *, has_own_slots: bool = False) -> None:
        """Build the parts that live on the event loop; ``has_own_slots`` as for ``Sending``."""
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one

        parts, gate, policy = self.parts, self.parts.gate, self.policy
        resolve = installed_resolver(reactor, self._crawler).addresses
        self._loop = loop
        self.politeness = Politeness(policy, sharers=parts.plan.workers, slots=self.slots)
        self.longest_wait = min(policy.politeness.max_delay, max(policy.limits.wait_at_end, LEAST_PAUSE))
        self.sending = self.sending_class(
            crawler=self._crawler,
            gate=gate,
            politeness=self.politeness,
            resolve=resolve,
            tally=self.tally,
            longest_wait=self.longest_wait,
            has_own_slots=has_own_slots,
        )
        self.sites = SiteFiles(gate, self.writer, self.sending.site_file, self.tally)
        self.rows = rows = RowMaker(parts.columns, parts.suffixes, parts.secret, is_recrawl=parts.previous is not None)
        self.revisiting = Revisiting(
            parts.previous, user_agent=policy.identity.user_agent, page_bytes=policy.limits.page_bytes
        )
        self.lists.start(rows.use_lists)
        self.links = Links(parts.plan, gate)
        self.ledger = Ledger(
            writer=self.writer,
            rows=rows,
            tally=self.tally,
            count=self._count,
            lane_of=gate.lane,
            links=self.links,
            facts=PageFacts(parts.tokenizer),
        )
        self.sitemaps = Sitemaps(parts.plan, gate, self.writer)
        self.admission = Admission(
            gate=gate,
            sites=self.sites,
            politeness=self.politeness,
            resolve=resolve,
            on_head=self._on_head,
            settle=self.settle,
            longest_wait=self.longest_wait,
            sitemaps=self.sitemaps,
            revisiting=self.revisiting,
        )
        self.responses = Responses(gate, self.admission, self.sites, self.revisiting)

    def find(self, kind: str, detail: str) -> None:
        """Record an attempt to get round the gate; the log names the first ones of each kind."""
        self.findings[kind] += 1
        self._count(f"clearcrawl/finding/{kind}")
        if self.findings[kind] <= FINDINGS_LOGGED and self.writer.failure is None:
            logger.error("%s: %s", kind, detail)
            self.writer.event(Event(type="finding", body={"kind": kind, "detail": detail[:2048]}))

    def bypassed(self, detail: str) -> None:
        """Take note of content or a request that did not pass the gate."""
        self.find("gate_bypassed", detail)

    def aliased(self, host: str, name: str) -> None:
        """Name a host whose DNS leads to a listed one for a person; nobody is blocked for it."""
        try:
            listed = self.parts.gate.lists.matcher.about_host(canonical_host(name))
        except UrlError:  # what a name server calls a name need not be one
            return
        if listed is not None and self.writer.failure is None:
            body = {"host": host, "why": "cname", "listed_host": name, "list": listed.list_id, "entry": listed.entry}
            self.writer.event(Event(type="list_candidate", body=body))

    @abstractmethod
    def settle(self, visit: Visit, decision: Decision) -> None:
        """Hand the outcome of a visit to the journal; a second call changes nothing."""

    @abstractmethod
    def end(self, reason: str) -> None:
        """Take note why the crawl is over, and let it end; a second call changes nothing."""

    def _on_head(self, visit: Visit, exchange: Exchange) -> StopReason | None:
        return self.responses.on_head(visit, exchange)

    def judge(self, visit: Visit) -> Decision | Coroutine[Any, Any, Decision]:
        """Decide on a whole response, as the server sent it, whatever a project's middlewares made of it.

        Answers at once, or with a coroutine where documents have to be fetched that the page refers to, or a stored
        copy has to be read.
        """
        visit.is_judged = True
        exchange = visit.exchange
        assert exchange is not None  # noqa: S101 - what was sent has an exchange
        if exchange.stopped is not None and visit.decision is not None:
            return visit.decision
        if visit.conditions and exchange.status == NOT_MODIFIED:
            return self._judge_unchanged(visit)
        refusal = self.responses.read(visit, exchange.body)
        self.sitemaps.look_at_page(visit)
        if visit.carriers.references or self.sitemaps.is_one(visit):
            return self._judge_with_documents(visit, refusal)
        return self.responses.decide(visit, refusal)

    async def _judge_unchanged(self, visit: Visit) -> Decision:
        refusal = await self.responses.read_unchanged(visit)
        self.sitemaps.look_at_page(visit)
        return await self._judge_with_documents(visit, refusal)

    async def _judge_with_documents(self, visit: Visit, refusal: Refusal | None) -> Decision:
        if refusal is None and self.sitemaps.is_one(visit):
            refusal = await self.sitemaps.read(visit)
        await self.responses.read_documents(visit)
        return self.responses.decide(visit, refusal)

    def failed(self, visit: Visit, code: str, detail: str) -> None:
        """Settle a visit whose request got no whole answer."""
        self.settle(visit, self.admission.refused(visit, code, detail))

    def broken_writer(self, failure: ClearcrawlError) -> None:
        """Stop at the first failure of the writer: nothing is fetched that could not be recorded."""
        self.failure = failure
        self.end("storage_error")

    def cut_off(self) -> None:
        """Cancel every running request; its URL goes back to the frontier."""
        for exchange in tuple(self.sending.in_flight):
            if exchange.cancel is not None:
                exchange.cancel()

    async def close(self, reason: str) -> None:
        """Write the rows of parked URLs where the crawl is over, publish and close."""
        self.lists.stop()
        self.sending.close()
        late = self._loop.call_later(GRACE, self.cut_off)
        await self.sending.ended()
        late.cancel()
        reason = self.end_reason or reason
        is_clean = reason in self.clean_ends
        if self.failure is None and is_clean:
            await self._record_parked()
        self.end_reason = reason
        self.writer.close(reason=reason, code=self.exit_code, clean=is_clean)
        await asyncio.to_thread(self.writer.join)
        self.revisiting.close()

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
        if self.findings:
            return ExitCode.FINDINGS
        if self.end_reason in self.clean_ends:
            return ExitCode.CLEAN
        return _CODES.get(self.end_reason or "", ExitCode.INCOMPLETE)

    def _stopped(self) -> None:
        """Let ``scrapy crawl`` end with status 1 after a failure; a stop that somebody asked for is none.

        So is a seal that is not complete: ``crawl.json`` has the code (3).
        """
        unsealed = None if self.writer.is_alive else self.writer.store.unsealed
        if unsealed is not None:
            logger.warning("the evidence is not complete: %s", unsealed)
        is_pause = self.exit_code is ExitCode.INCOMPLETE and self.end_reason in {"shutdown", "cancelled"}
        if unsealed is not None or (self.exit_code is not ExitCode.CLEAN and not is_pause):
            self._crawler.spider = None  # all that Scrapy's commands look at for their exit status

    def _count(self, stat: str) -> None:
        stats = self._crawler.stats
        if stats is not None:
            stats.inc_value(stat)


def _next_parked(store: CrawlStore) -> list[Claim]:
    return list(islice(store.parked(), PARKED_AT_ONCE))
