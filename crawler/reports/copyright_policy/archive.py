"""Every version of the policy that was rendered: a folder each, named by day and digest, whole and never changed.

The sources in it are a folder of policies themselves, so that a version can be compared and rendered again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import DamagedStateError, StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from crawler.values.digest import Digest

SOURCES = "sources"
DESCRIPTION = "version.json"
CATALOG = "blocklists-catalog.toml"
_NAME = re.compile(r"\d{4}-\d\d-\d\d-[0-9a-f]{16}")
_READ_ONLY = 0o444


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """``version.json``."""

    dated: str
    """Day on which it was rendered first, UTC."""
    digest: str
    """Of the facts of the document."""
    sources_digest: str
    """Of all files of the folder of policies."""
    policy_version: str
    policy_digest: str
    lists: tuple[str, ...]
    """Ids of the blocklists in the catalog."""
    software: str


def versions(archive: Path) -> tuple[Version, ...]:
    """All versions, oldest first; none where there is no archive. Raises DamagedStateError."""
    if not archive.is_dir():
        return ()
    found = [_read(path) for path in sorted(archive.iterdir()) if _NAME.fullmatch(path.name)]
    return tuple(sorted(found, key=lambda one: (one.dated, one.digest)))


def known(archive: Path, digest: Digest) -> Version | None:
    """The version of these facts, if it was rendered before."""
    return next((one for one in versions(archive) if one.digest == digest), None)


def add(archive: Path, version: Version, *, documents: Mapping[str, bytes], sources: Mapping[str, bytes]) -> Path:
    """Keep a version under its day and digest; one that is there stays as it is.

    Raises UsageError where the archive cannot be made, StorageError where writing fails.
    """
    name = name_of(version)
    place = archive / name
    if place.is_dir():
        return place
    try:
        archive.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=archive))
    except OSError as error:
        raise UsageError(
            f"{archive}: cannot be written ({error.strerror}); name another place: --archive DIR"
        ) from error
    try:
        files = {DESCRIPTION: json.dumps(asdict(version), indent=2).encode() + b"\n", **documents}
        files |= {f"{SOURCES}/{path}": content for path, content in sources.items()}
        for path, content in files.items():
            _write(made / path, content)
        made.chmod(0o755)
        made.rename(place)
        _sync(archive)
    except OSError as error:
        if not place.is_dir():  # else another run kept the same version a moment ago
            raise StorageError(f"{place}: cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return place


def name_of(version: Version) -> str:
    """Folder of a version."""
    return f"{version.dated}-{version.digest.removeprefix('sha256:')[:16]}"


def dated(archive: Path, digest: Digest, today: date) -> str:
    """Day of these facts: when they were first rendered, else today."""
    earlier = known(archive, digest)
    return str(today) if earlier is None else earlier.dated


def _read(path: Path) -> Version:
    try:
        found = json.loads((path / DESCRIPTION).read_bytes())
        version = Version(**{**found, "lists": tuple(found["lists"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedStateError(f"{path / DESCRIPTION}: cannot be read ({error!r}); restore it") from error
    if name_of(version) != path.name:
        raise DamagedStateError(f"{path}: holds {name_of(version)}; versions are never renamed or changed")
    return version


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _READ_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
