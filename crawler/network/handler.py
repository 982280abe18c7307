"""Scrapy's download handler for http and https: the last place before the wire, and the first after it.

Sends nothing that the gate did not allow; writes all that the wire says into the request's ``Exchange``.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _RequestBodyProducer
from scrapy.exceptions import DownloadTimeoutError, StopDownload
from scrapy.http import Headers
from scrapy.utils._download_handlers import check_stop_download, make_response, wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers as TxHeaders
from twisted.web.iweb import UNKNOWN_LENGTH
from w3lib.url import safe_url_string

from crawler.network.dialling import CheckedEndpoint, PeerDiffersError, VerifyingPolicy
from crawler.network.exchange import EXCHANGE_KEY, Exchange, StopReason
from crawler.network.failures import (
    AddressRefusedError,
    BodyIncompleteError,
    BodyTooLargeError,
    GateBypassedError,
    TooManyCodingsError,
    UndecodableError,
    failure_of,
)
from crawler.network.policy_slot import rules_of
from crawler.network.protocol import CheckedHTTP11Factory, CheckedRequest
from crawler.network.resolver import installed_resolver
from crawler.policy.decision import Verdict
from crawler.values.coding import ACCEPTED, codings_of, decode
from crawler.values.url import CanonicalUrl, split

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.network.policy_slot import NetworkRules
    from crawler.values.url import Url

logger = logging.getLogger(__name__)

IDLE_SECONDS = 20.0
"""How long an unused connection is kept; a crawl of many hosts would otherwise run out of descriptors."""

PEER_DIFFERS = "clearcrawl/connection/peer_differs"
"""Stat: connections dropped because they ended up at an address that was not checked (R4.4)."""

_OUR_FIELDS = (
    b"Host",
    b"Connection",
    b"Content-Length",
    b"Transfer-Encoding",
    b"Proxy-Authorization",
    b"Authorization",
)
"""Fields that no component may set: they say whom we ask, how the message is framed, and who we claim to be (R4.10)."""


class CheckedHTTP11Handler(HTTP11DownloadHandler):
    """HTTP/1.1 with keep-alive over checked addresses and verified TLS; no proxy, no bind address, no opt-out.

    Raises Scrapy's download exceptions or those of ``network.failures``; either way ``exchange.error`` holds the
    reason code. ``response.body`` is decoded, and Content-Encoding is then gone from ``response.headers``; the
    exchange keeps both as they came.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.crawler = crawler
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one

        self.reactor: Any = reactor
        self.resolver = installed_resolver(reactor, crawler)
        self.policy = VerifyingPolicy()
        self._pool._factory = CheckedHTTP11Factory  # noqa: SLF001 - as Scrapy's own handler does
        self._pool.cachedConnectionTimeout = IDLE_SECONDS  # type: ignore[assignment]  # any number of seconds will do
        # A request that Twisted repeats on its own would pass no gate and be no attempt of the journal (R2.1).
        self._pool.retryAutomatically = False
        self.pool = self._pool

    async def download_request(self, request: Request) -> Response:
        """Exchange one request for one response, within the limits of the rules in force."""
        try:
            exchange = _admitted(request)
        except GateBypassedError as error:
            rules = _in_force(self._crawler)
            rules.bypassed(str(error))
            raise
        try:
            rules = _in_force(self._crawler)
            if exchange.turn is not None:
                await exchange.turn()
            waiting = rules.pause()
            if waiting is not None:
                await waiting
            _check_again(rules, exchange)
            exchange.started_at = datetime.now(UTC)
            with wrap_twisted_exceptions():
                return await maybe_deferred_to_future(_Download(self, request, exchange, rules).start())
        except StopDownload:
            raise
        except Exception as error:
            if isinstance(error, PeerDiffersError):
                self.crawler.stats.inc_value(PEER_DIFFERS)
            failure = failure_of(error)
            exchange.error, exchange.error_detail, exchange.defers = failure.code, failure.detail, failure.defers
            raise
        finally:
            exchange.finished_at = datetime.now(UTC)
            # Both lead back to whoever holds the exchange: bodies would wait for the garbage collector.
            exchange.on_head = exchange.turn = None


def _in_force(crawler: Crawler) -> NetworkRules:
    rules = rules_of(crawler)
    if rules is None:
        raise AddressRefusedError("no rules are in force, so nothing is dialled", code="internal_error")
    return rules


def _check_again(rules: NetworkRules, exchange: Exchange) -> None:
    """Refuse what was admitted under rules that have changed since (R2.5)."""
    refused = rules.recheck(exchange)
    if refused is not None:
        raise AddressRefusedError(refused.detail, code=refused.code)


