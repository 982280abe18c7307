"""One connection that speaks HTTP/1.1: a request head out, a reply in, one exchange at a time.

Where head and body end is said by ``heads`` and ``bodies``, what they mean by the ``Transfer``. What Twisted describes
by zope interfaces is ``Any`` here, since mypy cannot read them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DownloadFailedError
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone

from crawler.network.bodies import EndlessBody, body_of
from crawler.network.failures import HeadTooLargeError, ReplyMalformedError
from crawler.network.heads import HeadLimitError, HeadReader, ReplyError, framing_of
from crawler.network.peer import facts_of
from crawler.network.request_head import request_head

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from crawler.network.bodies import Body
    from crawler.network.heads import Framing
    from crawler.network.peer import PeerFacts
    from crawler.network.pool import Origin, Pool
    from crawler.network.transfer import Transfer
    from crawler.values.url import Url


class Connection(Protocol):
    """Belongs to a pool from its opening to its end."""

    transport: Any

    def __init__(self, pool: Pool, origin: Origin) -> None:
        self._pool = pool
        self.origin = origin
        self.is_open = False
        self._peer = ""
        self._facts: PeerFacts | None = None
        self._socket: Any = None
        """Of plain TCP; nothing but requests is written to it, one after the other's reply."""
        self._transfer: Transfer | None = None
        self._reader: HeadReader | None = None
        self._body: Body | None = None
        self._framing: Framing | None = None
        self._loss: BaseException | None = None

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Belong to the pool."""
        self.is_open = True
        self._peer = self.transport.getPeer().host
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        if self.origin.scheme == "http":
            self._socket = self.transport.getHandle()
        self._pool.opened(self)

    def send(self, transfer: Transfer, url: Url, fields: list[tuple[bytes, bytes]]) -> None:
        """Write a request, unless a blocklist has come to cover its URL or the peer meanwhile (R2.5).

        Raises ``AddressRefusedError``, ``DownloadFailedError`` where the connection has ended, or ``ValueError`` for
        what is no request; the caller then gives the connection up.
        """
        transfer.meet(self.origin.host, self._peer)
        octets = request_head(url, fields)
        if not self.is_open:
            raise DownloadFailedError("the connection ended before the request was written") from self._loss
        self._reader, self._body, self._framing = HeadReader(transfer.rules.limits), None, None
        self._transfer = transfer
        transfer.sent(self, octets)
        self._write(octets)

    def _write(self, octets: bytes) -> None:
        """Hand the request to the kernel at once: Twisted would first ask the selector whether it may."""
        if self._socket is not None:
            with suppress(OSError):  # Twisted meets it too, and knows what to make of it
                octets = octets[self._socket.send(octets) :]
        if octets:
            self.transport.write(octets)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Cut the connection at the first octet that cannot be understood, or that nobody asked for."""
        transfer = self._transfer
        if transfer is None:
            self.abort()
            return
        try:
            self._receive(transfer, data)
        except Exception as error:  # noqa: BLE001 - becomes the outcome of the exchange
            transfer.fail(error)
            self.abort()

    def _receive(self, transfer: Transfer, data: bytes) -> None:
        body = self._body
        if body is None:
            rest = self._read_head(transfer, data)
            body = self._body
            if rest is None or body is None:
                return
            data = rest
        content = body.take(data) if data else b""
        if content and not transfer.content(content):
            self.abort()
        elif body.problem:
            transfer.broken(ReplyError(body.problem))
        elif body.is_done:
            self._release(body)
            transfer.complete()

    def _read_head(self, transfer: Transfer, data: bytes) -> bytes | None:
        """Take octets of the head; once it is whole and its body wanted, what followed it."""
        reader = self._reader
        assert reader is not None  # noqa: S101 - there is one for each request
        transfer.silent_at = None
        try:
            head = reader.take(data)
            if head is None:
                return None
            if self._facts is None:  # a handshake is over when the first head is here
                self._facts = facts_of(self.transport, self._peer)
            transfer.tell(head, self._facts)
            framing = self._framing = framing_of(head)
        except HeadLimitError as error:
            raise HeadTooLargeError(str(error)) from None
        except ReplyError as error:
            raise ReplyMalformedError(str(error)) from None
        body = self._body = body_of(framing)
        if transfer.wants_body(framing.length):
            return reader.rest
        if self._transfer is not None:
            self._leave(body, reader.rest)
        return None

    def _leave(self, body: Body, data: bytes) -> None:
        """Let go of a reply whose body nobody wants: the connection is kept only if all of it is here already."""
        if data:
            body.take(data)
        if body.is_done:
            self._release(body)
        else:
            self.abort()

    def _release(self, body: Body) -> None:
        """Give the connection back, unless it ends with this reply or brought octets that nobody asked for."""
        framing = self._framing
        # An idle connection holds no octets of the reply before: with hundreds of sites that is most of its memory.
        self._transfer = self._reader = self._body = self._framing = None
        if framing is not None and framing.is_persistent and not body.rest:
            self._pool.give_back(self)
        else:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        """End the reply: whole only where its end was to be that of the connection, and the connection was closed."""
        self.is_open, self._socket, self._loss = False, None, reason.value
        self._pool.closed(self)
        transfer, self._transfer = self._transfer, None
        if transfer is None:
            return
        if self._body is None:
            transfer.fail(loss_of(reason.value or ConnectionDone()))
        elif isinstance(self._body, EndlessBody) and reason.check(ConnectionDone):
            transfer.complete(is_announced=False)
        else:
            transfer.broken(reason.value or ConnectionDone())

    def end(self) -> None:
        """Close the connection, which is unused."""
        self.transport.loseConnection()

    def abort(self) -> None:
        """Cut the connection."""
        self._transfer = None
        if self.is_open:
            self.transport.abortConnection()


def loss_of(reason: BaseException) -> DownloadFailedError:
    """The failure of an exchange whose connection ended before the head of a reply."""
    error = DownloadFailedError(str(reason) or type(reason).__name__)
    error.__cause__ = reason
    return error
