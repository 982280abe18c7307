"""Files of a folder of lists, or the bytes of them that were kept: read piece by piece, never all at once.

What they say is not known here; only that a format may want a folder where others have a file.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.blocklists.catalog import CATALOG
from crawler.blocklists.exceptions import EXCEPTIONS
from crawler.errors import UsageError
from crawler.values.digest import Digest, sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from crawler.blocklists.catalog import ListRecord

LOCAL = "local.txt"
PROTECTED = "protected.txt"
LIST_LIMIT = 256 * 1024 * 1024
"""Octets of one file."""
UT1_MEMBERS = ("domains", "expressions", "urls", "usage")
_PIECE = 1024 * 1024
_STILL_SECONDS = 5.0
"""How long a file must have lain unchanged: two writes in one tick of a file system's clock leave the same times."""

Stamp = tuple[int, ...]
"""Device, inode, octets, and when content and status were last changed, in nanoseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """One file exactly as it was read."""

    name: str
    """``catalog.toml``, ``exceptions.toml``, ``local.txt``, ``protected.txt``, ``lists/NAME`` or, of a folder,
    ``lists/NAME/MEMBER``."""
    digest: Digest
    size: int
    stamp: Stamp | None = None
    """Tells the bytes from others without reading them; ``None`` where they changed a moment ago, or lie in memory."""
    _path: Path | None = field(default=None, repr=False)
    _kept: bytes = field(default=b"", repr=False)

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> ListFile:
        """A file from bytes that are at hand."""
        return cls(name=name, digest=sha256(content), size=len(content), _kept=content)

    @classmethod
    def find(cls, path: Path, name: str, known: tuple[Stamp, Digest] | None = None) -> ListFile | None:
        """Look at a file and take its digest, or that of a known stamp; ``None`` for no file. Raises UsageError."""
        hashed = hashlib.sha256()
        size = 0
        try:
            with path.open("rb") as file:
                stamp = _stamp(file)
                if stamp is not None and known is not None and known[0] == stamp:
                    return cls(name=name, digest=known[1], size=stamp[2], stamp=stamp, _path=path)
                while piece := file.read(_PIECE):
                    hashed.update(piece)
                    size += len(piece)
                    if size > LIST_LIMIT:
                        raise UsageError(f"{path}: has more than {LIST_LIMIT} octets; no list is that long")
                if stamp != _stamp(file):
                    stamp = None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        return cls(name=name, digest=Digest(f"sha256:{hashed.hexdigest()}"), size=size, stamp=stamp, _path=path)

    @property
    def content(self) -> bytes:
        """All of it, read again. Raises UsageError where it is no longer what it was."""
        if self._path is None:
            return self._kept
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise UsageError(f"{self._path}: cannot be read: {error.strerror}") from error
        if sha256(content) != self.digest:
            raise UsageError(f"{self._path}: was changed while it was read; start again")
        return content

    def is_unchanged(self) -> bool:
        """Whether it still holds the bytes of its digest."""
        again = ListFile.find(self._path, self.name) if self._path is not None else self
        return again is not None and again.digest == self.digest

    def open(self) -> BinaryIO:
        """Open it for reading from its beginning. Raises UsageError."""
        if self._path is None:
            return io.BytesIO(self._kept)
        try:
            return self._path.open("rb")
        except OSError as error:
            raise UsageError(f"{self._path}: cannot be read: {error.strerror}") from error


def _stamp(file: BinaryIO) -> Stamp | None:
    found = os.fstat(file.fileno())
    if time.time() - max(found.st_mtime, found.st_ctime) <= _STILL_SECONDS:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def find_files(
    folder: Path, names: Iterable[str], known: Mapping[str, tuple[Stamp, Digest]] | None = None
) -> dict[str, ListFile]:
    """Those of the names that are there. Raises UsageError."""
    known = known or {}
    wanted = list(names)
    folders = {name.rpartition("/")[0] for name in wanted}
    found = (
        (name, ListFile.find(folder / name, name, known.get(name)))
        for name in wanted
        if name not in folders or not (folder / name).is_dir()
    )
    return {name: file for name, file in found if file is not None}


def names_of(records: Iterable[ListRecord]) -> list[str]:
    """All names that may belong to a snapshot, in the order of its digest."""
    names = [CATALOG, LOCAL, PROTECTED, EXCEPTIONS]
    for record in records:
        names.append(record.file)
        if record.format == "ut1":
            names += member_names(record)
    return names


def member_names(record: ListRecord) -> list[str]:
    """Names of the files of a list that is a folder."""
    return [f"{record.file}/{member}" for member in UT1_MEMBERS]


def folder_digest(files: Iterable[ListFile]) -> Digest:
    """Digest of a list that is a folder: ``cat`` of what ``sha256sum *`` prints in it."""
    lines = sorted((file.name.rpartition("/")[2], file.digest.removeprefix("sha256:")) for file in files)
    return sha256("".join(f"{digest}  {name}\n" for name, digest in lines).encode())