def _admitted(request: Request) -> Exchange:
    """Return what the gate left on the request, or refuse to send it (R2.1)."""
    exchange = request.meta.get(EXCHANGE_KEY)
    if not isinstance(exchange, Exchange):
        raise GateBypassedError(f"{request.url} did not pass the gate")
    if exchange.decision.verdict is not Verdict.ALLOW:
        raise GateBypassedError(f"{request.url}: the gate said {exchange.decision.verdict}")
    # Scrapy's spelling drops an empty query
    if request.url not in {exchange.asked_as, exchange.url, safe_url_string(exchange.url)}:
        raise GateBypassedError(f"{request.url} is not what the gate judged: {exchange.url}")
    if exchange.started_at is not None:
        raise GateBypassedError(f"{request.url} was sent before; a repetition passes the gate again")
    if request.method != "GET" or request.body:
        raise GateBypassedError(f"{request.url}: only GET without a body passes the gate, not {request.method}")
    if request.meta.get("proxy"):
        raise GateBypassedError(f"{request.url}: a proxy would dial what nobody checked")
    return exchange


@dataclass(frozen=True, slots=True)
class _Body:
    """A reply with as much of its body as was wanted."""

    reply: Any
    octets: bytes = b""
    flags: list[str] | None = None
    stop: StopDownload | None = None


class _Download:
    """One request on its way through the pool, the head, the body and the decoding."""

    __slots__ = ("_handler", "_is_timed_out", "_rules", "crawler", "exchange", "limit", "request")

    def __init__(
        self, handler: CheckedHTTP11Handler, request: Request, exchange: Exchange, rules: NetworkRules
    ) -> None:
        self._handler = handler
        self.crawler = handler.crawler
        self.request = request
        self.exchange = exchange
        self._rules = rules
        self.limit = self._most()
        self._is_timed_out = False

    def _most(self) -> int:
        """Octets of the body, as sent and after each coding."""
        wanted = self.exchange.max_bytes
        maxsize: int | None = self.request.meta.get("download_maxsize")
        return min(maxsize, wanted) if maxsize else wanted

    def start(self) -> Deferred[Response]:
        """Fires with the response; cancelled it aborts the connection."""
        handler, rules = self._handler, self._rules
        url = split(CanonicalUrl(self.exchange.url))
        policy = handler.policy if url.scheme == "https" else None
        endpoint: Any = CheckedEndpoint(handler.reactor, handler.resolver, rules, url.host, url.port, policy=policy)
        done: Deferred[Any] = handler.pool.getConnection((url.scheme, url.host, url.port), endpoint)
        done.addCallback(self._paused)
        done.addCallback(self._send, url)
        done.addCallback(self._head)
        done.addCallback(self._response)
        seconds = min(
            self.request.meta.get("download_timeout") or rules.limits.total_timeout, rules.limits.total_timeout
        )
        timer = handler.reactor.callLater(seconds, self._late, done)
        self.exchange.cancel = lambda: self._cut_off(done)

        def ended(result: Any) -> Any:
            self.exchange.cancel = None
            if timer.active():
                timer.cancel()
            if self._is_timed_out:
                raise DownloadTimeoutError(f"{self.request.url} took longer than {seconds:g} s")
            return result

        return done.addBoth(ended)

    def _late(self, done: Deferred[Any]) -> None:
        self._is_timed_out = True
        done.cancel()

    def _cut_off(self, done: Deferred[Any]) -> None:
        self.exchange.was_cancelled = True
        done.cancel()

    def _paused(self, connection: Any) -> Any:
        """Wait once more: blocklists may have changed while the connection was opened."""
        waiting = self._rules.pause()
        if waiting is None:
            return connection
        return Deferred.fromFuture(asyncio.ensure_future(waiting)).addCallback(lambda _: connection)

    def _send(self, connection: Any, url: Url) -> Deferred[Any]:
        request = self.request
        authority = url.text.split("/", 3)[2]
        headers = TxHeaders({b"Host": [authority.encode("ascii")]})
        for name, values in request.headers.items() if self.exchange.fields is None else self.exchange.fields:
            if name not in _OUR_FIELDS:
                headers.setRawHeaders(name, values)
        if not headers.hasHeader(b"Accept-Encoding"):
            headers.setRawHeaders(b"Accept-Encoding", [ACCEPTED.encode("ascii")])
        for field, value in () if self._rules.sign is None else self._rules.sign(authority):
            headers.setRawHeaders(field.encode("ascii"), [value.encode("ascii")])
        body: Any = _RequestBodyProducer(request.body) if request.body else None
        checked = CheckedRequest(
            request.method.encode("ascii"), url, headers, body, exchange=self.exchange, rules=self._rules
        )
        sent: Deferred[Any] = connection.request(checked)
        return sent

    def _head(self, reply: Any) -> Any:
        """Decide on status and fields whether the body is wanted, then fetch it: a ``_Body``, now or later."""
        exchange, request = self.exchange, self.request
        request.meta["download_latency"] = exchange.latency
        exchange.stopped = self._asked(exchange)
        self.limit = self._most()  # the check of the head knows the type of the body, and may change the limit
        if exchange.stopped is not None:
            stop: StopDownload | None = StopDownload(fail=False)
        else:
            stop = check_stop_download(
                signals.headers_received,
                self.crawler,
                request,
                headers=_headers_of(reply),
                body_length=reply.length,
            )
        if stop is not None:
            _abort(reply)
            return _Body(reply, stop=stop)
        if reply.length == 0:
            exchange.is_body_complete = True
            return _Body(reply)
        self._refuse_body(reply)
        finished: Deferred[Any] = Deferred(lambda _: _abort(reply))
        reply.deliverBody(_BodyReader(finished, reply, self))
        return finished

    @staticmethod
    def _asked(exchange: Exchange) -> StopReason | None:
        if exchange.on_head is None:
            return None
        try:
            return exchange.on_head(exchange)
        except Exception as error:
            logger.exception("The check of the response head failed for %s", exchange.url)
            return StopReason(code="internal_error", detail=repr(error))

    def _refuse_body(self, reply: Any) -> None:
        codings = codings_of(self.exchange.field_values(b"content-encoding"))
        if len(codings) > self._rules.limits.content_codings:
            _abort(reply)
            raise TooManyCodingsError(f"{len(codings)} content codings")
        if reply.length != UNKNOWN_LENGTH and reply.length > self.limit and not self.exchange.keeps_beginning:
            _abort(reply)
            raise BodyTooLargeError(f"{reply.length} octets announced, {self.limit} allowed")

    def _response(self, result: _Body) -> Response:
        reply, body = result.reply, result.octets
        exchange = self.exchange
        headers = _headers_of(reply)
        exchange.body_as_sent = body
        if result.stop is None and b"Content-Encoding" in headers:
            body = self._decoded(body)
            del headers[b"Content-Encoding"]
        exchange.body = body
        return make_response(
            url=self.request.url,
            status=reply.code,
            headers=headers,
            body=body,
            flags=result.flags,
            certificate=getattr(reply, "certificate", None),
            ip_address=ipaddress.ip_address(exchange.ip_address) if exchange.ip_address else None,
            protocol=f"{reply.version[0].decode('latin-1')}/{reply.version[1]}.{reply.version[2]}",
            stop_download=result.stop,
        )

    def _decoded(self, body: bytes) -> bytes:
        """Take the codings off. Only a reply that carries no content anyway may be empty in a coding."""
        exchange = self.exchange
        is_success = exchange.status is not None and 200 <= exchange.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3
        if not body and (not is_success or exchange.status == 204 or self.request.method == "HEAD"):  # noqa: PLR2004 - as above
            return body
        decoded = decode(body, codings_of(exchange.field_values(b"content-encoding")), self.limit)
        if decoded.code == "body_too_large":
            raise BodyTooLargeError(decoded.detail)
        if decoded.code is not None:
            raise UndecodableError(decoded.detail)
        return decoded.body


