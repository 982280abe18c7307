"""What is asked of an origin before its first page, and what the answers come to. No network here: a driver sends.

``ask`` is a generator: it yields what it needs (an answer to one request, or the robots rules of another origin) and
returns the outcome of one site file, redirects included. The crawl, ``check`` and later ``recheck`` drive the same
generator.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.optout.collect import read_site
from crawler.optout.registry import SITE_FILES
from crawler.optout.robots.access import RobotsRules
from crawler.optout.robots.outcome import LIFETIME_S, RobotsAccess, RobotsFetch, judge, retry_delay
from crawler.optout.site_file import Found, SiteFileOutcome
from crawler.optout.statement import RobotsRecords, Source
from crawler.policy.decision import Decision
from crawler.values.digest import sha256
from crawler.values.url import parse, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from crawler.optout.collect import CarrierReadings
    from crawler.policy.document import CrawlPolicy
    from crawler.values.digest import Digest
    from crawler.values.url import CanonicalUrl, Url

ROBOTS_PATH = "/robots.txt"
SITE_FILE_PATHS: tuple[str, ...] = tuple(SITE_FILES)
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_ERRORS = {
    "timeout": "timeout",
    "dns_error": "dns",
    "tls_error": "tls",
    "connection_error": "connection",
    "body_incomplete": "truncated",
    "undecodable": "undecodable",
    "body_too_large": "too_large",
}
"""Codes of ``policy.reasons`` to the words of ``RobotsFetch``; any other code stays as it is and means unreachable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer on the wire, or why there was none."""

    retrieved_at: datetime
    status: int | None = None
    error: str | None = None
    """Code of ``policy.reasons``."""
    location: str | None = None
    content_type: str | None = None
    body: bytes = b""
    """After content decoding."""
    is_truncated: bool = False
    """Whether the size limit cut the body; only robots.txt may be."""
    retry_after: float | None = None
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send this request; the driver answers with a ``Reply``."""

    url: Url


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsWanted:
    """A hop leads to another origin: the driver answers with its ``RobotsRules``."""

    url: Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of one site file after all hops."""

    requested: CanonicalUrl
    reply: Reply
    hops: tuple[str, ...] = ()
    error: str | None = None
    """Word of ``RobotsFetch`` and ``SiteFileOutcome``; ``None`` where a status answered."""


def ask(
    origin: str, path: str, *, screen: Callable[[str], Url | Decision], redirects: int
) -> Generator[Send | RobotsWanted, Reply | RobotsRules, Asked]:
    """Ask an origin for one file, following at most ``redirects`` hops, each of which passes the gate first.

    ``screen`` is the gate's check of form, host, port and blocklist. A hop of another site file than robots.txt also
    obeys the robots.txt of the origin that it leads to (PC-31); robots.txt itself may always be asked for.
    """
    url = parse(origin + path)
    requested = url.text
    hops: tuple[str, ...] = ()
    while True:
        reply = yield Send(url=url)
        assert isinstance(reply, Reply)  # noqa: S101 - the driver's part of the protocol
        if reply.status not in REDIRECTS or reply.location is None:
            return Asked(requested=requested, reply=reply, hops=hops, error=_word(reply))
        try:
            target = resolve(url.text, reply.location)
        except UrlError:
            return Asked(requested=requested, reply=reply, hops=(*hops, reply.location), error="hop_refused")
        is_loop = target in {requested, *hops}
        hops = (*hops, target)
        if is_loop:
            return Asked(requested=requested, reply=reply, hops=hops, error="redirect_loop")
        if len(hops) > redirects:
            return Asked(requested=requested, reply=reply, hops=hops, error="too_many_redirects")
        screened = screen(target)
        if isinstance(screened, Decision):
            return Asked(requested=requested, reply=reply, hops=hops, error="hop_refused")
        if path != ROBOTS_PATH:
            rules = yield RobotsWanted(url=screened)
            assert isinstance(rules, RobotsRules)  # noqa: S101 - the driver's part of the protocol
            if rules.answer(screened).access is not RobotsAccess.ALLOW:
                return Asked(requested=requested, reply=reply, hops=hops, error="disallowed_by_robots")
        url = screened


def _word(reply: Reply) -> str | None:
    return None if reply.error is None else _ERRORS.get(reply.error, reply.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One site file as it is kept between runs; ``facts`` is the JSON of ``RobotsFetch`` or ``SiteFileOutcome``."""

    path: str
    facts: str
    failures: int
    """Attempts in a row that brought nothing usable, this one included; 0 after a good one."""
    retrieved_at: datetime
    lifetime: float
    """Seconds from ``retrieved_at`` during which it is not asked for again."""
    body: bytes | None
    """As parsed; with an unreachable robots.txt the older copy that is used instead."""

    @property
    def digest(self) -> Digest | None:
        """Of the body."""
        return None if self.body is None else sha256(self.body)

    def to_json(self) -> str:
        """Everything but body and times."""
        return json.dumps({"facts": json.loads(self.facts), "failures": self.failures, "lifetime": self.lifetime})

    @classmethod
    def from_json(cls, text: str, *, path: str, retrieved_at: datetime, body: bytes | None) -> StoredFile:
        """Take back what ``to_json`` gave."""
        found: dict[str, Any] = json.loads(text)
        return cls(
            path=path,
            facts=json.dumps(found["facts"]),
            failures=found["failures"],
            retrieved_at=retrieved_at,
            lifetime=found["lifetime"],
            body=body,
        )


