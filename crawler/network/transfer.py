"""One exchange under way: what its reply means for its body, octet by octet, whichever version of HTTP brings it.

Connections call it; it writes the facts into the ``Exchange`` and settles ``done``. What it answers with ``False`` is
over for the connection.
"""

from __future__ import annotations

import logging
from asyncio import CancelledError
from time import monotonic
from typing import TYPE_CHECKING, Any

from scrapy import Request, signals
from scrapy.exceptions import DownloadCancelledError, DownloadTimeoutError, StopDownload
from scrapy.http import Headers
from scrapy.signalmanager import dispatcher  # type: ignore[attr-defined]  # PyDispatcher, as Scrapy uses it
from scrapy.utils._download_handlers import check_stop_download, make_response
from twisted.web.iweb import UNKNOWN_LENGTH

from crawler.network.exchange import EXCHANGE_KEY, StopReason
from crawler.network.failures import (
    AddressRefusedError,
    BodyIncompleteError,
    BodyTooLargeError,
    FirstByteTimeoutError,
    TooManyCodingsError,
    UndecodableError,
)
from crawler.values.coding import codings_of, decode
from crawler.values.dialling import listed

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.network.exchange import Exchange
    from crawler.network.heads import Head
    from crawler.network.http1 import Connection
    from crawler.network.peer import PeerFacts
    from crawler.network.policy_slot import NetworkRules
    from crawler.network.streams import Stream

logger = logging.getLogger(__name__)

