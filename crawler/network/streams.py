"""One request on a connection that several share, and its reply; each ends by itself, whatever the others come to."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy.exceptions import DownloadFailedError

from crawler.network.failures import HeadTooLargeError, ReplyMalformedError
from crawler.network.fields import check_trailers, reply_head
from crawler.network.heads import WITHOUT_BODY, HeadLimitError, HeadReader, ReplyError, framing_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.network.http2 import Http2Connection
    from crawler.network.transfer import Transfer
    from crawler.values.url import Url

PROTOCOL = "h2"
"""As ALPN and WARC-Protocol name it."""


class Stream:
    """A place on a connection: given away, then used for one request, then over."""

    __slots__ = ("_connection", "_expected", "_is_over", "_reader", "_received", "_transfer", "number")

    def __init__(self, connection: Http2Connection) -> None:
        self._connection = connection
        self._is_over = False
        self._transfer: Transfer | None = None
        self._reader: HeadReader | None = None
        """Until the head is whole."""
        self._expected: int | None = None
        """Octets of content that the head announced."""
        self._received = 0
        self.number = 0
        """Of the stream; 0 until a request is sent on it."""

    # -- what the exchange does

    def send(self, transfer: Transfer, url: Url, fields: list[tuple[bytes, bytes]]) -> None:
        """As ``http1.Connection.send``."""
        connection = self._connection
        transfer.meet(connection.origin.host, connection.peer)
        octets = connection.request(self, url, fields)
        self._transfer, self._reader = transfer, HeadReader(transfer.rules.limits)
        transfer.sent(self, octets)
        connection.write()

    def abort(self) -> None:
        """Let go of the place, or of the reply. After a failure the connection takes no further request."""
        if self._is_over:
            return
        self._is_over = True
        if not self.number:
            self._connection.release()
            return
        self._connection.retire()
        self._connection.cancel(self)

    # -- what the connection tells

    def head(self, fields: Iterable[tuple[bytes, bytes]], *, ends: bool) -> None:
        """Take the fields of a reply, interim or final; ``ends``: it has no body."""
        with self._guarded() as transfer:
            transfer.silent_at = None
            reader = self._reader
            head = None if reader is None else reader.take(reply_head(fields))
            if head is None:
                return
            self._reader = None
            framing = framing_of(head)
            self._expected = framing.length
            transfer.tell(replace(head, version=PROTOCOL), self._connection.facts)
            is_wanted = transfer.wants_body(framing.length)
            if self._is_over:
                return
            if not is_wanted:
                self._leave(is_whole=ends)
            elif head.status in WITHOUT_BODY and not ends:
                self._leave(is_whole=False)  # an empty frame may say so, or nothing ever
                transfer.complete()

    def expect(self, length: int, *, ends: bool) -> None:
        """Compare what is about to come with what was announced (RFC 9113 section 8.1.1)."""
        received = self._received + length
        if self._expected is None or received == self._expected or (received < self._expected and not ends):
            return
        with self._guarded() as transfer:
            transfer.broken(ReplyError(f"{received} octets of a body of {self._expected}"))

    def content(self, data: bytes) -> None:
        """Take octets of the body."""
        self._received += len(data)
        with self._guarded() as transfer:
            if self._reader is not None:
                raise ReplyError("a body without a head")
            if data and not transfer.content(data) and not self._is_over:
                self._leave(is_whole=False)

    def trailers(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Pass over a trailer section."""
        with self._guarded() as transfer:
            try:
                check_trailers(fields)
            except ReplyError as error:
                transfer.broken(error)

    def ended(self) -> None:
        """The peer has sent all."""
        with self._guarded() as transfer:
            if self._reader is not None:
                raise ReplyError("a stream without a reply")
            if self._expected not in (None, self._received):
                transfer.broken(ReplyError(f"{self._received} octets of a body of {self._expected}"))
                return
            self._leave(is_whole=True)
            transfer.complete()

    def lost(self, error: BaseException) -> None:
        """The connection has ended, or the peer has given up the stream: no body is whole then."""
        if self._reader is not None:
            own = DownloadFailedError(str(error))  # one error for each exchange: it carries the way that it went
            own.__cause__ = error
            self.failed(own)
        elif self._transfer is not None and not self._is_over:
            self._transfer.broken(error)

    def turned_away(self, error: BaseException, *, in_good_order: bool) -> None:
        """The peer closes the connection and does nothing with the request."""
        if self._transfer is not None:
            self._transfer.exchange.was_turned_away = in_good_order
        self.lost(error)

    def failed(self, error: BaseException) -> None:
        """End the exchange."""
        if self._transfer is not None and not self._is_over:
            self._transfer.fail(error)

    def _leave(self, *, is_whole: bool) -> None:
        """Be over; what is not whole is cut short."""
        self._is_over = True
        if is_whole:
            self._connection.done(self)
        else:
            self._connection.cancel(self)

    @contextmanager
    def _guarded(self) -> Iterator[Transfer]:
        """What goes wrong with a reply becomes the outcome of its exchange alone."""
        transfer = self._transfer
        assert transfer is not None  # noqa: S101 - the connection knows a stream by its number, from the request on
        try:
            yield transfer
        except HeadLimitError as error:
            transfer.fail(HeadTooLargeError(str(error)))
        except ReplyError as error:
            transfer.fail(ReplyMalformedError(str(error)))
        except Exception as error:  # noqa: BLE001 - becomes the outcome of the exchange
            transfer.fail(error)
