"""C2SP signed notes: text, a blank line, signature lines; Ed25519 keys and their ids. Signing is in ``signing``."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Self

_ED25519 = b"\x01"
_KEY_OCTETS = 32
SIGNATURE_OCTETS = 64
_ID_OCTETS = 4
_KEY_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f]")
MAX_SIGNATURES = 64
MAX_OCTETS = 1 << 20
"""Of a note; ours have a few hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key and its name."""

    name: str
    """Not empty, without spaces and plus."""
    public: bytes
    """32 octets."""

    def __post_init__(self) -> None:
        if not _KEY_NAME.fullmatch(self.name):
            raise ValueError(f"key name {self.name!r}: 1 to 200 characters, no spaces, no '+'")
        if len(self.public) != _KEY_OCTETS:
            raise ValueError(f"a public Ed25519 key has {_KEY_OCTETS} octets, this one has {len(self.public)}")

    @property
    def id(self) -> str:
        """Eight hexadecimal digits."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_OCTETS].hex()

    @property
    def label(self) -> str:
        """Name and id, which together name the key: the ``keyid`` of envelopes."""
        return f"{self.name}+{self.id}"

    def __str__(self) -> str:
        return f"{self.label}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key (C2SP vkey). Raises ValueError."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        octets = _base64(encoded)
        if not _KEY_ID.fullmatch(key_id) or octets[:1] != _ED25519:
            raise ValueError(f"{text!r} is no Ed25519 verifier key: <name>+<8 hexadecimal digits>+<base64>")
        key = cls(name=name, public=octets[1:])
        if key.id != key_id:
            raise ValueError(f"{text!r}: the id of that key is {key.id}, not {key_id}")
        return key

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the signature."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - a pure function that few callers need
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line."""

    name: str
    key_id: str
    octets: bytes

    @property
    def label(self) -> str:
        """As ``VerifierKey.label``."""
        return f"{self.name}+{self.key_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note as read; nothing in it is verified yet."""

    text: bytes
    """With its final LF: the octets that are signed."""
    signatures: tuple[NoteSignature, ...]

    def signature_of(self, key: VerifierKey) -> NoteSignature | None:
        """The line of that key, by name and id."""
        return next((one for one in self.signatures if one.label == key.label), None)

    def is_signed_by(self, key: VerifierKey) -> bool:
        """Whether that key signed the text."""
        found = self.signature_of(key)
        return found is not None and key.verifies(self.text, found.octets)


def write_note(text: bytes, key: VerifierKey, signature: bytes) -> bytes:
    """Put the note together; ``text`` ends with LF."""
    encoded = base64.b64encode(bytes.fromhex(key.id) + signature).decode()
    return text + f"\n— {key.name} {encoded}\n".encode()


def read_note(data: bytes) -> Note:
    """Read a note. Raises ValueError for anything that the format does not allow."""
    if len(data) > MAX_OCTETS:
        raise ValueError(f"a note of over {MAX_OCTETS} octets")
    try:
        decoded = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8") from error
    if _CONTROLS.search(decoded):
        raise ValueError("holds control characters")
    text, blank, tail = decoded.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise ValueError("has no blank line before its signatures, or no line end behind them")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise ValueError(f"over {MAX_SIGNATURES} signatures")
    return Note(text=f"{text}\n".encode(), signatures=tuple(map(_signature, lines)))


def _signature(line: str) -> NoteSignature:
    dash, name, encoded, *rest = [*line.split(" "), "", ""][:4]
    octets = _base64(encoded)
    if dash != "—" or rest != [""] or not _KEY_NAME.fullmatch(name) or len(octets) <= _ID_OCTETS:
        raise ValueError(f"{line[:100]!r} is no signature line")
    return NoteSignature(name=name, key_id=octets[:_ID_OCTETS].hex(), octets=octets[_ID_OCTETS:])


def _base64(text: str) -> bytes:
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{text[:100]!r} is no base64") from error
    if base64.b64encode(octets).decode() != text:
        raise ValueError(f"{text[:100]!r} is not the canonical base64 of its octets")
    return octets
