"""Frames of HTTP/2 as they arrive: cut apart, bounded in size and number, before anything acts on them.

Sans-IO, the same in whatever pieces the octets come (RFC 9113 section 4). Knows of a frame what all frames have; what
one means is said by the library ``h2`` and by ``http2``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from crawler.network.heads import HeadLimitError, ReplyError

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 1 << 14
"""Octets of a frame's payload, at most: SETTINGS_MAX_FRAME_SIZE that nobody raised (RFC 9113 section 6.5.2)."""
FREE_FRAMES = 1_000
"""Frames of a connection that need no explanation."""
FRAMES_PER_REQUEST = 32
"""Frames that a request explains besides."""
OCTETS_PER_FRAME = 64
"""Octets of content that explain a frame: a server that sends a body in crumbs floods, too."""

SETTINGS_OCTETS = 4_096
"""Octets of settings in the life of a connection: each setting, known or not, is remembered."""

_HEADER = 9
_END_STREAM = 0x1
_ACK = 0x1
_END_HEADERS = 0x4
_PADDED = 0x8


class Kind(IntEnum):
    """Types of frames that need to be told apart (RFC 9113 section 6)."""

    DATA = 0
    HEADERS = 1
    SETTINGS = 4
    PUSH_PROMISE = 5
    GOAWAY = 7
    CONTINUATION = 9


OF_STREAMS = frozenset({Kind.DATA, Kind.HEADERS, Kind.CONTINUATION})
"""Frames of replies: on a stream that carries a request, and on no other."""


class FloodError(ReplyError):
    """More frames than requests and content explain: pings, settings, window updates, resets, empty data."""


class HeaderBlockError(HeadLimitError):
    """A header block is longer than a head may be, before anybody unpacks it."""

    def __init__(self, message: str, stream: int) -> None:
        super().__init__(message)
        self.stream = stream
        """Whose head it is."""


class Frame:
    """One frame, header included."""

    __slots__ = ("flags", "kind", "octets", "stream")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.kind = octets[3]
        self.flags = octets[4]
        self.stream = int.from_bytes(octets[5:9]) & 0x7FFFFFFF

    @property
    def payload(self) -> bytes:
        """What follows the header."""
        return self.octets[_HEADER:]

    @property
    def content_length(self) -> int:
        """Octets of content in a DATA frame; padding is none."""
        length = len(self.octets) - _HEADER
        if not self.flags & _PADDED:
            return length
        return max(0, length - 1 - self.octets[_HEADER]) if length else 0

    @property
    def ends_stream(self) -> bool:
        """Of DATA and HEADERS: whether nothing follows on the stream."""
        return bool(self.flags & _END_STREAM)

    @property
    def is_acknowledgement(self) -> bool:
        """Of SETTINGS and PING."""
        return bool(self.flags & _ACK)


class FrameReader:
    """Takes octets, gives whole frames; the first of all has to be the peer's settings (RFC 9113 section 3.4)."""

    def __init__(self, block_limit: int) -> None:
        """``block_limit``: octets of a header block at most, as packed."""
        self._block_limit = block_limit
        self._pending = b""
        self._left = FREE_FRAMES
        self._block: int | None = None
        """The stream whose header block is open."""
        self._block_octets = 0
        self._is_first = True
        self._settings_octets = 0

    def explain_request(self) -> None:
        """Take note that a request was sent."""
        self._left += FRAMES_PER_REQUEST

    def take(self, data: bytes) -> Iterator[Frame]:
        """Add octets; gives the frames that are whole by now. Raises ``ReplyError`` or one of its kinds."""
        data = self._pending + data if self._pending else data
        self._pending = b""
        at = 0
        while len(data) - at >= _HEADER:
            length = int.from_bytes(data[at : at + 3])
            if length > LARGEST:
                raise ReplyError(f"a frame of {length} octets, {LARGEST} allowed")
            end = at + _HEADER + length
            if end > len(data):
                break
            frame = Frame(data[at:end])
            self._check(frame)
            yield frame
            at = end
        self._pending = data[at:]

    def _check(self, frame: Frame) -> None:
        kind = frame.kind
        if self._is_first and (kind != Kind.SETTINGS or frame.is_acknowledgement):
            raise ReplyError("what came first were no settings")
        self._is_first = False
        self._left -= 1
        if kind == Kind.DATA:
            self._left += frame.content_length // OCTETS_PER_FRAME
        if self._left < 0:
            raise FloodError("more frames than requests and content explain")
        if self._block is not None and (kind != Kind.CONTINUATION or frame.stream != self._block):
            raise ReplyError("a header block was interrupted")
        if kind in (Kind.HEADERS, Kind.CONTINUATION):
            self._check_block(frame)
        elif kind == Kind.SETTINGS:
            self._settings_octets += len(frame.octets) - _HEADER
            if self._settings_octets > SETTINGS_OCTETS:
                raise FloodError(f"more than {SETTINGS_OCTETS} octets of settings")

    def _check_block(self, frame: Frame) -> None:
        if frame.kind == Kind.HEADERS:
            self._block_octets = 0
        elif self._block is None:
            raise ReplyError("a header block goes on that never began")
        self._block_octets += len(frame.octets) - _HEADER
        if self._block_octets > self._block_limit:
            raise HeaderBlockError(f"a header block of more than {self._block_limit} octets", frame.stream)
        self._block = None if frame.flags & _END_HEADERS else frame.stream
