"""One connection that speaks HTTP/2: several requests to one origin at once, each a stream of its own (RFC 9113).

Framing states, HPACK and windows are the library ``h2``'s; what a reply means is said by the ``Transfer``, as over
HTTP/1.1. Frames come in one by one, so that a broken reply costs its own stream where the protocol permits that.
Nothing is pushed to us, nothing is sent twice, and no origin but the one that was dialled is asked.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import DenialOfServiceError, H2Error
from scrapy.exceptions import DownloadFailedError
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone

from crawler.network.failures import HeadTooLargeError, ReplyMalformedError
from crawler.network.fields import request_block
from crawler.network.frames import OF_STREAMS, FrameReader, HeaderBlockError, Kind
from crawler.network.heads import ReplyError
from crawler.network.http1 import loss_of
from crawler.network.http2_state import CONNECTION_WINDOW, TABLE, name_of, new_state
from crawler.network.peer import facts_of
from crawler.network.streams import Stream

if TYPE_CHECKING:
    from asyncio import Future

    from h2.events import Event
    from twisted.python.failure import Failure

    from crawler.network.frames import Frame
    from crawler.network.peer import PeerFacts
    from crawler.network.pool import Origin, Pool
    from crawler.policy.document import Limits
    from crawler.values.url import Url

AT_ONCE = 100
"""Requests at once on one connection at most, whatever the peer permits. The policy's connections are fewer."""
REQUESTS = 1_000
"""Requests of one connection in its life: what both ends remember of streams that are over stays bounded."""


