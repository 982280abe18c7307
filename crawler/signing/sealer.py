"""The signing side of one crawl: the key in use with its notes of rotation, ready to sign heads and file lists."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.errors import UsageError
from crawler.signing.key_folder import KeyFolder, default_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crawler.provenance.signed_note import VerifierKey
    from crawler.signing.key_folder import StoredKey
    from crawler.signing.signers import Signer

_told: list[str] = []
"""What a person has given at the terminal."""
PASSPHRASE_VARIABLE = "CLEARCRAWL_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealer:
    """What ``storage.notary`` asks to sign; it stands for the port ``Sealer`` there."""

    folder: KeyFolder
    signer: Signer
    rotations: Mapping[str, bytes]
    """Id of a new key to the note that names it."""
    news: tuple[str, ...] = ()
    """What the user has to know: that a key was made just now."""

    @property
    def key(self) -> VerifierKey:
        """The public key."""
        return self.signer.key

    @property
    def protection(self) -> str:
        """How the private key is kept."""
        return self.signer.protection

    def sign(self, message: bytes) -> bytes:
        """64 octets. Raises SignerError."""
        return self.signer.sign(message)

    def last_head(self, origin: str) -> bytes | None:
        """The last note signed for that log here."""
        return self.folder.last_head(origin)

    def remember_head(self, origin: str, note: bytes) -> None:
        """Keep it. Raises SignerError."""
        self.folder.remember_head(origin, note)


def open_sealer(path: Path | None = None) -> Sealer:
    """Open the key in use, made where there is none. Raises UsageError, and nothing may be started then."""
    folder = KeyFolder(path or default_folder())
    stored, is_new = folder.first(now=datetime.now(UTC))
    news: tuple[str, ...] = ()
    if is_new:
        told = (
            f"made a key to sign crawls with: {stored.path} (mode 0600, unprotected: no passphrase). Keep a copy; "
            f"auditors need {folder.path / 'trust.txt'}. Reports call crawls signed with it unprotected; "
            "clearcrawl keys rotate --passphrase makes a protected one."
        )
        news = (told,)
    rotations = {path.stem: path.read_bytes() for path in sorted(folder.path.glob("*.rotation"))}
    return Sealer(folder=folder, signer=folder.signer(stored, ask_passphrase), rotations=rotations, news=news)


def told_passphrase() -> str | None:
    """What a person gave at the terminal, for the workers that sign in this crawl; never through their environment."""
    return _told[-1] if _told else None


def use_passphrase(text: str) -> None:
    """Take what a person gave at the terminal of the process that leads."""
    _told.append(text)


def ask_passphrase(stored: StoredKey) -> str | None:
    """From the environment, else from the person at the terminal. Raises UsageError where there is neither."""
    told = os.environ.get(PASSPHRASE_VARIABLE)
    if told:
        return told
    if sys.stdin is not None and sys.stdin.isatty():
        _told.append(getpass.getpass(f"Passphrase of {stored.key.label}: "))
        return _told[-1]
    if _told:
        return _told[-1]
    raise UsageError(f"{stored.path}: needs its passphrase: set {PASSPHRASE_VARIABLE}, or start it at a terminal")
