"""XMP in TIFF and what is built on it: tag 700 of each directory in the chain (XMP part 3, section 1.1.1)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from crawler.optout.media.embedded import PACKET_LIMIT, PARTS_LIMIT, packet_of
from crawler.optout.statement import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.optout.media.embedded import Packet

_XMP_TAG = 700
_ENTRY = 12
_INLINE = 4
"""Octets of a value that stand in the entry itself."""


def packets(body: bytes) -> Iterator[Packet | Problem]:
    """Find the packet of the first directory; what stands in a later one describes one image of several."""
    order = "<" if body[:2] == b"II" else ">"
    at = _number(body, f"{order}I", 4)
    seen: set[int] = set()
    left = PARTS_LIMIT
    while at:
        count = _number(body, f"{order}H", at)
        left -= count
        if at in seen or left < 0 or not count:
            yield Problem(line=None, text=f"TIFF: the directory at octet {at} is empty, met before, or over the limit")
            return
        for entry in range(at + 2, at + 2 + count * _ENTRY, _ENTRY):
            if _number(body, f"{order}H", entry) == _XMP_TAG:
                length, start = _number(body, f"{order}I", entry + 4), _number(body, f"{order}I", entry + 8)
                if length > _INLINE:
                    yield packet_of(body[start : start + min(length, PACKET_LIMIT + 1)], is_main=not seen)
        seen.add(at)
        at = _number(body, f"{order}I", at + 2 + count * _ENTRY)


def _number(body: bytes, form: str, at: int) -> int:
    """The number at that octet, zero behind the end."""
    if at + struct.calcsize(form) > len(body):
        return 0
    found: int = struct.unpack_from(form, body, at)[0]
    return found
