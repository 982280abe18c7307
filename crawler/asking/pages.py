"""Asks single URLs outside of Scrapy, as the crawl would: gate, head, body, documents, hop by hop.

Nothing is kept and nothing is parked: what a site answers now is judged now.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.asking.site_files import SiteAsker, head_of
from crawler.errors import UrlError
from crawler.manifest_stores import read_manifest_store
from crawler.optout.collect import NOTHING
from crawler.optout.inherit import inherit
from crawler.policy.decision import Decision, Verdict
from crawler.policy.facts import Refusal
from crawler.policy.questions import collect_all
from crawler.policy.reasons import reason_of
from crawler.policy.response import facts_after, see_body, see_head
from crawler.policy.traps import find_trap
from crawler.policy.waiting import find_long_wait
from crawler.values.media_type import essence_of
from crawler.values.url import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawler.blocklists.interface import Listed
    from crawler.fetching import Fetched
    from crawler.optout.collect import CarrierReadings, Collected
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.optout.statement import Statement
    from crawler.policy.gate import Gate
    from crawler.policy.response import Head, Seen
    from crawler.policy.site import SiteKnowledge
    from crawler.values.url import Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One URL, asked and judged; a redirect is followed by another of these."""

    url: str
    decision: Decision
    site: SiteKnowledge | None = None
    """``None`` where nothing was asked of the site."""
    robots: RobotsAnswer | None = None
    listed: Listed | None = None
    seen: Seen | None = None
    """``None`` where the page was not asked for, or did not answer."""
    status: int | None = None
    carriers: CarrierReadings = NOTHING
    """Of the site and, as far as read, of the page."""
    inherited: tuple[Statement, ...] = ()
    """Of earlier hops."""
    has_body: bool = False
    """Whether the body was read; the head alone may have decided."""


class Asker:
    """One per command. Asks for each site file once; one request at a time."""

    def __init__(
        self,
        gate: Gate,
        *,
        announce: Callable[[str], None] = lambda _text: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gate = gate
        self._policy = gate.policy
        self.sites = SiteAsker(gate, announce=announce, pause=pause)

    def judge(self, text: str) -> Iterator[Judged]:
        """Ask a URL and, as long as hops are allowed, where they lead; each is judged for itself."""
        chain: tuple[str, ...] = ()
        inherited: tuple[Statement, ...] = ()
        target: str | Url | None = text
        while target is not None:
            judged = self._judge(target, chain, inherited)
            yield judged
            seen = judged.seen
            is_hop = seen is not None and seen.redirect is not None and judged.decision.verdict is Verdict.ALLOW
            target = seen.redirect if seen is not None and is_hop else None
            chain = (*chain, judged.url)
            inherited = inherit((*judged.decision.statements, *inherited))

    def judge_by_site(self, text: str) -> Judged:
        """Decide a URL by what its site says alone: lists and site files; the page is not asked for."""
        return self._judge(text, (), (), asks_page=False)

    def _judge(
        self, target: str | Url, chain: tuple[str, ...], inherited: tuple[Statement, ...], *, asks_page: bool = True
    ) -> Judged:
        today = datetime.now(UTC).date()
        url = self._gate.screen(target, today=today)
        if isinstance(url, Decision):
            text = target if isinstance(target, str) else target.text
            return Judged(url=text, decision=url, listed=self._listed(target))
        start = Judged(url=url.text, decision=self._refused(url, "internal_error", ""), inherited=inherited)
        problem = self.sites.address_problem(url.host)
        if problem is not None:
            return replace(start, decision=self._refused(url, problem.code, problem.detail))
        site = self.sites.of(url.origin)
        robots = site.robots.answer(url)
        collected = self._collect(url, site.carriers, inherited)
        decision = self._gate.admit(
            url,
            today=today,
            robots=robots,
            statements=collected.statements,
            soft=collected.soft,
            unread=collected.unread,
            unread_tries=site.unread_tries,
            budget=self._budget(url, robots),
        )
        start = replace(start, site=site, robots=robots, carriers=site.carriers, decision=decision)
        return self._ask_page(start, url, chain) if asks_page and decision.verdict is Verdict.ALLOW else start

    def _ask_page(self, start: Judged, url: Url, chain: tuple[str, ...]) -> Judged:
        """Send the request of an admitted URL; the head decides whether the body is read."""
        known = start

        def wants_body(fetched: Fetched) -> bool:
            nonlocal known
            head = head_of(url, fetched)
            seen = see_head(head, chain=chain, redirects=self._policy.limits.redirects)
            known = self._decided(replace(known, seen=seen, status=head.status), head)
            return known.decision.verdict is Verdict.ALLOW and seen.redirect is None

        fetched = self.sites.fetch(url, self._policy.limits.page_bytes, wants_body)
        if fetched.error is not None:
            return replace(known, decision=self._refused(url, fetched.error, fetched.error_detail, known.robots))
        if fetched.is_stopped or known.seen is None:
            return known
        head = head_of(url, fetched)
        seen = see_body(
            known.seen,
            head,
            fetched.body,
            as_sent=fetched.body_as_sent,
            limits=self._policy.limits,
            read_store=read_manifest_store,
            lookups=self._policy.lookups,
        )
        seen = replace(seen, carriers=self.sites.with_documents(seen.carriers))
        return self._decided(replace(known, seen=seen, has_body=True), head)

    def _decided(self, judged: Judged, head: Head) -> Judged:
        seen, site = judged.seen, judged.site
        assert seen is not None  # noqa: S101 - both callers have just set them
        assert site is not None  # noqa: S101 - as above
        carriers = site.carriers + seen.carriers
        collected = self._collect(head.url, carriers, judged.inherited, essence_of(seen.content_type))
        facts = facts_after(
            head,
            seen,
            collected,
            today=head.retrieved_at.date(),
            robots=judged.robots,
            unread_tries=site.unread_tries,
        )
        return replace(judged, carriers=carriers, decision=self._gate.judge(facts))

    def _collect(
        self,
        url: Url,
        carriers: CarrierReadings,
        inherited: tuple[Statement, ...],
        media_type: str | None = None,
    ) -> Collected:
        return collect_all(url, carriers, self._policy, inherited=inherited, media_type=media_type)

    def _budget(self, url: Url, robots: RobotsAnswer) -> Refusal | None:
        trap = find_trap(url, self._policy.traps, depth=0, pages_of_domain=0)
        if trap is not None:
            return trap
        long_wait = find_long_wait(robots.waits, self._policy.politeness, datetime.now(UTC).time())
        if long_wait is None:
            self.sites.slow_down(url, robots)
        return long_wait

    def _refused(self, url: Url, code: str, detail: str, robots: RobotsAnswer | None = None) -> Decision:
        defers = reason_of(code).verdicts[0] is Verdict.DEFER
        budget = Refusal(code=code, detail=detail, defers=defers)
        return self._gate.admit(url, today=datetime.now(UTC).date(), robots=robots, budget=budget)

    def _listed(self, target: str | Url) -> Listed | None:
        """Name the blocklist entry of a URL that was refused; a text that is no URL has none."""
        try:
            return self._gate.listed(parse(target) if isinstance(target, str) else target)
        except UrlError:
            return None
