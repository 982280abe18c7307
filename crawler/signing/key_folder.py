"""The operator's folder of signing keys: made on first use, never inside a crawl (R6.7).

``<id>.key`` is a private key (PEM, PKCS 8, encrypted where there is a passphrase) or ``<id>.command`` what signs in its
place, ``<id>.pub`` the verifier key, ``<id>.rotation`` the note by which the key before names it, ``current`` the id in
use, ``trust.txt`` the trust file for auditors, ``heads/`` the last head signed for each log.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.errors import SignerError, UsageError
from crawler.provenance.signed_note import VerifierKey, write_note
from crawler.provenance.trust import Rotation, Span, Trust, TrustedKey, read_trust
from crawler.signing.signers import CommandSigner, FileSigner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from crawler.signing.signers import Signer

FOLDER_VARIABLE = "CLEARCRAWL_KEYS"
"""Environment variable that names another folder."""
TRUST_FILE = "trust.txt"
_CURRENT = "current"
_HEADS = "heads"
_PRIVATE = 0o600
_ID = re.compile(r"[0-9a-f]{8}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def default_folder() -> Path:
    """Where keys lie: ``CLEARCRAWL_KEYS``, else ``clearcrawl/keys`` in the user's data folder (XDG)."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or ""
    base = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
    return base / "clearcrawl" / "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key of the folder."""

    key: VerifierKey
    path: Path
    """Of the private key, or of the command in its place."""
    protection: str
    """``unprotected``, ``passphrase`` or ``external``."""


