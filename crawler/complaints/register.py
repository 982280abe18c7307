"""The register on disk: a log that only grows, signed heads over it, and personal data apart so that it can be erased.

``log/<n>.jsonl`` are leaves of one Merkle tree (docs/evidence-format.md), one file a command, never changed.
``personal/<seq>.leaf`` holds a leaf of which the log has the hash alone, ``personal/sha256-<hex>`` a file as it came.
``heads/`` are signed notes with consistency proofs, ``keys/`` the public keys. What entries mean is in ``case``.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from crawler import __version__
from crawler.complaints.reading import (
    ERASURE,
    FORMAT,
    HEADS,
    KEYS,
    LOG,
    PERSONAL,
    START,
    Entry,
    RegisterReader,
    head_name,
    log_name,
)
from crawler.errors import SignerError, StorageError
from crawler.provenance.checkpoint import Checkpoint, Step
from crawler.provenance.leaf import canonical, hash_text, leaf_data, leaf_hash, time_text
from crawler.provenance.merkle import RightEdge, consistency_proof
from crawler.provenance.signed_note import write_note
from crawler.storage.layout import TEMPORARY_SUFFIX, Folder
from crawler.storage.lock import lock
from crawler.values.digest import Digest, sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from crawler.storage.notary import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """Something to be entered."""

    kind: str
    body: Mapping[str, Any]
    personal: Mapping[str, Any] | None = None
    """What may have to be erased one day; a leaf of its own."""
    files: Sequence[bytes] = ()
    """Kept by digest; ``personal`` names the digests."""


class Register(RegisterReader):
    """Opened with ``open_to_write`` it holds the lock until it is closed."""

    @classmethod
    def open_to_write(cls, path: Path, *, sealer: Sealer, domain: str, now: datetime) -> Self:
        """Open, or begin, and take the lock. Raises also FolderInUseError and StorageError.

        ``domain`` is the operator's; it begins the origin of a new log.
        """
        root = Folder.create(path)
        register = cls(root, is_writing=True)
        try:
            lock(root)
        except BaseException:
            root.close()
            raise
        register._load_or_close()
        try:
            register._check_memory(sealer)
            register._durably(register._sweep)
            if not register.entries:
                register_id = secrets.token_hex(4)
                body = {
                    "format": FORMAT,
                    "origin": f"{domain}/complaints-{register_id}/r0",
                    "software": f"clearcrawl/{__version__}",
                    "signing": {"key": str(sealer.key), "protection": sealer.protection},
                }
                register.add([New(kind=START, body=body)], sealer=sealer, now=now)
        except BaseException:
            register.close()
            raise
        return register

    def _sweep(self) -> None:
        """Remove what a killed command left behind: no entry names it."""
        folder = self._sub[PERSONAL]
        named = {f"{seq}.leaf" for seq in self._tree.apart}
        for name in folder.names():
            if name.endswith(TEMPORARY_SUFFIX) or (name.endswith(".leaf") and name not in named):
                folder.remove(name)
        for seq in sorted(self._erased()):
            with suppress(FileNotFoundError):
                folder.remove(f"{seq}.leaf")
        self._remove_unnamed()

    def _erased(self) -> set[int]:
        return {seq for one in self.entries if one.kind == ERASURE for seq in one.body["seqs"]}

    def _remove_unnamed(self) -> None:
        """Files that no entry with its personal part names any longer."""
        named = {digest.replace(":", "-") for one in self.entries for digest in digests_of(one.personal)}
        for name in self._sub[PERSONAL].names():
            if name.startswith("sha256-") and name not in named:
                self._sub[PERSONAL].remove(name)

    def add(self, news: Sequence[New], *, sealer: Sealer, now: datetime) -> None:
        """Enter all of them or none, and sign. Raises StorageError; a missing signature is told by ``unsigned``."""
        lines: list[bytes] = []
        apart: dict[int, bytes] = {}
        hashes: list[bytes] = []
        entries: list[Entry] = []
        start, time = self.size, time_text(now)
        for new in news:
            body = dict(new.body)
            if new.personal is not None:
                seq = start + len(lines)
                data = _leaf(f"{new.kind}_personal", seq, time, new.personal)
                apart[seq] = data
                hashes.append(leaf_hash(data))
                lines.append(canonical({"apart": True, "leaf_hash": hash_text(hashes[-1]), "seq": seq}))
                body["personal"] = seq
            seq = start + len(lines)
            lines.append(_leaf(new.kind, seq, time, body))
            hashes.append(leaf_hash(lines[-1]))
            entries.append(Entry(seq=seq, kind=new.kind, time=time, body=body, personal=new.personal))
        self._durably(lambda: self._write(news, lines, apart))
        self._tree.lines += lines
        self._tree.hashes += hashes
        self._tree.apart |= {seq: hashes[seq - start] for seq in apart}
        self._tree.files += 1
        self.entries += entries
        self._sign(sealer)

    def _durably(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            raise StorageError(f"{self.path}: cannot be written ({error.strerror})") from error

    def _write(self, news: Sequence[New], lines: Sequence[bytes], apart: Mapping[int, bytes]) -> None:
        folder = self._sub[PERSONAL]
        for new in news:
            for data in new.files:
                name = sha256(data).replace(":", "-")
                if folder.size(name) is None:
                    folder.write(name, data)
        for seq, data in apart.items():
            folder.write(f"{seq}.leaf", data)
        self._sub[LOG].write(log_name(self._tree.files + 1), b"".join(line + b"\n" for line in lines))

    def erase(self, seqs: Sequence[int], body: Mapping[str, Any], *, sealer: Sealer, now: datetime) -> None:
        """Erase the personal parts that lie under these numbers; the log says so first, and keeps their hashes."""
        self.add([New(kind=ERASURE, body={**body, "seqs": sorted(seqs)})], sealer=sealer, now=now)
        self.entries = [
            one
            if one.body.get("personal") not in seqs
            else Entry(seq=one.seq, kind=one.kind, time=one.time, body=one.body, is_erased=True)
            for one in self.entries
        ]
        self._durably(self._sweep)

    def _sign(self, sealer: Sealer) -> None:
        try:
            self._durably(lambda: self._sign_head(sealer))
        except SignerError as error:
            self.unsigned = str(error)

    def _sign_head(self, sealer: Sealer) -> None:
        keys = self._sub[KEYS]
        wanted = {f"{sealer.key.id}.vkey": f"{sealer.key}\n".encode()}
        wanted |= {f"{key_id}.rotation": note for key_id, note in sealer.rotations.items()}
        for name, octets in wanted.items():
            if keys.size(name) is None:
                keys.write(name, octets)
        edge = RightEdge()
        step = None
        if self.head is not None:
            edge.extend(self._tree.hashes[: self.head.size])
            added = self._tree.hashes[self.head.size :]
            proof = consistency_proof(edge, added)
            old_size, old_root = self.head.size, self.head.root
            edge.extend(added)
            step = Step(
                origin=self.origin,
                old_size=old_size,
                old_root=old_root,
                size=edge.size,
                root=edge.root(),
                proof=tuple(proof),
            )
        else:
            edge.extend(self._tree.hashes)
        head = Checkpoint(origin=self.origin, size=edge.size, root=edge.root())
        note = write_note(head.text(), sealer.key, sealer.sign(head.text()))
        number = self.head_number + 1
        if step is not None:
            self._sub[HEADS].write(f"{number:06d}.consistency", step.text())
        self._sub[HEADS].write(head_name(number), note)
        self.head, self.head_number, self.unsigned = head, number, None
        sealer.remember_head(self.origin, note)


def digests_of(personal: Mapping[str, Any] | None) -> list[Digest]:
    """Digests of the files that a personal part names."""
    if personal is None:
        return []
    found = [personal.get(name) for name in ("original", "removals", "receipt", "letter")]
    found += [one["digest"] for one in personal.get("attachments", ())]
    return [Digest(one) for one in found if one]


def _leaf(kind: str, seq: int, time: str, body: Mapping[str, Any]) -> bytes:
    return leaf_data(kind, seq=seq, time=time, salt=secrets.token_hex(16), body=body)
