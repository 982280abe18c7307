"""A similarity hash of text: texts that share most of their wording differ in few of 64 bits."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final
from zlib import crc32

METHOD: Final = "simhash64/1"
CHARACTERS: Final = 16_384
"""Of a text that are looked at."""

_RUN = 3
_ONE_IN = 8
_LEAST_FEATURES, _MOST_FEATURES = 16, 128
_BITS = 64
_LANE = 16
"""Bits of one counter: more than is ever counted."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_WORD = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|"
                   "[^\\s\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")  # fmt: skip


def _counters() -> tuple[tuple[int, ...], ...]:
    """For each octet of a hash and each value of it: its eight bits, each in a counter of its own."""
    return tuple(
        tuple(sum((value >> bit & 1) << _LANE * (8 * place + bit) for bit in range(8)) for value in range(256))
        for place in range(8)
    )


_COUNTERS = _counters()


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
    if _UNSPACED.search(folded):
        words = [word.encode("utf-8", "replace") for word in _WORD.findall(folded[: CHARACTERS // 4])]
    else:
        words = folded.encode("utf-8", "replace").split()
    if not words:
        return None
    last = max(len(words) - _RUN + 1, 1)
    starts = [start for start, checksum in enumerate(map(crc32, words[:last])) if not checksum % _ONE_IN]
    chosen = (starts if len(starts) >= _LEAST_FEATURES else range(last))[:_MOST_FEATURES]
    first, second, third, fourth, fifth, sixth, seventh, eighth = _COUNTERS
    total = 0
    for start in chosen:
        a, b, c, d, e, f, g, h = blake2b(b" ".join(words[start : start + _RUN]), digest_size=8).digest()
        total += first[a] + second[b] + third[c] + fourth[d] + fifth[e] + sixth[f] + seventh[g] + eighth[h]
    half, counts = len(chosen) // 2, total.to_bytes(_BITS * _LANE // 8, "little")
    bits = sum((int.from_bytes(counts[2 * bit : 2 * bit + 2], "little") > half) << bit for bit in range(_BITS))
    return f"{bits:016x}"


def distance(one: str, other: str) -> int:
    """How many bits of two hashes differ, 0 to 64; near duplicates differ in few (3 is common practice)."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
