"""WARC files while they are written: append, fsync on demand, committed length, seal. No record is made here."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

from crawler.errors import DamagedStateError
from crawler.storage.layout import OPEN_SUFFIX, write_all

if TYPE_CHECKING:
    from crawler.storage.layout import Folder

ROTATE_AT: Final = 1 << 30
"""Octets after which a file is sealed and the next one begun."""
_CHUNK = 1 << 20


class WarcFile:
    """One file under its ``.open`` name. ``digest`` and ``position`` cover everything appended so far."""

    def __init__(self, folder: Folder, name: str, *, warcinfo_id: str) -> None:
        self.name = name
        self.warcinfo_id = warcinfo_id
        self.position = 0
        self._folder = folder
        self._hash = hashlib.sha256()
        self._is_dirty = False
        self._descriptor = -1

    def create(self) -> None:
        """Begin the file; its name is durable with the first ``sync``. Raises OSError."""
        self._descriptor = self._folder.open(self.name + OPEN_SUFFIX, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self._folder.sync()

    def reopen(self, *, length: int, digest: str) -> int:
        """Go on after the committed length; answer how many octets behind it were cut off.

        Raises DamagedStateError where the file is shorter than committed or its committed octets have changed.
        """
        path = self._folder.path / (self.name + OPEN_SUFFIX)
        size = self._folder.size(self.name + OPEN_SUFFIX)
        if size is None or size < length:
            raise DamagedStateError(
                f"{path}: {size or 0} octets, but {length} were committed; restore it from a backup"
            )
        self._descriptor = self._folder.open(self.name + OPEN_SUFFIX, os.O_RDWR)
        while self.position < length:
            data = os.pread(self._descriptor, min(_CHUNK, length - self.position), self.position)
            self._hash.update(data)
            self.position += len(data)
        if self.digest != digest:
            raise DamagedStateError(f"{path}: the committed octets have changed; restore it from a backup")
        if size > length:
            os.ftruncate(self._descriptor, length)
            os.fsync(self._descriptor)
        os.lseek(self._descriptor, length, os.SEEK_SET)
        return size - length

    @property
    def digest(self) -> str:
        """SHA-256 of the file so far."""
        return f"sha256:{self._hash.hexdigest()}"

    def append(self, data: bytes) -> None:
        """Write behind what is there. Raises OSError."""
        self._is_dirty = True
        write_all(self._descriptor, data)
        self._hash.update(data)
        self.position += len(data)

    def sync(self) -> None:
        """Make everything appended durable. Raises OSError; the file must not be written after that."""
        if self._is_dirty:
            os.fsync(self._descriptor)
            self._is_dirty = False

    def seal(self) -> None:
        """Drop ``.open``: from now on the file never changes. Raises OSError."""
        self.sync()
        self.close()
        self._folder.rename(self.name + OPEN_SUFFIX, self.name)

    def close(self) -> None:
        """Close the descriptor without writing anything."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
