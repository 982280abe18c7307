"""A crawl's folder as a verifier meets it: its files and their digests, heads and notes, whom to believe. Read-only.

Nothing here trusts what it reads, and nothing needs the folder ``state``.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.audit.places import Places
from crawler.provenance.checkpoint import Checkpoint
from crawler.provenance.signed_note import read_note
from crawler.provenance.trust import Rotation
from crawler.storage.handover import evidence_files
from crawler.storage.layout import (
    ATTESTATIONS,
    BAG_FILES,
    BAG_README,
    CHECKPOINT_ENDING,
    CHECKPOINTS,
    CRAWL_FILE,
    CRAWL_HEAD,
    LOG,
    is_worker_id,
    number_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from crawler.audit.log_files import WorkerLog
    from crawler.provenance.signed_note import Note
    from crawler.provenance.trust import Trust

CHUNK = 1 << 20
THREADS = max(2, min(8, os.cpu_count() or 1))
MAX_SMALL = 64 << 20
"""Octets of a file that is read whole: anything of ours that is not hashed in pieces is smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """A checkpoint file as read."""

    path: str
    number: int
    octets: bytes
    note: Note
    checkpoint: Checkpoint


@dataclass(slots=True, kw_only=True)
class Evidence:
    """One crawl folder under check, and what the checks found out for each other."""

    root: Path
    trust: Trust
    """What the auditor brought; the folder's notes of rotation are followed from there."""
    is_trust_given: bool = False
    """Whether the auditor named it: then a key that it does not name is wrong, not only unknown."""
    are_stamps_demanded: bool = False
    """Whether a crawl without a good time stamp cannot be decided."""
    is_deep: bool = False
    """Whether every record is unpacked and hashed, also in files that are as they were closed."""
    tell: Callable[[int, int], None] = lambda _done, _total: None
    """Told how many octets are done, of how many."""
    undecided: list[str] = field(default_factory=list)
    """Why it cannot be decided, though nothing differs."""
    notes: list[str] = field(default_factory=list)
    """What a reader has to know besides."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Path to length of every regular file but those of ``state``."""
    odd: list[str] = field(default_factory=list)
    """Paths that are no regular files."""
    digests: dict[str, str] = field(default_factory=dict)
    """Path to hexadecimal SHA-256 of what is there now."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Path to why it cannot be read."""
    crawl: Mapping[str, Any] = field(default_factory=dict)
    """Content of ``crawl.json``; empty where it cannot be read."""
    heads: dict[str, list[SignedHead]] = field(default_factory=dict)
    """By worker, in the order of their numbers."""
    bad_heads: dict[str, str] = field(default_factory=dict)
    bad_rotations: dict[str, str] = field(default_factory=dict)
    logs: dict[str, WorkerLog] = field(default_factory=dict)
    """By worker; filled by the check of the log."""
    places: Places = field(default_factory=Places)
    """Of records that rows and site files name; filled by the check of the log."""
    records: int = 0
    stamps: int = 0
    done: int = 0
    total: int = 0

    def open(self) -> None:
        """List the files and read the small ones. Raises OSError where the folder cannot be listed."""
        os.listdir(self.root)  # noqa: PTH208 - fails where walking would pass over it
        for path in (*evidence_files(self.root), *BAG_FILES, BAG_README):
            try:
                found = (self.root / path).lstat()
            except FileNotFoundError:
                continue
            if stat.S_ISREG(found.st_mode):
                self.sizes[path] = found.st_size
            else:
                self.odd.append(path)
        self.crawl = self._crawl()
        for path in self.names(CHECKPOINTS):
            self._read_head(path)
        rotations = []
        for path in self.names(ATTESTATIONS):
            if path.endswith(".rotation"):
                try:
                    rotations.append(Rotation.parse(self.read(path)))
                except (OSError, ValueError) as error:
                    self.bad_rotations[path] = str(error)
        self.trust = self.trust.with_rotations(rotations)

    def names(self, folder: str) -> list[str]:
        """Paths below one folder of the crawl, sorted."""
        return sorted(path for path in self.sizes if path.startswith(f"{folder}/"))

    def workers(self) -> list[str]:
        """Ids of all workers of whom there is a log file or a head."""
        found = {path.partition("/")[2].partition("-")[0] for path in (*self.names(LOG), *self.names(CHECKPOINTS))}
        return sorted(filter(is_worker_id, found))

    @property
    def has_ended(self) -> bool:
        """Whether ``crawl.json`` says that nobody writes any more."""
        return self.crawl.get("ended_at") is not None

    def read(self, path: str) -> bytes:
        """Whole content of a file, never through a link. Raises OSError."""
        descriptor = os.open(self.root / path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_SMALL)

    def hash_all(self) -> None:
        """Hash every file, several at once, large ones first."""
        self.total = sum(self.sizes.values())
        with ThreadPoolExecutor(THREADS) as pool:
            order = sorted(self.sizes, key=lambda path: -self.sizes[path])
            for path, digest, problem in pool.map(self._hash, order):
                if problem is None:
                    self.digests[path] = digest
                else:
                    self.unreadable[path] = problem

    def _hash(self, path: str) -> tuple[str, str, str | None]:
        digest = hashlib.sha256()
        try:
            descriptor = os.open(self.root / path, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                while octets := file.read(CHUNK):
                    digest.update(octets)
                    self.done += len(octets)
                    self.tell(self.done, self.total)
        except OSError as error:
            return path, "", error.strerror or str(error)
        return path, digest.hexdigest(), None

    def _crawl(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self.read(CRAWL_FILE))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _read_head(self, path: str) -> None:
        name = path.partition("/")[2]
        worker = name.partition("-")[0]
        number = number_of(name, worker, CHECKPOINT_ENDING)
        if number is None or not (is_worker_id(worker) or worker == CRAWL_HEAD):
            return
        try:
            octets = self.read(path)
            note = read_note(octets)
            head = SignedHead(
                path=path, number=number, octets=octets, note=note, checkpoint=Checkpoint.parse(note.text)
            )
        except (OSError, ValueError) as error:
            self.bad_heads[path] = str(error)
            return
        self.heads.setdefault(worker, []).append(head)
