"""XMP in JPEG: APP1 segments before the first scan, the extension of a long packet among them (XMP part 3, 1.1.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.optout.media.embedded import PACKET_LIMIT, PARTS_LIMIT, Packet, packet_of
from crawler.optout.statement import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\x00"
_GUID = 32
_APP1, _START_OF_SCAN, _END_OF_IMAGE = 0xE1, 0xDA, 0xD9
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""

_FILL = re.compile(rb"\xff+")
"""Any number of these octets may stand before a marker."""

_Parts = dict[bytes, list[tuple[int, int, bytes]]]


def packets(body: bytes) -> Iterator[Packet | Problem]:
    """Find the packets of a picture."""
    extensions: _Parts = {}
    for segment in _segments(body):
        if isinstance(segment, Problem):
            yield segment
        elif segment.startswith(_XMP):
            yield packet_of(segment[len(_XMP) :])
        elif segment.startswith(_EXTENSION):
            _collect(extensions, segment[len(_EXTENSION) :])
    for parts in extensions.values():
        yield _joined(parts)


def _segments(body: bytes) -> Iterator[bytes | Problem]:
    """Contents of the APP1 segments."""
    at = 2
    for _ in range(PARTS_LIMIT):
        fill = _FILL.match(body, at)
        at = at if fill is None else fill.end() - 1
        marker = body[at + 1 : at + 2]
        if body[at : at + 1] != b"\xff" or not marker or marker[0] in {_START_OF_SCAN, _END_OF_IMAGE}:
            return
        if marker[0] in _BARE:
            at += 2
            continue
        length = int.from_bytes(body[at + 2 : at + 4], "big")
        if length < 2 or at + 2 + length > len(body):  # noqa: PLR2004 - the length counts its own two octets
            yield Problem(line=None, text=f"JPEG: the segment at octet {at} does not end within the file")
            return
        if marker[0] == _APP1:
            yield body[at + 4 : at + 2 + length]
        at += 2 + length
    yield Problem(line=None, text="JPEG: more segments than the limit")


def _collect(extensions: _Parts, content: bytes) -> None:
    """Put a part beside the others of the same digest: full length, offset, octets."""
    length = int.from_bytes(content[_GUID : _GUID + 4], "big")
    offset = int.from_bytes(content[_GUID + 4 : _GUID + 8], "big")
    extensions.setdefault(content[:_GUID], []).append((offset, length, content[_GUID + 8 :]))


def _joined(parts: list[tuple[int, int, bytes]]) -> Packet:
    """Join the parts without a gap, up to the limit."""
    whole = bytearray()
    full = max(length for _, length, _ in parts)
    for offset, _, octets in sorted(parts, key=lambda part: part[0]):
        if offset != len(whole) or offset > PACKET_LIMIT:
            break
        whole += octets
    return Packet(body=bytes(whole[:PACKET_LIMIT]), is_whole=len(whole) >= full and full <= PACKET_LIMIT, is_main=False)
