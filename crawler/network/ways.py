"""Ways to an origin: a connection that is kept, a place on one that is shared, or a new one over checked addresses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy.utils._download_handlers import wrap_twisted_exceptions

from crawler.network.dialling import CheckedEndpoint, VerifyingPolicy
from crawler.network.negotiation import OFFERED, NegotiatingFactory
from crawler.network.pool import ConnectionFactory, Origin

if TYPE_CHECKING:
    from crawler.network.http1 import Connection
    from crawler.network.negotiation import Negotiation
    from crawler.network.pool import Pool
    from crawler.network.resolver import CheckedResolver
    from crawler.network.streams import Stream
    from crawler.network.transfer import Transfer
    from crawler.values.url import Url

    Way = Connection | Stream


class Ways:
    """Finds or opens what a request is sent on; its origin alone is ever asked on it."""

    def __init__(self, pool: Pool, reactor: Any, resolver: CheckedResolver) -> None:
        self._pool = pool
        self._reactor = reactor
        self.resolver = resolver
        self._policy = VerifyingPolicy()
        self._offering_policy = VerifyingPolicy(OFFERED)
        self._openings: dict[Origin, asyncio.Future[None]] = {}
        """Origins to which somebody opens a connection that may turn out to be one for all."""

    async def to(self, url: Url, transfer: Transfer) -> Way:
        """What the request of a URL may be sent on. Raises what ended the exchange, or why nothing is dialled."""
        origin = Origin(url.scheme, url.host, url.port)
        way = self._pool.take(origin)
        if way is not None:
            return way
        if not transfer.rules.http2 or url.scheme != "https":
            plain: Connection = await self._opened(origin, transfer, ConnectionFactory(self._pool, origin))
            return plain
        opening = self._openings.get(origin)
        if opening is None:
            return await self._first(origin, transfer)
        await transfer.wait_for(asyncio.shield(opening))
        return self._pool.take(origin) or await self._negotiated(origin, transfer)

    async def _first(self, origin: Origin, transfer: Transfer) -> Way:
        """Open a connection, while whoever wants one to the same origin waits to see whether it can be shared."""
        opening = self._openings[origin] = asyncio.get_running_loop().create_future()
        try:
            return await self._negotiated(origin, transfer)
        finally:
            del self._openings[origin]
            opening.set_result(None)

    async def _negotiated(self, origin: Origin, transfer: Transfer) -> Way:
        """Open a connection and settle the version of HTTP; no longer than an answer may take."""
        factory = NegotiatingFactory(self._pool, origin, transfer.rules.limits)
        negotiation: Negotiation = await self._opened(origin, transfer, factory)
        transfer.negotiate(negotiation.peer)
        try:
            way: Way = await transfer.wait_for(negotiation.ready)
        except BaseException:
            negotiation.abort()
            raise
        transfer.silent_at = None
        return way

    async def _opened(self, origin: Origin, transfer: Transfer, factory: Any) -> Any:
        """Open a connection with the protocol of a factory."""
        policy = None
        if origin.scheme == "https":
            policy = self._offering_policy if transfer.rules.http2 else self._policy
        endpoint = CheckedEndpoint(
            self._reactor, self.resolver, transfer.rules, origin.host, origin.port, policy=policy
        )
        with wrap_twisted_exceptions():
            opening = endpoint.connect(factory).asFuture(asyncio.get_running_loop())
            try:
                return await transfer.wait_for(opening)
            except BaseException:
                # It may have been opened in the very moment in which nobody waited for it any more.
                if opening.done() and not opening.cancelled() and opening.exception() is None:
                    opening.result().abort()
                raise
