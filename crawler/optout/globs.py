"""Globs over paths: ``*`` stays within a segment, ``**`` crosses segments, all else is literal.

The time is that of the parts of the glob times the path by the machine word: nothing makes it backtrack.
"""

from __future__ import annotations

import re

from crawler.optout.robots.match import normalise_target

_PARTS = re.compile(r"/\*\*/|\*{2,}|\*|[^*]")


class GlobPath:
    """A path to be matched, with the places of its characters as the bits of a number."""

    __slots__ = ("_places", "everything", "segment", "text")

    def __init__(self, target: str) -> None:
        """Take path and query as sent; the query is left out."""
        self.text = normalise_target(target).partition("?")[0]
        self._places: dict[str, int] = {}
        self.everything = (1 << len(self.text)) - 1
        self.segment = self.everything & ~self.places("/")

    def places(self, character: str) -> int:
        """Where the character stands."""
        found = self._places.get(character)
        if found is None:
            digits = "".join("1" if one == character else "0" for one in reversed(self.text))
            found = self._places[character] = int(digits or "0", 2)
        return found


class Glob:
    """A compiled glob that has to match a whole path."""

    __slots__ = ("_parts", "_prefix")

    def __init__(self, text: str) -> None:
        literals = [normalise_target(f"/{literal}")[1:] for literal in text.split("*")]
        self._prefix = literals[0]
        self._parts = tuple(_PARTS.findall("*".join(literals)))

    def matches(self, path: GlobPath) -> bool:
        """Whether the glob covers the path.

        A set of places in the path that the glob may have reached is kept as the bits of a number.
        """
        if not path.text.startswith(self._prefix):
            return False
        reached, everything = 1, path.everything
        for part in self._parts:
            if part == "*":
                reached = _run(reached, path.segment)
            elif part == "/**/":
                slash = path.places("/")
                first = (reached & slash) << 1
                reached = first | (_run((first & everything) << 1, everything) & slash) << 1
            elif part[0] == "*":
                reached = _run(reached, everything)
            else:
                reached = (reached & path.places(part)) << 1
            if not reached:
                return False
        return bool(reached >> len(path.text) & 1)


def _run(reached: int, through: int) -> int:
    """Add every place that can be reached over places in ``through``: the carry of a sum runs along them."""
    return reached | (((reached & through) + through) ^ through)
