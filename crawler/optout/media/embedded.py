"""What a file carries about itself, as values: XMP packets, the package document of an EPUB, a C2PA manifest store."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crawler.optout.statement import Problem

PACKET_LIMIT = 64 * 1024
"""Octets of one XMP packet that are read (R4.8)."""
PACKETS_LIMIT = 64
"""Packets of one file that are read."""
XMP_LIMIT = 512 * 1024
"""Octets of all packets of one file that are read."""
PACKAGE_LIMIT = 1024 * 1024
"""Octets of an EPUB's package document that are read; it lists every file of the book."""
PARTS_LIMIT = 20_000
"""Segments, chunks or entries of one file that are walked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One XMP packet."""

    body: bytes
    """At most ``PACKET_LIMIT`` octets."""
    is_whole: bool
    """Whether it ended within the limit."""
    is_main: bool = True
    """Whether the format says that it describes the whole file: only then does it grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One value of one XMP property."""

    namespace: str
    name: str
    value: str
    packet: int
    """Index of the packet within the file."""
    line: int
    """Within the packet, from 1."""
    is_certain: bool
    """Whether the packet is whole, describes the whole file, and says this of it: only then can it grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestStore:
    """A C2PA manifest store that is in a file, as a C2PA reader reports it."""

    report: str | None
    """JSON; ``None`` where it could not be read."""
    why: str = ""
    """Code of the reason where it was not."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """All metadata of one file."""

    properties: tuple[Property, ...] = ()
    package: bytes | None = None
    """Package document of an EPUB."""
    documents: tuple[bytes, ...] = ()
    """XML that may hold elements of other vocabularies: the XMP packets that are whole, and the package document."""
    store: ManifestStore | None = None
    """``None`` where the file holds none."""
    problems: tuple[Problem, ...] = ()
    why_unread: str = ""
    """Code of the reason why some metadata that is there was not read; empty where all of it was."""


class ManifestStoreReader(Protocol):
    """Whoever can verify C2PA manifests; no network, no exception."""

    def __call__(self, body: bytes, content_type: str) -> ManifestStore:
        """Report the manifest store that is in these octets."""
        ...


def no_manifest_store_reader(body: bytes, content_type: str) -> ManifestStore:  # noqa: ARG001 - the port's signature
    """Say that nobody here reads manifest stores."""
    return ManifestStore(report=None, why="no_reader_installed")


def packet_of(body: bytes, *, is_main: bool = True) -> Packet:
    """Make a packet of all octets that a format gives it, cut to the limit."""
    whole = body.rstrip(b"\x00")
    return Packet(body=whole[:PACKET_LIMIT], is_whole=len(whole) <= PACKET_LIMIT, is_main=is_main)


def inflate(data: bytes, limit: int) -> tuple[bytes, bool] | None:
    """At most ``limit`` octets of a zlib stream, and whether that is all; ``None`` where it is broken.

    ``data`` may go on behind the stream.
    """
    machine = zlib.decompressobj()
    try:
        return machine.decompress(data, limit), machine.eof
    except zlib.error:
        return None
