"""What goes into the journal and what comes out of it; plain values between the event loop and the writer thread."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    MEDIA = "media"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUrl:
    """A URL to be put into the frontier, unless its exact text is known already."""

    url: CanonicalUrl
    lane: str
    """Registrable domain (or the host where there is none): the unit of politeness and ownership."""
    depth: int
    via: Via
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
    outcome: str
    """JSON of ``optout`` fetch outcome: status, error class, hops, content type, sizes."""
    digest: Digest | None
    """Of the body as parsed; ``None`` where there was no usable body."""
    body: bytes | None
    """Given when saving; read back from the evidence WARC."""
    retrieved_at: datetime
    expires_at: datetime
    attempt_id: int | None
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
    links: tuple[NewUrl, ...] = ()
    detail: str = ""
    """Short error or reason of the attempt, for the journal."""