class _BodyReader(Protocol):
    """Collects a body up to its limit."""

    def __init__(self, finished: Deferred[Any], reply: Any, download: _Download) -> None:
        self._finished = finished
        self._reply = reply
        self._limit = download.limit
        self._request = download.request
        self._crawler = download.crawler
        self._exchange = download.exchange
        self._parts: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        if self._finished.called:
            return
        exchange = self._exchange
        exchange.bytes_received += len(data)
        if exchange.bytes_received > self._limit:
            if exchange.keeps_beginning:
                self._cut(data)
                return
            self._parts.clear()
            _abort(self._reply)
            self._finished.errback(BodyTooLargeError(f"more than {self._limit} octets received"))
            return
        self._parts.append(data)
        stop = check_stop_download(signals.bytes_received, self._crawler, self._request, data=data)
        if stop is not None:
            _abort(self._reply)
            self._finished.callback(_Body(self._reply, b"".join(self._parts), stop=stop))

    def _cut(self, data: bytes) -> None:
        """Keep the first octets up to the limit, as the exchange permits, and end the transfer."""
        self._parts.append(data)
        self._exchange.is_cut = True
        _abort(self._reply)
        self._finished.callback(_Body(self._reply, b"".join(self._parts)[: self._limit]))

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        if self._finished.called:
            return
        if reason.check(ResponseDone):
            self._exchange.is_body_complete = True
            self._finished.callback(_Body(self._reply, b"".join(self._parts)))
        elif reason.check(PotentialDataLoss) and not getattr(self._reply, "is_broken", False):
            # No length was announced and the server closed: all that HTTP/1.0 can say.
            self._exchange.is_body_complete = True
            self._finished.callback(_Body(self._reply, b"".join(self._parts), flags=["partial"]))
        else:
            self._exchange.body_as_sent = b"".join(self._parts)
            error = BodyIncompleteError(
                f"the connection broke after {self._exchange.bytes_received} octets of the body"
            )
            error.__cause__ = reason.value
            self._finished.errback(error)


def _headers_of(reply: Any) -> Headers:
    """Fields as Scrapy hands them on: without those of the framing, Content-Length as it was understood."""
    headers = Headers()
    if reply.length != UNKNOWN_LENGTH:
        headers[b"Content-Length"] = str(reply.length).encode("ascii")
    headers.update(reply.headers.getAllRawHeaders())
    return headers


def _abort(reply: Any) -> None:
    """Cut the connection that still brings the reply; a complete reply has given its connection back."""
    producer = reply._transport._producer  # noqa: SLF001 - the only way to the transport, as in Scrapy's handler
    if producer is not None:
        producer.abortConnection()
