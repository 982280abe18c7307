"""Opens a register for reading: every entry, every file and every signed head is checked on the way.

What lies where is told in ``register``, which also writes; what entries mean, in ``case``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from crawler.errors import DamagedStateError, UsageError
from crawler.provenance.checkpoint import Checkpoint
from crawler.provenance.leaf import canonical, leaf_hash
from crawler.provenance.merkle import RightEdge, root_of
from crawler.provenance.signed_note import VerifierKey, read_note
from crawler.storage.layout import TEMPORARY_SUFFIX, Folder
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from crawler.storage.notary import Sealer

FORMAT = 1
LOG, PERSONAL, HEADS, KEYS = "log", "personal", "heads", "keys"
FOLDERS = (LOG, PERSONAL, HEADS, KEYS)
START, ERASURE = "register_start", "erasure"
_LOG_NAME = re.compile(r"[0-9]{6}\.jsonl")
_HEAD_NAME = re.compile(r"([0-9]{6})\.checkpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as read."""

    seq: int
    kind: str
    time: str
    body: Mapping[str, Any]
    personal: Mapping[str, Any] | None = None
    is_erased: bool = False
    """Whether there was something personal that is gone."""


@dataclass(slots=True, kw_only=True)
class Tree:
    """The log as it was read."""

    lines: list[bytes] = field(default_factory=list)
    """As the log has them: leaves, and names of leaves that lie apart."""
    hashes: list[bytes] = field(default_factory=list)
    apart: dict[int, bytes] = field(default_factory=dict)
    """Hashes of leaves that lie in ``personal/``."""
    files: int = 0


