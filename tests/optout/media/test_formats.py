"""Packets are found where each format keeps them, within bounds, and a broken file is told."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.media import jpeg, pdf, png, riff, scanning, tiff
from crawler.optout.media.embedded import PACKET_LIMIT, PACKETS_LIMIT, PARTS_LIMIT, Packet
from crawler.optout.statement import Problem
from tests.optout.media import containers as made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BODY = made.packet()
LONG = made.packet(padding=PACKET_LIMIT)


def told(found: Iterable[Packet | Problem]) -> list[str]:
    """The problems among what was found."""
    return [one.text for one in found if isinstance(one, Problem)]


def bodies(found: Iterable[Packet | Problem]) -> list[bytes]:
    """The packets among what was found."""
    return [one.body for one in found if isinstance(one, Packet)]


def test_jpeg() -> None:
    """Other segments, fill octets and markers without length are passed; behind the first scan nothing counts."""
    file = made.jpeg(
        made.segment(0xE0, b"JFIF"), b"\xff\xff\xff", b"\xff\x01", made.segment(0xE1, b"Exif"),
        made.segment(0xE1, made.XMP + BODY + b"\x00"),
    ) + made.segment(0xE1, made.XMP + b"late")  # fmt: skip
    assert list(jpeg.packets(file)) == [Packet(body=BODY, is_whole=True)]
    assert list(jpeg.packets(b"\xff\xd8")) == []
    assert list(jpeg.packets(b"\xff\xd8junk")) == []
    assert list(jpeg.packets(b"\xff\xd8\xff\xd9")) == []
    assert told(jpeg.packets(b"\xff\xd8\xff\xe1\x00\x01")) == [
        "JPEG: the segment at octet 2 does not end within the file"
    ]
    assert told(jpeg.packets(made.jpeg(made.segment(0xE1, made.XMP + BODY))[:50]))
    assert told(jpeg.packets(b"\xff\xd8" + b"\xff\x01" * PARTS_LIMIT)) == ["JPEG: more segments than the limit"]


def test_jpeg_extension() -> None:
    """Parts are joined in order of their offsets; what is missing or beyond the limit leaves the packet cut."""
    parts = made.extension(made.packet(padding=50_000))
    assert len(parts) == 2
    (joined,) = jpeg.packets(made.jpeg(*reversed(parts)))
    assert joined == Packet(body=made.packet(padding=50_000), is_whole=True, is_main=False)
    (cut,) = jpeg.packets(made.jpeg(parts[0]))
    assert (len(cut.body), cut.is_whole) == (40_000, False)
    (nothing,) = jpeg.packets(made.jpeg(parts[1]))
    assert (nothing.body, nothing.is_whole) == (b"", False)
    (long,) = jpeg.packets(made.jpeg(*made.extension(made.packet(padding=200_000))))
    assert (len(long.body), long.is_whole) == (PACKET_LIMIT, False)
    assert len(bodies(jpeg.packets(made.jpeg(*parts, *made.extension(BODY, digest=b"1" * 32))))) == 2


def test_png() -> None:
    """Plain, compressed, and as a raw profile; a chunk that cannot be read is told."""
    raw = b"\nxmp\n     %d\n" % len(BODY) + BODY.hex().encode()
    for one in (
        made.itxt(BODY),
        made.itxt(BODY, is_compressed=True),
        made.chunk(b"tEXt", b"Raw profile type xmp\x00" + raw),
        made.chunk(b"zTXt", b"Raw profile type xmp\x00\x00" + zlib.compress(raw)),
    ):
        file = made.png(made.chunk(b"tEXt", b"Title\x00x"), made.chunk(b"IDAT", b"x"), one, made.chunk(b"tIME", b""))
        assert list(png.packets(file)) == [Packet(body=BODY, is_whole=True)]
    assert list(png.packets(made.png()[:30])) == []
    for one in (
        made.chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00"),
        made.chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00rubbish"),
        made.chunk(b"zTXt", b"Raw profile type xmp\x00\x00rubbish"),
        made.chunk(b"tEXt", b"Raw profile type xmp\x00rubbish"),
        made.chunk(b"tEXt", b"Raw profile type xmp\x00xmp 4 "),
    ):
        assert len(told(png.packets(made.png(one)))) == 1
    bomb = made.itxt(b" " * 50_000_000, is_compressed=True)
    assert [(len(one.body), one.is_whole) for one in png.packets(made.png(bomb)) if isinstance(one, Packet)] == [
        (PACKET_LIMIT, False)
    ]
    assert told(png.packets(made.png(made.chunk(b"IDAT", b"") * PARTS_LIMIT))) == ["PNG: more chunks than the limit"]


def test_riff() -> None:
    """WebP and WAVE name the chunk differently."""
    assert bodies(riff.packets(made.riff((b"VP8 ", b"odd"), (b"XMP ", BODY)))) == [BODY]
    assert bodies(riff.packets(made.riff((b"_PMX", BODY), kind=b"WAVE"))) == [BODY]
    assert list(riff.packets(b"RIFF")) == []
    assert told(riff.packets(b"RIFF" + b"\x00" * 8 + b"abcd\x00\x00\x00\x00" * PARTS_LIMIT))


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff(order: str) -> None:
    """Both orders of octets; what a later directory carries never describes the file."""
    assert list(tiff.packets(made.tiff(BODY, order=order))) == [Packet(body=BODY, is_whole=True)]
    second = list(tiff.packets(made.tiff(None, BODY, order=order)))
    assert second == [Packet(body=BODY, is_whole=True, is_main=False)]
    looped = list(tiff.packets(made.tiff(BODY, order=order, loop=True)))
    assert (bodies(looped), len(told(looped))) == ([BODY], 1)
    assert list(tiff.packets(b"II*\x00")) == []
    assert told(tiff.packets(b"II*\x00\xff\xff\xff\x00"))
    assert bodies(tiff.packets(made.tiff(b"abcd"))) == []


def test_tiff_hostile_count() -> None:
    """Entries are counted over all directories; what a directory claims beyond the end of the file is nothing."""
    assert told(tiff.packets(b"II*\x00" + struct.pack("<IH", 8, 65_535) + b"\x00" * 20))
    assert list(tiff.packets(b"II*\x00" + struct.pack("<IH", 8, 1_000) + b"\x00" * 20)) == []


def test_pdf() -> None:
    """Plain and compressed streams; several of them describe parts or earlier revisions."""
    whole = [Packet(body=BODY, is_whole=True)]
    assert [one.body.strip() for one in pdf.packets(made.pdf((b"", BODY))) if isinstance(one, Packet)] == [BODY]
    assert list(pdf.packets(made.pdf((b" /Filter /FlateDecode", zlib.compress(BODY))))) == whole
    assert list(pdf.packets(made.pdf((b" /Filter [ /FlateDecode ]", zlib.compress(BODY))))) == whole
    assert list(pdf.packets(made.pdf((b"/Filter/Fl", zlib.compress(BODY))))) == whole
    two = list(pdf.packets(made.pdf((b"", BODY), (b"", BODY))))
    assert [one.is_main for one in two if isinstance(one, Packet)] == [False, False]


def test_pdf_that_cannot_be_read() -> None:
    """Other filters, broken streams and streams without an end are told or cut; a bomb is bounded."""
    assert "another filter" in told(pdf.packets(made.pdf((b"/Filter/LZWDecode", b"x"))))[0]
    assert "another filter" in told(pdf.packets(made.pdf((b"/Filter[/FlateDecode /ASCIIHexDecode]", b"x"))))[0]
    assert "encrypted" in told(pdf.packets(made.pdf((b"/Filter/FlateDecode", b"\xffrubbish"))))[0]
    (bomb,) = pdf.packets(made.pdf((b"/Filter/FlateDecode", zlib.compress(b" " * 50_000_000))))
    assert isinstance(bomb, Packet)
    assert (len(bomb.body), bomb.is_whole) == (PACKET_LIMIT, False)
    (endless,) = pdf.packets(made.pdf((b"", LONG)))
    assert isinstance(endless, Packet)
    assert (len(endless.body), endless.is_whole) == (PACKET_LIMIT, False)
    assert list(pdf.packets(b"%PDF-1.7 1 0 obj <</Type/Metadata>> endobj 2 0 obj <<>>\nstream\nx")) == []
    assert list(pdf.packets(b"%PDF-1.7 /Type /Metadata and no stream")) == []
    assert len(told(pdf.packets(b"%PDF-" + b"/Subtype/XML " * 3_000))) == 1
    many = made.pdf(*[(b"", BODY)] * (PACKETS_LIMIT + 1))
    assert (len(bodies(pdf.packets(many))), len(told(pdf.packets(many)))) == (PACKETS_LIMIT, 1)


def test_scan() -> None:
    """With and without the wrapper, in the encodings of packets; several, and endless ones, are not certain."""
    bare = BODY[BODY.index(b"<x:xmpmeta") : BODY.index(b"<?xpacket end")]
    for body in (BODY, bare, BODY.decode().encode("utf-16-le"), BODY.decode().encode("utf-16-be")):
        assert list(scanning.packets(b"junk" + body + b"junk")) == [Packet(body=body, is_whole=True)]
    two = list(scanning.packets(BODY + b"junk" + BODY))
    assert two == [Packet(body=BODY, is_whole=True, is_main=False)] * 2
    (endless,) = scanning.packets(BODY[:-10] + b" " * PACKET_LIMIT)
    assert (len(endless.body), endless.is_whole) == (PACKET_LIMIT, True) or not endless.is_whole
    assert len(list(scanning.packets(b"<?xpacket begin=" * 1_000_000))) == PACKETS_LIMIT


READERS: tuple[tuple[bytes, Callable[[bytes], Iterator[Packet | Problem]]], ...] = (
    (made.jpeg(made.segment(0xE1, made.XMP + BODY), *made.extension(BODY)), jpeg.packets),
    (made.png(made.itxt(BODY, is_compressed=True)), png.packets),
    (made.riff((b"XMP ", BODY)), riff.packets),
    (made.tiff(None, BODY), tiff.packets),
    (made.pdf((b"/Filter/FlateDecode", zlib.compress(BODY)), (b"", BODY)), pdf.packets),
    (BODY, scanning.packets),
)


@given(
    which=st.sampled_from(READERS),
    junk=st.binary(max_size=40),
    at=st.integers(0, 3000),
    drop=st.integers(0, 60),
)
def test_any_octets(
    which: tuple[bytes, Callable[[bytes], Iterator[Packet | Problem]]], junk: bytes, at: int, drop: int
) -> None:
    """Whatever is written over a file of each format, packets or problems come out, none over the limit."""
    file, read = which
    at %= len(file)
    for one in read(file[:at] + junk + file[at + drop :]):
        assert isinstance(one, Problem) or len(one.body) <= PACKET_LIMIT
