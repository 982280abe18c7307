"""Signed heads of a worker's log: when one is due, that it follows from the last one, and where it is put (R6.4, R6.5).

Who signs is behind the port ``Sealer``; a signature that fails leaves the crawl running, unsigned and saying so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from crawler.errors import DamagedStateError, SignerError
from crawler.provenance.checkpoint import TEST_DOMAIN, Checkpoint, Step, hash_base64
from crawler.provenance.merkle import RightEdge, consistency_proof
from crawler.provenance.signed_note import read_note, write_note
from crawler.storage.layout import (
    ATTESTATIONS,
    CHECKPOINT_ENDING,
    CHECKPOINTS,
    checkpoint_name,
    consistency_name,
    key_name,
    number_of,
    rotation_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crawler.provenance.signed_note import VerifierKey
    from crawler.storage.journal import Journal
    from crawler.storage.layout import CrawlFolder

INTERVAL = 3600.0
"""Seconds after which a head is signed in any case, where leaves were added."""
_AT_ONCE = 50_000
"""Leaf hashes read at once."""


class Sealer(Protocol):
    """Signs; ``signing.sealer`` has one."""

    @property
    def key(self) -> VerifierKey:
        """The public key."""

    @property
    def protection(self) -> str:
        """``unprotected``, ``passphrase`` or ``external``."""

    @property
    def rotations(self) -> Mapping[str, bytes]:
        """Id of a key to the note by which the one before names it."""

    def sign(self, message: bytes) -> bytes:
        """64 octets. Raises SignerError."""

    def last_head(self, origin: str) -> bytes | None:
        """The last note signed for that log, as remembered outside the crawl's folder."""

    def remember_head(self, origin: str, note: bytes) -> None:
        """Remember it. Raises SignerError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest signed head."""

    number: int
    checkpoint: Checkpoint
    note: bytes


