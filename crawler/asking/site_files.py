"""Asks for the files of sites outside of Scrapy: each once, one request at a time, when politeness gives the turn."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.fetching import Fetcher
from crawler.optout.collect import CarrierReadings, read_document
from crawler.optout.robots.outcome import RobotsAccess
from crawler.optout.site_file import SiteFileOutcome
from crawler.optout.statement import Unread
from crawler.policy.decision import Decision, Verdict
from crawler.policy.gate import RequestKind
from crawler.policy.politeness import Politeness
from crawler.policy.response import Head
from crawler.policy.site import (
    DOCUMENTS,
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
from crawler.policy.waiting import read_retry_after
from crawler.signing.identity import open_request_signer
from crawler.values.address import TestHosts
from crawler.values.dialling import Refused
from crawler.values.digest import sha256
from crawler.values.url import CanonicalUrl, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.fetching import Fetched
    from crawler.optout.robots.access import RobotsAnswer, RobotsRules
    from crawler.optout.statement import Reference
    from crawler.policy.gate import Gate
    from crawler.policy.site import Asked, SiteKnowledge, StoredFile
    from crawler.values.url import Url

ROBOTS_FACTOR = 16
"""A robots.txt may be so many times longer than what is read of it; a longer one counts as unreachable."""
PATIENCE = 5.0
"""Seconds; a longer wait is announced."""


class SiteAsker:
    """The files of all sites that one command meets, and the only place from which it sends."""

    def __init__(self, gate: Gate, *, announce: Callable[[str], None], pause: Callable[[float], None]) -> None:
        policy = gate.policy
        self._gate = gate
        self._policy = policy
        self._announce = announce
        self._pause = pause
        self._politeness = Politeness(policy)
        signer = open_request_signer(policy.publication, now=datetime.now(UTC))
        self._fetcher = Fetcher(
            user_agent=policy.identity.user_agent,
            limits=policy.limits,
            test_hosts=TestHosts(policy.network.test_hosts),
            refuse=gate.listed_address,
            sign=None if signer is None else signer.fields,
        )
        self._robots: dict[str, StoredFile] = {}
        self._sites: dict[str, SiteKnowledge] = {}
        self._documents: dict[str, StoredFile] = {}

    def address_problem(self, host: str) -> Refused | None:
        """Why no address of the host may be dialled, or ``None``."""
        found = self._fetcher.addresses(host)
        return found if isinstance(found, Refused) else None

    def slow_down(self, url: Url, robots: RobotsAnswer) -> None:
        """Keep the waits that robots.txt names."""
        now = time.monotonic()
        lane = self._gate.lane(url)
        self._politeness.slow_to(lane, robots.waits.delay or 0.0, now)
        self._politeness.defer(lane, now + robots.waits.until_visit(datetime.now(UTC).time()), now)

    def of(self, origin: str) -> SiteKnowledge:
        """Everything that an origin says about itself; asked for once."""
        found = self._sites.get(origin)
        if found is None:
            robots = self._robots_of(origin)
            rules = robots_rules(robots, self._policy)
            files = [self._file(origin, path, rules, name=path) for path in SITE_FILE_PATHS]
            found = compile_site(origin, robots, files, self._policy, datetime.now(UTC))
            found = self._sites[origin] = replace(found, carriers=self.with_documents(found.carriers))
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

    def with_documents(self, carriers: CarrierReadings) -> CarrierReadings:
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

    def is_refused(self, text: str) -> bool:
        """Whether the gate lets nothing be asked at this URL, whatever its site says."""
        return isinstance(self._gate.screen(text, today=datetime.now(UTC).date()), Decision)

    def single(self, text: str) -> SiteFileOutcome:
        """Ask for one file that a person named, such as a proof of domain control; gate and robots.txt hold for it."""
        now = datetime.now(UTC)
        url = self._gate.screen(text, today=now.date())
        if isinstance(url, Decision):
            stored = not_asked(text, CanonicalUrl(text), "refused", now)
        else:
            rules = robots_rules(self._robots_of(url.origin), self._policy)
            stored = self._file(url.origin, url.target, rules, name=text)
        return SiteFileOutcome.from_json(stored.facts, stored.body)

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
        fetched = self.fetch(url, limit, lambda _fetched: True)
        if fetched.error is not None:
            return Reply(retrieved_at=fetched.started_at, error=fetched.error)
        head = head_of(url, fetched)
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

    def fetch(self, url: Url, limit: int, wants_body: Callable[[Fetched], bool]) -> Fetched:
        """Send one request when its turn has come."""
        lane = self._gate.lane(url)
        wait = self._politeness.due(lane, None, time.monotonic())
        if wait > PATIENCE:
            self._announce(f"{url.host} asks for a pause of {wait:.0f} s")
        if wait > 0:
            self._pause(wait)
        started = time.monotonic()
        self._politeness.take(lane, None, started)
        fetched = self._fetcher.fetch(url.text, max_bytes=limit, wants_body=wants_body)
        now = time.monotonic()
        self._politeness.answered(lane, None, now, latency=now - started, status=fetched.status)
        return fetched


def head_of(url: Url, fetched: Fetched) -> Head:
    """The head of an answer, for whoever reads it."""
    return Head(
        url=url,
        status=fetched.status or 0,
        fields=fetched.headers,
        digest=sha256(fetched.head),
        retrieved_at=fetched.started_at,
    )
