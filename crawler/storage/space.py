"""Free space before a segment or a WARC file is begun (R5.5)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSpace:
    """What is left on the file system of a crawl folder."""

    free: int
    """Octets that this user may still write."""
    reserve: int
    """Octets below which fetching pauses and the crawl stops clean."""

    @property
    def is_low(self) -> bool:
        """Whether the crawl has to stop."""
        return self.free < self.reserve


def free_space(root: Path, *, octets: int, share: float) -> FreeSpace:
    """Look at the file system now; the reserve is ``octets``, on a small disk ``share`` of it (0 to 1).

    Raises OSError where the folder is gone.
    """
    found = os.statvfs(root)
    total = found.f_frsize * found.f_blocks
    return FreeSpace(free=found.f_frsize * found.f_bavail, reserve=min(octets, int(total * share)))