def robots_file(asked: Asked, earlier: StoredFile | None) -> StoredFile:
    """Keep what asking for robots.txt came to; ``earlier`` is the last outcome, whose good copy may serve on."""
    reply = asked.reply
    failures = (0 if earlier is None else earlier.failures) + 1
    copy = None if earlier is None else earlier.body
    copied_at = None if earlier is None else _copied_at(earlier)
    fetch = RobotsFetch(
        requested=asked.requested,
        status=reply.status,
        error=asked.error,
        hops=asked.hops,
        content_type=reply.content_type,
        body=reply.body if reply.status is not None and reply.status // 100 == 2 else b"",  # noqa: PLR2004 - R3.1
        is_truncated=reply.is_truncated,
        retry_after_s=reply.retry_after,
        failures=failures,
        retrieved_at=reply.retrieved_at,
        cached_body=copy,
        cached_age_s=None if copied_at is None else (reply.retrieved_at - copied_at).total_seconds(),
        unreachable_for_s=None if earlier is None or not earlier.failures else _age(earlier, reply.retrieved_at),
    )
    outcome = judge(fetch)
    failed = outcome.retry_after is not None
    return StoredFile(
        path=ROBOTS_PATH,
        facts=json.dumps(fetch.to_facts()),
        failures=failures if failed else 0,
        retrieved_at=reply.retrieved_at,
        lifetime=outcome.retry_after if outcome.retry_after is not None else LIFETIME_S,
        body=outcome.body,
    )


def site_file(path: str, asked: Asked, earlier: StoredFile | None) -> StoredFile:
    """Keep what asking for another site file came to."""
    reply = asked.reply
    has_body = asked.error is None and reply.status in {200, 203}
    outcome = SiteFileOutcome(
        path=path,
        url=asked.requested,
        status=reply.status,
        error=asked.error,
        hops=asked.hops,
        content_type=reply.content_type,
        body=reply.body if has_body else None,
        retrieved_at=reply.retrieved_at,
        digest=sha256(reply.body) if has_body else None,
    )
    failures = (0 if earlier is None else earlier.failures) + 1 if outcome.found is Found.UNREAD else 0
    lifetime = max(retry_delay(failures), reply.retry_after or 0.0) if failures else float(LIFETIME_S)
    return StoredFile(
        path=path,
        facts=outcome.to_json(),
        failures=failures,
        retrieved_at=reply.retrieved_at,
        lifetime=lifetime,
        body=outcome.body,
    )


def not_asked(path: str, url: CanonicalUrl, error: str, now: datetime) -> StoredFile:
    """Record that a site file was not asked for: ``disallowed_by_robots`` or ``refused`` (PC-30)."""
    outcome = SiteFileOutcome(
        path=path, url=url, status=None, error=error, content_type=None, body=None, retrieved_at=now
    )
    return StoredFile(
        path=path, facts=outcome.to_json(), failures=0, retrieved_at=now, lifetime=float(LIFETIME_S), body=None
    )


def robots_rules(stored: StoredFile, policy: CrawlPolicy) -> RobotsRules:
    """Parse what was kept; raises ``DamagedStateError`` where the body is not the one that the facts name."""
    bodies: Mapping[Digest, bytes] = {} if stored.body is None else {sha256(stored.body): stored.body}
    facts = json.loads(stored.facts)
    for name in ("body", "cached_body"):
        if facts[name] is not None and facts[name] not in bodies:
            facts[name] = None if name == "cached_body" else sha256(b"")
    fetch = RobotsFetch.from_facts(facts, bodies)
    tokens = (policy.identity.product_token or "*", *policy.robots.also_bind)
    return RobotsRules(judge(fetch), tokens, limit=policy.limits.robots_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteKnowledge:
    """All that one origin says about itself, compiled; asked for every URL of the origin."""

    origin: str
    robots: RobotsRules
    carriers: CarrierReadings
    unread_tries: int
    """How often the worst of the unread site files has been asked for in a row."""
    expires_in: float
    """Seconds from ``read_at`` until one of the files has to be asked for again."""
    read_at: datetime

    @property
    def cost(self) -> int:
        """Estimate of the memory held, in octets."""
        return 4096 + self.robots.cost + sum(len(one.body or b"") for one in self.carriers.outcomes)


def compile_site(
    origin: str, robots: StoredFile, files: Sequence[StoredFile], policy: CrawlPolicy, now: datetime
) -> SiteKnowledge:
    """Read all site files of an origin once. ``files`` holds one for each of ``SITE_FILE_PATHS``."""
    rules = robots_rules(robots, policy)
    records = None
    if rules.file is not None and rules.outcome.digest is not None:
        url = parse(origin + ROBOTS_PATH).text
        at = rules.outcome.retrieved_at or robots.retrieved_at
        records = RobotsRecords(file=rules.file, source=Source(url=url, digest=rules.outcome.digest, retrieved_at=at))
    outcomes = [SiteFileOutcome.from_json(one.facts, one.body) for one in files]
    left = [one.lifetime - (now - one.retrieved_at).total_seconds() for one in (robots, *files)]
    return SiteKnowledge(
        origin=origin,
        robots=rules,
        carriers=read_site(records, outcomes),
        unread_tries=max((one.failures for one in files), default=0),
        expires_in=max(min(left), 0.0),
        read_at=now,
    )


def _copied_at(earlier: StoredFile) -> datetime | None:
    """When the kept body was received: the age of an older copy adds up over failures."""
    if earlier.body is None:
        return None
    age = json.loads(earlier.facts)["cached_age_s"] if earlier.failures else None
    return earlier.retrieved_at - timedelta(seconds=age or 0.0)


def _age(earlier: StoredFile, now: datetime) -> float:
    since = json.loads(earlier.facts)["unreachable_for_s"] or 0.0
    return (now - earlier.retrieved_at).total_seconds() + float(since)
