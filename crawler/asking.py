"""Asks single URLs outside of Scrapy, as the crawl would: site files, gate, head, body, documents, hop by hop.

Nothing is kept and nothing is parked: what a site answers now is judged now. Politeness is the crawl's own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.fetching import Fetcher
from crawler.optout.collect import NOTHING, CarrierReadings, read_document
from crawler.optout.inherit import inherit
from crawler.optout.robots.outcome import RobotsAccess
from crawler.optout.site_file import SiteFileOutcome
from crawler.optout.statement import Unread
from crawler.policy.decision import Decision, Verdict
from crawler.policy.facts import Refusal
from crawler.policy.gate import RequestKind
from crawler.policy.politeness import Politeness
from crawler.policy.questions import collect_all
from crawler.policy.reasons import reason_of
from crawler.policy.response import Head, facts_after, see_body, see_head
from crawler.policy.site import (
    ROBOTS_PATH,
    SITE_FILE_PATHS,
    Reply,
    Send,
    ask,
    compile_site,
    not_asked,
    robots_file,
    robots_rules,
    site_file,
)
from crawler.policy.traps import find_trap
from crawler.policy.waiting import find_long_wait, read_retry_after
from crawler.values.address import TestHosts
from crawler.values.dialling import Refused
from crawler.values.digest import sha256
from crawler.values.media_type import essence_of
from crawler.values.url import CanonicalUrl, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawler.blocklists.interface import Listed
    from crawler.fetching import Fetched
    from crawler.optout.collect import Collected
    from crawler.optout.robots.access import RobotsAnswer, RobotsRules
    from crawler.optout.statement import Reference, Statement
    from crawler.policy.gate import Gate
    from crawler.policy.response import Seen
    from crawler.policy.site import Asked, SiteKnowledge, StoredFile
    from crawler.values.url import Url

DOCUMENTS = 16
"""Documents that the carriers of one URL may refer to; what is beyond counts as unread."""
ROBOTS_FACTOR = 16
"""A robots.txt may be so many times longer than what is read of it; a longer one counts as unreachable."""
PATIENCE = 5.0
"""Seconds; a longer wait is announced."""


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
        policy = gate.policy
        self._gate = gate
        self._policy = policy
        self._announce = announce
        self._pause = pause
        self._politeness = Politeness(policy)
        self._fetcher = Fetcher(
            user_agent=policy.identity.user_agent,
            limits=policy.limits,
            test_hosts=TestHosts(policy.network.test_hosts),
            refuse=gate.listed_address,
        )
        self._robots: dict[str, StoredFile] = {}
        self._sites: dict[str, SiteKnowledge] = {}
        self._documents: dict[str, StoredFile] = {}

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

    def _judge(self, target: str | Url, chain: tuple[str, ...], inherited: tuple[Statement, ...]) -> Judged:
        today = datetime.now(UTC).date()
        url = self._gate.screen(target, today=today)
        if isinstance(url, Decision):
            text = target if isinstance(target, str) else target.text
            return Judged(url=text, decision=url, listed=self._listed(target))
        start = Judged(url=url.text, decision=self._refused(url, "internal_error", ""), inherited=inherited)
        addresses = self._fetcher.addresses(url.host)
        if isinstance(addresses, Refused):
            return replace(start, decision=self._refused(url, addresses.code, addresses.detail))
        site = self._site(url.origin)
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
        return start if decision.verdict is not Verdict.ALLOW else self._ask_page(start, url, chain)

    def _ask_page(self, start: Judged, url: Url, chain: tuple[str, ...]) -> Judged:
        """Send the request of an admitted URL; the head decides whether the body is read."""
        known = start

        def wants_body(fetched: Fetched) -> bool:
            nonlocal known
            head = _head(url, fetched)
            seen = see_head(head, chain=chain, redirects=self._policy.limits.redirects)
            known = self._decided(replace(known, seen=seen, status=head.status), head)
            return known.decision.verdict is Verdict.ALLOW and seen.redirect is None

        fetched = self._fetch(url, self._policy.limits.page_bytes, wants_body)
        if fetched.error is not None:
            return replace(known, decision=self._refused(url, fetched.error, fetched.error_detail, known.robots))
        if fetched.is_stopped or known.seen is None:
            return known
        head = _head(url, fetched)
        seen = see_body(known.seen, head, fetched.body, as_sent=fetched.body_as_sent, limits=self._policy.limits)
        seen = replace(seen, carriers=self._with_documents(seen.carriers))
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
        time_of_day, now = datetime.now(UTC).time(), time.monotonic()
        long_wait = find_long_wait(robots.waits, self._policy.politeness, time_of_day)
        if long_wait is None:
            self._politeness.slow_to(self._gate.lane(url), robots.waits.delay or 0.0, now)
            self._politeness.defer(self._gate.lane(url), now + robots.waits.until_visit(time_of_day), now)
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

    # -- site files

    def _site(self, origin: str) -> SiteKnowledge:
        found = self._sites.get(origin)
        if found is None:
            robots = self._robots_of(origin)
            rules = robots_rules(robots, self._policy)
            files = [self._file(origin, path, rules, name=path) for path in SITE_FILE_PATHS]
            found = compile_site(origin, robots, files, self._policy, datetime.now(UTC))
            found = self._sites[origin] = replace(found, carriers=self._with_documents(found.carriers))
        return found

    def _robots_of(self, origin: str) -> StoredFile:
        found = self._robots.get(origin)
        if found is None:
            asked = self._drive(origin, ROBOTS_PATH, None)
            found = self._robots[origin] = robots_file(asked, None)
        return found

    def _file(self, origin: str, path: str, rules: RobotsRules, *, name: str) -> StoredFile:
        url = parse(origin + path)
        if rules.answer(url).access is RobotsAccess.ALLOW:
            asked = self._drive(origin, path, rules)
            if asked.error != "disallowed_by_robots":
                return site_file(name, asked, None)
        return not_asked(name, url.text, "disallowed_by_robots", datetime.now(UTC))

    def _with_documents(self, carriers: CarrierReadings) -> CarrierReadings:
        """Read what the carriers refer to; without it they are not read whole."""
        references = carriers.references
        for reference in references[:DOCUMENTS]:
            stored = self._document(reference)
            carriers += read_document(reference, SiteFileOutcome.from_json(stored.facts, stored.body))
        for reference in references[DOCUMENTS:]:
            unread = Unread(protocol=reference.protocol, why="too_many_documents", url=reference.url, blocks=True)
            carriers += CarrierReadings(unread=(unread,))
        return carriers

    def _document(self, reference: Reference) -> StoredFile:
        now = datetime.now(UTC)
        url = self._gate.screen(reference.url, today=now.date())
        if isinstance(url, Decision):
            return not_asked(reference.url, CanonicalUrl(reference.url), "refused", now)
        found = self._documents.get(url.text)
        if found is None:
            rules = robots_rules(self._robots_of(url.origin), self._policy)
            found = self._documents[url.text] = self._file(url.origin, url.target, rules, name=url.text)
        return found

    def _drive(self, origin: str, path: str, rules: RobotsRules | None) -> Asked:
        """Answer what ``policy.site.ask`` wants, until it knows the outcome."""
        today = datetime.now(UTC).date()
        limits = self._policy.limits
        asking = ask(
            origin,
            path,
            screen=lambda raw: self._gate.screen(raw, today=today),
            redirects=limits.robots_redirects,
        )
        is_robots = path == ROBOTS_PATH
        limit = limits.robots_bytes * ROBOTS_FACTOR if is_robots else limits.site_file_bytes
        kind = RequestKind.ROBOTS if is_robots else RequestKind.SITE_FILE
        answer: Reply | RobotsRules
        try:
            wanted = next(asking)
            while True:
                if isinstance(wanted, Send):
                    robots = None if rules is None else rules.answer(wanted.url)
                    answer = self._reply(wanted.url, kind, limit, robots)
                else:
                    answer = rules = robots_rules(self._robots_of(wanted.url.origin), self._policy)
                wanted = asking.send(answer)
        except StopIteration as end:
            asked: Asked = end.value
            return asked

    def _reply(self, url: Url, kind: RequestKind, limit: int, robots: RobotsAnswer | None) -> Reply:
        decision = self._gate.admit(url, today=datetime.now(UTC).date(), kind=kind, robots=robots)
        if decision.verdict is not Verdict.ALLOW:
            return Reply(retrieved_at=datetime.now(UTC), error=decision.reason)
        fetched = self._fetch(url, limit, lambda _fetched: True)
        if fetched.error is not None:
            return Reply(retrieved_at=fetched.started_at, error=fetched.error)
        head = _head(url, fetched)
        location = head.last(b"location")
        retry_after = head.text(b"retry-after")
        return Reply(
            retrieved_at=fetched.started_at,
            status=fetched.status,
            location=None if location is None else location.decode("utf-8", "surrogateescape"),
            content_type=head.text(b"content-type"),
            body=fetched.body,
            retry_after=None if retry_after is None else read_retry_after(retry_after, fetched.started_at),
        )

    def _fetch(self, url: Url, limit: int, wants_body: Callable[[Fetched], bool]) -> Fetched:
        """Send one request when its turn has come."""
        lane = self._gate.lane(url)
        wait = self._politeness.due(lane, None, time.monotonic())
        if wait > PATIENCE:
            self._announce(f"{url.host} asks for a pause of {wait:.0f} s")
        if wait > 0:
            self._pause(wait)
        started = time.monotonic()
        self._politeness.sent(lane, None, started)
        fetched = self._fetcher.fetch(url.text, max_bytes=limit, wants_body=wants_body)
        now = time.monotonic()
        self._politeness.answered(lane, None, now, latency=now - started, status=fetched.status)
        return fetched


def _head(url: Url, fetched: Fetched) -> Head:
    return Head(
        url=url,
        status=fetched.status or 0,
        fields=fetched.headers,
        digest=sha256(fetched.head),
        retrieved_at=fetched.started_at,
    )
