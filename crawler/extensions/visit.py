"""One URL on its way through the crawl: what is known so far, from the claim to the final row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.optout.collect import NOTHING

if TYPE_CHECKING:
    from crawler.network.exchange import Exchange
    from crawler.optout.collect import CarrierReadings
    from crawler.optout.interface import MediaFile
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.optout.statement import Statement
    from crawler.policy.barriers import Barrier
    from crawler.policy.decision import Decision
    from crawler.policy.response import Head
    from crawler.policy.site import SiteKnowledge
    from crawler.storage.entries import Claim, NewUrl
    from crawler.storage.stored_copies import Payload, PreviousPage, StoredCopy
    from crawler.values.html import HtmlPage
    from crawler.values.url import Url


@dataclass(slots=True, kw_only=True, eq=False)
class Visit:
    """Mutable on purpose: each step of the one pipeline adds what it found; only the event loop touches it."""

    url: Url
    claim: Claim
    lane: str
    address: str | None = None
    """What will be dialled; ``None`` for a test host and before the name was resolved."""
    site: SiteKnowledge | None = None
    robots: RobotsAnswer | None = None
    inherited: tuple[Statement, ...] = ()
    decision: Decision | None = None
    exchange: Exchange | None = None
    told: tuple[Exchange, Head] | None = None
    """Head of the response, and of which exchange."""
    carriers: CarrierReadings = NOTHING
    """Of the resource itself, as far as read."""
    barrier: Barrier | None = None
    content_type: str | None = None
    """As sent."""
    page: HtmlPage | None = None
    media: MediaFile | None = None
    """Of a file with metadata of its own."""
    body: bytes = b""
    """After content decoding."""
    redirect: Url | None = None
    redirect_text: str | None = None
    """Target of a redirect: canonical, or as sent where it has no canonical form."""
    retry_after: float | None = None
    """Seconds that the response asked to wait."""
    before: PreviousPage | None = None
    """Newest row of the URL in earlier crawls."""
    copy: StoredCopy | None = None
    """What a conditional request is about."""
    stored: tuple[Head, ...] = ()
    """Its heads, newest first."""
    conditions: tuple[tuple[str, str], ...] = ()
    """Fields of the conditional request."""
    current: Head | None = None
    """Head of the copy as a 304 has updated it."""
    payload: Payload | None = None
    """Body of the copy, after a 304."""
    links: list[NewUrl] = field(default_factory=list)
    is_judged: bool = False
    """Whether the response gate has seen the response; without it nothing is kept."""
    is_answered: bool = False
    """Whether the connection has been given back."""
    is_settled: bool = False
    """Whether the outcome has been handed to the writer."""

    def values(self, name: bytes) -> list[str]:
        """Values of a list field as it holds for the page; ``name`` in lower case."""
        fields = self.current.fields if self.current is not None else ()
        if self.current is None and self.exchange is not None:
            fields = self.exchange.headers
        found = (value.decode("latin-1") for field, value in fields if field.lower() == name)
        return [part.strip() for value in found for part in value.split(",") if part.strip()]

    @property
    def is_unchanged(self) -> bool:
        """Whether the server said so, and the stored copy stands for the page."""
        return self.payload is not None

    @property
    def new(self) -> NewUrl:
        """How the URL came to be known."""
        return self.claim.new
