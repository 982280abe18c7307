"""Heads of HTTP/1.1 replies: found while they arrive, bounded, kept to the octet, and how they frame the body.

Sans-IO: octets in, values out, the same whatever pieces they come in (RFC 9112 sections 2 to 6). Interim replies (1xx)
are passed over and count into the limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.policy.document import Limits

_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"(HTTP/[0-9]\.[0-9]) ([0-9]{3})(?: .*)?", re.DOTALL)
WITHOUT_BODY = frozenset({204, 304})
"""Statuses of replies that have no body, whatever they announce (RFC 9110 section 6.4.1)."""
_DIGITS = re.compile(rb"[0-9]{1,30}")


class ReplyError(ValueError):
    """What came is no reply of HTTP/1.1, or its framing contradicts itself."""


class HeadLimitError(ReplyError):
    """The head exceeds a limit."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a final reply."""

    octets: bytes
    """Exactly as received, with the blank line."""
    version: str
    """E.g. ``HTTP/1.1``."""
    status: int
    fields: list[tuple[bytes, bytes]]
    """In order, names as written; space around both removed, folded lines joined."""


@dataclass(frozen=True, slots=True)
class Framing:
    """Where the body of a reply ends, and whether another reply may follow (RFC 9112 sections 6.3 and 9.3)."""

    length: int | None
    """Octets of the body; ``None`` where no length was announced."""
    is_chunked: bool
    is_persistent: bool


class HeadReader:
    """Takes octets until the head of the final reply is whole."""

    __slots__ = ("_limits", "_lines", "_pending", "_taken", "rest")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pending = b""
        self._lines = 0
        self._taken = 0
        self.rest = b""
        """With the head: what came behind it."""

    def take(self, data: bytes) -> Head | None:
        """Add octets; answers the final head as soon as it is whole.

        Raises ``HeadLimitError`` as soon as a limit is passed, ``ReplyError`` for what is no reply.
        """
        while data:
            octets = self._whole(data)
            if octets is None:
                return None
            head = read_head(octets, self._limits.header_line_bytes)
            if not 100 <= head.status < 200:  # noqa: PLR2004 - RFC 9110 section 15.2
                return head
            self._taken += len(octets)
            data, self.rest = self.rest, b""
        return None

    def _whole(self, data: bytes) -> bytes | None:
        pending = self._pending
        octets = pending + data if pending else data
        end = _HEAD_END.search(octets, max(0, len(pending) - 2))
        if end is None:
            self._check(octets, octets.count(b"\n"))
            self._pending = octets
            return None
        head, self.rest, self._pending = octets[: end.end()], octets[end.end() :], b""
        lines = head.count(b"\n")
        self._check(head, lines)
        self._lines += lines
        return head

    def _check(self, head: bytes, lines: int) -> None:
        limits = self._limits
        if self._taken + len(head) > limits.header_bytes:
            raise HeadLimitError(f"the head is larger than {limits.header_bytes} octets")
        if self._lines + lines > limits.header_lines + 2:  # the status line and the blank one
            raise HeadLimitError(f"the head has more than {limits.header_lines} field lines")
        # The octet more is a carriage return that may yet belong to the line's end.
        last = len(head) - head.rfind(b"\n") - 1 - head.endswith(b"\r")
        if last > limits.header_line_bytes:
            raise _line_too_long(limits.header_line_bytes)


def read_head(octets: bytes, line_limit: int) -> Head:
    """Read a whole head, blank line included. Raises as ``HeadReader.take`` does."""
    lines = [line.removesuffix(b"\r") for line in octets.split(b"\n")[:-2]]
    if max(map(len, lines), default=0) > line_limit:
        raise _line_too_long(line_limit)
    status_line = _STATUS_LINE.fullmatch(lines[0]) if lines else None
    if status_line is None:
        raise ReplyError(f"no status line: {lines[0][:100] if lines else b''!r}")
    version, status = status_line.groups()
    return Head(octets, version.decode("ascii"), int(status), _fields(lines[1:]))


def _line_too_long(limit: int) -> HeadLimitError:
    return HeadLimitError(f"a line of the head is longer than {limit} octets")


def _fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Split field lines leniently: folded lines are joined (RFC 9112 section 5.2), lines without a colon skipped."""
    joined: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and joined:
            joined[-1] += line
        else:
            joined.append(line)
    fields = []
    for line in joined:
        name, colon, value = line.partition(b":")
        if colon:
            fields.append((name.strip(), value.strip()))
    return fields


def framing_of(head: Head) -> Framing:
    """Say where the body ends. Raises ``ReplyError`` where lengths contradict each other or a coding is unknown.

    A Transfer-Encoding overrides a Content-Length and ends the connection, as all does that smuggling could use.
    """
    lengths: list[bytes] = []
    codings: list[bytes] = []
    is_persistent = head.version == "HTTP/1.1"
    for name, value in head.fields:
        name = name.lower()  # noqa: PLW2901 - field names are case-insensitive
        if name == b"content-length":
            lengths += value.split(b",")
        elif name == b"transfer-encoding":
            codings += value.split(b",")
        elif name == b"connection" and b"close" in (token.strip().lower() for token in value.split(b",")):
            is_persistent = False
    if head.status in WITHOUT_BODY:
        return Framing(0, is_chunked=False, is_persistent=is_persistent)
    if codings:
        if [coding.strip().lower() for coding in codings] != [b"chunked"]:
            raise ReplyError(f"unknown transfer coding: {b','.join(codings)[:100]!r}")
        return Framing(None, is_chunked=True, is_persistent=is_persistent and not lengths)
    if not lengths:
        return Framing(None, is_chunked=False, is_persistent=False)
    return Framing(_length(lengths), is_chunked=False, is_persistent=is_persistent)


def _length(values: list[bytes]) -> int:
    """The one number that all values name (RFC 9110 section 8.6)."""
    stripped = [value.strip(b" \t") for value in values]
    if not all(map(_DIGITS.fullmatch, stripped)) or len({int(value) for value in stripped}) != 1:
        raise ReplyError(f"contradictory lengths: {b','.join(values)[:100]!r}")
    return int(stripped[0])
