"""XMP in PNG: the text chunk that the XMP specification names, and the hexadecimal one that ImageMagick writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.optout.media.embedded import PACKET_LIMIT, PARTS_LIMIT, Packet, inflate, packet_of
from crawler.optout.statement import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYWORD = b"XML:com.adobe.xmp"
_RAW_PROFILE = b"Raw profile type xmp"
_HEX = re.compile(rb"\s*xmp\s+\d{1,9}\s+([0-9A-Fa-f\s]*)")
_FRAME = 12
"""Octets of a chunk around its data: length, type, checksum."""


def packets(body: bytes) -> Iterator[Packet | Problem]:
    """Find the packets of a picture, before and behind its pixels."""
    at = 8
    for _ in range(PARTS_LIMIT):
        length = int.from_bytes(body[at : at + 4], "big")
        kind = body[at + 4 : at + 8]
        if len(kind) < 4 or kind == b"IEND":  # noqa: PLR2004 - the end of the file
            return
        if kind in {b"iTXt", b"zTXt", b"tEXt"}:
            keyword, _, rest = body[at + 8 : at + 8 + length].partition(b"\x00")
            if keyword == _KEYWORD and kind == b"iTXt":
                yield _international(rest)
            elif keyword == _RAW_PROFILE:
                yield _raw_profile(rest, is_compressed=kind == b"zTXt")
        at += _FRAME + length
    yield Problem(line=None, text="PNG: more chunks than the limit")


def _international(rest: bytes) -> Packet | Problem:
    """Text behind the compression flag and method, the language and the translated keyword."""
    parts = rest[2:].split(b"\x00", 2)
    if len(parts) != 3:  # noqa: PLR2004 - language, keyword, text
        return Problem(line=None, text="PNG: an XMP chunk without text")
    if rest[:1] == b"\x00":
        return packet_of(parts[2])
    return _inflated(parts[2], PACKET_LIMIT)


def _raw_profile(rest: bytes, *, is_compressed: bool) -> Packet | Problem:
    """Packet as hexadecimal digits, for programs that know plain text chunks only."""
    text = rest
    if is_compressed:
        found = _inflated(rest[1:], 3 * PACKET_LIMIT)
        if isinstance(found, Problem):
            return found
        text = found.body
    digits = _HEX.match(text[: 3 * PACKET_LIMIT])
    plain = b"" if digits is None else b"".join(digits[1].split())
    if not plain:
        return Problem(line=None, text="PNG: a raw XMP profile that is not made of digits")
    return packet_of(bytes.fromhex(plain[: len(plain) // 2 * 2].decode("ascii")))


def _inflated(data: bytes, limit: int) -> Packet | Problem:
    found = inflate(data, limit)
    if found is None:
        return Problem(line=None, text="PNG: an XMP chunk that cannot be decompressed")
    return Packet(body=found[0], is_whole=found[1])
