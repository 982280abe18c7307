"""One row of the manifest: the columns of design section 4, and the only definition of the schema.

Columns that mean the same as in Common Crawl's columnar index carry its names. Times are UTC with microseconds,
digests carry their algorithm, absent is ``None``. ``storage.manifest`` derives the Arrow schema from the annotations,
docs/manifest.md is generated from the docstrings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

SCHEMA_VERSION = "1"
"""Raised by every change of a column; additions only within a major release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementColumn:
    """One element of the column ``statements``."""

    protocol: str
    use: str
    preference: str
    carrier: str
    layer: str
    value: str
    source_url: str
    evidence_digest: str
    retrieved_at: datetime
    reader_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadColumn:
    """One element of the column ``statements_unread``."""

    protocol: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRow:
    """Everything recorded about one URL of one crawl, written when the verdict is final."""

    url: str
    """Canonical URL; secret-looking query values may be redacted here, never in the record."""
    url_surtkey: str
    """SURT ordering key of the URL (host labels reversed)."""
    url_host_name: str
    url_host_registered_domain: str | None
    url_host_registry_suffix: str | None
    url_protocol: str
    url_path: str
    fetch_time: datetime | None
    """When the response head arrived; ``None`` where no request was sent."""
    fetch_status: int | None
    fetch_redirect: str | None
    """Target of a redirect, canonical where it has a canonical form."""
    content_digest: str | None
    """SHA-256 of the payload as sent, before content decoding."""
    content_mime_type: str | None
    """Essence of Content-Type as sent."""
    content_mime_detected: str | None
    """From the first bytes."""
    content_charset: str | None
    content_languages: str | None
    """Comma-separated, from markup, then header."""
    content_truncated: str | None
    """``length``, ``time``, ``disconnect``; ``None`` when whole."""
    warc_filename: str | None
    warc_record_offset: int | None
    warc_record_length: int | None
    crawl_id: str
    record_id: str
    """URN of this row's decision, ``urn:uuid:...``; the WARC record names it."""
    seq: int | None
    """Number of the leaf in the evidence log of this worker, without gaps."""
    leaf_hash: str | None
    """RFC 6962 hash of the leaf made of this row."""
    salt: str | None
    """16 random bytes, hexadecimal: removal of row and salt leaves the leaf hash meaningless."""
    url_final: str | None
    """Where the chain of redirects that began here ended, when known."""
    seed: bool
    referrer: str | None
    depth: int
    discovered_at: datetime
    decided_at: datetime
    stage: str
    access: str
    state: str
    verdict: str
    verdict_search_index: str
    reason: str
    reasons: list[str]
    profile: str
    purpose: str
    agreement_ref: str | None
    modality: str | None
    """``text``, ``image``, ``audio``, ``video``, ``document``, ``other``."""
    bytes_fetched: int
    """Octets of the body that left the server for this URL."""
    bytes_retained: int
    """Octets of the body in the WARC."""
    near_duplicate_hash: str | None
    statements: list[StatementColumn]
    statements_unread: list[UnreadColumn]
    robots_digest: str | None
    robots_status: str | None
    """Outcome code of the robots.txt fetch."""
    robots_group: str | None
    robots_rule: str | None
    """Literal text of the deciding line."""
    robots_line: int | None
    robots_retrieved_at: datetime | None
    access_barrier: str | None
    barrier_action: str | None
    barrier_evidence: str | None
    blocklist_id: str | None
    blocklist_digest: str | None
    blocklist_entry: str | None
    licence: str | None
    redirect_chain: list[str]
    ip_address: str | None
    tls_version: str | None
    tls_cipher: str | None
    certificate_digest: str | None
    origin: str
    on_behalf_of: str | None
    dataset_id: str | None
    crawler_id: str
    product_token: str
    user_agent: str
    country_hint: str | None
    site_category: str | None
    ai_generated_flag: bool | None
    tokens: int | None
    tokenizer_id: str | None
    image_count: int | None
    duration_s: float | None
    erased_at: datetime | None
    policy_version: str
    policy_digest: str
    lists_digest: str
    suffix_list_digest: str
    config_digest: str
    tool_version: str
    schema_version: str

    def columns(self) -> dict[str, Any]:
        """Name to value in schema order; nested values stay as they are."""
        return {name: getattr(self, name) for name in COLUMN_NAMES}


COLUMN_NAMES: tuple[str, ...] = tuple(field.name for field in fields(ManifestRow))
