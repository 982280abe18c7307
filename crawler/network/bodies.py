"""Bodies of HTTP/1.1 replies: what of the octets on the wire is content, and where it ends (RFC 9112 sections 6 and 7).

Sans-IO: each body takes octets and answers content, the same in whatever pieces they come.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crawler.network.heads import Framing

SIZE_LINE = 1024
"""Octets of a chunk's size with its extensions, at most."""
TRAILERS = 1 << 16
"""Octets of the trailer section, at most. Nobody reads it."""

_CRLF = b"\r\n"
_SIZE = re.compile(rb"([0-9A-Fa-f]+)(?:;[\t \x21-\x5b\x5d-\x7e\x80-\xff]*)?")


class Body(Protocol):
    """Takes the octets behind a head."""

    is_done: bool
    """Whether the body is whole; nothing is taken any more."""
    problem: str
    """Why the framing is broken, else empty; nothing is taken any more."""
    rest: bytes
    """What came behind the end of the body."""

    def take(self, data: bytes) -> bytes:
        """Add octets; answers the content among them."""
        ...


def body_of(framing: Framing) -> Body:
    """The body that a head announced."""
    if framing.is_chunked:
        return ChunkedBody()
    return EndlessBody() if framing.length is None else SizedBody(framing.length)


class SizedBody:
    """A body of an announced length."""

    __slots__ = ("_left", "is_done", "rest")
    problem = ""

    def __init__(self, length: int) -> None:
        self._left = length
        self.is_done = length == 0
        self.rest = b""

    def take(self, data: bytes) -> bytes:
        """As ``Body.take``."""
        left = self._left
        if len(data) < left:
            self._left = left - len(data)
            return data
        self._left, self.is_done, self.rest = 0, True, data[left:]
        return data[:left]


class EndlessBody:
    """A body that ends with the connection."""

    __slots__ = ()
    is_done = False
    problem = ""
    rest = b""

    def take(self, data: bytes) -> bytes:
        """As ``Body.take``."""
        return data


class _Expected(Enum):
    SIZE = auto()
    CONTENT = auto()
    CHUNK_END = auto()
    TRAILER = auto()


class ChunkedBody:
    """A body in chunks; sizes, line ends and extensions as strict as the grammar (RFC 9112 section 7.1)."""

    __slots__ = ("_expected", "_left", "_pending", "_trailers", "is_done", "problem", "rest")

    def __init__(self) -> None:
        self._expected = _Expected.SIZE
        self._left = 0
        self._pending = b""
        """The beginning of a line or line end that has not come whole."""
        self._trailers = 0
        self.is_done = False
        self.problem = ""
        self.rest = b""

    def take(self, data: bytes) -> bytes:
        """As ``Body.take``."""
        data, self._pending = self._pending + data, b""
        content: list[bytes] = []
        at = 0
        while at < len(data) and not (self.is_done or self.problem):
            if self._expected is _Expected.CONTENT:
                part = data[at : at + self._left]
                content.append(part)
                self._left -= len(part)
                self._expected = _Expected.CONTENT if self._left else _Expected.CHUNK_END
                taken = len(part)
            elif self._expected is _Expected.CHUNK_END:
                taken = self._chunk_end(data[at : at + 2])
            elif self._expected is _Expected.SIZE:
                taken = self._size(data, at)
            else:
                taken = self._trailer(data, at)
            if not taken and not self.problem:
                self._pending = data[at:]
                break
            at += taken
        if self.is_done:
            self.rest = data[at:]
        return content[0] if len(content) == 1 else b"".join(content)

    def _chunk_end(self, octets: bytes) -> int:
        if octets == _CRLF:
            self._expected = _Expected.SIZE
            return 2
        if octets != b"\r":
            self.problem = "a chunk does not end where it should"
        return 0

    def _size(self, data: bytes, at: int) -> int:
        """Read the line with a chunk's size; answers the octets taken, 0 where it is not whole."""
        end = data.find(_CRLF, at, at + SIZE_LINE + 1)
        if end < 0:
            if len(data) - at > SIZE_LINE:
                self.problem = f"the size of a chunk takes more than {SIZE_LINE} octets"
            return 0
        line = _SIZE.fullmatch(data, at, end)
        if line is None:
            self.problem = "the size of a chunk is no number"
            return 0
        self._left = int(line[1], 16)
        self._expected = _Expected.CONTENT if self._left else _Expected.TRAILER
        return end + 2 - at

    def _trailer(self, data: bytes, at: int) -> int:
        """Pass over one line of the trailer section; the empty one ends the body."""
        end = data.find(_CRLF, at)
        if end == at:
            self.is_done = True
            return 2
        # A carriage return at the end may yet be that of the empty line.
        size = end + 2 - at if end >= 0 else len(data) - at - data.endswith(b"\r")
        if self._trailers + size > TRAILERS:
            self.problem = f"the trailer section takes more than {TRAILERS} octets"
            return 0
        if end < 0:
            return 0
        self._trailers += size
        return size
