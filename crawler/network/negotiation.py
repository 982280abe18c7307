"""Which version of HTTP a connection speaks: asked for in the TLS handshake, and settled before any request (RFC 7301).

A name that speaks HTTP/2 is asked over one connection by all who come; any other is asked over HTTP/1.1 as ever. Plain
HTTP is never HTTP/2 here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Factory, Protocol, connectionDone
from zope.interface import implementer

from crawler.network.http1 import Connection, loss_of
from crawler.network.streams import PROTOCOL

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from crawler.network.pool import Origin, Pool
    from crawler.network.streams import Stream
    from crawler.policy.document import Limits

OFFERED = (PROTOCOL.encode("ascii"), b"http/1.1")
"""Names of the versions, the preferred first."""


class NegotiatingFactory(Factory):
    """Makes the protocol of a connection whose version is not known yet."""

    noisy = False

    def __init__(self, pool: Pool, origin: Origin, limits: Limits) -> None:
        self._pool = pool
        self._origin = origin
        self._limits = limits

    def buildProtocol(self, addr: Any) -> Negotiation:  # noqa: ARG002, N802 - Twisted's name
        """Make the protocol of one connection."""
        return Negotiation(self._pool, self._origin, self._limits)


@implementer(IHandshakeListener)
class Negotiation(Protocol):
    """A connection during its handshake; then the protocol that was agreed on takes its place."""

    transport: Any

    def __init__(self, pool: Pool, origin: Origin, limits: Limits) -> None:
        self._pool = pool
        self.origin = origin
        self._limits = limits
        self.ready: asyncio.Future[Connection | Stream] = asyncio.get_running_loop().create_future()
        """What to send a request on; ``DownloadFailedError`` where the connection ended before."""
        self._is_open = False
        self._successor: Any = None

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Belong to the pool."""
        self._is_open = True
        self.peer: str = self.transport.getPeer().host
        self._pool.opened(self)

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted's name
        """Give way to the protocol that was agreed on; without an agreement that is HTTP/1.1."""
        if self.transport.negotiatedProtocol == OFFERED[0]:
            from crawler.network.http2 import Http2Connection  # noqa: PLC0415 - needs an extra

            successor: Any = Http2Connection(self._pool, self.origin, self._limits, self.ready)
        else:
            successor = Connection(self._pool, self.origin)
        self.transport.wrappedProtocol = self._successor = successor
        successor.makeConnection(self.transport)
        self._pool.closed(self)
        if isinstance(successor, Connection) and not self.ready.done():
            self.ready.set_result(successor)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        """Say that there will be no connection."""
        self._is_open = False
        self._pool.closed(self)
        if not self.ready.done():
            self.ready.set_exception(loss_of(reason.value or ConnectionDone()))

    def abort(self) -> None:
        """Cut the connection, whatever speaks on it by now."""
        self.ready.cancel()
        if self._successor is not None:
            self._successor.abort()
        elif self._is_open:
            self.transport.abortConnection()
