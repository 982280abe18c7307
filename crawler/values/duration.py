"""How long a sound or a film lasts, as its own headers say; nothing is decoded, and ``None`` is an answer.

WAV (RIFF), MP4 and QuickTime (ISO 14496-12, mvhd), MP3 (Xing, Info and VBRI headers, else a constant rate), FLAC
(STREAMINFO), Ogg (last granule of Vorbis, Opus and FLAC), WebM and Matroska (Info, Duration).
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

BOXES: Final = 10_000
"""Boxes, chunks or elements that are looked at in one file."""
LONGEST: Final = 366 * 86_400.0
"""Seconds; what claims to last longer than a year is not believed."""
_UNKNOWN_32: Final = 0xFFFFFFFF


def duration(body: bytes) -> float | None:
    """Seconds, to the millisecond; ``None`` where the file does not say, or says nothing believable. Never raises."""
    try:
        found = _read(body)
    except (struct.error, IndexError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if found is None or not math.isfinite(found) or not 0 < found <= LONGEST:
        return None
    return round(found, 3)


def _read(body: bytes) -> float | None:
    if body[:4] in {b"RIFF", b"RF64"} and body[8:12] == b"WAVE":
        return _wav(body)
    if body[4:8] == b"ftyp":
        return _mp4(body)
    if body.startswith(b"fLaC"):
        return _flac(body[8:])
    if body.startswith(b"OggS"):
        return _ogg(body)
    if body.startswith(b"\x1aE\xdf\xa3"):
        return _matroska(body)
    return _mp3(body)


def _wav(body: bytes) -> float | None:
    """Octets of the data chunk by octets a second of the format chunk."""
    rate, at = 0, 12
    for _ in range(BOXES):
        kind, size = body[at : at + 4], struct.unpack_from("<I", body, at + 4)[0]
        if kind == b"fmt ":
            rate = struct.unpack_from("<I", body, at + 16)[0]
        elif kind == b"data":
            return float(min(size, len(body) - at - 8) / rate)
        at += 8 + size + size % 2
    return None


def _mp4(body: bytes) -> float | None:
    """``moov`` / ``mvhd``: duration by time scale; fragmented files name theirs in ``mvex`` / ``mehd``."""
    for kind, start, end in _boxes(body, 0, len(body)):
        if kind != b"moov":
            continue
        scale, length = 0, 0
        for inner, first, last in _boxes(body, start, end):
            if inner == b"mvhd":
                is_long = body[first] == 1
                scale, length = struct.unpack_from(">IQ" if is_long else ">II", body, first + (20 if is_long else 12))
            elif inner == b"mvex" and not length:
                heads = [at for name, at, _ in _boxes(body, first, last) if name == b"mehd"]
                length = struct.unpack_from(">Q" if body[heads[0]] else ">I", body, heads[0] + 4)[0]
        return None if length == _UNKNOWN_32 else float(length / scale)
    return None


def _boxes(body: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box."""
    for _ in range(BOXES):
        if at + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", body, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", body, at + 8)[0], 16
        elif size == 0:
            size = end - at
        if size < head:
            return
        yield kind, at + head, min(at + size, end)
        at += size


def _flac(info: bytes) -> float | None:
    """STREAMINFO (RFC 9639 section 8.2): 20 bits of sample rate, 36 bits of samples."""
    packed = int.from_bytes(info[10:18], "big")
    return (packed & (1 << 36) - 1) / (packed >> 44)


def _ogg(body: bytes) -> float | None:
    """Granule of the last page (RFC 3533) by the sample rate of the codec; Opus counts at 48 kHz after a pre-skip."""
    first = body[28:] if body[26] == 1 else body[27 + body[26] :]
    last = body.rfind(b"OggS", max(0, len(body) - 131_072))
    granule = struct.unpack_from("<q", body, last + 6)[0]
    if first.startswith(b"OpusHead"):
        return float((granule - struct.unpack_from("<H", first, 10)[0]) / 48_000)
    if first.startswith(b"\x01vorbis"):
        return float(granule / struct.unpack_from("<I", first, 12)[0])
    if first.startswith(b"\x7fFLAC"):
        return float(granule / (int.from_bytes(first[27:30], "big") >> 4))
    return None


_INFO, _SCALE, _DURATION, _SEGMENT = 0x1549A966, 0x2AD7B1, 0x4489, 0x18538067


def _matroska(body: bytes) -> float | None:
    """Segment / Info / Duration times TimestampScale (RFC 9559 section 5.1.2)."""
    segment = next((found for found in _elements(body, 0, len(body)) if found[0] == _SEGMENT), None)
    if segment is None:
        return None
    info = next((found for found in _elements(body, *segment[1:]) if found[0] == _INFO), None)
    if info is None:
        return None
    scale, ticks = 1_000_000, 0.0
    for kind, start, end in _elements(body, *info[1:]):
        if kind == _SCALE:
            scale = int.from_bytes(body[start:end], "big")
        elif kind == _DURATION:
            ticks = struct.unpack(">d" if end - start == 8 else ">f", body[start:end])[0]  # noqa: PLR2004 - octets of a double
    return ticks * scale / 1e9


def _elements(body: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Id, start and end of the content of each EBML element (RFC 8794); one of unknown size ends with its parent."""
    for _ in range(BOXES):
        if at >= end:
            return
        width = 9 - body[at].bit_length()
        kind = int.from_bytes(body[at : at + width], "big")
        at += width
        width = 9 - body[at].bit_length()
        size = int.from_bytes(body[at : at + width], "big") & (1 << 7 * width) - 1
        at += width
        last = end if size == (1 << 7 * width) - 1 else min(at + size, end)
        yield kind, at, last
        at = last


_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Sample rates by the version bits of a frame header: MPEG 1, 2, 2.5."""
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_LAYER_3 = 1
_MPEG_1 = 3
_MONO = 3


def _mp3(body: bytes) -> float | None:
    """Frames of a Xing, Info or VBRI header by samples a frame; without one, octets by the rate of the first frame."""
    at = 0
    if body.startswith(b"ID3"):
        for octet in body[6:10]:
            at = at << 7 | octet & 0x7F
        at += 10
    if body[at] != 0xFF or body[at + 1] & 0xE0 != 0xE0:  # noqa: PLR2004 - the eleven bits of synchronisation
        return None
    version, layer = body[at + 1] >> 3 & 3, body[at + 1] >> 1 & 3
    if layer != _LAYER_3:
        return None
    is_first = version == _MPEG_1
    rate = _RATES.get(version, ())[body[at + 2] >> 2 & 3]
    samples = 1152 if is_first else 576
    is_mono = body[at + 3] >> 6 == _MONO
    xing = at + 4 + ((17 if is_mono else 32) if is_first else (9 if is_mono else 17))
    if body[xing : xing + 4] in {b"Xing", b"Info"} and body[xing + 7] & 1:
        return float(struct.unpack_from(">I", body, xing + 8)[0] * samples / rate)
    if body[at + 36 : at + 40] == b"VBRI":
        return float(struct.unpack_from(">I", body, at + 50)[0] * samples / rate)
    kbits = (_KBITS_1 if is_first else _KBITS_2)[body[at + 2] >> 4]
    return (len(body) - at) * 8 / (kbits * 1000)
