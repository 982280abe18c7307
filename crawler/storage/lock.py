"""One writer per crawl folder: an advisory lock that the kernel drops when its process ends, however that happens."""

from __future__ import annotations

import fcntl
import re
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import FolderInUseError

if TYPE_CHECKING:
    from crawler.storage.layout import Folder

_TABLE = Path("/proc/locks")
_HELD = re.compile(r"^\d+: FLOCK +ADVISORY +WRITE \S+ [0-9a-f]+:[0-9a-f]+:(\d+) ", re.MULTILINE)


def lock(folder: Folder) -> None:
    """Take the lock for as long as the folder's descriptor is open. Raises FolderInUseError at once."""
    try:
        fcntl.flock(folder.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise FolderInUseError(
            f"{folder.path}: another run is writing to this folder; wait for its end or choose another folder"
        ) from error


def is_locked(root: Path) -> bool | None:
    """Whether a run holds the folder, without touching the lock; ``None`` where the system does not tell.

    Files are told apart by inode alone: some file systems name another device in the table than to ``stat``.
    """
    try:
        return str(root.stat().st_ino) in _HELD.findall(_TABLE.read_text())
    except OSError:
        return None
