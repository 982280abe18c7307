"""A folder of blocklists while it is changed: one writer, whole files in place of whole files, every version kept.

The catalog is replaced last and names the bytes by digest, so that it alone puts a version in force. What may be put
in force is decided elsewhere.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from crawler.blocklists.catalog import CATALOG, read_whole
from crawler.blocklists.catalog_editing import NEW
from crawler.errors import DamagedStateError, StorageError, UsageError
from crawler.storage.blocklists import FOLDER, LIST_LIMIT, LOCAL, PROTECTED
from crawler.storage.layout import Folder
from crawler.storage.lock import lock
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from crawler.blocklists.catalog import Catalog, ListRecord
    from crawler.values.digest import Digest

VERSIONS = "versions"
"""Every accepted version, and all other bytes of a snapshot, under their digest."""
WAITING = "waiting"
"""The last version of a list that was not put in force, until a person accepts it."""
SNAPSHOTS = "snapshots"
REVIEWS = "reviews"
HISTORY = "history.jsonl"
"""One line for every change that was accepted."""
_TEMPORARY = ".new"
_BESIDE = frozenset({LOCAL, PROTECTED, FOLDER, "README.md"})
"""What a folder may hold that has no catalog yet."""


class ListFolder:
    """An open folder. A context manager; holds the folder's lock."""

    def __init__(self, root: Folder) -> None:
        """Use ``open``."""
        self._root = root
        self.path = root.path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Take the lock; a folder without a catalog gets an empty one.

        Raises UsageError where there is no folder, FolderInUseError where another command changes it.
        """
        try:
            root = Folder.descend(path)
        except OSError as error:
            raise UsageError(
                f"{path}: cannot be opened ({error.strerror}); name a folder of blocklists, or run clearcrawl init DIR"
            ) from error
        try:
            lock(root)
            opened = cls(root)
            opened._begin()
        except BaseException:
            root.close()
            raise
        return opened

    def _begin(self) -> None:
        if not (self.path / CATALOG).exists():
            strangers = sorted({path.name for path in self.path.iterdir()} - _BESIDE)
            if strangers:
                raise UsageError(f"{self.path}: holds {strangers[0]} and no {CATALOG}; name a folder of blocklists")
            self.write(CATALOG, NEW.encode())

    def read(self, name: str) -> bytes | None:
        """Content of a file; ``None`` where there is none. Raises UsageError where it cannot be read."""
        path = self.path / name
        try:
            with path.open("rb") as file:
                content = file.read(LIST_LIMIT + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        if len(content) > LIST_LIMIT:
            raise UsageError(f"{path}: has more than {LIST_LIMIT} octets; no list is that long")
        return content

    def text(self) -> str:
        """The catalog as it is written; read it with ``catalog`` first, which tells what is wrong with it."""
        return (self.read(CATALOG) or b"").decode()

    def catalog(self) -> Catalog:
        """The catalog. Raises DocumentError with all its mistakes."""
        return read_whole(self.read(CATALOG) or b"")

    def content(self, record: ListRecord) -> bytes:
        """The bytes of a list in force, from where they are kept if its file was changed or lost.

        Raises UsageError where they are nowhere.
        """
        content = self.read(record.file)
        if content is None or sha256(content) != record.digest:
            content = self.version(record.digest)
        if content is None:
            raise UsageError(
                f"{self.path / record.file}: is not the file that the catalog accepted for {record.id} "
                f"({record.digest}), and no copy is kept; restore the file, or take the list out of {CATALOG}"
            )
        return content

    def keep(self, content: bytes) -> Digest:
        """Keep bytes under their digest. Raises StorageError."""
        digest = sha256(content)
        name = _named(digest)
        if self.read(name) != content:
            self.write(name, content)
        return digest

    def version(self, digest: str) -> bytes | None:
        """Bytes that were kept; ``None`` for a digest that is not known. Raises DamagedStateError for changed ones."""
        content = self.read(_named(digest))
        if content is not None and sha256(content) != digest:
            raise DamagedStateError(f"{self.path / _named(digest)}: is not the version that its name says; restore it")
        return content

    def waiting(self, list_id: str) -> bytes | None:
        """The version of a list that waits for a person."""
        return self.read(f"{WAITING}/{list_id}")

    def put_waiting(self, list_id: str, content: bytes | None) -> None:
        """Keep a version for a person, instead of an earlier one; ``None`` when none waits any longer."""
        if content is not None:
            self.write(f"{WAITING}/{list_id}", content)
        else:
            self.remove(f"{WAITING}/{list_id}")

    def put_in_force(self, catalog: str, files: Mapping[str, bytes], *, leave: str | None = None) -> None:
        """Write the files, then the catalog that names them; ``leave`` is a file that it no longer names.

        Every byte is on the disk before the catalog is replaced. Raises StorageError, DocumentError for a catalog
        that would not be read again; then nothing has changed.
        """
        read_whole(catalog.encode())
        for name, content in files.items():
            self.keep(content)
            if self.read(name) != content:
                self.write(name, content)
        self.write(CATALOG, catalog.encode())
        if leave is not None and leave not in files:
            self.remove(leave)

    def write(self, name: str, content: bytes) -> None:
        """Replace a file as a whole, durably; a reader sees the old one or the new. Raises StorageError."""
        path = self.path / name
        beside = path.with_name(f".{path.name}{_TEMPORARY}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            _sync(path.parent)
            if path.parent != self.path:
                _sync(self.path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise StorageError(f"{path}: cannot be written: {error.strerror}; what was in force stays") from error

    def remove(self, name: str) -> None:
        """Delete a file that may be missing. Raises StorageError."""
        path = self.path / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{path}: cannot be removed: {error.strerror}") from error

    def record(self, entry: Mapping[str, Any]) -> None:
        """Add a line to the history. Raises StorageError."""
        path = self.path / HISTORY
        try:
            with path.open("ab") as file:
                file.write(json.dumps(entry, ensure_ascii=True).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"{path}: cannot be written: {error.strerror}") from error

    def history(self) -> Iterator[dict[str, Any]]:
        """Lines of the history, oldest first; one that was cut off while it was written is left out."""
        for line in (self.read(HISTORY) or b"").splitlines():
            with suppress(ValueError):
                yield json.loads(line)

    def close(self) -> None:
        """Let go of the lock."""
        self._root.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def file_of(list_id: str, digest: Digest) -> str:
    """Name for a version of a list: another version never takes the place of the one in force."""
    return f"{FOLDER}/{list_id}-{digest.removeprefix('sha256:')[:12]}.txt"


def _named(digest: str) -> str:
    return f"{VERSIONS}/{digest.replace(':', '-')}"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
