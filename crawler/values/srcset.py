"""Which of the sizes of a picture is meant for the largest screen (HTML Living Standard, "Parsing a srcset attribute").

Sizes are told by their descriptors alone; whether a picture suits is not known here.
"""

from __future__ import annotations

import re
from typing import Final

CANDIDATES: Final = 64
"""So many of one attribute are looked at."""
_CANDIDATE: Final = re.compile(r"[\t\n\f\r ,]*+([^\t\n\f\r ]++)")
_DESCRIPTORS: Final = re.compile(r"(?:[^(,]++|\([^)]*+(?:\)|\Z))*+")
"""To the next comma that stands in no parentheses."""
_SIZE: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)([wx])")


def largest(srcset: str) -> str | None:
    """Reference of the candidate of the greatest width, else of the greatest density; the first of equals.

    A candidate without a descriptor is ``1x``. None where the attribute names nothing.
    """
    best: tuple[tuple[bool, float], str] | None = None
    at = 0
    for _ in range(CANDIDATES):
        found = _CANDIDATE.match(srcset, at)
        if found is None:
            break
        reference, at = found[1], found.end()
        size = (False, 1.0)
        if reference.endswith(","):
            reference = reference.rstrip(",")
        else:
            described = _DESCRIPTORS.match(srcset, at)
            assert described is not None  # noqa: S101 - nothing matches as well
            at = described.end()
            size = max(map(_size, described[0].split()), default=size)
        if reference and (best is None or size > best[0]):
            best = size, reference
    return None if best is None else best[1]


def _size(descriptor: str) -> tuple[bool, float]:
    """Whether it is a width, and how much; what is neither counts as nothing."""
    found = _SIZE.fullmatch(descriptor)
    return (False, 0.0) if found is None else (found[2] == "w", float(found[1]))
