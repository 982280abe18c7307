"""The head of a request: what was judged is what is asked, and no component says otherwise (R4.10)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.values.coding import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.values.url import Url

_OURS = frozenset(
    {b"Host", b"Connection", b"Content-Length", b"Transfer-Encoding", b"Proxy-Authorization", b"Authorization"}
)
"""Fields that no component may set: they say whom we ask, how the message is framed, and who we claim to be (R4.10)."""
_TARGET = re.compile(rb"[\x21-\x7e]+")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def authority_of(url: Url) -> str:
    """Host, and port where it is not the scheme's own, as the canonical URL spells them."""
    return url.text.split("/", 3)[2]


def request_fields(
    url: Url, fields: Iterable[tuple[bytes, Sequence[bytes]]], proofs: Iterable[tuple[str, str]] = ()
) -> list[tuple[bytes, bytes]]:
    """Fields to send: ``Host`` first, then what the request carries, ``proofs`` in place of fields of their names.

    Raises ``ValueError`` for a name that is none (RFC 9110 section 5.1).
    """
    chosen: dict[bytes, Sequence[bytes]] = {}
    for name, values in fields:
        spelled = name.title()
        if spelled not in _OURS:
            chosen[spelled] = values
    chosen.setdefault(b"Accept-Encoding", (ACCEPTED.encode("ascii"),))
    for field, value in proofs:
        chosen[field.encode("ascii").title()] = (value.encode("ascii"),)
    told = [(b"Host", authority_of(url).encode("ascii"))]
    for name, values in chosen.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"no name of a field: {name!r}")
        told += [(name, _one_line(value)) for value in values]
    return told


def request_head(url: Url, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Request line, fields and blank line of a GET. Raises ``ValueError`` for a target that would not be one word."""
    lines = b"".join([b"%b: %b\r\n" % field for field in fields])
    return b"GET %b HTTP/1.1\r\n%b\r\n" % (target_of(url), lines)


def target_of(url: Url) -> bytes:
    """Path and query. Raises ``ValueError`` where they would not be one word."""
    target = url.target.encode("ascii")
    if not _TARGET.fullmatch(target):
        raise ValueError(f"no request target: {url.target!r}")
    return target


def _one_line(value: bytes) -> bytes:
    """Nothing in a value ends its line."""
    return b" ".join(value.splitlines()) if b"\n" in value or b"\r" in value else value