class KeyFolder:
    """Opens, makes and rotates keys. Raises UsageError with what to do about it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def current(self) -> StoredKey | None:
        """The key in use; ``None`` where there is none yet."""
        try:
            key_id = (self.path / _CURRENT).read_text().strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{self.path / _CURRENT}: cannot be read ({error.strerror})") from error
        return self._stored(key_id)

    def stored(self) -> list[StoredKey]:
        """All keys, oldest first as far as the trust file tells."""
        order = [one.key.id for one in self.trust().keys]
        found = [self._stored(path.stem) for path in sorted(self.path.glob("*.pub"))]
        return sorted(found, key=lambda one: order.index(one.key.id) if one.key.id in order else len(order))

    def trust(self) -> Trust:
        """What the folder's own trust file says; empty where there is none."""
        path = self.path / TRUST_FILE
        try:
            return read_trust(str(path), path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Trust()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: cannot be read ({error})") from error

    def rotations(self) -> list[bytes]:
        """All notes of rotation, in no order."""
        return [path.read_bytes() for path in sorted(self.path.glob("*.rotation"))]

    def create(
        self, *, name: str, now: datetime, passphrase: str | None = None, command: Sequence[str] = (),
        public: VerifierKey | None = None,
    ) -> StoredKey:  # fmt: skip
        """Make the first key, or take a command with its public key into use. Raises UsageError where one is in use."""
        with self._locked():
            found = self.current()
            if found is not None:
                raise UsageError(f"{self.path}: {found.key.label} is in use; clearcrawl keys rotate makes the next one")
            stored = self._make(name=name, passphrase=passphrase, command=command, public=public)
            self._trust(Trust(keys=(TrustedKey(key=stored.key, span=Span(since=now)),)))
            self._write(_CURRENT, stored.key.id.encode() + b"\n")
        return stored

    def first(self, *, now: datetime) -> tuple[StoredKey, bool]:
        """The key in use, made without ceremony where there is none; also whether it was made just now."""
        found = self.current()
        if found is not None:
            return found, False
        try:
            return self.create(name=new_name(), now=now), True
        except UsageError:
            found = self.current()  # another process was quicker
            if found is None:
                raise
            return found, False

    def rotate(
        self, *, name: str, now: datetime, ask: Callable[[StoredKey], str | None], passphrase: str | None = None,
        command: Sequence[str] = (), public: VerifierKey | None = None,
    ) -> StoredKey:  # fmt: skip
        """Make the next key; the one in use signs the note that names it, and is believed until now."""
        with self._locked():
            old = self.current()
            if old is None:
                raise UsageError(f"{self.path}: holds no key yet; clearcrawl keys new makes one")
            signer = self.signer(old, ask)
            stored = self._make(name=name, passphrase=passphrase, command=command, public=public)
            rotation = Rotation(old=old.key, new=stored.key, since=now)
            note = write_note(rotation.text(), old.key, signer.sign(rotation.text()))
            self._write(f"{stored.key.id}.rotation", note)
            self._trust(self.trust().with_rotations([rotation]))
            self._write(_CURRENT, stored.key.id.encode() + b"\n")
        return stored

    def signer(self, stored: StoredKey, ask: Callable[[StoredKey], str | None]) -> Signer:
        """Open a key; ``ask`` is called where it needs a passphrase. Raises UsageError for modes other than 0600."""
        if stored.protection == "external":
            return CommandSigner(key=stored.key, command=tuple(json.loads(_read_private(stored.path))))
        octets = _read_private(stored.path)
        passphrase = ask(stored) if stored.protection == "passphrase" else None
        try:
            private = serialization.load_pem_private_key(octets, None if passphrase is None else passphrase.encode())
        except (ValueError, TypeError) as error:
            why = "the passphrase is wrong, or the file is damaged" if passphrase else "a passphrase is needed"
            raise UsageError(f"{stored.path}: {why if stored.protection == 'passphrase' else error}") from error
        if not isinstance(private, Ed25519PrivateKey) or private.public_key().public_bytes_raw() != stored.key.public:
            raise UsageError(f"{stored.path}: is not the private key of {stored.key.label}")
        return FileSigner(key=stored.key, protection=stored.protection, private=private)

    def last_head(self, origin: str) -> bytes | None:
        """The last note signed for that log, wherever its folder is now."""
        with suppress(FileNotFoundError):
            return (self.path / _HEADS / _head_name(origin)).read_bytes()
        return None

    def remember_head(self, origin: str, note: bytes) -> None:
        """Keep the last note signed. Raises SignerError."""
        try:
            (self.path / _HEADS).mkdir(mode=0o700, exist_ok=True)
            self._write(f"{_HEADS}/{_head_name(origin)}", note)
        except OSError as error:
            raise SignerError(f"{self.path / _HEADS}: cannot be written ({error.strerror})") from error

    # -- files

    def _stored(self, key_id: str) -> StoredKey:
        if not _ID.fullmatch(key_id):
            raise UsageError(f"{self.path / _CURRENT}: names no key of this folder")
        path = self.path / f"{key_id}.pub"
        try:
            key = VerifierKey.parse(path.read_text(encoding="utf-8").strip())
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: cannot be read as a verifier key ({error})") from error
        command = self.path / f"{key_id}.command"
        if command.exists():
            return StoredKey(key=key, path=command, protection="external")
        private = self.path / f"{key_id}.key"
        is_encrypted = b"ENCRYPTED" in _read_private(private)[:100]
        return StoredKey(key=key, path=private, protection="passphrase" if is_encrypted else "unprotected")

    def _make(
        self, *, name: str, passphrase: str | None, command: Sequence[str], public: VerifierKey | None
    ) -> StoredKey:
        if command:
            if public is None:
                raise UsageError("a signing command needs its public key: --public '<verifier key>'")
            CommandSigner(key=public, command=tuple(command)).sign(b"clearcrawl-signer-test/1\n")
            path = self.path / f"{public.id}.command"
            self._write(path.name, json.dumps(list(command)).encode())
            self._write(f"{public.id}.pub", f"{public}\n".encode())
            return StoredKey(key=public, path=path, protection="external")
        private = Ed25519PrivateKey.generate()
        try:
            key = VerifierKey(name=name, public=private.public_key().public_bytes_raw())
        except ValueError as error:
            raise UsageError(str(error)) from error
        encryption = (
            serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
        )
        octets = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        self._write(f"{key.id}.key", octets)
        self._write(f"{key.id}.pub", f"{key}\n".encode())
        return self._stored(key.id)

    def _trust(self, trust: Trust) -> None:
        head = "# Keys that sign crawls here. Hand this file to auditors by another way than the crawl.\n"
        self._write(TRUST_FILE, head.encode() + trust.text().encode())

    def _write(self, name: str, data: bytes) -> None:
        path = self.path / name
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
        except OSError as error:
            raise UsageError(
                f"{self.path}: cannot be written ({error.strerror}); {FOLDER_VARIABLE} names another folder for keys"
            ) from error


def new_name() -> str:
    """A name for a key that nobody named: ``clearcrawl-`` and random hexadecimal digits."""
    return f"clearcrawl-{os.urandom(4).hex()}"


def rotation_of(notes: Sequence[bytes]) -> list[Rotation]:
    """Read notes of rotation. Raises ValueError."""
    return [Rotation.parse(note) for note in notes]


def _head_name(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()


def _read_private(path: Path) -> bytes:
    """Read a file that nobody but its owner may touch."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS or not stat.S_ISREG(mode):
                raise UsageError(f"{path}: mode {stat.S_IMODE(mode):04o}; only 0600 is taken: chmod 600 {path}")
            return file.read()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); restore the key, or make a new one") from error
