"""Connections to one address over all workers: a slot is a lock of the kernel, so that a dead worker holds none.

The file has no name and no content; each worker has it from the process that leads.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections import defaultdict

_BITS = 40
"""Of an address that are kept apart: what two of them share by chance is asked more gently."""


class SharedSlots:
    """``Slots`` over the locks of one open file; one a process, since locks belong to processes."""

    def __init__(self, file: int, connections: int) -> None:
        """``file``: descriptor, open for writing in every worker; ``connections``: slots of each address."""
        self._file = file
        self._connections = connections
        self._held: defaultdict[str, list[int]] = defaultdict(list)

    def has_room(self, address: str) -> bool:
        """See ``Slots``."""
        place = self._lock(address)
        if place is not None:
            self._unlock(place)
        return place is not None

    def take(self, address: str) -> bool:
        """See ``Slots``."""
        place = self._lock(address)
        if place is not None:
            self._held[address].append(place)
        return place is not None

    def free(self, address: str) -> None:
        """See ``Slots``."""
        places = self._held[address]
        if places:
            self._unlock(places.pop())
        if not places:
            del self._held[address]

    def _lock(self, address: str) -> int | None:
        digest = hashlib.sha256(address.encode()).digest()
        first = (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) * self._connections
        own = self._held.get(address, ())
        for place in range(first, first + self._connections):
            if place in own:
                continue
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place, os.SEEK_SET)
            except OSError:
                continue
            return place
        return None

    def _unlock(self, place: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place, os.SEEK_SET)
