"""What is asked of an origin before its first page, and what the answers come to. No network here: a driver sends.

``ask`` is a generator: it yields what it needs (an answer to one request, or the robots rules of another origin) and
returns the outcome of one site file, redirects included. The crawl, ``check`` and later ``recheck`` drive the same
generator.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.optout.collect import read_site
from crawler.optout.registry import SITE_FILES
from crawler.optout.robots.access import RobotsRules
from crawler.optout.robots.outcome import (
    LIFETIME_S,
    UNREACHABLE_LIFETIME_S,
    RobotsAccess,
    RobotsCode,
    RobotsFetch,
    judge,
    retry_delay,
)
from crawler.optout.robots.specifications import SPECIFICATIONS, specification_on
from crawler.optout.site_file import Found, SiteFileOutcome
from crawler.optout.statement import RobotsRecords, Source
from crawler.policy.decision import Decision
from crawler.values.digest import sha256
from crawler.values.printable import for_terminal
from crawler.values.url import parse, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from crawler.optout.collect import CarrierReadings
    from crawler.optout.robots.specifications import Specification
    from crawler.policy.document import CrawlPolicy
    from crawler.values.digest import Digest
    from crawler.values.url import CanonicalUrl, Url

ROBOTS_PATH = "/robots.txt"
SITE_FILE_PATHS: tuple[str, ...] = tuple(SITE_FILES)
DOCUMENTS = 16
"""Documents that the site files of one origin may refer to; what is beyond counts as unread."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_WITH_FILE = frozenset({200, 203})
_SHOWN = 1024
"""Characters of a header field that are kept in the facts."""

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


@lru_cache(maxsize=4096)
def own_url(origin: str, path: str) -> Url:
    """Where a site file of an origin lies; asked several times for each while it is read."""
    return parse(origin + path)


def ask(
    origin: str, path: str, *, screen: Callable[[str], Url | Decision], redirects: int
) -> Generator[Send | RobotsWanted, Reply | RobotsRules, Asked]:
    """Ask an origin for one file, following at most ``redirects`` hops, each of which passes the gate first.

    ``screen`` is the gate's check of form, host, port and blocklist; the origin itself passed it with the URL that
    asks for it. A hop of another site file than robots.txt also obeys the robots.txt of the origin that it leads to
    (PC-31); robots.txt itself may always be asked for.
    """
    url = own_url(origin, path)
    requested = url.text
    hops: tuple[str, ...] = ()
    while True:
        reply = yield Send(url=url)
        assert isinstance(reply, Reply)  # noqa: S101 - the driver's part of the protocol
        if reply.error is not None or reply.status not in REDIRECTS or reply.location is None:
            return Asked(requested=requested, reply=reply, hops=hops, error=_word(reply))
        try:
            target = resolve(url.text, reply.location)
        except UrlError:
            return Asked(requested=requested, reply=reply, hops=(*hops, _shown(reply.location)), error="hop_refused")
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
            answer = rules.answer(screened)
            if answer.access is not RobotsAccess.ALLOW:
                is_settled = answer.access is RobotsAccess.DENY and answer.reason is not RobotsCode.UNREACHABLE
                # A robots.txt that could not be read forbids for now; only one that forbids makes the file absent.
                error = "disallowed_by_robots" if is_settled else str(answer.reason)
                return Asked(requested=requested, reply=reply, hops=hops, error=error)
        url = screened


def _word(reply: Reply) -> str | None:
    return None if reply.error is None else _ERRORS.get(reply.error, reply.error)


def _shown(field: str) -> str:
    """Header fields hold any octets; facts hold what canonical JSON can."""
    return for_terminal(field[:_SHOWN])


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
    """As parsed; where robots.txt was not to be had, the last good copy, which may serve on or again."""

    @property
    def digest(self) -> Digest | None:
        """Of the body."""
        return None if self.body is None else sha256(self.body)

    def holds_for(self, now: datetime) -> float:
        """Seconds until it has to be asked for again; 0 also where the clock went back behind ``retrieved_at``."""
        age = (now - self.retrieved_at).total_seconds()
        return max(self.lifetime - age, 0.0) if age >= 0 else 0.0

    def to_json(self) -> str:
        """Everything but path, body and ``retrieved_at``."""
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
    """Keep what asking for robots.txt came to; ``earlier`` is the last outcome, whose good copy may serve on.

    The copy's age counts from when it was received, over all failures since, and it is dropped after 30 days (R3.3).
    """
    reply = asked.reply
    has_file = asked.error is None and reply.status in _WITH_FILE
    copy = None if earlier is None else _copy(earlier, reply.retrieved_at)
    fetch = RobotsFetch(
        requested=asked.requested,
        status=reply.status,
        error=asked.error,
        hops=asked.hops,
        content_type=None if reply.content_type is None else _shown(reply.content_type),
        body=reply.body if has_file else b"",
        is_truncated=has_file and reply.is_truncated,
        retry_after_s=reply.retry_after,
        failures=(0 if earlier is None else earlier.failures) + 1,
        retrieved_at=reply.retrieved_at,
        cached_body=None if copy is None else copy.body,
        cached_age_s=None if copy is None else copy.age,
        cached_is_truncated=copy is not None and copy.is_truncated,
        unreachable_for_s=None if earlier is None or not earlier.failures else _age(earlier, reply.retrieved_at),
    )
    outcome = judge(fetch)
    has_failed = outcome.retry_after is not None
    if not has_failed and not outcome.is_cached:
        fetch, copy = replace(fetch, cached_body=None, cached_age_s=None, cached_is_truncated=False), None
    lifetime = float(LIFETIME_S) if outcome.retry_after is None else outcome.retry_after
    return StoredFile(
        path=ROBOTS_PATH,
        facts=json.dumps(fetch.to_facts()),
        failures=fetch.failures if has_failed else 0,
        retrieved_at=reply.retrieved_at,
        lifetime=lifetime if copy is None else min(lifetime, UNREACHABLE_LIFETIME_S - copy.age),
        body=outcome.body if copy is None else copy.body,
    )


