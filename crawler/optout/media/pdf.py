"""XMP in PDF: the metadata streams (ISO 32000-1, section 14.3.2), found by their dictionaries.

The tables of the file are not read. Seen: plain and /FlateDecode streams of all revisions. Not seen, but reported:
other filters, encrypted metadata. The information dictionary is left out: no protocol places a statement there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.optout.media.embedded import PACKET_LIMIT, PACKETS_LIMIT, Packet, inflate, packet_of
from crawler.optout.statement import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = re.compile(rb"/(?:Type[\x00\t\n\f\r ]{0,8}/Metadata|Subtype[\x00\t\n\f\r ]{0,8}/XML)\b")
_STREAM = re.compile(rb"\bstream\r?\n")
_FILTER = re.compile(rb"/Filter\s{0,8}(?:/|\[\s{0,8}/)([A-Za-z0-9]{1,40})(\s{0,8}/)?")
_DICTIONARY = 4096
"""Octets of one dictionary that are looked at, to each side of the mark."""
_MARKS_LIMIT = 2_000
_FLATE = frozenset({b"FlateDecode", b"Fl"})


def packets(body: bytes) -> Iterator[Packet | Problem]:
    """Find the packets of a document; of several only an older revision or a part may be described, so none grants."""
    found = list(_found(body))
    is_main = sum(isinstance(one, Packet) for one in found) == 1
    for one in found:
        yield one if is_main or isinstance(one, Problem) else replace(one, is_main=False)


def _found(body: bytes) -> Iterator[Packet | Problem]:
    """The last stream first: it is most often that of the document, in its last revision."""
    streams: list[tuple[int, int]] = []
    for number, mark in enumerate(_MARK.finditer(body)):
        if number == _MARKS_LIMIT:
            yield Problem(line=None, text="PDF: more metadata streams than the limit")
            break
        if streams and mark.start() < streams[-1][1]:
            continue
        stream = _STREAM.search(body, mark.end(), mark.end() + _DICTIONARY)
        if stream is not None and body.find(b"endobj", mark.end(), stream.start()) < 0:
            begin = body.rfind(b"obj", max(0, mark.start() - _DICTIONARY), mark.start())
            streams.append((max(begin, 0), stream.end()))
    for begin, start in reversed(streams[-PACKETS_LIMIT:]):
        yield _decoded(body, body[begin:start], start)
    if len(streams) > PACKETS_LIMIT:
        yield Problem(line=None, text="PDF: more metadata streams than the limit")


def _decoded(body: bytes, dictionary: bytes, start: int) -> Packet | Problem:
    """Undo the stream's filter, if it has one that is known."""
    coded = _FILTER.search(dictionary)
    if coded is None:
        end = body.find(b"endstream", start, start + PACKET_LIMIT + len("endstream"))
        return packet_of(body[start : end if end >= 0 else start + PACKET_LIMIT + 1])
    if coded[1] not in _FLATE or coded[2]:
        return Problem(line=None, text="PDF: a metadata stream with another filter than FlateDecode")
    found = inflate(body[start : start + 2 * PACKET_LIMIT], PACKET_LIMIT)
    if found is None:
        return Problem(line=None, text="PDF: a metadata stream that cannot be decompressed; it may be encrypted")
    return Packet(body=found[0], is_whole=found[1])
