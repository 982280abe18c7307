"""One case as a folder that a stranger checks with OpenSSL: entries with proofs under the signed head, and files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler.audit.bundle_folder import script, write_folder
from crawler.complaints.register import digests_of
from crawler.errors import UsageError
from crawler.provenance.checkpoint import LeafProof
from crawler.provenance.merkle import inclusion_proof
from crawler.provenance.signed_note import read_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crawler.complaints.case import Case
    from crawler.complaints.register import Register

README = """\
Complaint {label}: what the register says of it, with proof that the signed log holds it.

entries/*.leaf        entries of the log (RFC 8785 JSON): received, acknowledged, decided, receipt, and so on
entries/*.tlog-proof  proof of each (C2SP tlog-proof, RFC 9162) under the signed head
entries/*.hash        hash of an entry whose text is not here: it was erased, or left out of this bundle
files/                what came in and what was made: complaint, attachments, letter, removal list, receipt of the
                      purge. They are as they came, and are named by their SHA-256; open them with care
summary.json          the case in one file, for reading; nothing vouches for it but the entries
head.checkpoint       the signed head of the register's log
key.pem               the public key that signed, {key}

Check all of it with coreutils, a POSIX shell and OpenSSL 3:

    sh check.sh

The signature alone, by hand:

    head -n 3 head.checkpoint > text
    tail -n 1 head.checkpoint | cut -d' ' -f3 | base64 -d | tail -c 64 > signature
    openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in text -sigfile signature

What no check can tell you is whose the key is. Compare it with the one that you got by another way:

    openssl pkey -pubin -in key.pem -outform DER | sha256sum
"""


def write_bundle(
    register: Register, case: Case, out: Path, *, summary: Mapping[str, object], has_personal: bool
) -> int:  # fmt: skip
    """Write the folder; answers how many entries are in it. Raises UsageError or StorageError.

    Without ``has_personal`` what may name people stays out: those entries are there by their hash alone.
    """
    note = register.head_note()
    if note is None or register.head is None or register.unsigned is not None:
        raise UsageError(f"{register.path}: {register.unsigned or 'nothing is signed yet'}")
    signature = read_note(note)
    key = next((one for one in register.public_keys() if signature.is_signed_by(one)), None)
    if key is None:
        raise UsageError(f"{register.path}: no key here made the last signature")
    public = Ed25519PublicKey.from_public_bytes(key.public)
    contents: dict[str, bytes] = {
        "README.txt": README.format(label=case.label, key=key.label).encode(),
        "check.sh": script("crawler.complaints"),
        "head.checkpoint": note,
        "key.pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "summary.json": json.dumps(summary, indent=2).encode() + b"\n",
    }
    seqs = sorted(set(_seqs(register, case)))
    hashes = register.hashes(register.head.size)
    apart = {entry.body.get("personal") for entry in case.entries}
    for seq in seqs:
        proof = LeafProof(index=seq, proof=tuple(inclusion_proof(seq, hashes)), checkpoint=note)
        contents[f"entries/{seq:06d}.tlog-proof"] = proof.text()
        leaf, octets = register.leaf(seq)
        if leaf is None or (seq in apart and not has_personal):
            contents[f"entries/{seq:06d}.hash"] = octets.hex().encode() + b"\n"
        else:
            contents[f"entries/{seq:06d}.leaf"] = leaf
    if has_personal:
        for entry in case.entries:
            for digest in digests_of(entry.personal):
                data = register.file(digest)
                if data is not None:
                    contents[f"files/{digest.replace(':', '-')}"] = data
    write_folder(out, contents, mode=0o700)
    return len(seqs)


def _seqs(register: Register, case: Case) -> Iterator[int]:
    yield register.entries[0].seq
    for entry in case.entries:
        yield entry.seq
        if entry.body.get("personal") is not None:
            yield entry.body["personal"]
