"""How long sound and film last, by headers made here octet for octet."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.duration import duration


def box(kind: bytes, content: bytes) -> bytes:
    """A box of ISO 14496-12."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def wide_box(kind: bytes, content: bytes) -> bytes:
    """A box with its size in 64 bits."""
    return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content


def element(kind: int, content: bytes) -> bytes:
    """An EBML element with its size in eight octets."""
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + (1 << 56 | len(content)).to_bytes(8, "big") + content


def chunk(kind: bytes, content: bytes) -> bytes:
    """A RIFF chunk."""
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def page(granule: int, packet: bytes = b"", *, is_plain: bool = True) -> bytes:
    """An Ogg page with one packet, in one segment or in two."""
    segments = bytes([1, len(packet)]) if is_plain else bytes([2, len(packet), 0])
    return b"OggS\0\0" + struct.pack("<q", granule) + b"\0" * 12 + segments + packet


def frame(second: int, third: int, fourth: int = 0, *, then: bytes = b"", length: int = 4000) -> bytes:
    """An MP3 frame header and what follows it."""
    return (bytes([0xFF, second, third, fourth]) + then).ljust(length, b"\0")


FTYP = box(b"ftyp", b"isom\0\0\0\0")
MVHD = struct.pack(">B3x4x4xII", 0, 1000, 2500)
UNSAID = struct.pack(">12xII", 1, 0)
MVHD_LONG = struct.pack(">B3x8x8xIQ", 1, 1000, 3500)
WAVE = b"RIFF\0\0\0\0WAVE"
FORMAT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16_000, 2, 16))
EBML = element(0x1A45DFA3, b"")
INFO = element(0x2AD7B1, (1_000_000).to_bytes(3, "big")) + element(0x4489, struct.pack(">d", 2500.0))
INFO_SHORT = element(0x4489, struct.pack(">f", 500)) + element(0xEC, b"")


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        pytest.param(WAVE + chunk(b"odd ", b"x") + FORMAT + chunk(b"data", b"\0" * 24_000), 1.5, id="wav"),
        pytest.param(b"RF64\0\0\0\0WAVE" + FORMAT + b"data\xff\xff\xff\xff" + b"\0" * 8000, 0.5, id="wav-cut"),
        pytest.param(b"RIFF\0\0\0\0WAVE" + FORMAT, None, id="wav-without-data"),
        pytest.param(b"RIFF\0\0\0\0WAVE" + chunk(b"data", b"\0" * 9), None, id="wav-without-format"),
        pytest.param(b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 10_001, None, id="wav-of-chunks"),
        pytest.param(FTYP + box(b"free", b"x") + box(b"moov", box(b"mvhd", MVHD)), 2.5, id="mp4"),
        pytest.param(FTYP + wide_box(b"moov", box(b"udta", b"") + box(b"mvhd", MVHD_LONG)), 3.5, id="mp4-64-bits"),
        pytest.param(FTYP + b"\0\0\0\0moov" + box(b"mvhd", MVHD), 2.5, id="mp4-open-end"),
        pytest.param(
            FTYP
            + box(
                b"moov",
                box(b"mvhd", struct.pack(">12xII", 1000, 0))
                + box(b"mvex", box(b"mehd", struct.pack(">4xI", 4500))),
            ),
            4.5,
            id="mp4-fragmented",
        ),
        pytest.param(
            FTYP
            + box(
                b"moov",
                box(b"mvhd", struct.pack(">12xII", 1000, 0))
                + box(b"mvex", box(b"mehd", struct.pack(">B3xQ", 1, 5500))),
            ),
            5.5,
            id="mp4-fragmented-64-bits",
        ),
        pytest.param(FTYP + box(b"moov", box(b"mvhd", struct.pack(">12xII", 1, 2**32 - 1))), None, id="mp4-unknown"),
        pytest.param(FTYP + box(b"moov", box(b"mvhd", struct.pack(">12xII", 1, 2**31))), None, id="mp4-sixty-years"),
        pytest.param(FTYP + box(b"moov", box(b"mvhd", MVHD) + box(b"mvex", b"")), 2.5, id="mp4-known-and-fragmented"),
        pytest.param(FTYP + box(b"moov", box(b"mvhd", UNSAID) + box(b"mvex", b"")), None, id="mehd-none"),
        pytest.param(FTYP + box(b"mdat", b"x"), None, id="mp4-without-moov"),
        pytest.param(FTYP + b"\0\0\0\4moov", None, id="mp4-too-small-box"),
        pytest.param(FTYP + b"\0\0\0\x08free" * 10_001, None, id="mp4-of-boxes"),
        pytest.param(
            b"fLaC\0\0\0\x22" + b"\0" * 10 + (44_100 << 44 | 88_200).to_bytes(8, "big"), 2.0, id="flac"
        ),
        pytest.param(page(0, b"\x01vorbis" + struct.pack("<xxxxxI", 48_000)) + page(96_000), 2.0, id="vorbis"),
        pytest.param(page(0, b"OpusHead\x01\x02" + struct.pack("<H", 312)) + page(48_312), 1.0, id="opus"),
        pytest.param(
            page(0, b"\x7fFLAC".ljust(27, b"\0") + (8000 << 4).to_bytes(3, "big"), is_plain=False) + page(4000),
            0.5,
            id="ogg-flac",
        ),
        pytest.param(page(0, b"\x80theora") + page(9), None, id="ogg-film"),
        pytest.param(EBML + element(0x18538067, element(0xEC, b"") + element(0x1549A966, INFO)), 2.5, id="webm"),
        pytest.param(
            EBML + element(0x18538067, element(0x1549A966, INFO_SHORT)),
            0.5,
            id="webm-float",
        ),
        pytest.param(EBML + b"\x18\x53\x80\x67\xff" + element(0x1549A966, INFO), 2.5, id="webm-unknown-size"),
        pytest.param(EBML, None, id="webm-without-segment"),
        pytest.param(EBML + element(0x18538067, b""), None, id="webm-without-info"),
        pytest.param(b"\x1aE\xdf\xa3\x80" + b"\xec\x80" * 10_001, None, id="webm-of-elements"),
        pytest.param(frame(0xFB, 0x90), 0.25, id="mp3-constant-rate"),
        pytest.param(b"ID3\4\0\0\0\0\0\x05tagged"[:15] + frame(0xF3, 0x80), 0.5, id="mp3-tagged-mpeg-2"),
        pytest.param(
            frame(0xFB, 0x90, then=b"\0" * 32 + b"Xing\0\0\0\1" + struct.pack(">I", 100)), 2.612, id="mp3-xing"
        ),
        pytest.param(
            frame(0xFB, 0x90, 0xC0, then=b"\0" * 17 + b"Info\0\0\0\1" + struct.pack(">I", 100)), 2.612, id="mp3-mono"
        ),
        pytest.param(
            frame(0xF3, 0x80, 0xC0, then=b"\0" * 9 + b"Xing\0\0\0\1" + struct.pack(">I", 100)), 2.612, id="mp3-mono-2"
        ),
        pytest.param(
            frame(0xFB, 0x90, then=b"\0" * 32 + b"VBRI" + b"\0" * 10 + struct.pack(">I", 100)), 2.612, id="mp3-vbri"
        ),
        pytest.param(frame(0xFD, 0x90), None, id="mp2"),
        pytest.param(frame(0xFB, 0x00), None, id="mp3-free-rate"),
        pytest.param(frame(0xEB, 0x90), None, id="mp3-reserved-version"),
        pytest.param(b"\xff\x00", None, id="no-synchronisation"),
        pytest.param(b"RIFF\0\0\0\0AVI ", None, id="avi"),
        pytest.param(b"", None, id="empty"),
    ],
)  # fmt: skip
def test_duration(body: bytes, seconds: float | None) -> None:
    """As the header says, to the millisecond; nothing where it says nothing."""
    assert duration(body) == seconds


@given(
    st.sampled_from(
        [b"RIFF\0\0\0\0WAVE", FTYP, FTYP + b"\0\0\1\0moov", b"fLaC", b"OggS", EBML, b"ID3", b"\xff\xfb", b""]
    ),
    st.binary(max_size=300),
)
def test_any_octets_have_an_answer(beginning: bytes, rest: bytes) -> None:
    """Total, and believable."""
    found = duration(beginning + rest)
    assert found is None or 0 <= found <= 366 * 86_400
