"""Verifies a signed request as a site does: by the library http-message-signatures, from the directory's file alone."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotSignedError(Exception):
    """The request is not signed by a key of the directory."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What the signature says."""

    components: list[str]
    tag: str
    seconds: int


class _Directory(HTTPSignatureKeyResolver):  # type: ignore[misc]  # the library has no types
    def __init__(self, content: bytes) -> None:
        self._keys = {one["kid"]: one for one in json.loads(content)["keys"]}

    def resolve_public_key(self, key_id: str) -> Any:
        text = self._keys[key_id]["x"]
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def verify(method: str, url: str, headers: Mapping[str, str], directory: bytes) -> Covered:
    """Raises NotSignedError."""
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=_Directory(directory))
    message = SimpleNamespace(method=method, url=url, headers=CaseInsensitiveDict(headers))
    try:
        (found,) = verifier.verify(message)
    except (HTTPMessageSignaturesException, KeyError) as error:
        raise NotSignedError(repr(error)) from error
    seconds = found.parameters["expires"] - found.parameters["created"]
    return Covered(list(found.covered_components), found.parameters["tag"], seconds)
