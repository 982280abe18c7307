"""Ways to a signature: a key file, or a command that gets only the text to be signed (R6.7).

The command reads the text on stdin and writes the base64 of 64 octets to stdout. The text is a checkpoint (three lines,
the first one an origin), or begins with ``DSSEv1 28 application/vnd.in-toto+json``, so that a signer can tell what it
signs and refuse the rest.
"""

from __future__ import annotations

import base64
import binascii
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import SignerError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from crawler.provenance.signed_note import VerifierKey

COMMAND_SECONDS = 5.0
"""That a signing command may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSigner:
    """Signs with a private key that was read from its file."""

    key: VerifierKey
    protection: str
    """``unprotected`` or ``passphrase``: how the file is kept."""
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        """64 octets."""
        return self.private.sign(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSigner:
    """Has a command sign; its key is never read here."""

    key: VerifierKey
    command: tuple[str, ...]
    protection: str = "external"

    def sign(self, message: bytes) -> bytes:
        """64 octets, checked against the public key. Raises SignerError: away, hanging, or a wrong reply."""
        name = self.command[0]
        try:
            done = subprocess.run(self.command, input=message, capture_output=True, timeout=COMMAND_SECONDS, check=True)  # noqa: S603 - the operator's own command, no shell
            signature = base64.b64decode(done.stdout.strip(), validate=True)
        except subprocess.TimeoutExpired as error:
            raise SignerError(f"the signer {name} gave no answer in {COMMAND_SECONDS:g} seconds") from error
        except subprocess.CalledProcessError as error:
            told = error.stderr.decode("utf-8", "replace").strip()[:200]
            raise SignerError(f"the signer {name} ended with status {error.returncode}: {told}") from error
        except OSError as error:
            raise SignerError(f"the signer {name} cannot be run: {error.strerror}") from error
        except (binascii.Error, ValueError) as error:
            raise SignerError(f"the signer {name} answered something else than base64") from error
        if not self.key.verifies(message, signature):
            raise SignerError(f"the signer {name} answered no signature of the key {self.key.label}")
        return signature


Signer = FileSigner | CommandSigner