_OF_THE_CONNECTION = frozenset(
    {
        b"content-length",
        b"connection",
        b"keep-alive",
        b"te",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
        b"proxy-connection",
    }
)
"""Fields that say nothing of the content; Scrapy's response has none of them but the length as it was understood."""
_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Transfer:
    """From a request that may be sent to its response, its failure, or its end by a limit."""

    __slots__ = (
        "_crawler",
        "_flags",
        "_head",
        "_hears_content",
        "_is_over",
        "_length",
        "_limit",
        "_parts",
        "_peer",
        "_request",
        "_sent_at",
        "_shown",
        "_stop",
        "connection",
        "done",
        "error",
        "exchange",
        "late_at",
        "rules",
        "seconds",
        "silent_at",
        "waiting",
    )

    def __init__(
        self,
        crawler: Crawler,
        exchange: Exchange,
        rules: NetworkRules,
        loop: AbstractEventLoop,
        request: Request | None = None,
    ) -> None:
        """``request`` where Scrapy asked: its limits hold as well, and it wants a response."""
        self._crawler = crawler
        self._request = self._shown = request
        self.exchange = exchange
        self.rules = rules
        self.done: Future[None] = loop.create_future()
        """Settled when the reply is whole or was stopped; ``finish`` then takes the body."""
        total = rules.limits.total_timeout
        self.seconds = total if request is None else min(request.meta.get("download_timeout") or total, total)
        self.late_at = monotonic() + self.seconds
        self.silent_at: float | None = None
        """When the wait for the first octet ends; ``None`` before the request is written and after that octet."""
        self.connection: Connection | Stream | None = None
        self.waiting: Future[Any] | None = None
        """What is waited for before there is a connection."""
        self.error: BaseException | None = None
        self._limit = self._most()
        self._sent_at = 0.0
        self._head: Head | None = None
        self._peer: PeerFacts | None = None
        self._length: int | None = None
        self._parts: list[bytes] = []
        self._flags: list[str] | None = None
        self._stop: StopDownload | None = None
        self._hears_content = False
        self._is_over = False

    def _most(self) -> int:
        """Octets of the body, as sent and after each coding."""
        wanted = self.exchange.max_bytes
        maxsize: int | None = None if self._request is None else self._request.meta.get("download_maxsize")
        return min(maxsize, wanted) if maxsize else wanted

    # -- ends from this side

    def check(self, now: float) -> None:
        """End the exchange if it took too long, or if no octet of a reply came in time."""
        if now >= self.late_at:
            self.fail(DownloadTimeoutError(f"{self.exchange.url} took longer than {self.seconds:g} s"))
        elif self.silent_at is not None and now >= self.silent_at:
            seconds = self.rules.limits.first_byte_timeout
            self.fail(FirstByteTimeoutError(f"no octet of a reply in {seconds:g} s"))

    def cut_off(self) -> None:
        """End the exchange for a stop of the crawl."""
        self.exchange.was_cancelled = True
        self.fail(DownloadCancelledError("the exchange was cut off"))

    def fail(self, error: BaseException) -> None:
        """End the exchange and its connection; the first error counts."""
        if self.error is not None or self._is_over:
            return
        self.error = error
        self._parts.clear()
        if self.waiting is not None:
            self.waiting.cancel()
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.abort()
        if not self.done.done():  # else who waited for it was cancelled
            self.done.set_exception(error)
            self.done.exception()  # whoever waits for something else than ``done`` is told by ``waiting``

    async def wait_for(self, waiting: Future[Any]) -> Any:
        """Wait for something that has to be before the request is written, no longer than the exchange may take."""
        self.waiting = waiting
        try:
            result = await waiting
        except CancelledError:
            if self.error is None:
                raise
        else:
            if self.error is None:
                return result
        finally:
            self.waiting = None
        raise self.error

    # -- what the connection tells

    def negotiate(self, peer: str) -> None:
        """Note the peer of a connection whose handshake is under way: it may take as long as the first octet."""
        self.exchange.ip_address = peer
        self.silent_at = monotonic() + self.rules.limits.first_byte_timeout

    def meet(self, host: str, peer: str) -> None:
        """Note the peer. Raises ``AddressRefusedError`` where a blocklist has come to cover it or the URL (R2.5)."""
        exchange, rules = self.exchange, self.rules
        exchange.ip_address = peer
        refused = rules.recheck(exchange)
        if refused is not None:
            exchange.started_at, exchange.ip_address = None, None  # nothing was sent
        else:
            refused = listed(host, (peer,), rules.refuse)
        if refused is not None:
            raise AddressRefusedError(refused.detail, code=refused.code)

    def sent(self, connection: Connection | Stream, octets: bytes) -> None:
        """Note that the request is about to be written."""
        self.connection = connection
        self.exchange.request_head = octets
        self.exchange.sends += 1
        self._sent_at = monotonic()
        self.silent_at = self._sent_at + self.rules.limits.first_byte_timeout
        self.exchange.sent_at = self._sent_at
        if self.exchange.on_sent is not None:
            self.exchange.on_sent()

    def tell(self, head: Head, peer: PeerFacts) -> None:
        """Write what the head says into the exchange."""
        exchange = self.exchange
        exchange.status, exchange.head, exchange.headers = head.status, head.octets, head.fields
        exchange.latency = monotonic() - self._sent_at
        exchange.is_http2 = head.version == "h2"
        peer.tell(exchange)
        if self._request is not None:
            self._request.meta["download_latency"] = exchange.latency
        self._head, self._peer = head, peer

    def wants_body(self, length: int | None) -> bool:
        """Decide on status and fields whether the body is wanted; ``length`` as announced, ``None`` if it was not."""
        exchange = self.exchange
        self._length = length
        exchange.stopped = self._asked()
        self._limit = self._most()  # the check of the head knows the type of the body, and may change the limit
        stop = StopDownload(fail=False) if exchange.stopped is not None else self._headers_received()
        if stop is not None:
            self._end(stop)
            return False
        codings = codings_of(exchange.field_values(b"content-encoding"))
        if length != 0 and len(codings) > self.rules.limits.content_codings:
            self.fail(TooManyCodingsError(f"{len(codings)} content codings"))
            return False
        if length is not None and length > self._limit and not exchange.keeps_beginning:
            self.fail(BodyTooLargeError(f"{length} octets announced, {self._limit} allowed"))
            return False
        self._hears_content = _is_heard(signals.bytes_received, self._crawler)
        return True

    def _asked(self) -> StopReason | None:
        exchange = self.exchange
        if exchange.on_head is None:
            return None
        try:
            return exchange.on_head(exchange)
        except Exception as error:
            logger.exception("The check of the response head failed for %s", exchange.url)
            return StopReason(code="internal_error", detail=repr(error))

    def _headers_received(self) -> StopDownload | None:
        if not _is_heard(signals.headers_received, self._crawler):
            return None
        return check_stop_download(
            signals.headers_received,
            self._crawler,
            self._told(),
            headers=self._headers(),
            body_length=UNKNOWN_LENGTH if self._length is None else self._length,
        )

    def _told(self) -> Request:
        """The request as whoever listens sees it; made only for them where Scrapy did not ask."""
        if self._shown is None:
            self._shown = Request(self.exchange.url, meta={EXCHANGE_KEY: self.exchange, "verbatim_url": True})
        return self._shown

    def content(self, data: bytes) -> bool:
        """Take octets of the body; ``False`` where no more are wanted."""
        exchange = self.exchange
        exchange.bytes_received += len(data)
        if exchange.bytes_received > self._limit:
            if not exchange.keeps_beginning:
                self.fail(BodyTooLargeError(f"more than {self._limit} octets received"))
                return False
            self._parts.append(data)
            exchange.is_cut = True
            self._end(None)
            return False
        self._parts.append(data)
        if self._hears_content:
            stop = check_stop_download(signals.bytes_received, self._crawler, self._told(), data=data)
            if stop is not None:
                self._end(stop)
                return False
        return True

    def complete(self, *, is_announced: bool = True) -> None:
        """Take note that the body is whole; not ``is_announced``: only the end of the connection said so."""
        self.exchange.is_body_complete = True
        if not is_announced:
            self._flags = ["partial"]
        self._end(None)

    def broken(self, cause: BaseException) -> None:
        """End the exchange because its connection broke in the body."""
        exchange = self.exchange
        exchange.body_as_sent = b"".join(self._parts)
        error = BodyIncompleteError(f"the connection broke after {exchange.bytes_received} octets of the body")
        error.__cause__ = cause
        self.fail(error)

    def _end(self, stop: StopDownload | None) -> None:
        self._stop = stop
        self._is_over = True
        self.connection = None
        self.done.set_result(None)

    # -- what comes of it

    def finish(self) -> Response | None:
        """Write the body into the exchange as sent and decoded, and make the response that Scrapy wants.

        Raises ``UndecodableError``, ``BodyTooLargeError`` or a ``StopDownload``.
        """
        exchange = self.exchange
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if exchange.is_cut:
            body = body[: self._limit]
        exchange.body_as_sent = exchange.body = body
        fields = exchange.field_values(b"content-encoding") if self._stop is None else []
        if fields:
            exchange.body = self._decoded(body, fields)
        if self._request is not None:
            return self._response(self._request, is_decoded=bool(fields))
        if self._stop is not None and self._stop.fail:
            raise self._stop
        return None

    def _response(self, request: Request, *, is_decoded: bool) -> Response:
        head, peer = self._head, self._peer
        assert head is not None  # noqa: S101 - nothing is done before the head
        assert peer is not None  # noqa: S101 - as above
        headers = self._headers()
        if is_decoded:
            del headers[b"Content-Encoding"]
        return make_response(
            url=request.url,
            status=head.status,
            headers=headers,
            body=self.exchange.body,
            flags=self._flags,
            certificate=peer.certificate,
            ip_address=peer.address,
            protocol=head.version,
            stop_download=self._stop,
        )

    def _headers(self) -> Headers:
        """Fields as Scrapy hands them on: without those of the framing, Content-Length as it was understood."""
        headers = Headers()
        put = dict.setdefault  # names and values have the form that Headers would give them
        if self._length is not None:
            put(headers, b"Content-Length", [b"%d" % self._length])
        assert self._head is not None  # noqa: S101 - called after the head
        for name, value in self._head.fields:
            if _TOKEN.issuperset(name) and name and name.lower() not in _OF_THE_CONNECTION:
                one_line = b" ".join(value.splitlines()) if b"\r" in value else value
                put(headers, name.title(), []).append(one_line)
        return headers

    def _decoded(self, body: bytes, fields: list[bytes]) -> bytes:
        """Take the codings off. Only a reply that carries no content anyway may be empty in a coding."""
        exchange = self.exchange
        is_success = exchange.status is not None and 200 <= exchange.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3
        if not body and (not is_success or exchange.status == 204):  # noqa: PLR2004 - as above
            return body
        decoded = decode(body, codings_of(fields), self._limit)
        if decoded.code == "body_too_large":
            raise BodyTooLargeError(decoded.detail)
        if decoded.code is not None:
            raise UndecodableError(decoded.detail)
        return decoded.body


def _is_heard(signal: object, crawler: Crawler) -> bool:
    """Whether anybody listens; asking costs less than telling nobody."""
    return next(dispatcher.getAllReceivers(crawler, signal), None) is not None
