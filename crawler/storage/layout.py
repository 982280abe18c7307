"""Every file name of a crawl folder, and the only way to its files: relative to open folders, never through a link.

Names are made of counters, digests and the worker id, never of remote text (R7.3). What is in the files is elsewhere.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from crawler.errors import DamagedStateError, StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

FORMAT_VERSION: Final = 1
"""Of ``crawl.json`` and of all that is evidence; another one is neither read nor overwritten (R5.9)."""

CRAWL_FILE: Final = "crawl.json"
WARC: Final = "warc"
INDEX: Final = "index"
MANIFEST: Final = "manifest"
LOG: Final = "log"
CHECKPOINTS: Final = "checkpoints"
TIMESTAMPS: Final = "timestamps"
ATTESTATIONS: Final = "attestations"
STATE: Final = "state"
POLICIES: Final = "policies"
BLOCKLISTS: Final = "blocklists"
FOLDERS: Final = (WARC, INDEX, MANIFEST, LOG, CHECKPOINTS, TIMESTAMPS, ATTESTATIONS, STATE, POLICIES, BLOCKLISTS)

BAG_README: Final = "data/README.txt"
BAG_FILES: Final = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")
"""Of the hand-over; there only while nobody writes, the last one written last and removed first."""
CHECKPOINT_ENDING: Final = ".checkpoint"
CONSISTENCY_ENDING: Final = ".consistency"
ENVELOPE_ENDING: Final = ".dsse.json"

DATABASE: Final = "state.db"
RUNNING: Final = "running"
"""Beside the database while it is open: then its write-ahead log must be there as well."""
OPEN_SUFFIX: Final = ".open"
"""A WARC file carries it until it is complete, fsynced and never changed again (R5.1)."""
TEMPORARY_SUFFIX: Final = ".tmp"

CRAWL_HEAD: Final = "crawl"
"""Stands where a worker's id does in the names of heads over all workers."""
OWNERS: Final = "owners.db"
"""In ``state/crawl`` where several workers write the crawl: which domain is whose."""

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_WORKER = re.compile(r"[a-z][a-z0-9]{0,15}")
_SEGMENT = re.compile(r"([a-z][a-z0-9]*-[0-9]{6})(?:-e([0-9]+))?(\..+)")
_CONTENT = (WARC, INDEX, MANIFEST, LOG)
_LEFTOVERS = frozenset({CRAWL_FILE + TEMPORARY_SUFFIX})
_HAND_OVER = frozenset({*BAG_FILES, BAG_README.partition("/")[0]})


def warc_name(worker: str, kind: str, number: int) -> str:
    """Name of a finished WARC file; ``kind`` is ``pages`` or ``evidence``."""
    return f"{worker}-{kind}-{number:06d}.warc.gz"


def manifest_name(worker: str, number: int) -> str:
    """Name of a Parquet segment."""
    return f"{worker}-{number:06d}.parquet"


def index_name(worker: str, number: int) -> str:
    """Name of the CDXJ file of a segment."""
    return f"{worker}-{number:06d}.cdxj.gz"


def log_name(worker: str, number: int) -> str:
    """Name of the leaf data of a segment's log entries."""
    return f"{worker}-{number:06d}.jsonl.gz"


def rewritten_name(name: str) -> str:
    """Name of a segment's file after one more erasure: ``w0-000001-e1.parquet`` follows ``w0-000001.parquet``."""
    match = _SEGMENT.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no file of a segment")
    return f"{match[1]}-e{int(match[2] or 0) + 1}{match[3]}"


