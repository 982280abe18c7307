"""What goes into the journal and what comes out of it; plain values between the event loop and the writer thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from crawler.provenance.row import ManifestRow
    from crawler.values.digest import Digest
    from crawler.values.url import CanonicalUrl


class UrlState(IntEnum):
    """Where a URL of the frontier stands."""

    WAITING = 0
    SENT = 1
    DONE = 2
    FAILED = 3
    DENIED = 4


class AttemptOutcome(StrEnum):
    """How one attempt ended."""

    SENT = "sent"
    """On its way; after a kill it becomes ``interrupted``."""
    OK = "ok"
    FAILED = "failed"
    REFUSED = "refused"
    """The gate refused before a connection was opened, or the response was refused."""
    INTERRUPTED = "interrupted"


class Via(StrEnum):
    """How a URL came to be known."""

    SEED = "seed"
    LINK = "link"
    REDIRECT = "redirect"
    REFRESH = "refresh"
    SITEMAP = "sitemap"
    """Listed in a sitemap or feed."""
    MEDIA = "media"
    """Embedded in a page."""
    ROBOTS = "robots"
    """Named by a robots.txt, as a sitemap."""
    PREVIOUS = "previous"
    """A page that an earlier crawl kept."""


class Role(StrEnum):
    """What a URL is asked for."""

    PAGE = "page"
    """For itself: a page, or whatever a link leads to."""
    SITEMAP = "sitemap"
    """For what it lists."""
    MEDIA = "media"
    """As a part of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUrl:
    """A URL to be put into the frontier, unless its exact text is known already."""

    url: CanonicalUrl
    lane: str
    """Registrable domain (or the host where there is none): the unit of politeness and ownership."""
    depth: int
    via: Via
    role: Role = Role.PAGE
    site: str | None = None
    """Host for whose sake a sitemap is read (that whose robots.txt names it), whatever host it lies on."""
    referrer: CanonicalUrl | None = None
    chain: tuple[str, ...] = ()
    """Redirect hops that led here, oldest first."""
    inherited: str | None = None
    """Statements of earlier hops or of the page, as JSON (``provenance.inherit``)."""
    discovered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One URL given out for one attempt; the attempt is on disk before the claim is returned."""

    frontier_id: int
    attempt_id: int
    tries: int
    """Attempts before this one."""
    new: NewUrl
    lane_pages: int = 0
    """URLs of the lane that were asked for before, without repetitions: what the trap limit counts."""
    alike: int = 0
    """URLs that differ only in query or digits and whose body repeats that of another one of them."""
    sitemaps_before: int = 0
    """Of a sitemap: how many were known before for the same site, counted up to ``Frontier.SITEMAPS_COUNTED``."""
    why: str | None = None
    """Detail of the attempt after which the URL was parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of asking for one URL by name, in a crawl whose queue is not the journal's."""

    claim: Claim | None
    """``None`` where the URL is under way, or has its row of this crawl."""
    state: UrlState
    """Where the URL stood before."""
    is_new: bool = False
    """Whether the URL was not known before."""


