"""Parts of the second verifier beside independent ones: RFC 8785 text, trees and their proofs."""

from __future__ import annotations

import contextlib
import gzip
import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from crawler.provenance.merkle import RightEdge, consistency_proof, inclusion_proof
from tests.evidence.second import second_verifier

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=("Cs",)))
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner),
    max_leaves=12,
)
OTHER = b"\x55" * 32
LEAVES = [hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(300)]


@given(VALUES)
def test_canonical_form(value: object) -> None:
    """RFC 8785 text of any value is taken as it is, and written in no other way."""
    ours = second_verifier()
    octets = rfc8785.dumps({"value": value})
    assert rfc8785.dumps(ours.read_canonical(octets)) == octets
    with pytest.raises(ours.DiffersError):
        ours.read_canonical(octets[:-1] + b" }")


def test_published_tree() -> None:
    """The eight entries of Certificate Transparency, and the empty tree."""
    ours = second_verifier()
    tree = ours.Tree()
    assert tree.root() == hashlib.sha256(b"").digest()
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"):
        tree.add(ours.leaf_hash(bytes.fromhex(entry)))
    assert tree.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 200, 300])
def test_inclusion(size: int) -> None:
    """Every index verifies; another index, a changed, dropped or further hash does not."""
    ours = second_verifier()
    tree = ours.Tree()
    for leaf in LEAVES[:size]:
        tree.add(leaf)
    for index in range(size):
        path = inclusion_proof(index, LEAVES[:size])
        assert ours.root_of_inclusion(LEAVES[index], index, size, path) == tree.root()
        for number, other in (
            (index ^ 1, path),
            (index, path[:-1]),
            (index, [*path, OTHER]),
            (index, [OTHER, *path[1:]]),
        ):
            if size > 1:
                with contextlib.suppress(ours.DiffersError):
                    assert ours.root_of_inclusion(LEAVES[index], number, size, other) != tree.root()


@pytest.mark.parametrize("new", [*range(2, 34), 64, 65, 300])
def test_consistency(new: int) -> None:
    """Every growth verifies; with another root or hash it does not."""
    ours = second_verifier()
    for old in range(1, new):
        before, after = ours.Tree(), ours.Tree()
        edge = RightEdge()
        for number, leaf in enumerate(LEAVES[:new]):
            if number < old:
                before.add(leaf)
            after.add(leaf)
        edge.extend(LEAVES[:old])
        path = consistency_proof(edge, LEAVES[old:new])
        ours.check_consistency(old, new, before.root(), after.root(), path)
        for wrong in ([*path, OTHER], path[:-1], [OTHER, *path[1:]]):
            with pytest.raises(ours.DiffersError):
                ours.check_consistency(old, new, before.root(), after.root(), wrong)


def test_members_behind_a_large_one_are_found() -> None:
    """A member that unpacks to more than is taken at once ends where it ends, and the next one follows."""
    texts = [b"x" * 3_000_000, b"small", b"y" * 1_100_000, b"last"]
    packed = b"".join(map(gzip.compress, texts))
    assert [b"".join(pieces) for _, pieces in second_verifier().members(packed)] == texts
