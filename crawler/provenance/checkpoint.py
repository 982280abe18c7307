"""Signed heads of a log (C2SP tlog-checkpoint), the step between two of them, and the proof for one leaf (tlog-proof).

Texts only: who signs and where they are stored is elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Self

from crawler.provenance.merkle import HASH_OCTETS, check_consistency, root_by_inclusion

TEST_DOMAIN = "test.invalid"
"""Where the operator's domain stands in the origin of a crawl that may visit test hosts."""
CONSISTENCY_FORMAT = "clearcrawl-consistency/1"
PROOF_FORMAT = "c2sp.org/tlog-proof@v1"
MAX_PROOF = 63
"""Hashes of a proof in a tree of less than 2**63 leaves."""

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_ORIGIN = re.compile(r"[^\s+\x00-\x1f\x7f]{1,300}")
_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Head of a log: what it is, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """The octets that are signed."""
        return f"{self.origin}\n{self.size}\n{hash_base64(self.root)}\n".encode()

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read the text of a note. Raises ValueError for anything but three lines."""
        lines = text.decode().split("\n")
        if len(lines) != _LINES + 1 or lines[-1]:
            raise ValueError("a checkpoint has three lines: origin, size, root")
        if not _ORIGIN.fullmatch(lines[0]):
            raise ValueError(f"{lines[0][:100]!r} is no origin")
        return cls(origin=lines[0], size=number(lines[1]), root=hash_octets(lines[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From one head of an origin to the next, with the consistency proof."""

    origin: str
    old_size: int
    old_root: bytes
    size: int
    root: bytes
    proof: tuple[bytes, ...]

    def text(self) -> bytes:
        """Content of the file."""
        heads = [f"{self.old_size} {hash_base64(self.old_root)}", f"{self.size} {hash_base64(self.root)}"]
        return _lines([CONSISTENCY_FORMAT, self.origin, *heads, *map(hash_base64, self.proof)])

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file. Raises ValueError."""
        lines = _read_lines(data, CONSISTENCY_FORMAT)
        if len(lines) < _LINES or len(lines) > _LINES + 2 * MAX_PROOF:
            raise ValueError("origin, two heads and the hashes of a proof are wanted")
        origin, old, new, *proof = lines
        (old_size, old_root), (size, root) = _head(old), _head(new)
        hashes = tuple(map(hash_octets, proof))
        return cls(origin=origin, old_size=old_size, old_root=old_root, size=size, root=root, proof=hashes)

    def check(self) -> None:
        """Raise ValueError where the newer tree does not begin with the older one."""
        check_consistency(
            old_size=self.old_size, old_root=self.old_root, size=self.size, root=self.root, proof=self.proof
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafProof:
    """That a leaf is in a signed log."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note, verbatim."""

    def text(self) -> bytes:
        """Content of a ``.tlog-proof`` file."""
        return _lines([PROOF_FORMAT, f"index {self.index}", *map(hash_base64, self.proof), ""]) + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file. Extra data, which nothing vouches for, is refused. Raises ValueError."""
        head, blank, checkpoint = data.partition(b"\n\n")
        if not blank:
            raise ValueError("no blank line before the checkpoint")
        first, *hashes = _read_lines(head + b"\n", PROOF_FORMAT) or [""]
        if not first.startswith("index ") or len(hashes) > MAX_PROOF:
            raise ValueError("the second line names the index, at most 63 hashes follow")
        found = tuple(map(hash_octets, hashes))
        return cls(index=number(first.removeprefix("index ")), proof=found, checkpoint=checkpoint)

    def check(self, leaf: bytes, head: Checkpoint) -> None:
        """Raise ValueError where the leaf hash is not at that place of the tree."""
        if root_by_inclusion(leaf, index=self.index, size=head.size, proof=self.proof) != head.root:
            raise ValueError(f"the leaf is not number {self.index} of that log")


def hash_base64(octets: bytes) -> str:
    """Spell a hash as notes and proofs do."""
    return base64.b64encode(octets).decode()


def hash_octets(text: str) -> bytes:
    """Read one back. Raises ValueError."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != HASH_OCTETS or hash_base64(octets) != text:
        raise ValueError(f"{text[:100]!r} is no base64 of {HASH_OCTETS} octets")
    return octets


def number(text: str) -> int:
    """Read a decimal number without leading zeros. Raises ValueError."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:100]!r} is no number")
    return int(text)


def _head(line: str) -> tuple[int, bytes]:
    size, _, root = line.partition(" ")
    return number(size), hash_octets(root)


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _read_lines(data: bytes, first: str) -> list[str]:
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8") from error
    if lines[0] != first:
        raise ValueError(f"the first line is not {first!r}")
    if lines[-1]:
        raise ValueError("the last line has no end")
    return lines[1:-1]