def site_file(path: str, asked: Asked, earlier: StoredFile | None) -> StoredFile:
    """Keep what asking for another site file came to."""
    reply = asked.reply
    # Half a list of reservations is none: only robots.txt has a meaning for its beginning.
    error = asked.error or ("too_large" if reply.is_truncated else None)
    has_body = error is None and reply.status in _WITH_FILE
    outcome = SiteFileOutcome(
        path=path,
        url=asked.requested,
        status=reply.status,
        error=error,
        hops=asked.hops,
        content_type=None if reply.content_type is None else _shown(reply.content_type),
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


def not_asked(
    path: str, url: CanonicalUrl, error: str, now: datetime, *, robots: StoredFile | None = None
) -> StoredFile:
    """Record that a site file was not asked for: ``disallowed_by_robots`` or ``refused`` (PC-30).

    ``robots``: the robots.txt that forbade it. The record holds no longer than that, or a site whose robots.txt was
    not to be had for a moment would count as one without the file for a day.
    """
    outcome = SiteFileOutcome(
        path=path, url=url, status=None, error=error, content_type=None, body=None, retrieved_at=now
    )
    lifetime = float(LIFETIME_S) if error == "refused" else 0.0 if robots is None else robots.holds_for(now)
    return StoredFile(path=path, facts=outcome.to_json(), failures=0, retrieved_at=now, lifetime=lifetime, body=None)


def robots_rules(
    stored: StoredFile, policy: CrawlPolicy, specifications: Sequence[Specification] = SPECIFICATIONS
) -> RobotsRules:
    """Parse what was kept, by the specification of the day when it was fetched.

    Raises ``DamagedStateError`` where the body is not the one that the facts name.
    """
    bodies: Mapping[Digest, bytes] = {} if stored.body is None else {sha256(stored.body): stored.body}
    fetch = RobotsFetch.from_facts(json.loads(stored.facts), bodies)
    tokens = (policy.identity.product_token, *policy.robots.also_bind)
    specification = specification_on(stored.retrieved_at.date(), specifications)
    return specification.rules(judge(fetch), tokens, limit=policy.limits.robots_bytes)


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


def compile_site(  # noqa: PLR0917 - what an origin said, and by which rules it is read
    origin: str,
    robots: StoredFile,
    files: Sequence[StoredFile],
    policy: CrawlPolicy,
    now: datetime,
    rules: RobotsRules | None = None,
) -> SiteKnowledge:
    """Read all site files of an origin once. ``files`` holds one for each of ``SITE_FILE_PATHS``.

    ``rules`` are those of ``robots`` where they have been parsed already.
    """
    rules = rules or robots_rules(robots, policy)
    records = None
    if rules.file is not None and rules.outcome.digest is not None:
        url = own_url(origin, ROBOTS_PATH).text
        at = rules.outcome.retrieved_at or robots.retrieved_at
        source = Source(url=url, digest=rules.outcome.digest, retrieved_at=at)
        records = RobotsRecords(file=rules.file, source=source, token=policy.identity.product_token)
    outcomes = [SiteFileOutcome.from_json(one.facts, one.body) for one in files]
    return SiteKnowledge(
        origin=origin,
        robots=rules,
        carriers=read_site(records, outcomes),
        unread_tries=max((one.failures for one in files), default=0),
        expires_in=min(one.holds_for(now) for one in (robots, *files)),
        read_at=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A robots.txt that was received whole or in its beginning, and how long ago."""

    body: bytes
    age: float
    is_truncated: bool


def _copy(earlier: StoredFile, now: datetime) -> _Copy | None:
    """Take the good copy out of the last outcome; ``None`` where there is none, or its age cannot be trusted."""
    if earlier.body is None:
        return None
    facts = json.loads(earlier.facts)
    age_then = facts["cached_age_s"]
    age = (now - earlier.retrieved_at).total_seconds() + (age_then or 0.0)
    if now < earlier.retrieved_at or age >= UNREACHABLE_LIFETIME_S:
        return None
    is_truncated = facts["is_truncated"] if age_then is None else facts["cached_is_truncated"]
    return _Copy(body=earlier.body, age=age, is_truncated=is_truncated)


def _age(earlier: StoredFile, now: datetime) -> float:
    """Seconds since the first of the failures in a row."""
    since = json.loads(earlier.facts)["unreachable_for_s"] or 0.0
    return (now - earlier.retrieved_at).total_seconds() + float(since)
