"""What a rights holder said: one value per carrier, protocol and use, and what a reader made of a carrier."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.optout.robots.groups import RobotsFile
    from crawler.values.digest import Digest
    from crawler.values.url import CanonicalUrl


class Use(StrEnum):
    """What the bytes would be used for."""

    TRAIN_GENAI = "train-genai"
    """Training a general-purpose, generative model; the policy calls it ``ai_training``."""
    TRAIN_OTHER = "train-other"
    """Training a non-generative model."""
    SEARCH = "search"
    """Building a search index; the policy calls it ``search_index``."""
    AI_INPUT = "ai-input"
    """Input of a model at inference."""


class Preference(StrEnum):
    """What was said about one use; also the joined state, which adds ``no-access``."""

    RESERVED = "reserved"
    CONDITIONAL = "conditional"
    ALLOWED = "allowed"


class Carrier(StrEnum):
    """Where a statement was found."""

    SITE_FILE = "site_file"
    RESPONSE_HEAD = "response_head"
    HTML_HEAD = "html_head"
    MEDIA_FILE = "media_file"


class Layer(StrEnum):
    """Scope of a statement; it matters for evidence, never for strength (opt-outs.md section 2)."""

    LOCATION = "location"
    RESOURCE = "resource"
    ASSET = "asset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The bytes that a statement was read from."""

    url: CanonicalUrl
    digest: Digest
    retrieved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One carrier of one protocol about one use of one resource."""

    protocol: str
    """``id`` of the reader."""
    use: Use
    preference: Preference
    carrier: Carrier
    layer: Layer
    value: str
    """The literal line, header or element, at most ``VALUE_LIMIT`` characters."""
    position: int | None
    """Line (from 1) in a file, index (from 0) of the header or element; ``None`` where there is none."""
    rule: str
    """``strict``, or the project's rule that was needed to read it, e.g. ``PC-5``."""
    source: Source
    reader_version: str
    duties: tuple[str, ...] = ()
    """With CONDITIONAL: everything of ``DUTIES`` that must be met first. Empty means that the duty has no name
    here, so that no policy can declare it met."""


DUTIES: tuple[str, ...] = (
    "payment",
    "attribution",
    "share-alike",
    "no-derivatives",
    "non-commercial",
    "contribution",
    "reporting",
    "licence-token",
    "contract",
    "paywall",
)
"""Names of the duties that a condition may carry (opt-outs.md sections 2, 7 and 12). ``paywall`` is never met."""

VALUE_LIMIT = 512
"""Longest literal kept in a statement, in characters; the whole carrier is in the evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """About whom, what and which use a reading is asked; everything that an answer may depend on."""

    url: CanonicalUrl
    """The resource. Its origin has been matched to the carrier's before."""
    use: Use
    token: str
    """Our product token."""
    media_type: str | None = None
    """Essence of the Content-Type, lower case, where it is known."""
    user_class: str = "commercial"
    country: str | None = None
    """ISO 3166-1 alpha-2 of the operator's seat. Unstated, no offer by country is ours, and every prohibition is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something odd in a carrier; it never changes what was read in the permissive direction."""

    line: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A further document that the carrier names and that its protocol needs, e.g. an RSL licence."""

    url: str
    """As resolved against the carrier; not yet canonical."""
    protocol: str
    source: Source
    """The carrier that names it."""
    scope: str
    """What the reader needs to join the document to its carrier, e.g. ``group``, ``global``, ``page``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftDirective:
    """A directive that is recorded and that a stricter profile may act on, e.g. ``noindex``, a licence id."""

    protocol: str
    value: str
    source: Source
    agent: str = ""
    """Whom it is addressed to, lower case; empty for all. Others' directives are not ours."""


class Reading(Protocol):
    """What one reader made of one carrier; compiled once, asked for every URL that it covers."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was odd, in order of appearance."""
        ...

    @property
    def references(self) -> tuple[Reference, ...]:
        """Documents that must be fetched before the carrier has been read whole."""
        ...

    @property
    def soft(self) -> tuple[SoftDirective, ...]:
        """Directives that are recorded without being a statement."""
        ...

    def about(self, question: Question) -> tuple[Statement, ...]:
        """Answer what this carrier says; an empty tuple when it says nothing. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Silence:
    """A reading that says nothing whatever is asked; it may still carry problems."""

    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:  # noqa: ARG002 - the protocol's signature
        """Answer that nothing was said."""
        return ()


SILENCE = Silence()


@dataclass(frozen=True, slots=True)
class Partial:
    """A reading of a carrier that is there and of which something could not be read."""

    rest: Reading
    """What was read all the same."""
    why: str
    """As in ``Unread``."""
    blocks: bool = False
    """As in ``Unread``."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Of the rest."""
        return self.rest.problems

    @property
    def references(self) -> tuple[Reference, ...]:
        """Of the rest."""
        return self.rest.references

    @property
    def soft(self) -> tuple[SoftDirective, ...]:
        """Of the rest."""
        return self.rest.soft

    def about(self, question: Question) -> tuple[Statement, ...]:
        """Answer with the rest."""
        return self.rest.about(question)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A carrier that should have been looked at and was not read: a state of its own, never permission."""

    protocol: str
    why: str
    """``5xx``, ``timeout``, ``network``, ``malformed``, ``too_large``, ``disallowed_by_robots`` ..."""
    url: str
    blocks: bool
    """Whether it holds the verdict back (5xx, time-out, network), or only has to be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsRecords:
    """robots.txt, parsed once for all protocols that put records into it."""

    file: RobotsFile
    source: Source
    token: str | None = None
    """Product token that will ask, where it is known: documents meant for others need not be fetched."""
