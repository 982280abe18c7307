"""Digests of large lists that were taken before: an opening need not read 150 MiB to learn that nothing changed.

They lie beside the compiled tables and may be deleted at any time. What is kept as evidence is hashed as it is copied.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.values.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from crawler.storage.list_files import ListFile, Stamp

REMEMBERED_FROM = 1024 * 1024
"""Octets of a file from which on it pays."""
DIGESTS = "digests.json"

Known = dict[str, tuple["Stamp", Digest]]
"""Stamp and digest of a file by its name."""


def remembered(place: Path) -> Known:
    """Read what was noted in a folder; what cannot be read is not known."""
    try:
        told = json.loads((place / DIGESTS).read_bytes())
        return {name: (tuple(stamp), Digest(digest)) for name, (stamp, digest) in told.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def remember(place: Path, files: Iterable[ListFile], known: Mapping[str, object]) -> None:
    """Note the digests of large files; where nothing can be written, nothing is remembered."""
    noted = {
        file.name: (file.stamp, file.digest)
        for file in files
        if file.size >= REMEMBERED_FROM and file.stamp is not None
    }
    if noted == known or not place.is_dir():
        return
    beside = place / f"{DIGESTS}.{os.getpid()}"
    with suppress(OSError):
        try:
            beside.write_text(json.dumps(noted))
            beside.replace(place / DIGESTS)
        finally:
            beside.unlink(missing_ok=True)
