"""Who sends a request, so that others can check it: HTTP message signatures (RFC 9421) in the profile Web Bot Auth.

draft-ietf-webbotauth-httpsig-protocol-01: signed are the authority and the member of Signature-Agent that names where
the keys stand. The key is another one than the key of the logs, since it lies open to the process that crawls.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import os
import time
from typing import TYPE_CHECKING, Any

from crawler.errors import UsageError
from crawler.provenance.leaf import time_text
from crawler.signing.key_folder import KeyFolder, default_folder
from crawler.signing.sealer import ask_passphrase
from crawler.signing.signers import FileSigner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from crawler.policy.document import Publication
    from crawler.provenance.signed_note import VerifierKey

DIRECTORY_PATH = "/.well-known/http-message-signatures-directory"
DIRECTORY_TYPE = "application/http-message-signatures-directory+json"
"""Media type under which the directory has to be served."""
TAG = "web-bot-auth"
LIFETIME = 300
"""Seconds between ``created`` and ``expires``: covers a wrong clock and a slow connection."""
SUBFOLDER = "requests"
_LABEL = "sig1"
_NONCE_OCTETS = 32


class RequestSigner:
    """Makes the fields of one request; about 60 microseconds each, so it runs on the event loop."""

    def __init__(self, signer: FileSigner, agent: str) -> None:
        """``agent`` is the origin under which ``DIRECTORY_PATH`` is served, without a slash at its end."""
        self.key_id = thumbprint(signer.key)
        self._sign = signer.private.sign
        self._agent = f'"{agent}"'
        self._fixed = f'keyid="{self.key_id}";alg="ed25519";tag="{TAG}"'

    def fields(self, authority: str) -> tuple[tuple[str, str], ...]:
        """Fields for a request to this authority (host, and port unless it is the default one), in lower case."""
        created = int(time.time())
        nonce = base64.b64encode(os.urandom(_NONCE_OCTETS)).decode()
        parameters = (
            f'("@authority" "signature-agent";key="{_LABEL}");created={created};expires={created + LIFETIME}'
            f';nonce="{nonce}";{self._fixed}'
        )
        base = (
            f'"@authority": {authority}\n'
            f'"signature-agent";key="{_LABEL}": {self._agent}\n'
            f'"@signature-params": {parameters}'
        )
        signature = base64.b64encode(self._sign(base.encode("ascii"))).decode()
        return (
            ("Signature-Agent", f"{_LABEL}={self._agent}"),
            ("Signature-Input", f"{_LABEL}={parameters}"),
            ("Signature", f"{_LABEL}=:{signature}:"),
        )


def request_keys(folder: Path | None = None) -> KeyFolder:
    """Folder of the keys that sign requests, beside those of the logs."""
    return KeyFolder((folder or default_folder()) / SUBFOLDER)


def open_request_signer(publication: Publication, *, now: datetime, folder: Path | None = None) -> RequestSigner | None:
    """Open the key in use, made where there is none; ``None`` where the policy does not want requests signed.

    Raises UsageError where the key cannot be used for single requests.
    """
    if not publication.signature_agent:
        return None
    keys = request_keys(folder)
    stored, _ = keys.first(now=now)
    signer = keys.signer(stored, ask_passphrase)
    if not isinstance(signer, FileSigner):
        raise UsageError(f"{stored.path}: a signing command is too slow for single requests; use a key file there")
    return RequestSigner(signer, publication.signature_agent)


def thumbprint(key: VerifierKey) -> str:
    """JWK thumbprint (RFC 7638, RFC 8037 appendix A.3): the ``keyid`` of signatures and ``kid`` in the directory."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public)}
    return _base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def directory_keys(folder: Path | None = None) -> list[VerifierKey]:
    """Keys that sign requests here, the one in use first; earlier ones stay, for requests that are on their way."""
    keys = request_keys(folder)
    current = keys.current()
    stored = keys.stored() if current is not None else []
    return [one.key for one in sorted(stored, key=lambda one: one != current)]


def key_directory(keys: Iterable[VerifierKey]) -> bytes:
    """Content of the file at ``DIRECTORY_PATH`` (a JWK set, RFC 7517), to be served as ``DIRECTORY_TYPE``."""
    found: list[dict[str, Any]] = [
        {"kty": "OKP", "crv": "Ed25519", "x": _base64url(key.public), "kid": thumbprint(key), "use": "sig"}
        for key in keys
    ]
    return json.dumps({"keys": found}, indent=2).encode() + b"\n"


def ip_list(ranges: Sequence[str], *, made_at: datetime) -> bytes:
    """List of the networks that requests come from, in the form that large crawlers use for theirs."""
    networks = [ipaddress.ip_network(text) for text in ranges]
    prefixes = [{f"ipv{one.version}Prefix": str(one)} for one in networks]
    return json.dumps({"creationTime": time_text(made_at), "prefixes": prefixes}, indent=2).encode() + b"\n"


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
