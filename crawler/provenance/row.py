"""One row of the manifest: the columns of design section 4, and the only definition of the schema.

Columns that mean the same as in Common Crawl's columnar index carry its names. Times are UTC with microseconds,
digests carry their algorithm, absent is ``None``. ``storage.manifest`` derives the Arrow schema from the annotations,
docs/manifest.md is generated from the docstrings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime  # noqa: TC003 - the Arrow schema is made of the annotations at run time
from operator import attrgetter
from typing import Any

SCHEMA_VERSION = "2"
"""Raised by every change of a column; additions only within a major release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementColumn:
    """One element of the column ``statements``."""

    protocol: str
    """Id of the reader."""
    use: str
    """The use that the statement is about."""
    preference: str
    """``reserved``, ``conditional`` or ``allowed``."""
    carrier: str
    """``site_file``, ``response_head``, ``html_head`` or ``media_file``."""
    layer: str
    """``location``, ``resource`` or ``asset``: what it is bound to."""
    value: str
    """The literal line, header or element, cut to a bounded length."""
    source_url: str
    """Where the carrier was fetched."""
    evidence_digest: str
    """SHA-256 of the carrier's bytes."""
    retrieved_at: datetime
    """When the carrier was fetched."""
    reader_version: str
    """Of the reader that read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadColumn:
    """One element of the column ``statements_unread``."""

    protocol: str
    """Id of the reader."""
    why: str
    """``5xx``, ``timeout``, ``network``, ``malformed``, ``too_large`` ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRow:
    """Everything recorded about one URL of one crawl, written when the verdict is final."""

    url: str
    """Canonical URL; secret-looking query values may be redacted here, never in the record."""
    url_surtkey: str
    """SURT ordering key of the URL (host labels reversed)."""
    url_host_name: str
    """Host, IDNA in ASCII."""
    url_host_registered_domain: str | None
    """Registrable domain by the Public Suffix List with its private section; ``None`` for an address."""
    url_host_registry_suffix: str | None
    """Public suffix of the list's ICANN section."""
    url_protocol: str
    """``http`` or ``https``."""
    url_path: str
    """Path without query."""
    fetch_time: datetime | None
    """When the response head arrived; ``None`` where no request was sent."""
    fetch_status: int | None
    """Status code; ``None`` where no response head arrived."""
    fetch_redirect: str | None
    """Target of a redirect, canonical where it has a canonical form."""
    content_digest: str | None
    """SHA-256 of the payload as sent, before content decoding."""
    content_mime_type: str | None
    """Essence of Content-Type as sent."""
    content_mime_detected: str | None
    """From the first bytes."""
    content_charset: str | None
    """As the page was decoded."""
    content_languages: str | None
    """Comma-separated, from markup, then header."""
    content_languages_method: str | None
    """What named the languages: ``markup``, ``header``, ``markup+header``, or ``model:`` with its name and version."""
    content_truncated: str | None
    """``length``, ``time``, ``disconnect``; ``None`` when whole."""
    warc_filename: str | None
    """Path of the WARC file below the crawl's folder; ``None`` where no record was written."""
    warc_record_offset: int | None
    """Octets before the record's gzip member."""
    warc_record_length: int | None
    """Octets of the record's gzip member."""
    payload_crawl_id: str | None
    """Crawl in another folder that holds the payload of a ``revisit`` record; ``None`` where it lies in this one."""
    crawl_id: str
    """The crawl; the same for all runs that resumed it."""
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
    """Whether the operator named this URL."""
    referrer: str | None
    """Page on which the URL was found first."""
    depth: int
    """Links away from the seed."""
    discovered_at: datetime
    """When the URL was found first."""
    decided_at: datetime
    """When the verdict became final."""
    stage: str
    """``before_fetch`` or ``after_fetch``: what was known when the verdict was made."""
    access: str
    """``allow``, ``deny`` or ``defer``: whether the bytes may be fetched and kept at all."""
    state: str
    """``reserved``, ``conditional``, ``allowed``, ``unknown`` or ``no-access``: the statements joined."""
    verdict: str
    """``allow`` (kept, with a record), ``deny`` or ``defer``, for ``purpose``."""
    verdict_search_index: str
    """The verdict for the purpose ``search_index``, judged apart."""
    reason: str
    """Code of the decisive reason."""
    reasons: list[str]
    """Codes of all reasons that spoke, decisive one first."""
    profile: str
    """Name of the policy's profile in force."""
    purpose: str
    """What the crawl is for, as the policy spells it."""
    agreement_ref: str | None
    """The operator's written licence that covered the URL."""
    modality: str | None
    """``text``, ``image``, ``audio``, ``video``, ``document``, ``other``."""
    bytes_fetched: int
    """Octets of the body that left the server for this URL."""
    bytes_retained: int
    """Octets of the body in the WARC."""
    change: str | None
    """Against the crawls named by ``--previous``: ``new``, ``changed``, ``unchanged``, ``moved`` (redirects now),
    ``vanished`` (not there any more), ``refused`` (kept then, refused now); ``None`` where none of them applies."""
    near_duplicate_hash: str | None
    """Similarity hash of the visible text, 16 hexadecimal digits; few different bits mean much the same text."""
    near_duplicate_method: str | None
    """Algorithm of the hash with its version, e.g. ``simhash64/1``."""
    statements: list[StatementColumn]
    """Everything that rights holders said about this URL, with its evidence."""
    statements_unread: list[UnreadColumn]
    """Carriers that should have been read and were not, and why."""
    robots_digest: str | None
    """SHA-256 of the robots.txt body that decided."""
    robots_status: str | None
    """Outcome code of the robots.txt fetch."""
    robots_group: str | None
    """User-agent line of the group that bound us."""
    robots_rule: str | None
    """Literal text of the deciding line."""
    robots_line: int | None
    """Line of the deciding rule, from 1."""
    robots_retrieved_at: datetime | None
    """When that robots.txt was fetched."""
    access_barrier: str | None
    """What the site put before its content: ``login``, ``paywall``, ``challenge``, a status."""
    barrier_action: str | None
    """What was done about it; never anything to get past it."""
    barrier_evidence: str | None
    """The literal mark by which it was recognised."""
    blocklist_id: str | None
    """Catalog id of the list whose entry covers the URL; where an override lifted it, ``reasons`` says so."""
    blocklist_digest: str | None
    """SHA-256 of that list's bytes."""
    blocklist_entry: str | None
    """The literal entry."""
    blocklist_line: int | None
    """Line of the entry in that version of the list, from 1."""
    licence: str | None
    """Public licence that the page names."""
    redirect_chain: list[str]
    """Canonical URLs that led here, first one first."""
    ip_address: str | None
    """Address that was dialled and answered."""
    tls_version: str | None
    """As negotiated, e.g. ``TLSv1.3``."""
    tls_cipher: str | None
    """As negotiated."""
    certificate_digest: str | None
    """SHA-256 of the server's certificate."""
    origin: str
    """How the operator came by it: ``own_crawl``, ``on_behalf``, ``public_dataset``, ``licensed`` and so on."""
    on_behalf_of: str | None
    """For whom the operator crawls, where that is somebody else."""
    dataset_id: str | None
    """Data set of others that the URL came with."""
    crawler_id: str
    """The operator's id of this crawler."""
    product_token: str
    """Name by which robots.txt addressed us."""
    user_agent: str
    """Header as sent."""
    country_hint: str | None
    """Country of the site as far as it shows, ISO 3166-1 alpha-2."""
    country_hint_method: str | None
    """What spoke: ``cctld``, or the region of the language named by ``markup`` or ``header``."""
    site_category: str | None
    """Kind of site by documented rules; ``None`` where unclassified."""
    site_category_method: str | None
    """The rule that spoke, with the date of the rules."""
    ai_generated_flag: bool | None
    """Whether the content says that it was made by a machine."""
    ai_generated_method: str | None
    """The machine-readable mark that says so."""
    tokens: int | None
    """Number of tokens, only together with ``tokenizer_id``."""
    tokenizer_id: str | None
    """Tokenizer that counted."""
    image_count: int | None
    """Images of the page."""
    duration_s: float | None
    """Seconds of audio or video."""
    erased_at: datetime | None
    """When content and row were removed; the leaf hash stays."""
    policy_version: str
    """As the policy file says."""
    policy_digest: str
    """Of the policy's files in force."""
    lists_digest: str
    """Of all blocklists in force."""
    suffix_list_digest: str
    """Of the Public Suffix List in force."""
    config_digest: str
    """Of the options that shape the crawl."""
    tool_version: str
    """Version of clearcrawl."""
    schema_version: str
    """Version of these columns."""

    def columns(self) -> dict[str, Any]:
        """Name to value in schema order; nested values stay as they are."""
        return dict(zip(COLUMN_NAMES, _VALUES(self), strict=True))


COLUMN_NAMES: tuple[str, ...] = tuple(field.name for field in fields(ManifestRow))
_VALUES = attrgetter(*COLUMN_NAMES)
