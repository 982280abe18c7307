"""Builds small files of each format around a packet, piece by piece."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
PROHIBITED = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"
XMP = b"http://ns.adobe.com/xap/1.0/\x00"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\x00"


def packet(value: str = PROHIBITED, padding: int = 0) -> bytes:
    """A packet as the XMP toolkit writes it."""
    return (
        "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        f"<rdf:Description xmlns:plus='{PLUS}' plus:DataMining='{value}'/></rdf:RDF></x:xmpmeta>"
        f"{' ' * padding}<?xpacket end='w'?>"
    ).encode()


def segment(marker: int, content: bytes) -> bytes:
    """A JPEG segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg(*segments: bytes) -> bytes:
    """A JPEG without pixels."""
    return b"\xff\xd8" + b"".join(segments) + segment(0xDA, b"") + b"\x00\xff\xd9"


def extension(body: bytes, *, size: int = 40_000, digest: bytes = b"0" * 32) -> list[bytes]:
    """Segments of a long packet."""
    return [
        segment(0xE1, EXTENSION + digest + struct.pack(">II", len(body), at) + body[at : at + size])
        for at in range(0, len(body), size)
    ]


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*chunks: bytes) -> bytes:
    """A PNG without pixels."""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\x00" * 13) + b"".join(chunks) + chunk(b"IEND", b"")


def itxt(body: bytes, *, is_compressed: bool = False) -> bytes:
    """The text chunk of XMP."""
    text = zlib.compress(body) if is_compressed else body
    return chunk(b"iTXt", b"XML:com.adobe.xmp\x00" + bytes([is_compressed, 0]) + b"en\x00\x00" + text)


def riff(*chunks: tuple[bytes, bytes], kind: bytes = b"WEBP") -> bytes:
    """A RIFF file."""
    parts = b"".join(name + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + kind + parts


def tiff(*bodies: bytes | None, order: str = "<", loop: bool = False) -> bytes:
    """A TIFF with one directory for each body."""
    out = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", 8)
    for number, body in enumerate(bodies):
        entries = [struct.pack(f"{order}HHII", 256, 3, 1, 1)]
        start = len(out) + 2 + 12 * (2 if body is not None else 1) + 4
        if body is not None:
            entries.append(struct.pack(f"{order}HHII", 700, 1, len(body), start))
        end = start + len(body or b"")
        following = (8 if loop else 0) if number == len(bodies) - 1 else end
        out += struct.pack(f"{order}H", len(entries)) + b"".join(entries) + struct.pack(f"{order}I", following)
        out += body or b""
    return out


def pdf(*streams: tuple[bytes, bytes]) -> bytes:
    """A PDF of metadata streams: entries of the dictionary, octets."""
    out = b"%PDF-1.7\n"
    for number, (entries, data) in enumerate(streams, start=1):
        out += b"%d 0 obj\n<</Type /Metadata /Subtype /XML%b>>\nstream\n%b\nendstream\nendobj\n" % (
            number,
            entries,
            data,
        )
    return out + b"%%EOF"


def epub(package: bytes, *, method: int = ZIP_DEFLATED, container: bytes | None = None, name: str = "a/b.opf") -> bytes:
    """An EPUB of its container and package document."""
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip", ZIP_STORED)
        root = (
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            f'<rootfile full-path="{name}"/></rootfiles></container>'
        ).encode()
        archive.writestr("META-INF/container.xml", root if container is None else container, method)
        archive.writestr("a/b.opf", package, method)
        archive.comment = b"a comment"
    return out.getvalue()