class RegisterReader:
    """An open register, checked to its last entry."""

    def __init__(self, root: Folder, *, is_writing: bool) -> None:
        self.path = root.path
        self._root = root
        self._sub: dict[str, Folder] = {}
        self._is_writing = is_writing
        self._tree = Tree()
        self.entries: list[Entry] = []
        self.head: Checkpoint | None = None
        self.head_number = 0
        self.unsigned: str | None = None
        """Why the newest entries are under no signed head."""

    # -- opening

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for reading. Raises UsageError where there is none, DamagedStateError naming the file."""
        if not path.is_dir():
            raise UsageError(f"{path}: no such folder; clearcrawl complaints add begins a register")
        try:
            root = Folder.descend(path)
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
        register = cls(root, is_writing=False)
        register._load_or_close()
        return register

    def _load_or_close(self) -> None:
        try:
            self._check_names()
            self._load()
        except BaseException:
            self.close()
            raise

    def _check_names(self) -> None:
        names = {name for name in self._root.names() if not name.startswith(".")}
        strange = sorted(names - set(FOLDERS))
        if strange:
            raise UsageError(
                f"{self.path}: holds {strange[0]!r} and is no register of complaints; --register names another folder"
            )
        if not self._is_writing and LOG not in names:
            raise UsageError(f"{self.path}: holds no register yet; clearcrawl complaints add begins one")
        if not self._is_writing:
            missing = sorted(set(FOLDERS) - names)
            if missing:
                raise DamagedStateError(f"{self.path / missing[0]}: is missing; restore it")
        self._sub = {name: self._root.sub(name) for name in FOLDERS}

    # -- reading

    @property
    def origin(self) -> str:
        """Of the log; empty before its first entry."""
        return str(self.entries[0].body["origin"]) if self.entries else ""

    @property
    def size(self) -> int:
        """Leaves, those apart among them."""
        return len(self._tree.lines)

    def file(self, digest: str) -> bytes | None:
        """A file that came in; ``None`` where it was erased. Raises DamagedStateError where it is another one."""
        name = digest.replace(":", "-")
        try:
            data = self._sub[PERSONAL].read(name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedStateError(f"{self.path / PERSONAL / name}: cannot be read ({error.strerror})") from error
        if sha256(data) != digest:
            raise DamagedStateError(f"{self.path / PERSONAL / name}: is not the file of its name; restore it")
        return data

    def leaf(self, seq: int) -> tuple[bytes | None, bytes]:
        """Octets of a leaf (``None``: erased) and its hash."""
        if seq not in self._tree.apart:
            return self._tree.lines[seq], self._tree.hashes[seq]
        try:
            return self._sub[PERSONAL].read(f"{seq}.leaf"), self._tree.hashes[seq]
        except FileNotFoundError:
            return None, self._tree.hashes[seq]

    def hashes(self, size: int) -> list[bytes]:
        """Hashes of the first leaves, for proofs."""
        return self._tree.hashes[:size]

    def head_note(self) -> bytes | None:
        """The newest signed head."""
        return self._sub[HEADS].read(head_name(self.head_number)) if self.head_number else None

    def public_keys(self) -> list[VerifierKey]:
        """Public keys that signed here. Raises DamagedStateError."""
        found = []
        for name in self._sub[KEYS].names():
            if name.endswith(".vkey"):
                try:
                    found.append(VerifierKey.parse(self._sub[KEYS].read(name).decode().strip()))
                except (OSError, ValueError) as error:
                    raise DamagedStateError(f"{self.path / KEYS / name}: is no verifier key ({error})") from error
        return found

    def _load(self) -> None:
        names = [name for name in self._sub[LOG].names() if not name.endswith(TEMPORARY_SUFFIX)]
        for number, name in enumerate(names, start=1):
            if not _LOG_NAME.fullmatch(name) or name != log_name(number):
                raise DamagedStateError(f"{self.path / LOG / name}: {log_name(number)} was expected; restore it")
            self._load_file(name)
        self._tree.files = len(names)
        self._make_entries()
        if self.entries and self.entries[0].body.get("format") != FORMAT:
            raise DamagedStateError(f"{self.path / LOG}: is of another format; use the version that wrote it")
        self._check_heads()

    def _load_file(self, name: str) -> None:
        path = self.path / LOG / name
        try:
            data = self._sub[LOG].read(name)
        except OSError as error:
            raise DamagedStateError(f"{path}: cannot be read ({error.strerror})") from error
        if not data.endswith(b"\n"):
            raise DamagedStateError(f"{path}: is cut; restore it")
        for place, line in enumerate(data[:-1].split(b"\n"), start=1):
            try:
                self._take_line(line)
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise DamagedStateError(f"{path}:{place}: is no entry of this log ({error}); restore it") from error

    def _take_line(self, line: bytes) -> None:
        found = json.loads(line)
        seq = len(self._tree.lines)
        if canonical(found) != line or found["seq"] != seq:
            raise ValueError(f"is not the canonical line of entry {seq}")
        if found.get("apart") is True:
            octets = bytes.fromhex(str(found["leaf_hash"]).removeprefix("sha256:"))
            self._tree.apart[seq] = octets
            self._tree.hashes.append(octets)
        else:
            if set(found) != {"type", "seq", "time", "salt", "body"}:
                raise ValueError("has other members than type, seq, time, salt, body")
            self._tree.hashes.append(leaf_hash(line))
        self._tree.lines.append(line)

    def _make_entries(self) -> None:
        read = {seq: json.loads(line) for seq, line in enumerate(self._tree.lines) if seq not in self._tree.apart}
        kept = self._personal({seq for one in read.values() if one["type"] == ERASURE for seq in one["body"]["seqs"]})
        for seq, found in read.items():
            place = found["body"].get("personal")
            self.entries.append(
                Entry(
                    seq=seq,
                    kind=found["type"],
                    time=found["time"],
                    body=found["body"],
                    personal=kept.get(place),
                    is_erased=place is not None and place not in kept,
                )
            )

    def _personal(self, erased: set[int]) -> dict[int, Mapping[str, Any]]:
        """Personal parts by their numbers; what is gone must have been erased."""
        kept: dict[int, Mapping[str, Any]] = {}
        for seq, wanted in self._tree.apart.items():
            path = self.path / PERSONAL / f"{seq}.leaf"
            data, _ = self.leaf(seq)
            if data is None and seq not in erased:
                raise DamagedStateError(f"{path}: is missing, and no entry says that it was erased; restore it")
            if data is not None and leaf_hash(data) != wanted:
                raise DamagedStateError(f"{path}: is not what the log has the hash of; restore it")
            if data is not None and seq not in erased:
                kept[seq] = json.loads(data)["body"]
        return kept

    def _check_heads(self) -> None:
        """Every head is signed by a key of the folder and is a head of this log."""
        numbers = [int(match[1]) for name in self._sub[HEADS].names() if (match := _HEAD_NAME.fullmatch(name))]
        keys = self.public_keys()
        edge = RightEdge()
        for number, found in enumerate(sorted(numbers), start=1):
            path = self.path / HEADS / head_name(found)
            if found != number:
                raise DamagedStateError(f"{self.path / HEADS / head_name(number)}: is missing; restore it")
            try:
                note = read_note(self._sub[HEADS].read(path.name))
                head = Checkpoint.parse(note.text)
            except (OSError, ValueError) as error:
                raise DamagedStateError(f"{path}: is no signed head ({error}); restore it") from error
            if not any(note.is_signed_by(key) for key in keys):
                raise DamagedStateError(f"{path}: no key of {self.path / KEYS} made its signature")
            if not edge.size <= head.size <= self.size or head.origin != self.origin:
                raise DamagedStateError(f"{path}: names {head.size} entries, the log has {self.size}; restore the log")
            edge.extend(self._tree.hashes[edge.size : head.size])
            if edge.root() != head.root:
                raise DamagedStateError(f"{path}: is not the head of {self.path / LOG}: an entry was changed")
            self.head, self.head_number = head, number
        if self.head is None or self.head.size < self.size:
            self.unsigned = "entries were added that nobody signed yet; the next command signs them"

    def _check_memory(self, sealer: Sealer) -> None:
        """The key's folder remembers the last head, so that a register put back to an earlier state is seen."""
        remembered = sealer.last_head(self.origin) if self.entries else None
        if remembered is None:
            return
        head = Checkpoint.parse(read_note(remembered).text)
        if head.size > self.size or root_of(self._tree.hashes[: head.size]) != head.root:
            raise DamagedStateError(
                f"{self.path}: {head.size} entries were signed, and these are not they (an earlier copy put back?); "
                "restore the newest one"
            )

    # -- closing

    def close(self) -> None:
        """Let go of the lock."""
        for folder in (*self._sub.values(), self._root):
            folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def log_name(number: int) -> str:
    """Name of a file of the log."""
    return f"{number:06d}.jsonl"


def head_name(number: int) -> str:
    """Name of a signed head."""
    return f"{number:06d}.checkpoint"
