"""Decisions that hold for every URL of which the same is known, each made once.

Where no line of the policy is about a place, nothing of the URL itself speaks in a decision any more once it has been
screened: gate, site, the answer about robots.txt, the day, what was stated, and what the response is, do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from crawler.audit.replay.state import Replayed
    from crawler.optout.collect import Collected
    from crawler.policy.gate import Gate

KEPT = 100_000


class Alike:
    """One per crawl folder."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Replayed, tuple[object, ...]]] = {}

    def get(self, key: Hashable) -> Replayed | None:
        """The decision on these facts, where it was made before. Compiled things are named by ``id``."""
        known = self._known.get(key)
        return None if known is None else known[0]

    def keep(self, key: Hashable, found: Replayed, *held: object) -> Replayed:
        """Remember a decision; ``held`` is what the key names by its address: no other object can get that then."""
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[key] = (found, held)
        return found


def names_places(gate: Gate) -> bool:
    """Whether a line of the policy speaks of some URLs and not of others."""
    return bool(gate.policy.overrides or gate.policy.agreements)


def told(said: Collected | None) -> Hashable:
    """What was stated, as part of the facts; ``None`` where nobody stated anything beyond the site's carriers."""
    return None if said is None else (said.statements, said.soft, said.unread)