class WarcKind(StrEnum):
    """Which file a record goes to."""

    PAGES = "pages"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDraft:
    """One WARC record before it has a place. The block is ``http_head + body`` for HTTP records."""

    kind: WarcKind
    type: str
    """``request``, ``response``, ``metadata``, ``revisit``, ``resource``."""
    target_uri: str
    date: datetime
    record_id: str
    """``urn:uuid:...``"""
    content_type: str
    """Of the block, e.g. ``application/http; msgtype=response``."""
    http_head: bytes = b""
    """Start line, fields and blank line of an HTTP message, else empty."""
    body: bytes = b""
    payload_digest: Digest | None = None
    concurrent_to: str | None = None
    fields: Mapping[str, str] | None = None
    """Further WARC fields, e.g. ``WARC-IP-Address``, ``WARC-Truncated``; values are cleaned on writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFileEntry:
    """Outcome of asking an origin for one of its files; kept across restarts until it expires."""

    origin: str
    """``scheme://host:port`` with the port always written."""
    path: str
    """Path at the origin; of a document that a site file or page refers to, its absolute URL."""
    outcome: str
    """JSON of ``optout`` fetch outcome: status, error class, hops, content type, sizes."""
    digest: Digest | None
    """Of the body as parsed; ``None`` where there was no usable body."""
    body: bytes | None
    """Given when saving; read back from the evidence WARC."""
    retrieved_at: datetime
    expires_at: datetime
    attempt_id: int | None
    attempt: AttemptOutcome = AttemptOutcome.OK
    """How the attempt ended."""
    records: tuple[RecordDraft, ...] = ()
    """Evidence to append when saving; empty when loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one claim; everything in it becomes durable in one transaction."""

    claim: Claim
    attempt: AttemptOutcome
    state: UrlState
    not_before: float | None = None
    """Unix time when a WAITING URL is due again."""
    row: ManifestRow | None = None
    """Final row. ``seq``, ``leaf_hash``, ``salt`` and the WARC place are filled in by the store."""
    records: tuple[RecordDraft, ...] = ()
    """Appended in order; the row's place is that of the first ``response``, ``revisit``, ``metadata`` or
    ``resource`` record."""
    late: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Asked in the writing thread for columns that take time, with the columns of the row; it must not raise."""
    links: tuple[NewUrl, ...] = ()
    detail: str = ""
    """Short error or reason of the attempt, for the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry of the evidence log that is not a row, e.g. an override used, a list snapshot taken into use."""

    type: str
    """Stable name in ``snake_case``."""
    body: Mapping[str, Any]
    """JSON values only; keys are ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A request besides the claims (a site file) that is about to be sent; on disk before it leaves."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentOutcome:
    """How the attempt of an intent ended."""

    attempt_id: int
    attempt: AttemptOutcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """How many URLs are wanted, and from whom not."""

    now: float
    """Unix time; URLs with a later ``not_before`` stay parked."""
    limit: int
    per_lane: int = 1
    exclude: frozenset[str] = frozenset()
    """Lanes that must not be served now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything of one group commit. It becomes durable as a whole, or not at all."""

    outcomes: tuple[Outcome, ...] = ()
    new_urls: tuple[NewUrl, ...] = ()
    """Seeds and sitemap entries; links of a page travel in its outcome."""
    site_files: tuple[SiteFileEntry, ...] = ()
    """An entry with an ``attempt_id`` also ends that attempt."""
    intents: tuple[Intent, ...] = ()
    intent_outcomes: tuple[IntentOutcome, ...] = ()
    """Ends of intents that leave no site file."""
    releases: tuple[Claim, ...] = ()
    """Claims handed back unsent: waiting again, and not counted as a try."""
    events: tuple[Event, ...] = ()
    records: tuple[RecordDraft, ...] = ()
    """WARC records that belong to no outcome."""
    claim: ClaimRequest | None = None
    takes: tuple[NewUrl, ...] = ()
    """URLs asked for by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What one group commit did."""

    claims: tuple[Claim, ...] = ()
    intents: tuple[int, ...] = ()
    """Attempt ids, in the order of ``Batch.intents``."""
    taken: tuple[Taken, ...] = ()
    """In the order of ``Batch.takes``."""
    new_urls: int = 0
    """How many URLs of the batch were not known before."""
    rows: int = 0
    """Rows of this commit."""
    unpublished: int = 0
    """Rows in the journal that are in no segment yet."""
    waiting: int = 0
    """URLs of the frontier that wait, due or parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a worker that writes a crawl together with others is told by the one that holds the folder."""

    crawl_id: str
    secret: bytes
    """Key of redacted values, the same for all workers."""
    may_be_new: bool
    """Whether the worker may begin its state: nobody has handed anything over to it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """What ``crawl.json``, the ``warcinfo`` records and the log's start entry say about this run."""

    operator: str
    product_token: str
    purpose: str
    user_agent: str
    software: str
    """Name and version, e.g. ``clearcrawl/0.1.0``."""
    name: str | None = None
    """First part of the crawl id, ``[a-z0-9][a-z0-9-]*``."""
    is_test: bool = False
    """Whether test hosts may be visited."""
    domain: str = "operator.invalid"
    """Of the operator, for the origin of the log; a crawl with test hosts has ``test.invalid`` instead."""
    environment: Mapping[str, Any] = field(default_factory=dict)
    """Interpreter, platform and packages, JSON values."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Digests and versions in force, JSON values; they go into ``crawl.json`` and the log as they are."""
    share: Share | None = None
    """Given where several workers write the crawl: then ``crawl.json`` and the hand-over are not this worker's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What the start found of an earlier run; all empty in a new folder or after a clean end."""

    resumed: bool = False
    """The folder held a crawl before."""
    unclean: bool = False
    """The earlier run was killed or failed."""
    interrupted: tuple[str, ...] = ()
    """URLs whose request was on its way; those of the frontier wait again."""
    cut: Mapping[str, int] = field(default_factory=dict)
    """WARC file to octets that were written without being committed, now cut off."""
    removed: tuple[str, ...] = ()
    """Temporary files, and segments that no commit knew; their rows are still in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The crawl in numbers, over all runs in this folder."""

    waiting: int = 0
    sent: int = 0
    done: int = 0
    failed: int = 0
    denied: int = 0
    rows_allow: int = 0
    rows_deny: int = 0
    rows_defer: int = 0
    pages_kept: int = 0
    """Rows that say ALLOW and are no redirect hop."""
    unpublished: int = 0
    segments: int = 0
    lanes: int = 0
    bytes_fetched: int = 0
    bytes_retained: int = 0
    site_files: int = 0
    interrupted: int = 0
    change_new: int = 0
    """Rows by column ``change``, this one and those below; all 0 without earlier crawls."""
    change_unchanged: int = 0
    change_changed: int = 0
    change_moved: int = 0
    change_vanished: int = 0
    change_refused: int = 0
