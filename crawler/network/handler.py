"""Scrapy's download handler for http and https: the last place before the wire, and the first after it.

Sends nothing that the gate did not allow; writes all that the wire says into the request's ``Exchange``.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader._idna_patch import _install_twisted_idna_fallbacks
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import DownloadCancelledError, StopDownload
from w3lib.url import safe_url_string

from crawler.network.dialling import PeerDiffersError
from crawler.network.exchange import EXCHANGE_KEY, Exchange
from crawler.network.failures import AddressRefusedError, GateBypassedError, failure_of
from crawler.network.policy_slot import rules_of
from crawler.network.pool import Clock, Pool
from crawler.network.request_head import authority_of, request_fields
from crawler.network.resolver import installed_resolver
from crawler.network.transfer import Transfer
from crawler.network.ways import Ways
from crawler.policy.decision import Verdict
from crawler.values.url import CanonicalUrl, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.network.policy_slot import NetworkRules
    from crawler.values.url import Url

HTTP2_REPLIES = "clearcrawl/http2/replies"
"""Stat: heads of replies that came over HTTP/2."""
PEER_DIFFERS = "clearcrawl/connection/peer_differs"
"""Stat: connections dropped because they ended up at an address that was not checked (R4.4)."""


class CheckedHTTP11Handler(BaseDownloadHandler):
    """HTTP over checked addresses and verified TLS; no proxy, no bind address, no opt-out.

    HTTP/1.1 with keep-alive; HTTP/2 where the rules say so and the server offers it in the TLS handshake.

    Raises Scrapy's download exceptions or those of ``network.failures``; either way ``exchange.error`` holds the
    reason code. ``response.body`` is decoded, and Content-Encoding is then gone from ``response.headers``; the
    exchange keeps both as they came. A request is sent once: one that is repeated would pass no gate and be no attempt
    of the journal (R2.1).
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one

        _install_twisted_idna_fallbacks()  # for the names in certificates that hosts with underscores have
        self.reactor: Any = reactor
        self._pool = Pool(crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"))
        self._clock = Clock(self._pool.check)
        self.ways = Ways(self._pool, reactor, installed_resolver(reactor, crawler))

    async def download_request(self, request: Request) -> Response:
        """Exchange one request for one response, within the limits of the rules in force."""
        try:
            exchange = _admitted(request)
        except GateBypassedError as error:
            _in_force(self.crawler).bypassed(str(error))
            raise
        response = await self._carried(exchange, request)
        assert response is not None  # noqa: S101 - a request has a response
        return response

    async def fetch(self, exchange: Exchange) -> None:
        """The same without request and response of Scrapy, where nobody but us would look at them.

        The exchange brings the fields to send. All that came is in it afterwards; listeners are told as ever.
        """
        try:
            _may_leave(exchange)
        except GateBypassedError as error:
            _in_force(self.crawler).bypassed(str(error))
            raise
        await self._carried(exchange)

    async def _carried(self, exchange: Exchange, request: Request | None = None) -> Response | None:
        """Send an exchange that may leave, and note in it when, and why it failed."""
        try:
            rules = _in_force(self.crawler)
            if exchange.turn is not None:
                await exchange.turn()
            waiting = rules.pause()
            if waiting is not None:
                await waiting
            _check_again(rules, exchange)
            exchange.started_at = datetime.now(UTC)
            return await self._exchanged(exchange, rules, request)
        except StopDownload:
            raise
        except Exception as error:
            if isinstance(error, PeerDiffersError) and self.crawler.stats is not None:
                self.crawler.stats.inc_value(PEER_DIFFERS)
            failure = failure_of(error)
            exchange.error, exchange.error_detail, exchange.defers = failure.code, failure.detail, failure.defers
            raise
        finally:
            exchange.finished_at = datetime.now(UTC)
            if exchange.is_http2 and self.crawler.stats is not None:
                self.crawler.stats.inc_value(HTTP2_REPLIES)
            # They lead back to whoever holds the exchange: bodies would wait for the garbage collector.
            exchange.on_head = exchange.on_sent = exchange.turn = exchange.cancel = None

    async def _exchanged(self, exchange: Exchange, rules: NetworkRules, request: Request | None) -> Response | None:
        url = split(CanonicalUrl(exchange.url))
        transfer = Transfer(self.crawler, exchange, rules, asyncio.get_running_loop(), request)
        exchange.cancel = transfer.cut_off
        self._clock.watch(transfer)
        try:
            way = await self.ways.to(url, transfer)
            try:
                waiting = rules.pause()  # blocklists may have changed while the connection was opened
                if waiting is not None:
                    await transfer.wait_for(asyncio.ensure_future(waiting))
                way.send(transfer, url, _fields_of(request, url, exchange, rules))
            except BaseException:
                way.abort()  # a way that is not used then is not left over
                raise
            await transfer.done
            return transfer.finish()
        except asyncio.CancelledError:
            transfer.fail(DownloadCancelledError("whoever asked is gone"))
            raise
        finally:
            self._clock.leave(transfer)
            del transfer  # an error would lead back to it, and it to the error

    async def close(self) -> None:
        """Cut all connections."""
        self._clock.stop()
        await self._pool.close()


def _fields_of(request: Request | None, url: Url, exchange: Exchange, rules: NetworkRules) -> list[tuple[bytes, bytes]]:
    fields: Iterable[tuple[bytes, Sequence[bytes]]] = exchange.fields or ()
    if exchange.fields is None and request is not None:
        fields = request.headers.items()
    proofs = () if rules.sign is None else rules.sign(authority_of(url))
    return request_fields(url, fields, proofs)


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
    url = request.url
    if not isinstance(exchange, Exchange):
        raise GateBypassedError(f"{url} did not pass the gate")
    _may_leave(exchange)
    # Scrapy's spelling drops an empty query
    if url not in (exchange.url, exchange.asked_as) and url != safe_url_string(exchange.url):
        raise GateBypassedError(f"{url} is not what the gate judged: {exchange.url}")
    if request.method != "GET" or request.body:
        raise GateBypassedError(f"{url}: only GET without a body passes the gate, not {request.method}")
    if request.meta.get("proxy"):
        raise GateBypassedError(f"{url}: a proxy would dial what nobody checked")
    return exchange


def _may_leave(exchange: Exchange) -> None:
    """Refuse to send what the gate did not allow, or what was sent before (R2.1)."""
    if exchange.decision.verdict is not Verdict.ALLOW:
        raise GateBypassedError(f"{exchange.url}: the gate said {exchange.decision.verdict}")
    if exchange.started_at is not None:
        raise GateBypassedError(f"{exchange.url} was sent before; a repetition passes the gate again")


def handler_of(crawler: Crawler, scheme: str) -> CheckedHTTP11Handler:
    """The handler that Scrapy's downloader would ask."""
    handler = crawler.engine.downloader.handlers._get_handler(scheme)  # noqa: SLF001 - Scrapy has no other way
    assert isinstance(handler, CheckedHTTP11Handler)  # noqa: S101 - the settings were checked at the start
    return handler
