"""Signed notes, checkpoints, proofs, trust files and file lists: written, read back, and refused where they are off."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import DocumentError
from crawler.provenance.checkpoint import Checkpoint, LeafProof, Step, hash_octets, number
from crawler.provenance.merkle import RightEdge, consistency_proof, inclusion_proof, root_of
from crawler.provenance.signed_note import MAX_OCTETS, VerifierKey, read_note, write_note
from crawler.provenance.statement import (
    Envelope,
    make_envelope,
    make_statement,
    manifest_text,
    read_manifest,
    signed_octets,
)
from crawler.provenance.trust import Rotation, Span, Trust, TrustedKey, read_trust

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = VerifierKey(name="example.org/crawls", public=PRIVATE.public_key().public_bytes_raw())
OTHER_PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
OTHER = VerifierKey(name="next", public=OTHER_PRIVATE.public_key().public_bytes_raw())
HASHES = [bytes([value]) * 32 for value in range(9)]
NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
SPEC_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SPEC_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example of Go's package ``golang.org/x/mod/sumdb/note``, which C2SP writes down."""


def sign(text: bytes) -> bytes:
    """A note of the test's key."""
    return write_note(text, KEY, PRIVATE.sign(text))


def test_note_of_others_verifies() -> None:
    """A key and a note that another implementation made."""
    key = VerifierKey.parse(SPEC_KEY)
    note = read_note(SPEC_NOTE.encode())
    assert (key.name, str(key)) == ("PeterNeumann", SPEC_KEY)
    assert note.is_signed_by(key)
    assert not note.is_signed_by(KEY)
    assert not read_note(SPEC_NOTE.replace("then", "than").encode()).is_signed_by(key)


@pytest.mark.parametrize(
    "text",
    [
        "", "name", "name+1234", f"{KEY.name}+00000000+{str(KEY).split('+', 2)[2]}", "a+12345678+AAAA",
        "a+12345678+!", "a+12345678+ASNF", f"a\tb+12345678+{str(KEY).split('+', 2)[2]}",
        f"a b+{KEY.id}+{str(KEY).split('+', 2)[2]}", f"a+{KEY.id}+AQ==", str(KEY) + "=", f"{KEY.name}+{KEY.id}+AQ=",
    ],
)  # fmt: skip
def test_what_is_no_key(text: str) -> None:
    """Named as such, never taken."""
    with pytest.raises(ValueError, match=r"key|base64|id"):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"text\n", b"text\n\n", b"text\n\nno dash\n", sign(b"a\n")[:-1], sign(b"a\n").replace(b"a\n", b"a\t\n", 1),
        sign(b"a\n") + b"\xff", "a\n\n— name AAAA\n".encode(), "a\n\n— name !\n".encode(),
        "a\n\n— name AAAAAAA= x\n".encode(),
        "a\n\n— na+me AAAAAAA=\n".encode(), b"a\n\n" + "— n AAAAAAAA\n".encode() * 65, b"x" * (MAX_OCTETS + 1),
    ],
)  # fmt: skip
def test_what_is_no_note(data: bytes) -> None:
    """Refused with a reason."""
    with pytest.raises(ValueError, match=r".+"):
        read_note(data)


@given(st.binary(max_size=300))
def test_reading_only_raises_value_errors(data: bytes) -> None:
    """Whatever octets: a value or a ValueError."""
    for read in (
        read_note,
        Checkpoint.parse,
        Step.parse,
        LeafProof.parse,
        Envelope.parse,
        Rotation.parse,
        read_manifest,
    ):
        with suppress(ValueError):
            read(data)


def test_checkpoint() -> None:
    """Three lines, written and read."""
    head = Checkpoint(origin="example.org/crawl/w0", size=7, root=HASHES[1])
    assert Checkpoint.parse(read_note(sign(head.text())).text) == head
    root = base64.b64encode(HASHES[1]).decode()
    for text in ("", "o\n1\n", f"o\n1\n{root}", f"o\n1\n{root}\nmore\n", f"o o\n1\n{root}\n", f"o\n01\n{root}\n",
                 f"o\n-1\n{root}\n", "o\n1\nAAAA\n", f"o\n1\n{root[:-1]}\n", "o\n1\n!\n"):  # fmt: skip
        with pytest.raises(ValueError, match=r".+"):
            Checkpoint.parse(text.encode())


def test_step() -> None:
    """A consistency file holds, and every change of it is refused."""
    edge = RightEdge()
    edge.extend(HASHES[:3])
    step = Step(
        origin="o/c/w0", old_size=3, old_root=edge.root(), size=9, root=root_of(HASHES),
        proof=tuple(consistency_proof(edge, HASHES[3:])),
    )  # fmt: skip
    assert Step.parse(step.text()) == step
    step.check()
    lines = step.text().split(b"\n")
    for text in (b"\n".join(lines[:3]) + b"\n", step.text()[:-1], b"x" + step.text(), step.text() + lines[5] + b"\n",
                 step.text() + (lines[5] + b"\n") * 200):  # fmt: skip
        with pytest.raises(ValueError, match=r".+"):
            Step.parse(text).check()


