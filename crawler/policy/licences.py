"""Which duties a public licence carries, for a profile that demands permission (opt-outs.md section 12, PC-17).

A licence never makes a URL worse than none; it is a grant with duties, and only such a profile asks for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.optout.statement import SoftDirective

PROTOCOL = "licence"
"""Protocol of the soft directives that name a licence by its SPDX id."""

_DUTIES = {"BY": "attribution", "SA": "share-alike", "ND": "no-derivatives", "NC": "non-commercial"}


def duties_of(spdx: str) -> frozenset[str] | None:
    """Duties of a Creative Commons licence, e.g. ``CC-BY-SA-4.0``; ``None`` for every other text."""
    family, *parts = spdx.split("-")
    named = {part for part in parts if part.isalpha()}
    if family != "CC" or not named or not named <= _DUTIES.keys():
        return None
    return frozenset(_DUTIES[part] for part in named)


def granted_duties(soft: Iterable[SoftDirective]) -> tuple[frozenset[str], ...]:
    """Duties of each public licence that was found; empty where there was none."""
    found = (duties_of(one.value) for one in soft if one.protocol == PROTOCOL)
    return tuple(duties for duties in found if duties is not None)
