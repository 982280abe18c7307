"""One request on its way and what the wire said about it: filled in by the download handler, read by everyone after it.

Holds facts only. What follows from them is decided in ``policy``; nothing here knows Scrapy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from crawler.policy.decision import Decision
    from crawler.values.digest import Digest

EXCHANGE_KEY = "clearcrawl"
"""Key of ``request.meta`` under which the gate puts the exchange; without it no request leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReason:
    """Why the body of a reply is not to be downloaded; ``code`` is one of ``policy.reasons``."""

    code: str
    detail: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Exchange:
    """One request and its reply: the gate makes it, the handler fills it in.

    A resend over a fresh connection after a stale one counts in ``sends`` and starts the reply's fields anew.
    """

    url: str
    """Canonical URL that the gate judged; must equal ``request.url``."""
    decision: Decision
    """The gate's verdict on exactly this URL; anything but ALLOW is never sent."""
    max_bytes: int
    """Limit of the body in octets, as sent and after each content coding."""
    keeps_beginning: bool = False
    """Whether a longer body is cut at ``max_bytes`` instead of refused; for robots.txt (RFC 9309 section 2.5)."""
    on_head: Callable[[Exchange], StopReason | None] | None = None
    """Asked once, when status and fields are known and before the body is downloaded. Runs on the event loop, so it
    must not wait. An exception counts as a stop with ``internal_error``."""

    asked_as: str | None = None
    """How the request spells the URL, where somebody else than us made it."""
    fields: tuple[tuple[bytes, tuple[bytes, ...]], ...] | None = None
    """Request fields to send, whatever the request carries by then; ``None``: those of the request."""
    turn: Callable[[], Awaitable[None]] | None = None
    """Waited for by the handler before it connects, so that nothing lies between a turn and its request. Its exception
    is the exchange's failure."""

    on_sent: Callable[[], None] | None = None
    """Told each time when the octets of the request are about to be written; must not raise."""

    started_at: datetime | None = None
    """UTC, when the handler took the request."""
    finished_at: datetime | None = None
    """UTC, when the reply was complete, stopped or failed."""
    sent_at: float | None = None
    """When it was written last, by the monotonic clock."""
    sends: int = 0
    """How often the request was written to a connection: 2 after a stale pooled connection, else 1."""
    request_head: bytes = b""
    """Request line, fields and blank line as written; over HTTP/2 the same fields as a message of HTTP/1.1."""

    ip_address: str | None = None
    """The peer, as dialled and as seen after connecting."""
    was_turned_away: bool = False
    """Whether the server closed the connection in good order and said that it did nothing with the request (RFC 9113
    section 6.8). A failure like others, and no sign of trouble."""
    is_http2: bool = False
    """Whether the reply came over HTTP/2; heads are then written as HTTP/1.1 would have them."""
    tls_version: str | None = None
    """As OpenSSL names it, e.g. ``TLSv1.3``; ``None`` over plain HTTP."""
    tls_cipher: str | None = None
    certificate_digest: Digest | None = None
    """SHA-256 over the DER form of the leaf certificate."""

    status: int | None = None
    head: bytes = b""
    """Status line, field lines and blank line exactly as received: order, case, duplicates, line ends; over HTTP/2 the
    fields in their order, as a message of HTTP/1.1 without a reason phrase. Of the final reply only: interim ones (1xx)
    are counted into the limits and dropped."""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Field names and values in order, space around them removed, folded lines joined; names keep their case."""
    latency: float | None = None
    """Seconds from the request's last octet to the end of the head."""

    bytes_received: int = 0
    """Octets of the body as they arrived, without chunked framing."""
    body_as_sent: bytes = b""
    """The body before content decoding. Chunked framing with its trailers is the one thing that is taken off."""
    body: bytes = b""
    """After content decoding: what is judged, whatever a project's own middlewares make of the response."""
    is_body_complete: bool = False
    """Whether the message's own framing, or a clean close where there is none, said that this is all."""
    is_cut: bool = False
    """Whether the body is only the beginning of a longer one, as ``keeps_beginning`` permits."""
    stopped: StopReason | None = None
    """Set where ``on_head`` stopped the download."""

    _payload_digest: Digest | None = None

    error: str | None = None
    """Code of ``network.failures`` where the exchange failed; a failed exchange keeps all facts gathered so far."""
    error_detail: str = ""
    cancel: Callable[[], None] | None = None
    """Cuts the exchange off while it runs; for a stop of the crawl."""
    was_cancelled: bool = False
    defers: bool = False
    """With ``error``: whether asking again later can help."""

    @property
    def payload_digest(self) -> Digest:
        """SHA-256 of the body as sent; made once, when the body is there."""
        if self._payload_digest is None:
            self._payload_digest = sha256(self.body_as_sent)
        return self._payload_digest

    def field_values(self, name: bytes) -> list[bytes]:
        """All values of one field in the order of arrival; ``name`` in lower case."""
        return [value for key, value in self.headers if key.lower() == name]