class Http2Connection(Protocol):
    """Belongs to a pool from its opening to its end; ``ready`` gets the first stream once settings came."""

    transport: Any

    def __init__(self, pool: Pool, origin: Origin, limits: Limits, ready: Future[Any]) -> None:
        self._pool = pool
        self.origin = origin
        self._ready = ready
        self.is_open = False
        self._is_shared = False
        """Whether it takes further requests."""
        self._is_over = False
        """Whether it was ended from this side; nothing that comes is looked at any more."""
        self._is_leaving = False
        """Whether the peer has said that it takes no further request."""
        self._loss: BaseException | None = None
        self._requests = 0
        self._reserved = 0
        """Places that were given away and carry no request yet."""
        self._streams: dict[int, Stream] = {}
        self._last = 0
        """Number of the newest stream."""
        self._facts: PeerFacts | None = None
        self._frames = FrameReader(limits.header_bytes)
        self._h2 = new_state(limits)

    # -- places for requests

    @property
    def has_room(self) -> bool:
        """Whether a further request may be put on it."""
        under_way = len(self._streams) + self._reserved
        return self._is_shared and under_way < min(
            AT_ONCE, self._pool.most, self._h2.remote_settings.max_concurrent_streams
        )

    def reserve(self) -> Stream:
        """Give away a place for one request."""
        self._reserved += 1
        self._requests += 1
        if self._requests >= REQUESTS:
            self.retire()
        return Stream(self)

    def release(self) -> None:
        """Take back a place that carried no request."""
        self._reserved -= 1
        self._rest()

    def retire(self) -> None:
        """Take no further request; the connection ends with the last that is under way."""
        if self._is_shared:
            self._is_shared = False
            self._pool.withdraw(self)

    def _rest(self) -> None:
        """Where nothing is under way: wait for the next request, or end."""
        if self._streams or self._reserved or self._is_over:
            return
        if self._is_shared:
            self._pool.rest(self)
        else:
            self.end()

    # -- what is sent

    def request(self, stream: Stream, url: Url, fields: list[tuple[bytes, bytes]]) -> bytes:
        """Put a request on its place; answers it as a message, before it is written. ``write`` writes it.

        Raises ``DownloadFailedError`` where the connection has ended, ``ValueError`` for what is no request.
        """
        if self._is_over or self._is_leaving:
            raise DownloadFailedError("the connection ended before the request was written") from self._loss
        block, octets = request_block(url, fields)
        try:
            number = self._h2.get_next_available_stream_id()
            self._h2.send_headers(number, block, end_stream=True)
        except H2Error as error:
            self.retire()
            raise DownloadFailedError(f"the connection takes no request: {error}") from error
        self._reserved -= 1
        self._streams[number] = stream
        self._last = number
        stream.number = number
        self._frames.explain_request()
        return octets

    def write(self) -> None:
        """Hand over what waits to be sent."""
        octets = self._h2.data_to_send()
        if octets and self.is_open:
            self.transport.write(octets)

    def done(self, stream: Stream) -> None:
        """Take note that a stream is over at both ends."""
        if self._streams.pop(stream.number, None) is not None:
            self._rest()

    def cancel(self, stream: Stream) -> None:
        """Let go of a reply that is under way: the peer is told to send no more of it."""
        if self._streams.pop(stream.number, None) is None:
            return
        with suppress(H2Error):  # it may have ended in the very frame that is being read
            self._h2.reset_stream(stream.number, ErrorCodes.CANCEL)
            self.write()
        self._rest()

    # -- what is received

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Belong to the pool, and send the settings."""
        self.is_open = True
        self.peer = self.transport.getPeer().host
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._pool.opened(self)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(CONNECTION_WINDOW - self._h2.inbound_flow_control_window)
        self.write()

    @property
    def facts(self) -> PeerFacts:
        """What is known of the peer; the handshake is over."""
        if self._facts is None:
            self._facts = facts_of(self.transport, self.peer)
        return self._facts

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Act on each whole frame; end the connection at the first that cannot be understood."""
        if self._is_over:
            return
        try:
            self._read(data)
        except HeaderBlockError as error:
            self._break(HeadTooLargeError(str(error)), self._streams.get(error.stream))
        except ReplyError as error:
            self._break(ReplyMalformedError(str(error)))
        except Exception as error:  # noqa: BLE001 - becomes the outcome of all that is under way
            self._break(error)
        self.write()

    def _read(self, data: bytes) -> None:
        for frame in self._frames.take(data):
            self._receive(frame)
            if self._is_over:
                return

    def _receive(self, frame: Frame) -> None:
        if frame.kind == Kind.GOAWAY:
            self._gone_away(frame)  # the library would take it for the end of replies that are still to come
            return
        if frame.kind == Kind.PUSH_PROMISE:
            raise ReplyError("a push was promised, although the settings forbid it")
        if frame.kind in OF_STREAMS and (frame.stream % 2 == 0 or frame.stream > self._last):
            raise ReplyError(f"stream {frame.stream} was opened by nobody")
        stream = self._streams.get(frame.stream)
        if stream is not None and frame.kind == Kind.DATA:
            stream.expect(frame.content_length, ends=frame.ends_stream)
        try:
            events = self._h2.receive_data(frame.octets)
        except DenialOfServiceError as error:
            self._break(HeadTooLargeError(str(error)), stream)
            return
        except H2Error as error:
            self._break(ReplyMalformedError(f"HTTP/2: {error or type(error).__name__}"))
            return
        for event in events:
            self._act(event)

    def _act(self, event: Event) -> None:
        if isinstance(event, RemoteSettingsChanged):
            self._settled()
            return
        stream = self._streams.get(getattr(event, "stream_id", None) or 0)
        if isinstance(event, DataReceived) and event.flow_controlled_length:
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if stream is None:
            return
        if isinstance(event, InformationalResponseReceived | ResponseReceived):
            stream.head(event.headers, ends=getattr(event, "stream_ended", None) is not None)
        elif isinstance(event, DataReceived):
            stream.content(event.data)
        elif isinstance(event, TrailersReceived):
            stream.trailers(event.headers)
        elif isinstance(event, StreamEnded):
            stream.ended()
        elif isinstance(event, StreamReset):
            stream.lost(DownloadFailedError(f"the stream was reset: {name_of(event.error_code)}"))

    def _settled(self) -> None:
        """Take requests, once the peer has said how many."""
        self._h2.encoder.header_table_size = min(self._h2.encoder.header_table_size, TABLE)
        if self._ready.done():
            if self._ready.cancelled() and not self._requests:
                self.abort()
            return
        self._is_shared = True
        self._pool.share(self)
        self._ready.set_result(self.reserve())

    def _gone_away(self, frame: Frame) -> None:
        """Take no further request, and give up those that the peer says it will not answer (RFC 9113 section 6.8)."""
        payload = frame.payload
        if frame.stream or len(payload) < 8:  # noqa: PLR2004 - RFC 9113 section 6.8
            raise ReplyError("a malformed GOAWAY")
        last, code = int.from_bytes(payload[:4]) & 0x7FFFFFFF, int.from_bytes(payload[4:8])
        error = DownloadFailedError(f"the server closes the connection: {name_of(code)}")
        self._is_leaving = True
        self.retire()
        if not self._ready.done():
            self._break(error)
            return
        for number, stream in tuple(self._streams.items()):
            if number > last:
                stream.turned_away(error, in_good_order=code == ErrorCodes.NO_ERROR)
        self._rest()

    # -- ends

    def _break(self, error: BaseException, culprit: Stream | None = None) -> None:
        """End the connection for what the peer did; the ``culprit`` alone is told more than that it ended."""
        if culprit is not None:
            self._streams.pop(culprit.number, None)
            culprit.failed(error)
            error = DownloadFailedError(f"the connection was ended: {error}")
        self._lose(error)
        self.abort()

    def _lose(self, error: BaseException) -> None:
        self._is_over = True
        if self._loss is None:
            self._loss = error
        self.retire()
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.lost(error)
        if not self._ready.done():
            self._ready.set_exception(error)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        """End all that is under way: no reply ends with its connection."""
        self.is_open = False
        self._pool.closed(self)
        self._lose(loss_of(reason.value or ConnectionDone()))

    def end(self) -> None:
        """Close the connection, on which nothing is under way, and say so."""
        self.retire()
        with suppress(H2Error):
            self._h2.close_connection()
        self.write()
        self._is_over = True
        self.transport.loseConnection()

    def abort(self) -> None:
        """Cut the connection."""
        self.retire()
        self._is_over = True
        if self.is_open:
            self.transport.abortConnection()
