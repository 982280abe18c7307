"""Small valid media files, made here so that nobody else's work travels with the package."""

from __future__ import annotations

import base64
import struct
import zlib

_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8"
    "ybqmx5moq6T/wAALCAAQABABAREA/8QAFwAAAwEAAAAAAAAAAAAAAAAAAAQFBv/EABsQAAICAwEAAAAAAAAAAAAAAAAEAhIDESFB/9oACAEB"
    "AAA/AM7jhYYxq28BOFtFtNW2uH//2Q=="
)
_XMP_MARKER = b"http://ns.adobe.com/xap/1.0/\x00"


def xmp(properties: str, namespaces: str) -> bytes:
    """Wrap RDF properties into a packet."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {namespaces}>{properties}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


PLUS_PROHIBITED = xmp(
    "<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-GENAIMLTRAINING</plus:DataMining>",
    'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"',
)
TDM_RESERVED = xmp("<tdm:reservation>1</tdm:reservation>", 'xmlns:tdm="http://www.w3.org/ns/tdmrep/"')


def png(side: int, packet: bytes | None = None) -> bytes:
    """Make a grey gradient, with an XMP packet where one is given."""
    rows = b"".join(b"\x00" + bytes((x * 7 + y * 5) % 256 for x in range(side)) for y in range(side))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))]
    if packet is not None:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + packet))
    chunks += [(b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def jpeg(packet: bytes | None = None) -> bytes:
    """Make a small picture, with an XMP packet in an APP1 segment where one is given."""
    if packet is None:
        return _JPEG
    segment = _XMP_MARKER + packet
    return _JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + _JPEG[2:]


def pdf(text: str, packet: bytes | None = None) -> bytes:
    """Make a document of one page, with XMP metadata where a packet is given."""
    content = f"BT /F1 18 Tf 40 120 Td ({text}) Tj ET".encode("ascii")
    metadata = b" /Metadata 7 0 R" if packet is not None else b""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R" + metadata + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents 4 0 R /Resources 6 0 R >>",
        _stream(b"", content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    if packet is not None:
        objects.append(_stream(b" /Type /Metadata /Subtype /XML", packet))
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _stream(entries: bytes, data: bytes) -> bytes:
    return b"<<%b /Length %d >>\nstream\n%b\nendstream" % (entries, len(data), data)
