"""XMP in RIFF files: WebP, WAVE, AVI (XMP part 3, sections 1.2.6 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.optout.media.embedded import PARTS_LIMIT, packet_of
from crawler.optout.statement import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.optout.media.embedded import Packet

_NAMES = frozenset({b"XMP ", b"_PMX"})


def packets(body: bytes) -> Iterator[Packet | Problem]:
    """Find the packets among the chunks of the outermost list."""
    at = 12
    for _ in range(PARTS_LIMIT):
        name = body[at : at + 4]
        if len(name) < 4:  # noqa: PLR2004 - the end of the file
            return
        length = int.from_bytes(body[at + 4 : at + 8], "little")
        if name in _NAMES:
            yield packet_of(body[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    yield Problem(line=None, text="RIFF: more chunks than the limit")
