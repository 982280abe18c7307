"""The typed policy document ``policies/crawl-policy.toml``: values only; ``policy.reading`` makes them from text.

Field names are the keys of the file. Units stand in the docstrings. Nothing has two names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from crawler.optout.statement import Use
    from crawler.policy.decision import Verdict
    from crawler.values.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """``[identity]``: who asks. Empty strings are allowed only where nothing but test hosts is crawled."""

    operator: str
    contact: str
    """URL or mailto: of a page or person that answers."""
    product_token: str
    """Letters, ``_`` and ``-``; matched against robots.txt (RFC 9309 section 2.2.1)."""
    user_agent: str
    """The header that is sent; contains the token. Default ``TOKEN/VERSION (+CONTACT)``."""
    crawler_id: str
    country: str | None
    """Seat of the operator, ISO 3166-1 alpha-2; ``None`` where nobody stated it."""
    user_class: str
    """As RSL: ``commercial``, ``non-commercial``, ``education``, ``government``, ``personal``."""
    on_behalf_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """``[profiles.NAME]``: what is done where nobody said anything."""

    name: str
    unknown: Verdict
    """``allow`` (Art. 4(3) of Directive (EU) 2019/790 works by reservation) or ``deny`` (express permission only)."""
    licence_duties: bool
    """Whether a public licence with duties counts as ``conditional`` instead of ``unknown``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Politeness:
    """``[politeness]``, per registrable domain and per dialled address."""

    connections: int
    delay: float
    """Seconds between the starts of two requests."""
    max_delay: float
    """Seconds; a longer wait demanded by the site defers the host instead of being shortened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``[limits]``: sizes in octets, times in seconds."""

    page_bytes: int
    media_bytes: int
    site_file_bytes: int
    robots_bytes: int
    robots_cache_bytes: int
    sitemap_bytes: int
    """Of one sitemap, also after unpacking a gzip file."""
    sitemap_entries: int
    """Of one sitemap."""
    sitemap_files: int
    """For one host, over the whole crawl."""
    sitemap_depth: int
    """Indexes inside one another."""
    connect_timeout: float
    first_byte_timeout: float
    total_timeout: float
    header_lines: int
    header_bytes: int
    header_line_bytes: int
    content_codings: int
    html_depth: int
    links_per_page: int
    url_bytes: int
    redirects: int
    robots_redirects: int
    host_share: float
    """Share of all connections that one host may hold, 0 to 1."""
    wait_at_end: float
    """How long the crawl waits for the next due URL before it ends."""
    free_space_bytes: int
    free_space_share: float
    memory_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traps:
    """``[traps]``: where an endless site ends."""

    depth: int
    pages_per_domain: int
    repeated_segments: int
    similar_urls: int
    """URLs that differ only in query or digits and whose body was brought by another of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """``[media]``: images, sound, video and documents; names as in the column ``modality``."""

    kinds: frozenset[str]
    """What may be kept, wherever it was found."""
    embedded: frozenset[str]
    """What is asked for where a page embeds it; among ``kinds``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """``[network]``."""

    ports: tuple[int, ...]
    test_hosts: Mapping[str, str]
    """Name pattern (``*`` stands for any labels) to address: the only way past the address check; such a crawl is
    marked TEST."""
    cookies: bool = False
    """Whether projects with the add-on may send back what a site set; spiders of our own never do."""
    http2: bool = False
    """Whether HTTP/2 is spoken with servers that offer it over TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """``[robots]``."""

    also_bind: tuple[str, ...]
    """Further product tokens that must be allowed as well (R3.10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadRule:
    """``[unread]``: site files that answered 5xx or not at all."""

    verdict: Verdict
    """After the last try: ``deny`` or ``defer``."""
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocklists:
    """``[blocklists]``: ages in days since the last successful check."""

    warn_age: int
    refuse_age: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamps:
    """``[timestamps]``: who stamps signed heads of the log (RFC 3161)."""

    interval: int = 3600
    """Seconds between two stamped heads; the first and the last one are stamped in any case."""
    urls: Mapping[str, str] = field(default_factory=dict)
    """Name of an authority to its address."""
    roots: Mapping[str, str] = field(default_factory=dict)
    """Name of an authority to the PEM certificates at which its chain may end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """``[publication]``: where the public is told of this crawler, and how it can be told from others."""

    site: str = ""
    """Folder that ``publish`` writes, as seen from the folder of policies; empty: crawls are ``unpublished``."""
    address: str = ""
    """URL under which that folder stands, with its last ``/``."""
    ip_ranges: tuple[str, ...] = ()
    """Networks that requests come from, as CIDR."""
    reverse_dns: tuple[str, ...] = ()
    """Names that their addresses resolve to, with all names below."""
    signature_agent: str = ""
    """Origin that serves the keys of signed requests (Web Bot Auth); empty: requests are not signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """``[facts]``: what is told of kept pages beside the verdict."""

    tokenizer: str = ""
    """JSON file of the library tokenizers, as seen from the folder of policies; empty: tokens are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """``[[override]]``: the only thing that lifts a refusal; dated, with reason and document."""

    scope: str
    """Canonical URL prefix (``https://host/path``), or ``host`` for a registrable domain with its subdomains."""
    lifts: tuple[str, ...]
    """Reason codes that no longer refuse here, e.g. ``robots_disallow``."""
    reason: str
    document: str
    decided_by: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """``[[agreement]]`` of agreements.toml: a written licence of the operator."""

    scope: str
    """Canonical URL prefix."""
    permits: frozenset[Use]
    ref: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolEntry:
    """``[NAME]`` of protocols.toml: one way to state rights, and on what ground it is honoured."""

    name: str
    title: str
    status: str
    """``mandatory``, ``agreed``, ``candidate`` or ``voluntary`` (code of practice, Measure 1.3)."""
    basis: str
    since: date
    """From when it has had this status for us."""
    readers: tuple[str, ...]
    """Ids of the readers; empty is an empty slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolOff:
    """``[NAME.off]`` of protocols.toml: statements are recorded without counting between two days, both included."""

    readers: tuple[str, ...]
    reason: str
    document: str
    decided_by: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlPolicy:
    """The whole document; immutable, compared by value."""

    version: str
    digest: Digest
    """Of the bytes of every file of ``policies/`` that took part, in a fixed order."""
    purpose: Use
    """``ai_training`` in the file is ``train-genai``; ``search_index`` is ``search``."""
    identity: Identity
    profile: Profile
    conditional_met: frozenset[str]
    """Duties named as met; never ``paywall``."""
    unread: UnreadRule
    politeness: Politeness
    limits: Limits
    traps: Traps
    media: Media
    network: Network
    robots: Robots
    blocklists: Blocklists
    overrides: tuple[Override, ...]
    agreements: tuple[Agreement, ...]
    origin: str
    """Column ``origin``: ``own_crawl``, ``on_behalf``, ..."""
    lookups: Mapping[str, str]
    """Slot of a look-up service to the address of its bridge; empty unless somebody switched one on."""
    protocols: tuple[ProtocolEntry, ...]
    protocols_off: tuple[ProtocolOff, ...]
    """Almost always empty."""
    timestamps: Timestamps = field(default_factory=Timestamps)
    publication: Publication = field(default_factory=Publication)
    facts: Facts = field(default_factory=Facts)

    @property
    def purpose_name(self) -> str:
        """As the file and the column ``purpose`` spell it."""
        return PURPOSE_NAMES[self.purpose]


PURPOSE_NAMES: dict[str, str] = {
    "train-genai": "ai_training",
    "train-other": "ai_training_other",
    "search": "search_index",
    "ai-input": "ai_input",
}
