"""A million names in some forty megabytes: one string of octets and a table of places in it."""

from __future__ import annotations

from array import array

from crawler.blocklists.keys import host_keys

Place = tuple[int, int, str | None]
"""Owner, line and reference of an entry."""
MARKER = 0xFFFF
"""Owner of keys that are no entries."""


class NameTable:
    """Names with their places. Exact: what the table finds is compared octet by octet.

    The table grows by doubling; at most half of its places are taken, so that a miss ends after about one step.
    """

    def __init__(self) -> None:
        self._octets = bytearray()
        self._ends = array("I", [0])
        self._owners = array("H")
        self._references: dict[int, str] = {}
        self._entries = 0
        self._lines = array("I")
        self._places = array("I", bytes(4 * 16))
        self._mask = 15

    def __len__(self) -> int:
        return self._entries

    def add(self, name: str, owner: int, line: int, reference: str | None = None) -> bool:
        """Add a name; the first one stays where it is there already, and the answer is False."""
        octets = name.encode()
        place, taken = self._place(octets)
        if taken:
            return False
        self._octets += octets
        self._ends.append(len(self._octets))
        self._owners.append(owner)
        self._lines.append(line)
        self._places[place] = len(self._owners)
        self._entries += owner != MARKER
        if reference is not None:
            self._references[len(self._owners)] = reference
        if len(self._owners) * 2 > self._mask:
            self._grow()
        return True

    def add_names(self, names: list[bytes], owner: int, first: int) -> int:
        """Add the names of lines that follow each other; how many are new."""
        return sum(self.add(name.decode(), owner, line) for line, name in enumerate(names, start=first))

    def get(self, name: str) -> Place | None:
        """Place of a name; asked for every host and its parents, hence without a further call."""
        octets = name.encode("utf-8", "replace")
        places, mask = self._places, self._mask
        place = hash(octets) & mask
        while number := places[place]:
            if self._octets[self._ends[number - 1] : self._ends[number]] == octets:
                return self._owners[number - 1], self._lines[number - 1], self._references.get(number)
            place = (place + 1) & mask
        return None

    def nearest(self, host: str) -> tuple[str, Place] | None:
        """Look for a name, then for its parents."""
        for key in host_keys(host):
            place = self.get(key)
            if place is not None:
                return key, place
        return None

    def _place(self, octets: bytes) -> tuple[int, int]:
        """Place of a name and what stands there: its number from 1, or 0 for a free place."""
        places, ends, mask = self._places, self._ends, self._mask
        place = hash(octets) & mask
        while number := places[place]:
            if self._octets[ends[number - 1] : ends[number]] == octets:
                return place, number
            place = (place + 1) & mask
        return place, 0

    def _grow(self) -> None:
        mask = self._mask = self._mask * 2 + 1
        places = self._places = array("I", bytes(4 * (mask + 1)))
        view, ends = memoryview(self._octets), self._ends
        for number in range(1, len(self._owners) + 1):
            place = hash(bytes(view[ends[number - 1] : ends[number]])) & mask
            while places[place]:
                place = (place + 1) & mask
            places[place] = number
        view.release()
