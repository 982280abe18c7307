"""The Merkle tree of RFC 9162 section 2.1 (that of RFC 6962): heads, right edge, inclusion and consistency proofs.

Works on leaf hashes of 32 octets; what a leaf is made of is in ``leaf``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EMPTY_ROOT = hashlib.sha256().digest()
"""Head of a tree without leaves."""
HASH_OCTETS = 32

_sha256 = hashlib.sha256


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node; the prefix 0x01 keeps it apart from leaves."""
    return _sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Head of the tree over these leaf hashes, level by level; a node without a sibling moves up as it is."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        level = _above(level)
    return level[0]


def _above(level: list[bytes]) -> list[bytes]:
    odd = level[-1:] if len(level) % 2 else []
    pairs = zip(level[::2], level[1::2], strict=False)
    return [_sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd


class RightEdge:
    """A growing tree of which only the heads of its perfect subtrees are kept, largest first: O(log n) to store."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Raises ValueError where size and peaks do not belong together."""
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_OCTETS for peak in peaks):
            raise ValueError(f"{len(peaks)} peaks cannot be the right edge of a tree with {size} leaves")
        self.size = size
        self.peaks = list(peaks)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes."""
        peaks = self.peaks
        for leaf in leaves:
            node, size = leaf, self.size
            while size & 1:
                node = _sha256(b"\x01" + peaks.pop() + node).digest()
                size >>= 1
            peaks.append(node)
            self.size += 1

    def root(self) -> bytes:
        """Head of the tree."""
        if not self.peaks:
            return EMPTY_ROOT
        node = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            node = node_hash(peak, node)
        return node

    def copy(self) -> RightEdge:
        """The same tree, growing apart from here on."""
        return RightEdge(self.size, self.peaks)


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(index, leaves) of RFC 9162 section 2.1.3.1: siblings from the leaf up. Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of a tree with {len(leaves)}")
    proof = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        level = _above(level)
        index >>= 1
    return proof


def root_by_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Head that the proof leads to (RFC 9162 section 2.1.3.2). Raises ValueError for a proof of another length."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is outside a tree of {size}")
    return _climb(leaf, index, size - 1, proof)[1]


def _climb(start: bytes, first: int, last: int, siblings: Iterable[bytes]) -> tuple[bytes, bytes]:
    """Heads of the tree that ends at ``first`` and of the one that ends at ``last``, from a common node up."""
    old = new = start
    for sibling in siblings:
        if last == 0:
            raise ValueError("the proof is longer than the path")
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        first >>= 1
        last >>= 1
    if last:
        raise ValueError("the proof is shorter than the path")
    return old, new


def consistency_proof(old: RightEdge, added: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n]) of RFC 9162 section 2.1.4.1, from the right edge of the old tree and the leaves since then.

    Raises ValueError for an empty old tree, which everything is consistent with.
    """
    if not old.size:
        raise ValueError("there is no proof from the empty tree")
    places = {}
    start = 0
    for peak, width in zip(old.peaks, _widths(old.size), strict=True):
        places[start, start + width] = peak
        start += width

    def head(low: int, high: int) -> bytes:
        return places[low, high] if high <= old.size else root_of(added[low - old.size : high - old.size])

    proof: list[bytes] = []
    low, high = 0, old.size + len(added)
    while old.size != high:
        half = 1 << ((high - low - 1).bit_length() - 1)
        if old.size <= low + half:
            proof.append(head(low + half, high))
            high = low + half
        else:
            proof.append(head(low, low + half))
            low += half
    # Where the search ended inside the old tree, that subtree comes first; else it is the old head itself.
    return [*([places[low, high]] if low else []), *reversed(proof)]


def _widths(size: int) -> list[int]:
    return [1 << bit for bit in range(size.bit_length() - 1, -1, -1) if size >> bit & 1]


def check_consistency(*, old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162 section 2.1.4.2. Raises ValueError where the larger tree does not begin with the smaller one."""
    if not 0 < old_size <= size:
        raise ValueError(f"no tree of {size} follows one of {old_size}")
    if old_size == size:
        if proof or old_root != root:
            raise ValueError("two heads of the same size differ, or a proof stands between equal ones")
        return
    path = list(proof)
    if old_size.bit_count() == 1:
        path.insert(0, old_root)
    if not path:
        raise ValueError("the proof is empty")
    first, last = old_size - 1, size - 1
    while first & 1:
        first >>= 1
        last >>= 1
    if _climb(path[0], first, last, path[1:]) != (old_root, root):
        raise ValueError("the proof does not lead from the old head to the new one")
