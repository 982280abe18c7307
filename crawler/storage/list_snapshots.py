"""Snapshots of a folder of blocklists: which bytes were in force at a moment, found again by the digest in the rows.

A snapshot names files and digests; the bytes are among the kept versions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.blocklists.catalog import CATALOG, read_catalog
from crawler.errors import DamagedStateError, UsageError
from crawler.storage.blocklists import digest_of, files_of, read_contents
from crawler.storage.list_folder import SNAPSHOTS
from crawler.values.digest import Digest

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.storage.list_folder import ListFolder

_FORMAT = "clearcrawl-blocklist-snapshot/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One state of the folder."""

    digest: Digest
    """As in the column ``lists_digest`` of every row that was decided under it."""
    made_at: str
    """UTC, ISO 8601."""
    note: str
    files: tuple[tuple[str, Digest], ...]
    """Name and digest of each file, in the order of the digest."""


def take_snapshot(folder: ListFolder, *, now: datetime, note: str) -> Snapshot:
    """Keep the folder's state; one that is kept already stays as it was. Raises StorageError."""
    files = files_of(read_contents(folder.path))
    digest = digest_of((file.digest, file.name) for file in files)
    known = _read(folder, digest)
    if known is not None:
        return known
    for file in files:
        folder.keep(file.content)
    snapshot = Snapshot(
        digest=digest, made_at=now.isoformat(), note=note, files=tuple((file.name, file.digest) for file in files)
    )
    body = {
        "format": _FORMAT,
        "digest": digest,
        "made_at": snapshot.made_at,
        "note": note,
        "files": [{"name": name, "digest": each} for name, each in snapshot.files],
    }
    folder.write(_name(digest), json.dumps(body, indent=2).encode() + b"\n")
    return snapshot


def snapshots(folder: ListFolder) -> list[Snapshot]:
    """All of them, oldest first."""
    paths = sorted((folder.path / SNAPSHOTS).glob("sha256-*.json"))
    found = [_read(folder, path.stem.replace("-", ":", 1)) for path in paths]
    return sorted((each for each in found if each is not None), key=lambda each: each.made_at)


def find_snapshot(folder: ListFolder, wanted: str) -> Snapshot:
    """The snapshot whose digest begins with the text. Raises UsageError for none and for more than one."""
    found = [each for each in snapshots(folder) if each.digest.startswith((wanted, f"sha256:{wanted}"))]
    if len(found) != 1:
        problem = "no snapshot has" if not found else f"{len(found)} snapshots have"
        raise UsageError(
            f"{wanted}: {problem} a digest that begins so; clearcrawl blocklist snapshot --list shows them"
        )
    return found[0]


def contents_of(folder: ListFolder, snapshot: Snapshot) -> dict[str, bytes]:
    """The bytes of a snapshot, by name. Raises DamagedStateError where some are missing or changed."""
    contents = {}
    for name, digest in snapshot.files:
        content = folder.version(digest)
        if content is None:
            raise DamagedStateError(f"{folder.path}: the version {digest} of {name} is not kept any longer")
        contents[name] = content
    return contents


def restore_snapshot(folder: ListFolder, snapshot: Snapshot, *, now: datetime) -> Snapshot:
    """Put the state of a snapshot in force, and keep the present one first: that is returned. Raises StorageError.

    The catalog comes last: a start in between finds bytes that differ from their digest, and is refused.
    """
    contents = contents_of(folder, snapshot)
    before = take_snapshot(folder, now=now, note="before another snapshot was restored")
    files = {name: content for name, content in contents.items() if name != CATALOG}
    folder.put_in_force(contents[CATALOG].decode(), files)
    for name, _ in before.files:
        if name not in contents:
            folder.remove(name)
    folder.record(
        {"at": now.isoformat(), "restored": snapshot.digest, "before": before.digest, "lists": _ids(contents[CATALOG])}
    )
    return before


def _ids(catalog: bytes) -> list[str]:
    return [record.id for record in read_catalog(catalog)]


def _name(digest: str) -> str:
    return f"{SNAPSHOTS}/{digest.replace(':', '-')}.json"


def _read(folder: ListFolder, digest: str) -> Snapshot | None:
    data = folder.read(_name(digest))
    if data is None:
        return None
    try:
        body = json.loads(data)
        files = tuple((str(file["name"]), Digest(file["digest"])) for file in body["files"])
        found = Snapshot(digest=body["digest"], made_at=body["made_at"], note=body["note"], files=files)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedStateError(f"{folder.path / _name(digest)}: cannot be read as a snapshot: {error!r}") from error
    if found.digest != digest or digest_of((each, name) for name, each in files) != digest:
        raise DamagedStateError(f"{folder.path / _name(digest)}: does not match the digest in its name")
    return found
