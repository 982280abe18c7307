"""From the octets of a file to what it carries: the reader of its format, else a search for packets."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from crawler.optout.interface import MediaFile
from crawler.optout.media import epub, jpeg, pdf, png, riff, scanning, tiff
from crawler.optout.media.embedded import PACKETS_LIMIT, XMP_LIMIT, Embedded, Packet, no_manifest_store_reader
from crawler.optout.media.xmp import properties
from crawler.optout.statement import Problem
from crawler.values.xml import XmlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crawler.optout.media.embedded import ManifestStore, ManifestStoreReader, Property
    from crawler.optout.statement import Source

    Reader = Callable[[bytes], Iterator[Packet | Problem]]

EPUB_TYPE = "application/epub+zip"

_BY_START: tuple[tuple[bytes, Reader], ...] = (
    (b"\xff\xd8", jpeg.packets),
    (b"\x89PNG\r\n\x1a\n", png.packets),
    (b"RIFF", riff.packets),
    (b"II*\x00", tiff.packets),
    (b"MM\x00*", tiff.packets),
)
_PDF = b"%PDF-"
_PDF_HEAD = 1024
"""Where readers of PDF look for the mark of the format."""
_FINDINGS_LIMIT = PACKETS_LIMIT + 8
"""Packets and problems that are taken from one file."""
_STORE_MARKS = (b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq", b"C2PA_Manifest", b"c2pa:manifest")
"""UUID of the outermost JUMBF box, the same in JPEG APP11, PNG caBX, ISO BMFF uuid, RIFF and TIFF (C2PA 2.1, section
11.1.4.2); the names under which PDF and SVG, which may compress or encode it, refer to it."""


def media_file(
    source: Source, content_type: str, body: bytes, read_store: ManifestStoreReader = no_manifest_store_reader
) -> MediaFile:
    """Look into a file once for all readers."""
    embedded = read_embedded(body, content_type, read_store)
    return MediaFile(source=source, content_type=content_type, embedded=embedded)


def read_embedded(body: bytes, content_type: str, read_store: ManifestStoreReader) -> Embedded:
    """Find all metadata; never raises. ``read_store`` is asked only where there is a manifest store."""
    problems: list[Problem] = []
    package = None
    if content_type == EPUB_TYPE:
        document = epub.package_document(body)
        if isinstance(document, Problem):
            problems.append(document)
        else:
            package = document
    found = list(islice(_packets(body), _FINDINGS_LIMIT))
    packets = [one for one in found if isinstance(one, Packet)]
    problems += [one for one in found if isinstance(one, Problem)]
    store = read_store(body, content_type) if any(mark in body for mark in _STORE_MARKS) else None
    return describe(packets, package=package, problems=problems, store=store)


def describe(
    packets: Iterable[Packet],
    *,
    package: bytes | None = None,
    problems: Iterable[Problem] = (),
    store: ManifestStore | None = None,
) -> Embedded:
    """Read the packets; one that is broken says nothing and is reported."""
    found: list[Property] = []
    odd = list(problems)
    whole: list[bytes] = []
    is_cut, left = False, XMP_LIMIT
    for index, packet in enumerate(packets):
        left -= len(packet.body)
        if index == PACKETS_LIMIT or left < 0:
            odd.append(Problem(line=None, text="more XMP than the limit"))
            is_cut = True
            break
        is_cut = is_cut or not packet.is_whole
        try:
            found += properties(packet, index)
        except XmlError as error:
            odd.append(Problem(line=None, text=f"XMP packet {index}: {error}"[:200]))
        else:
            if packet.is_whole:
                whole.append(packet.body)
            else:
                odd.append(Problem(line=None, text=f"XMP packet {index}: longer than the limit, or without an end"))
    why = "malformed" if odd else ""
    return Embedded(
        properties=tuple(found),
        package=package,
        documents=tuple(whole) if package is None else (*whole, package),
        store=store,
        problems=tuple(odd),
        why_unread="too_large" if is_cut else why,
    )


def _packets(body: bytes) -> Iterator[Packet | Problem]:
    """Packets where the format places them; a file that has none there, or is of no known format, is searched."""
    reader = next((reader for start, reader in _BY_START if body.startswith(start)), None)
    if reader is None and _PDF in body[:_PDF_HEAD]:
        reader = pdf.packets
    has_packet = False
    for one in () if reader is None else reader(body):
        has_packet = has_packet or isinstance(one, Packet)
        yield one
    if not has_packet:
        yield from scanning.packets(body)
