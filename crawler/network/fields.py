"""Fields of HTTP/2 beside those of HTTP/1.1: replies and requests as the messages of which records and heads are made.

A header block is written as the head of an HTTP/1.1 message with the same fields, so that one reader, one set of limits
and one form of record serve both (RFC 9113 section 8; WARC-Protocol tells them apart).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.network.heads import ReplyError
from crawler.network.request_head import authority_of, request_head, target_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.values.url import Url

_STATUS = re.compile(rb"[1-9][0-9]{2}")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_ENDS_LINE = re.compile(rb"[\x00\r\n]")
_OF_CONNECTIONS = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
"""Fields that have no meaning in HTTP/2: a reply with one is malformed (RFC 9113 section 8.2.2)."""
_NOT_SENT = _OF_CONNECTIONS | {b"host", b"te"}
_UPGRADED = b"101"


def reply_head(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write the fields of a reply as the head of one of HTTP/1.1, without a reason phrase, since there is none.

    Raises ``ReplyError`` for what is malformed by RFC 9113 sections 8.2 and 8.3.
    """
    status = None
    lines: list[bytes] = []
    for name, value in fields:
        if name == b":status" and status is None and not lines:
            status = value
        elif not _NAME.fullmatch(name):
            raise ReplyError(f"no name of a field: {name[:100]!r}")
        elif name in _OF_CONNECTIONS:
            raise ReplyError(f"a field of the connection: {name!r}")
        elif _ENDS_LINE.search(value):
            raise ReplyError(f"the value of {name[:100]!r} holds a line end")
        else:
            lines.append(b"%b: %b\r\n" % (name, value))
    if status is None or not _STATUS.fullmatch(status) or status == _UPGRADED:
        raise ReplyError(f"no status: {(status or b'')[:100]!r}")
    return b"HTTP/1.1 %b \r\n%b\r\n" % (status, b"".join(lines))


def check_trailers(fields: Iterable[tuple[bytes, bytes]]) -> None:
    """Look at a trailer section, which nobody reads. Raises ``ReplyError`` where it would say what only heads may."""
    for name, _ in fields:
        if name.startswith(b":"):
            raise ReplyError(f"{name[:100]!r} in a trailer section")


def request_block(url: Url, fields: Iterable[tuple[bytes, bytes]]) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Fields of a GET as they are sent: those of HTTP/1.1 in lower case; and the same as a message, for the record.

    Raises ``ValueError`` as ``request_head`` does.
    """
    authority = authority_of(url).encode("ascii")
    lowered = [(name.lower(), value.strip(b" \t")) for name, value in fields]
    sent = [field for field in lowered if field[0] not in _NOT_SENT]
    octets = request_head(url, [(b"host", authority), *sent])
    pseudo = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", authority), (b":path", target_of(url))]
    return pseudo + sent, octets
