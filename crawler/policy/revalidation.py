"""Conditional requests: when one may be sent, and which fields hold after a 304 (RFC 9110 section 13, RFC 9111).

A 304 says that the stored response is the current one; its rights are read again from the fields that hold now.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Fields: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Names, as written, and values of a head, in order."""

_ENTITY_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e]*"')
"""RFC 9110 section 8.8.3, in ASCII: other octets would not leave as they came."""
_NOT_UPDATED = frozenset(
    {
        # RFC 9111 section 3.2: never Content-Length; what reading the stored octets depends on stays as it was.
        *(b"content-length", b"content-encoding", b"content-type", b"content-range", b"transfer-encoding", b"trailer"),
        # RFC 9111 section 3.1: fields of the connection.
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"),
    }
)


def conditions(fields: Fields, *, is_same_agent: bool) -> tuple[tuple[str, str], ...]:
    """Fields of a conditional request for the stored response; empty where none may be sent.

    ``fields`` are those that hold for it. ``is_same_agent``: whether it was asked for with today's User-Agent; where
    the response says that it depends on that field, another agent's copy is no copy of ours.
    """
    varies = {name.strip().lower() for value in _values(fields, b"vary") for name in value.split(b",")}
    if b"*" in varies or (b"user-agent" in varies and not is_same_agent):
        return ()
    found = []
    tags = _values(fields, b"etag")
    if len(tags) == 1 and _ENTITY_TAG.fullmatch(tags[0]):
        found.append(("If-None-Match", tags[0].decode("latin-1")))
    dates = _values(fields, b"last-modified")
    if len(dates) == 1 and _is_date(dates[0]):
        found.append(("If-Modified-Since", dates[0].decode("latin-1")))
    return tuple(found)


def holding(heads: Sequence[Fields]) -> tuple[Fields, ...]:
    """Which fields of each head still hold, newest head first: a newer one replaces all fields that it names.

    The heads are those of the 304, of earlier ones, and last the one of the stored response (RFC 9111 section 4.3.4).
    Only the last one says how the stored octets are to be read.
    """
    named: set[bytes] = set()
    found: list[Fields] = []
    for fields in heads[:-1]:
        found.append(tuple(field for field in fields if field[0].lower() not in _NOT_UPDATED | named))
        named |= {name.lower() for name, _ in fields if name.lower() not in _NOT_UPDATED}
    last = tuple(field for field in heads[-1] if field[0].lower() not in named)
    return (*found, last)


def is_about(fresh: Fields, stored: Fields) -> bool:
    """Whether a 304 is about the stored response: a strong entity tag of its own must be the stored one's."""
    tags = [tag for tag in _values(fresh, b"etag") if not tag.startswith(b"W/")]
    return not tags or tags[-1:] == _values(stored, b"etag")[-1:]


def _values(fields: Fields, name: bytes) -> list[bytes]:
    return [value for field, value in fields if field.lower() == name]


def _is_date(value: bytes) -> bool:
    try:
        parsedate_to_datetime(value.decode("ascii"))
    except ValueError:  # UnicodeDecodeError is one
        return False
    return True
