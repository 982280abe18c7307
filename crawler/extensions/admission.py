"""From a claim to a request that may be sent: site files, the gate, the address, and whose turn it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from crawler.extensions.visit import Visit
from crawler.network.exchange import Exchange
from crawler.network.failures import AddressRefusedError, NameUnknownError
from crawler.optout.inherit import statements_from_json
from crawler.policy.barriers import Barrier, BarrierAction, BarrierKind
from crawler.policy.decision import Decision, Verdict
from crawler.policy.facts import Refusal
from crawler.policy.gate import RequestKind
from crawler.policy.questions import collect_all
from crawler.policy.reasons import reason_of
from crawler.policy.traps import find_trap
from crawler.policy.waiting import find_long_wait
from crawler.storage.entries import Role
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crawler.extensions.revisiting import Revisiting
    from crawler.extensions.site_files import SiteFiles
    from crawler.extensions.sitemaps import Sitemaps
    from crawler.network.exchange import StopReason
    from crawler.optout.collect import CarrierReadings, Collected
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.policy.gate import Gate
    from crawler.policy.politeness import Politeness
    from crawler.policy.site import SiteKnowledge
    from crawler.storage.entries import Claim


class Admission:
    """Asks the gate for every claim. One per worker, on the event loop."""

    def __init__(
        self,
        *,
        gate: Gate,
        sites: SiteFiles,
        politeness: Politeness,
        resolve: Callable[[str], Awaitable[tuple[str, ...]]],
        on_head: Callable[[Visit, Exchange], StopReason | None],
        settle: Callable[[Visit, Decision], None],
        longest_wait: float,
        sitemaps: Sitemaps,
        revisiting: Revisiting,
    ) -> None:
        self._revisiting = revisiting
        self._gate = gate
        self._policy = gate.policy
        self._sites = sites
        self._politeness = politeness
        self._resolve = resolve
        self._on_head = on_head
        self._settle = settle
        self._longest_wait = longest_wait
        self._sitemaps = sitemaps

    async def admit(self, claim: Claim) -> Visit | None:
        """Answer the visit with an exchange that may be sent, or ``None`` after its outcome has been settled."""
        visit = Visit(url=split(claim.new.url), claim=claim, lane=claim.new.lane)
        await self._revisiting.find(visit)
        decision = await self.decide(visit)
        if decision.verdict is not Verdict.ALLOW:
            self._settle(visit, decision)
            return None
        await self._revisiting.prepare(visit)
        visit.decision = decision
        visit.exchange = Exchange(
            url=visit.url.text,
            decision=decision,
            max_bytes=self._most(visit.new.role),
            on_head=partial(self._on_head, visit),
        )
        return visit

    def _most(self, role: Role) -> int:
        """Octets of a body; of a page's URL as long as its head has not said that it is something else."""
        limits = self._policy.limits
        sizes = {Role.PAGE: limits.page_bytes, Role.SITEMAP: limits.sitemap_bytes, Role.MEDIA: limits.media_bytes}
        return sizes[role]

    async def decide(self, visit: Visit) -> Decision:
        """Ask the gate about a page, with everything that its origin says."""
        today = datetime.now(UTC).date()
        screened = self._gate.screen(visit.url, today=today)
        if isinstance(screened, Decision):
            return screened
        if not self._gate.is_test_host(visit.url.host):
            refused = await self._dialled(visit)
            if refused is not None:
                return refused
        site = self._sites.known(visit.url.origin)
        if site is None:
            wait = self.due(visit)
            if self._longest_wait < wait < inf:  # no site file is asked for in a pause either
                return self._paused(visit, wait)
            site = await self._sites.of(visit.url)
        visit.site = site
        visit.robots = site.robots.answer(visit.url)
        self._sitemaps.name_of_site(visit)
        if visit.new.inherited:
            visit.inherited = statements_from_json(visit.new.inherited)
        return self._ask(visit, site, visit.robots)

    def _ask(self, visit: Visit, site: SiteKnowledge, answer: RobotsAnswer) -> Decision:
        collected = self.collect(visit, site.carriers)
        return self._gate.admit(
            visit.url,
            today=datetime.now(UTC).date(),
            kind=RequestKind.PAGE,
            robots=answer,
            statements=collected.statements,
            soft=collected.soft,
            unread=collected.unread,
            unread_tries=site.unread_tries,
            budget=self._budget(visit, answer),
        )

    async def decide_parked(self, visit: Visit) -> Decision:
        """Decide on a URL that could not be asked in the end, from what is at hand; nothing is sent."""
        origin = visit.url.origin
        site = visit.site = self._sites.known(origin) or await self._sites.stored(origin)
        code, _, detail = (visit.claim.why or "connection_error").partition(": ")
        if code == BarrierKind.HTTP_429:
            visit.barrier = Barrier(
                kind=BarrierKind.HTTP_429, action=BarrierAction.ASKED_LATER, evidence=detail, reason=code
            )
        if site is None:
            return self.refused(visit, code, detail)
        visit.robots = site.robots.answer(visit.url)
        decision = self._ask(visit, site, visit.robots)
        return decision if decision.verdict is not Verdict.ALLOW else self.refused(visit, code, detail)

    def collect(self, visit: Visit, carriers: CarrierReadings, media_type: str | None = None) -> Collected:
        """Ask all carriers read so far about the purpose of the crawl and about search."""
        return collect_all(visit.url, carriers, self._policy, inherited=visit.inherited, media_type=media_type)

    def _budget(self, visit: Visit, answer: RobotsAnswer) -> Refusal | None:
        new = visit.new
        trap = find_trap(
            visit.url,
            self._policy.traps,
            depth=new.depth,
            pages_of_domain=visit.claim.lane_pages,
            alike=visit.claim.alike,
        )
        if trap is not None:
            return trap
        beyond = self._sitemaps.beyond(visit)
        if beyond is not None:
            return beyond
        waits, politeness, now = answer.waits, self._politeness, time.monotonic()
        if waits.delay is not None or waits.visit_times:
            time_of_day = datetime.now(UTC).time()
            long_wait = find_long_wait(waits, self._policy.politeness, time_of_day)
            if long_wait is not None:
                return long_wait
            politeness.slow_to(visit.lane, waits.delay or 0.0, now)
            politeness.defer(visit.lane, now + waits.until_visit(time_of_day), now)
        return None

    async def _dialled(self, visit: Visit) -> Decision | None:
        """Look up the address that will be dialled: politeness counts by it, and a refused one ends here."""
        try:
            visit.address = (await self._resolve(visit.url.host))[0]
        except (AddressRefusedError, NameUnknownError) as error:
            return self.refused(visit, error.code, str(error))
        return None

    def refused(self, visit: Visit, code: str, detail: str, retry_after: float | None = None) -> Decision:
        """Make the decision of a visit that ended on the way.

        One that was listed while it waited is refused as if it had been listed before anything was asked about it.
        """
        if code == "blocklist":
            screened = self._gate.screen(visit.url, today=datetime.now(UTC).date())
            if isinstance(screened, Decision):
                visit.robots = None
                return screened
        defers = reason_of(code).verdicts[0] is Verdict.DEFER
        return self._gate.admit(
            visit.url,
            today=datetime.now(UTC).date(),
            robots=visit.robots,
            budget=Refusal(code=code, detail=detail, defers=defers, retry_after=retry_after),
        )

    def due(self, visit: Visit) -> float:
        """Seconds until the visit may be sent; 0 is now, ``inf`` after some answer that is on its way."""
        return self._politeness.due(visit.lane, visit.address, time.monotonic())

    def take(self, visit: Visit) -> float:
        """Take the turn of the visit and answer 0, or as ``due``."""
        wait = self._politeness.take(visit.lane, visit.address, time.monotonic())
        if not wait and visit.exchange is not None:
            visit.exchange.on_sent = partial(self._written, visit.lane, visit.address)
        return wait

    def _written(self, lane: str, address: str | None) -> None:
        self._politeness.written(lane, address, time.monotonic())

    def put_off(self, visit: Visit, wait: float) -> None:
        """Park a visit whose site asked for a pause that nobody should wait out in memory."""
        visit.exchange = None  # nothing was sent
        self._settle(visit, self._paused(visit, wait))

    def _paused(self, visit: Visit, wait: float) -> Decision:
        return self.refused(visit, "site_pause", f"{wait:.0f} s", retry_after=wait)
