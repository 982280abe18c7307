"""Connections that are kept for the next request, and the one clock that all limits of time share."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from twisted.internet.protocol import Factory

from crawler.network.http1 import Connection

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from crawler.network.http2 import Http2Connection
    from crawler.network.negotiation import Negotiation
    from crawler.network.streams import Stream
    from crawler.network.transfer import Transfer

IDLE_SECONDS = 20.0
"""How long an unused connection is kept; a crawl of many hosts would otherwise run out of descriptors."""
MOST_IDLE = 512
"""Unused connections of all origins that are kept; many systems give a process 1,024 descriptors."""
TICK = 0.2
"""Seconds between two looks at the clock: so much later than its limit may an exchange end."""
CLOSING_SECONDS = 1.0
"""How long the end of the crawl waits for connections to close."""


class Origin(NamedTuple):
    """What connections of one kind lead to."""

    scheme: str
    host: str
    port: int


class ConnectionFactory(Factory):
    """Makes the protocol of one connection."""

    noisy = False

    def __init__(self, pool: Pool, origin: Origin) -> None:
        self._pool = pool
        self._origin = origin

    def buildProtocol(self, addr: Any) -> Connection:  # noqa: ARG002, N802 - Twisted's name
        """Make the protocol of one connection."""
        return Connection(self._pool, self._origin)


class Pool:
    """Open connections by origin; the one used last is used next."""

    def __init__(self, most_per_origin: int) -> None:
        self.most = most_per_origin
        """Idle connections of one origin, and requests on a shared one."""
        self._idle: dict[Origin, list[Connection]] = {}
        self._shared: dict[Origin, list[Http2Connection]] = {}
        """Those that take further requests, whether or not any is under way."""
        self._since: dict[Connection | Http2Connection, float] = {}
        """Since when each idle connection is; the oldest first."""
        self._open: set[Connection | Http2Connection | Negotiation] = set()
        self._closed: asyncio.Future[None] | None = None

    def take(self, origin: Origin) -> Connection | Stream | None:
        """A place on a shared connection, or a connection that is open and unused, if there is one."""
        for shared in self._shared.get(origin, ()):
            if shared.has_room:
                self._since.pop(shared, None)
                return shared.reserve()
        connections = self._idle.get(origin)
        if not connections:
            return None
        connection = connections[-1]
        self._forget(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request."""
        connections = self._idle.setdefault(connection.origin, [])
        if len(connections) >= self.most:
            self._drop(connections[0])
        self._idle.setdefault(connection.origin, []).append(connection)
        self._wait(connection)

    def share(self, connection: Http2Connection) -> None:
        """Give places on a connection to whoever asks."""
        self._shared.setdefault(connection.origin, []).append(connection)

    def rest(self, connection: Http2Connection) -> None:
        """Take note that nothing is under way on a shared connection."""
        self._wait(connection)

    def _wait(self, connection: Connection | Http2Connection) -> None:
        self._since[connection] = monotonic()
        if len(self._since) > MOST_IDLE:
            self._drop(next(iter(self._since)))

    def withdraw(self, connection: Http2Connection) -> None:
        """Give no further places on a connection."""
        self._since.pop(connection, None)
        connections = self._shared[connection.origin]
        connections.remove(connection)
        if not connections:
            del self._shared[connection.origin]

    def opened(self, connection: Connection | Http2Connection | Negotiation) -> None:
        """Take note of a new connection."""
        self._open.add(connection)

    def closed(self, connection: Connection | Http2Connection | Negotiation) -> None:
        """Take note that a connection has ended."""
        self._open.discard(connection)
        if isinstance(connection, Connection):
            self._forget(connection)
        if not self._open and self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def _forget(self, connection: Connection) -> None:
        if self._since.pop(connection, None) is not None:
            connections = self._idle[connection.origin]
            connections.remove(connection)
            if not connections:
                del self._idle[connection.origin]

    def _drop(self, connection: Connection | Http2Connection) -> None:
        if isinstance(connection, Connection):
            self._forget(connection)
        connection.end()

    def check(self, now: float) -> bool:
        """Close what was unused for too long; answers whether any idle connection is left."""
        while self._since:
            connection, since = next(iter(self._since.items()))
            if now - since < IDLE_SECONDS:
                return True
            self._drop(connection)
        return False

    async def close(self) -> None:
        """Cut all connections, and wait a moment for their ends."""
        if not self._open:
            return
        self._closed = asyncio.get_running_loop().create_future()
        for connection in tuple(self._open):
            connection.abort()
        await asyncio.wait((self._closed,), timeout=CLOSING_SECONDS)


class Clock:
    """Looks at all exchanges and idle connections a few times a second, instead of a timer for each."""

    def __init__(self, check_idle: Callable[[float], bool]) -> None:
        self._check_idle = check_idle
        self._transfers: dict[Transfer, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, transfer: Transfer) -> None:
        """End the exchange when its time is over."""
        self._transfers[transfer] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK, self._look)

    def leave(self, transfer: Transfer) -> None:
        """The exchange is over."""
        self._transfers.pop(transfer, None)

    def _look(self) -> None:
        now = monotonic()
        self._timer = None
        try:
            for transfer in tuple(self._transfers):
                transfer.check(now)
        finally:
            if self._check_idle(now) or self._transfers:
                self._timer = asyncio.get_running_loop().call_later(TICK, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