class Notary:
    """Signs heads of one worker's log. Used by the store, in its thread."""

    def __init__(
        self, folder: CrawlFolder, journal: Journal, sealer: Sealer, *, domain: str, crawl_id: str,
        on_head: Callable[[Head], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """Look at what was signed before. Raises DamagedStateError where a head is gone or does not read."""
        self._folder = folder
        self._journal = journal
        self._sealer = sealer
        self._on_head = on_head
        self._signed_at = time.monotonic()
        self.problem: str | None = None
        """Why the newest leaves are not signed."""
        self._edge = self._load_edge()
        self.head = self._last_head()
        self.origin: str = journal.get("origin") or f"{domain}/{crawl_id}/{folder.worker}"
        self.change: dict[str, str | int] | None = self._changed(domain, crawl_id)
        """Body of the entry ``origin_changed`` that has to be written before the next head."""
        self._put_keys()

    def _last_head(self) -> Head | None:
        worker = self._folder.worker
        numbers = [number_of(name, worker, CHECKPOINT_ENDING) for name in self._folder[CHECKPOINTS].names()]
        known = self._journal.get("head_number") or 0
        number = max(filter(None, numbers), default=0)
        if number < known:
            path = self._folder[CHECKPOINTS].path / checkpoint_name(worker, known)
            raise DamagedStateError(f"{path}: is missing; restore it")
        if not number:
            return None
        name = checkpoint_name(worker, number)
        path = self._folder[CHECKPOINTS].path / name
        try:
            note = self._folder[CHECKPOINTS].read(name)
            return Head(number=number, checkpoint=Checkpoint.parse(read_note(note).text), note=note)
        except (OSError, ValueError) as error:
            raise DamagedStateError(f"{path}: is no checkpoint ({error}); restore it") from error

    def _changed(self, domain: str, crawl_id: str) -> dict[str, str | int] | None:
        """Whether what was signed before is not what the tree holds (R6.5), or TEST began or ceased."""
        last, reason = self._foreign_head(), "backup"
        is_test = self.origin.startswith(f"{TEST_DOMAIN}/")
        if last is None and self._journal.get("origin") is not None and is_test != (domain == TEST_DOMAIN):
            last, reason = (None if self.head is None else self.head.checkpoint), "test_hosts"
            if last is None:
                self.origin = f"{domain}/{crawl_id}/{self._folder.worker}"
        if last is None:
            self._journal.put("origin", self.origin)
            return None
        times = (self._journal.get("origin_changes") or 0) + 1
        self.origin = f"{domain}/{crawl_id}.r{times}/{self._folder.worker}"
        return {
            "origin": self.origin, "old_origin": last.origin, "old_size": last.size,
            "old_root": hash_base64(last.root), "reason": reason,
        }  # fmt: skip

    def _foreign_head(self) -> Checkpoint | None:
        """A head of this origin that the tree does not lead to: of the folder, or as remembered by the signer."""
        remembered = self._sealer.last_head(self.origin)
        heads = [] if self.head is None or self.head.checkpoint.origin != self.origin else [self.head.checkpoint]
        if remembered is not None:
            heads.append(Checkpoint.parse(read_note(remembered).text))
        return next((head for head in sorted(heads, key=lambda one: -one.size) if not self._holds(head)), None)

    def _holds(self, head: Checkpoint) -> bool:
        if head.size > self._journal.next_seq:
            return False
        edge = self._edge.copy() if self._edge.size <= head.size else RightEdge()
        self._fold(edge, head.size)
        return edge.root() == head.root

    def accept_change(self) -> None:
        """The entry ``origin_changed`` was written; inside the same transaction."""
        self._journal.put("origin", self.origin)
        self._journal.put("origin_changes", (self._journal.get("origin_changes") or 0) + 1)
        self.change = None

    @property
    def is_due(self) -> bool:
        """Whether an hour has passed since the last head."""
        return time.monotonic() - self._signed_at >= INTERVAL

    def sign_head(self) -> bool:
        """Sign the tree as it is, if it has grown; answer whether all leaves are signed now. Raises OSError."""
        size = self._journal.next_seq
        self._signed_at = time.monotonic()
        last = self.head.checkpoint if self.head is not None else None
        follows = last is not None and last.origin == self.origin
        if follows and last is not None and last.size == size:
            return self.problem is None
        step = self._step(last if follows else None, size)
        checkpoint = Checkpoint(origin=self.origin, size=size, root=self._edge.root())
        try:
            note = write_note(checkpoint.text(), self._sealer.key, self._sealer.sign(checkpoint.text()))
        except SignerError as error:
            self.problem = str(error)
            return False
        number = (self.head.number if self.head is not None else 0) + 1
        worker, folder = self._folder.worker, self._folder[CHECKPOINTS]
        if step is not None:
            folder.write(consistency_name(worker, number), step.text())
        folder.write(checkpoint_name(worker, number), note)
        self.head = Head(number=number, checkpoint=checkpoint, note=note)
        self.problem = None
        self._remember(note)
        with self._journal.transaction():
            self._journal.put("head_number", number)
            self._journal.put("edge", f"{self._edge.size} {b''.join(self._edge.peaks).hex()}")
        self._on_head(self.head)
        return True

    def _remember(self, note: bytes) -> None:
        try:
            self._sealer.remember_head(self.origin, note)
        except SignerError as error:
            self.problem = str(error)

    def _step(self, last: Checkpoint | None, size: int) -> Step | None:
        """Grow the edge to ``size``; the proof from the last head, where there is one of this origin."""
        if last is None:
            self._fold(self._edge, size)
            return None
        if self._edge.size != last.size:
            if self._edge.size > last.size:
                self._edge = RightEdge()
            self._fold(self._edge, last.size)
        added = self._leaves(last.size, size)
        proof = consistency_proof(self._edge, added)
        self._edge.extend(added)
        return Step(
            origin=self.origin, old_size=last.size, old_root=last.root, size=size, root=self._edge.root(),
            proof=tuple(proof),
        )  # fmt: skip

    def _fold(self, edge: RightEdge, size: int) -> None:
        while edge.size < size:
            edge.extend(self._leaves(edge.size, min(size, edge.size + _AT_ONCE)))

    def _leaves(self, start: int, end: int) -> list[bytes]:
        query = "SELECT hash FROM leaves WHERE seq >= ? AND seq < ? ORDER BY seq"
        return [row[0] for row in self._journal.connection.execute(query, (start, end))]

    def _load_edge(self) -> RightEdge:
        kept = self._journal.get("edge")
        if kept is None:
            return RightEdge()
        size, _, peaks = kept.partition(" ")
        octets = bytes.fromhex(peaks)
        return RightEdge(int(size), [octets[place : place + 32] for place in range(0, len(octets), 32)])

    def _put_keys(self) -> None:
        """The public key and the notes of rotation, so that an auditor finds the right line of the trust file."""
        folder, worker = self._folder[ATTESTATIONS], self._folder.worker
        wanted = {key_name(worker, self._sealer.key.id): f"{self._sealer.key}\n".encode()}
        wanted |= {rotation_name(worker, key_id): note for key_id, note in self._sealer.rotations.items()}
        for name, octets in wanted.items():
            if folder.size(name) is None:
                folder.write(name, octets)
