"""XMP in any other format: packets are made to be found by their marks in the octets (XMP part 1, section 7.3.2).

GIF, MP4, HEIC, AVIF, PostScript and the tags of MP3 keep packets as they are; what is compressed stays unseen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.optout.media.embedded import PACKET_LIMIT, PACKETS_LIMIT, Packet

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKS = (("<?xpacket begin=", "<?xpacket end="), ("<x:xmpmeta", "</x:xmpmeta>"))
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
_ENDS = {
    start.encode(encoding): (end.encode(encoding), len("<?xpacket end='w'?>".encode(encoding)))
    for start, end in _MARKS
    for encoding in _ENCODINGS
}


def packets(body: bytes) -> Iterator[Packet]:
    """Find packets; of several nobody knows which describes the file, so none is the main one."""
    found = list(_found(body))
    for packet in found:
        yield packet if len(found) == 1 else replace(packet, is_main=False)


def _found(body: bytes) -> Iterator[Packet]:
    # Each mark apart: that is a search for one string of octets, fast over many megabytes.
    ahead = {start: body.find(start) for start in _ENDS}
    for _ in range(PACKETS_LIMIT):
        places = [(place, start) for start, place in ahead.items() if place >= 0]
        if not places:
            return
        place, start = min(places)
        end, closing = _ENDS[start]
        stop = body.find(end, place, place + PACKET_LIMIT)
        at = place + PACKET_LIMIT if stop < 0 else stop + (closing if b"?" in end else len(end))
        yield Packet(body=body[place:at], is_whole=stop >= 0)
        ahead = {start: body.find(start, at) if 0 <= found < at else found for start, found in ahead.items()}
