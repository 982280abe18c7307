"""One writer per crawl folder: an advisory lock that the kernel drops when its process ends, however that happens."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

from crawler.errors import FolderInUseError

if TYPE_CHECKING:
    from crawler.storage.layout import Folder


def lock(folder: Folder) -> None:
    """Take the lock for as long as the folder's descriptor is open. Raises FolderInUseError at once."""
    try:
        fcntl.flock(folder.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise FolderInUseError(
            f"{folder.path}: another run is writing to this folder; wait for its end or choose another folder"
        ) from error
