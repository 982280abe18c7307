"""A similarity hash of text: texts that share most of their wording differ in few of 64 bits."""

from __future__ import annotations

import re
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Sequence

METHOD: Final = "simhash64/1"
CHARACTERS: Final = 16_384
"""Of a text that are looked at."""

_RUN = 3
_ONE_IN = 8
_LEAST_FEATURES, _MOST_FEATURES = 16, 128
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_WORD = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|"
                   "[^\\s\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")  # fmt: skip


_BY_2, _BY_4, _BY_8 = (int.from_bytes(b * n) for b, n in ((b"\x55", 1024), (b"\x33", 512), (b"\x0f", 128)))
"""The lower half of each field of 2, 4 and 8 bits."""
_IN_OCTETS = int.from_bytes(b"\x01" * 8)
_PLACES = (0, 4, 2, 6, 1, 5, 3, 7)
"""Which bit of its octet each of the eight parts counts."""


def simhash(text: str) -> str | None:
    """The hash ``simhash64/1`` as 16 hexadecimal digits; ``None`` for a text without words.

    The algorithm is part of the data: another one gets another name. It follows M. Charikar, *Similarity Estimation
    Techniques from Rounding Algorithms* (2002), with sampling by content so that a page costs fractions of a
    millisecond:

    1. The first ``CHARACTERS`` of the text are folded (Unicode lower case) and split at ASCII white space into words;
       where a character of a script written without spaces occurs (Thai, Lao, Kana, Han, Hangul), a quarter of them
       counts, and each such character is a word.
    2. Each run of three words whose first word has a CRC-32 (of its UTF-8) divisible by 8 is a feature; a text with
       fewer than 16 takes every run instead. The first 128 features count. A text under three words is one run.
    3. A feature is hashed with BLAKE2b to 64 bits: its words in UTF-8, joined by one space.
    4. A bit of the result is set where more than half of the features have it set.
    """
    folded = text[:CHARACTERS].lower()
    if not folded.isascii() and _UNSPACED.search(folded):
        words = [word.encode("utf-8", "replace") for word in _WORD.findall(folded[: CHARACTERS // 4])]
    else:
        words = folded.encode("utf-8", "replace").split()
    if not words:
        return None
    last = max(len(words) - _RUN + 1, 1)
    sampled = (start for start, checksum in enumerate(map(crc32, words[:last])) if not checksum % _ONE_IN)
    starts: Sequence[int] = tuple(islice(sampled, _MOST_FEATURES))
    if len(starts) < _LEAST_FEATURES:
        starts = range(min(last, _MOST_FEATURES))
    runs = [b" ".join(words[start : start + _RUN]) for start in starts]
    hashes = b"".join([blake2b(run, digest_size=8).digest() for run in runs])
    return f"{_majority(int.from_bytes(hashes, 'little'), len(runs)):016x}"


def _majority(hashes: int, count: int) -> int:
    """Each bit that more than half of so many 64-bit numbers, at most 128, have set; they stand behind one another.

    All bits are counted at once, in fields of the number itself: every other bit is taken apart, then the upper half of
    the numbers is added to the lower one, so that a field is wide enough for what it counts by then.
    """
    twos = [_folded(one & _BY_2, 4096) for one in (hashes, hashes >> 1)]
    fours = [_folded(_folded(one & _BY_4, 2048), 1024) for two in twos for one in (two, two >> 2)]
    eights = [one & _BY_8 for four in fours for one in (four, four >> 4)]
    above = (127 - count // 2) * _IN_OCTETS  # makes the highest bit of an octet say "more than half"
    bits = 0
    for place, eight in zip(_PLACES, eights, strict=True):
        counts = _folded(_folded(_folded(_folded(eight, 512), 256), 128), 64)
        bits |= (counts + above >> 7 & _IN_OCTETS) << place
    return bits


def _folded(counts: int, length: int) -> int:
    """Add what lies above so many bits to what lies below."""
    return (counts & (1 << length) - 1) + (counts >> length)


def distance(one: str, other: str) -> int:
    """How many bits of two hashes differ, 0 to 64; near duplicates differ in few (3 is common practice)."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