def newest_names(names: Iterable[str]) -> list[str]:
    """Without files that an erasure has replaced and that are still to be removed; sorted by segment."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for name in names:
        match = _SEGMENT.fullmatch(name)
        key, times = ((match[1], match[3]), int(match[2] or 0)) if match else ((name, ""), 0)
        found[key] = max(found.get(key, (-1, "")), (times, name))
    return [name for _, (_, name) in sorted(found.items())]


def checkpoint_name(worker: str, number: int) -> str:
    """Name of a signed head."""
    return f"{worker}-{number:06d}{CHECKPOINT_ENDING}"


def consistency_name(worker: str, number: int) -> str:
    """Name of the proof that a head follows from the one before."""
    return f"{worker}-{number:06d}{CONSISTENCY_ENDING}"


def envelope_name(worker: str, number: int) -> str:
    """Name of the signed list of files that belongs to a head."""
    return f"{worker}-{number:06d}{ENVELOPE_ENDING}"


def key_name(worker: str, key_id: str) -> str:
    """Name of the public key of a signer."""
    return f"{worker}-key-{key_id}.vkey"


def rotation_name(worker: str, key_id: str) -> str:
    """Name of the note by which the key before names that key."""
    return f"{worker}-key-{key_id}.rotation"


def roots_name(authority: str) -> str:
    """Name of the certificates at which chains of that time-stamp authority may end."""
    return f"{authority}.roots.pem"


def number_of(name: str, worker: str, ending: str) -> int | None:
    """Number in a file name ``<worker>-<number><ending>``; ``None`` for any other name."""
    digits = name.removeprefix(f"{worker}-").removesuffix(ending)
    is_ours = name == f"{worker}-{digits}{ending}" and digits.isdecimal() and digits.isascii()
    return int(digits) if is_ours else None


def is_worker_id(text: str) -> bool:
    """Whether the text may begin file names: a letter, then letters and digits, at most 16, and not ``crawl``."""
    return _WORKER.fullmatch(text) is not None and text != CRAWL_HEAD


def recognise(root: Path) -> bool:
    """Answer whether ``root`` holds a crawl (False: it is new or empty).

    Raises UsageError for a folder with other content, DamagedStateError for a crawl of another format version.
    """
    try:
        names = set(os.listdir(root)) - _LEFTOVERS  # noqa: PTH208 - names are enough
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        raise UsageError(f"{root}: is a file; give a folder for the crawl, new or empty") from None
    except OSError as error:
        raise UsageError(f"{root}: cannot be read ({error.strerror}); choose another output folder") from error
    if not names:
        return False
    if CRAWL_FILE not in names:
        if names & frozenset(FOLDERS) and names - _HAND_OVER <= frozenset(FOLDERS):
            if not any(os.listdir(root / name) for name in _CONTENT if name in names):  # noqa: PTH208 - names are enough
                return False  # killed before the first commit was through
            raise DamagedStateError(f"{root / CRAWL_FILE}: missing beside a crawl's files; restore it")
        raise UsageError(f"{root}: holds other files and no crawl; choose a new or empty folder, or the crawl's own")
    check_format(root)
    return True


def check_format(root: Path) -> None:
    """Raise unless ``crawl.json`` is there, ours, and of this format version."""
    path = root / CRAWL_FILE
    try:
        with Folder.descend(root) as folder:
            found = json.loads(folder.read(CRAWL_FILE))
    except (OSError, ValueError) as error:
        raise DamagedStateError(f"{path}: cannot be read as a crawl's description ({error}); restore it") from error
    version = found.get("format") if isinstance(found, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise UsageError(f"{path}: was not written by a crawl; choose a new or empty folder")
    if version != FORMAT_VERSION:
        raise DamagedStateError(
            f"{path}: format {version}, but this version reads format {FORMAT_VERSION}; use the version that wrote it"
        )


def has_owners(root: Path) -> bool:
    """Whether several workers write the crawl."""
    return (root / STATE / CRAWL_HEAD / OWNERS).is_file()


def has_files(root: Folder, worker: str) -> bool:
    """Whether that worker has put anything but its state into the crawl. Raises OSError."""
    for name in (*_CONTENT, CHECKPOINTS):
        with root.sub(name) as folder:
            if any(found.startswith(f"{worker}-") for found in folder.names()):
                return True
    return False


class Folder:
    """An open folder. Files are opened relative to its descriptor with ``O_NOFOLLOW``, made with mode 0600."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self.descriptor = descriptor
        self.path = path

    @classmethod
    def descend(cls, path: Path) -> Self:
        """Open an existing folder; only its own name, not its parents, must not be a link. Raises OSError."""
        return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), path)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make the folder where it is missing, then open it. Raises UsageError where that cannot be done."""
        try:
            path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            return cls.descend(path)
        except OSError as error:
            raise UsageError(f"{path}: cannot be made or opened ({error.strerror}); choose another folder") from error

    def sub(self, name: str) -> Folder:
        """Open a folder below, made where it is missing. Raises DamagedStateError where it is a link or a file."""
        with suppress(FileExistsError):
            os.mkdir(name, _FOLDER_MODE, dir_fd=self.descriptor)
        try:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            return Folder(os.open(name, flags, dir_fd=self.descriptor), self.path / name)
        except OSError as error:
            raise DamagedStateError(f"{self.path / name}: is no folder of ours ({error.strerror})") from error

    def open(self, name: str, flags: int) -> int:
        """Descriptor of a file in this folder. Raises OSError."""
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE_MODE, dir_fd=self.descriptor)

    def read(self, name: str) -> bytes:
        """Whole content of a file. Raises OSError."""
        with os.fdopen(self.open(name, os.O_RDONLY), "rb") as file:
            return file.read()

    def write(self, name: str, data: bytes, *, by: str = "") -> None:
        """Put a complete, fsynced file in place in one step; a reader sees the old one or the new. Raises OSError.

        ``by``: who writes, where others may write the same file at the same time.
        """
        temporary = name + by + TEMPORARY_SUFFIX
        descriptor = self.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.rename(temporary, name)

    def rename(self, old: str, new: str) -> None:
        """Rename within the folder and make that durable. Raises OSError."""
        os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        self.sync()

    def remove(self, name: str) -> None:
        """Delete a file. Raises OSError."""
        os.unlink(name, dir_fd=self.descriptor)

    def sync(self) -> None:
        """Make the folder's names durable. Raises OSError."""
        os.fsync(self.descriptor)

    def names(self) -> list[str]:
        """Names in the folder, sorted."""
        return sorted(os.listdir(self.descriptor))  # noqa: PTH208 - a descriptor, not a path

    def size(self, name: str) -> int | None:
        """Length of a file in octets; ``None`` where there is no such file."""
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False).st_size
        except FileNotFoundError:
            return None

    def close(self) -> None:
        """Close the descriptor; a second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class CrawlFolder:
    """The folders of one crawl, open for one worker."""

    def __init__(self, root: Folder, worker: str) -> None:
        if not is_worker_id(worker):
            raise UsageError(f"worker id {worker!r}: write a letter, then letters and digits, at most 16 in all")
        self.root = root
        self.worker = worker
        try:
            self.subfolders = {name: root.sub(name) for name in FOLDERS}
            self.state = self.subfolders[STATE].sub(worker)
            root.sync()
        except OSError as error:
            raise StorageError(f"{root.path}: cannot be written ({error.strerror})") from error

    def __getitem__(self, name: str) -> Folder:
        return self.subfolders[name]

    def close(self) -> None:
        """Close all descriptors."""
        for folder in (*self.subfolders.values(), self.state, self.root):
            folder.close()


def write_all(descriptor: int, data: bytes) -> None:
    """Write every octet, over short writes. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
