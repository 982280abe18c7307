"""The tree of RFC 9162 section 2.1: published vectors, all sizes to 300, and what must fail."""

from __future__ import annotations

import hashlib
import random

import pytest

from crawler.provenance.leaf import leaf_hash
from crawler.provenance.merkle import (
    EMPTY_ROOT,
    RightEdge,
    check_consistency,
    consistency_proof,
    inclusion_proof,
    node_hash,
    root_by_inclusion,
    root_of,
)

ENTRIES = [
    bytes.fromhex(text)
    for text in (*("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"),)
]
"""The eight entries of the Certificate Transparency tests."""
ONE = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
EIGHT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
SIZES = 300
LEAVES = [leaf_hash(str(number).encode()) for number in range(SIZES)]


def tree_head(leaves: list[bytes]) -> bytes:
    """MTH as the RFC defines it, by recursion."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(tree_head(leaves[:half]), tree_head(leaves[half:]))


def test_published_vectors() -> None:
    """Roots of none, one and eight entries."""
    hashes = [leaf_hash(entry) for entry in ENTRIES]
    assert root_of([]) == EMPTY_ROOT == RightEdge().root() == hashlib.sha256(b"").digest()
    assert root_of(hashes[:1]).hex() == ONE
    assert root_of(hashes).hex() == EIGHT
    edge = RightEdge()
    edge.extend(hashes)
    assert edge.root().hex() == EIGHT


def test_all_sizes_and_indices() -> None:
    """Every leaf of every tree to 140 leaves, and of some to 300, is proven; the right edge has the same head."""
    edge = RightEdge()
    for size in range(1, SIZES + 1):
        leaves = LEAVES[:size]
        edge.extend(leaves[-1:])
        root = tree_head(leaves)
        assert edge.root() == root_of(leaves) == root
        for index in range(size) if size <= 140 or size in {255, 256, 257, SIZES} else (0, size - 1):
            proof = inclusion_proof(index, leaves)
            assert root_by_inclusion(leaves[index], index=index, size=size, proof=proof) == root


def test_all_steps() -> None:
    """From every size to larger ones the proof is made of the right edge alone, and holds."""
    chosen = random.Random(1)  # noqa: S311 - repeatable
    old = RightEdge()
    for size in range(1, SIZES):
        old.extend(LEAVES[size - 1 : size])
        for larger in {size, size + 1, SIZES, *(chosen.randrange(size, SIZES + 1) for _ in range(12))}:
            root = root_of(LEAVES[:larger])
            proof = consistency_proof(old.copy(), LEAVES[size:larger])
            check_consistency(old_size=size, old_root=old.root(), size=larger, root=root, proof=proof)
            for other in (proof[:-1], [*proof, LEAVES[0]], [*proof[1:], *proof[:1]], [LEAVES[0], *proof[1:]]):
                if other != proof:
                    with pytest.raises(ValueError, match=r"proof|size"):
                        check_consistency(old_size=size, old_root=old.root(), size=larger, root=root, proof=other)


def test_changed_inclusion_fails() -> None:
    """A changed octet, a dropped or added hash, another index, another size."""
    for size in (1, 2, 3, 7, 8, 100):
        leaves = LEAVES[:size]
        root = root_of(leaves)
        for index in {0, size // 2, size - 1}:
            proof = inclusion_proof(index, leaves)

            def leads(proof: list[bytes], *, index: int = index, size: int = size) -> bytes | None:
                try:
                    return root_by_inclusion(LEAVES[index], index=index, size=size, proof=proof)
                except ValueError:
                    return None

            assert leads(proof) == root
            assert leads([*proof, LEAVES[1]]) != root
            for place in range(len(proof)):
                assert leads(proof[:place] + proof[place + 1 :]) != root
                assert leads([*proof[:place], LEAVES[299], *proof[place + 1 :]]) != root
            others = [one for one in range(size) if one != index]
            assert all(root_by_inclusion_or_none(LEAVES[index], one, size, proof) != root for one in others)
    with pytest.raises(ValueError, match="outside"):
        root_by_inclusion(LEAVES[0], index=3, size=3, proof=[])
    with pytest.raises(IndexError):
        inclusion_proof(3, LEAVES[:3])


def root_by_inclusion_or_none(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes | None:
    """``None`` where the proof does not even fit."""
    try:
        return root_by_inclusion(leaf, index=index, size=size, proof=proof)
    except ValueError:
        return None


def test_steps_that_are_none() -> None:
    """No proof from nothing, back, between different heads of one size, or without hashes."""
    with pytest.raises(ValueError, match="empty tree"):
        consistency_proof(RightEdge(), LEAVES[:1])
    one, two = root_of(LEAVES[:3]), root_of(LEAVES[1:4])
    for old_size, old_root, size, root in ((0, one, 3, one), (4, one, 3, one), (3, one, 3, two), (3, one, 5, two)):
        with pytest.raises(ValueError, match=r"no tree|differ|empty"):
            check_consistency(old_size=old_size, old_root=old_root, size=size, root=root, proof=[])
    check_consistency(old_size=3, old_root=one, size=3, root=one, proof=[])


def test_right_edge_that_is_none() -> None:
    """Size and peaks have to belong together."""
    for size, peaks in ((1, []), (3, [LEAVES[0]]), (-1, []), (1, [b"short"])):
        with pytest.raises(ValueError, match="right edge"):
            RightEdge(size, peaks)