def test_leaf_proof() -> None:
    """A tlog-proof holds for its leaf alone, and has no extra data."""
    head = Checkpoint(origin="o/c/w0", size=9, root=root_of(HASHES))
    proof = LeafProof(index=4, proof=tuple(inclusion_proof(4, HASHES)), checkpoint=sign(head.text()))
    read = LeafProof.parse(proof.text())
    assert read == proof
    assert len(proof.text()) < 2048
    read.check(HASHES[4], head)
    with pytest.raises(ValueError, match="not number 4"):
        read.check(HASHES[5], head)
    for text in (proof.text().replace(b"index 4", b"extra AAAA\nindex 4"), b"c2sp.org/tlog-proof@v1\n\nx", b"none",
                 proof.text().replace(b"index 4", b"index 04")):  # fmt: skip
        with pytest.raises(ValueError, match=r".+"):
            LeafProof.parse(text)


def test_numbers_and_hashes() -> None:
    """Spelt in one way only."""
    assert (number("0"), number("120")) == (0, 120)
    for text in ("", "00", "1.0", "+1", "9" * 20):
        with pytest.raises(ValueError, match="number"):
            number(text)
    with pytest.raises(ValueError, match="base64"):
        hash_octets("AAAA")


def test_trust_file() -> None:
    """Keys and roots with their spans, written and read; every mistake is named with its line."""
    trust = Trust(
        keys=(TrustedKey(key=KEY, span=Span(since=NOW, until=NOW + timedelta(days=1))),),
        roots=(("sha256:" + "ab" * 32, Span(since=NOW)),),
    )
    assert read_trust("t", "# hello\n\n" + trust.text()) == trust
    assert trust.knows(KEY)
    assert not trust.knows(OTHER)
    assert trust.find(KEY.label) == KEY
    assert trust.find("x") is None
    assert [trust.believes(KEY, NOW + timedelta(hours=hours)) for hours in (-1, 0, 23, 24)] == [
        False,
        True,
        True,
        False,
    ]
    wrong = f"key {KEY}\nkey {KEY} 2026-01-01 -\nkey {KEY} yesterday -\nroot x 2026-01-01T00:00:00Z -\n"
    wrong += "tsa-root sha256:1 2026-01-01T00:00:00Z 2027-01-01T00:00:00Z\n"
    with pytest.raises(DocumentError) as found:
        read_trust("t", wrong)
    assert [one.line for one in found.value.mistakes] == [1, 2, 3, 4, 5]
    with pytest.raises(DocumentError, match="names no key"):
        read_trust("t", "# nothing\n")


def test_rotation() -> None:
    """The old key hands over at that time, once, and only if it was believed then."""
    rotation = Rotation(old=KEY, new=OTHER, since=NOW)
    assert Rotation.parse(sign(rotation.text())) == rotation
    with pytest.raises(ValueError, match="not signed by the old key"):
        Rotation.parse(write_note(rotation.text(), OTHER, OTHER_PRIVATE.sign(rotation.text())))
    with pytest.raises(ValueError, match="no note"):
        Rotation.parse(sign(b"something\nelse\n"))
    before, after = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    trust = Trust(keys=(TrustedKey(key=KEY, span=Span(since=before)),))
    followed = trust.with_rotations([rotation])
    assert (followed.believes(KEY, before), followed.believes(KEY, after)) == (True, False)
    assert (followed.believes(OTHER, before), followed.believes(OTHER, after)) == (False, True)
    assert followed.with_rotations([rotation]) == followed
    late = Trust(keys=(TrustedKey(key=KEY, span=Span(since=after)),))
    assert late.with_rotations([rotation]) == late
    both = Trust(keys=(*trust.keys, TrustedKey(key=OTHER, span=Span(since=before))))
    assert len(both.with_rotations([rotation]).keys) == 2


def test_envelope() -> None:
    """A statement in its envelope; another payload, type, key or shape is refused."""
    files = {"a/b": "ab" * 32, "c": "cd" * 32}
    payload = make_statement(files, {"crawl_id": "x"})
    envelope = Envelope.parse(make_envelope(payload, KEY, PRIVATE.sign(signed_octets(payload))))
    assert (envelope.files, envelope.predicate) == (files, {"crawl_id": "x"})
    assert envelope.is_signed_by(KEY)
    assert not envelope.is_signed_by(OTHER)
    assert signed_octets(b"hello").startswith(b"DSSEv1 28 application/vnd.in-toto+json 5 hello")
    good = json.loads(make_envelope(payload, KEY, bytes(64)))
    statement = json.loads(payload)
    for changed in (
        {"payloadType": "text/plain"}, {"signatures": []}, {"payload": "!"}, {"payload": _encoded([])},
        {"payload": _encoded(statement | {"predicateType": "other"})},
        {"payload": _encoded(statement | {"predicate": 1})},
        {"payload": _encoded(statement | {"subject": statement["subject"] * 2})},
        {"payload": _encoded(statement | {"subject": [{"name": "a", "digest": {"sha256": "12"}}]})},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r".+"):
            Envelope.parse(json.dumps(good | changed).encode())


def _encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_manifest() -> None:
    """Paths with line ends and percent signs survive; what is no line is named."""
    files = {"a b/c": "ab" * 32, "per%cent\r\nline": "cd" * 32}
    assert read_manifest(manifest_text(files)) == files
    line = manifest_text({"a": "ab" * 32})
    for data, problem in ((b"\xff\n", "UTF-8"), (line[:-1], "no end"), (b"x\n", "line 1"), (line * 2, "again")):
        with pytest.raises(ValueError, match=problem):
            read_manifest(data)
