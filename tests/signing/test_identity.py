"""Signed requests, checked by the independent library http-message-signatures; the key directory and the IP list."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.errors import UsageError
from crawler.policy.document import Publication
from crawler.provenance.signed_note import VerifierKey
from crawler.signing.identity import (
    LIFETIME,
    directory_keys,
    ip_list,
    key_directory,
    open_request_signer,
    request_keys,
    thumbprint,
)
from tests.signing.rfc9421 import NotSignedError, verify

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.signing.identity import RequestSigner

AGENT = "https://crawl.example.org"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
RFC_KEY = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
"""test-key-ed25519 of RFC 9421 appendix B.1.4."""


def _signer(folder: Path) -> RequestSigner:
    signer = open_request_signer(Publication(signature_agent=AGENT), now=NOW, folder=folder)
    assert signer is not None
    return signer


def _headers(signer: RequestSigner, authority: str = "example.com") -> dict[str, str]:
    return {"Host": authority, **dict(signer.fields(authority))}


def test_thumbprint_of_the_rfc_key() -> None:
    """The key of RFC 9421 has the thumbprint that the drafts of Web Bot Auth print for it."""
    key = VerifierKey(name="rfc", public=base64.b64decode(RFC_KEY))
    assert thumbprint(key) == "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"


def test_independent_verification(tmp_path: Path) -> None:
    """A stranger's implementation of RFC 9421 accepts the request, with the key from our directory file alone."""
    signer = _signer(tmp_path)
    directory = key_directory(directory_keys(tmp_path))
    covered = verify("GET", "https://example.com/a?b=c", _headers(signer), directory)
    assert covered.tag == "web-bot-auth"
    assert covered.seconds == LIFETIME
    assert covered.components == [
        '"@authority"', '"signature-agent";key="sig1"', '"@signature-params"'
    ]  # fmt: skip


@pytest.mark.parametrize("authority", ["example.com:8443", "[2001:db8::1]:8080", "127.0.0.1:8000"])
def test_authority(tmp_path: Path, authority: str) -> None:
    """Ports that are not the default one, and literal addresses, are signed as Host spells them."""
    headers = _headers(_signer(tmp_path), authority)
    verify("GET", f"https://{authority}/", headers, key_directory(directory_keys(tmp_path)))


@pytest.mark.parametrize("change", ["host", "agent", "input", "signature", "key"])
def test_changed_request(tmp_path: Path, change: str) -> None:
    """Another authority, agent, lifetime, signature or key does not verify."""
    headers = _headers(_signer(tmp_path))
    directory = key_directory(directory_keys(tmp_path))
    url = "https://example.com/"
    if change == "host":
        url = "https://other.example/"
    elif change == "agent":
        headers["Signature-Agent"] = 'sig1="https://somebody.else.example"'
    elif change == "input":
        headers["Signature-Input"] = headers["Signature-Input"].replace("expires=", "expires=9")
    elif change == "signature":
        headers["Signature"] = headers["Signature"].replace(headers["Signature"][10:14], "AAAA")
    else:
        _signer(tmp_path / "other")
        directory = key_directory(directory_keys(tmp_path / "other"))
    with pytest.raises(NotSignedError):
        verify("GET", url, headers, directory)


def test_every_request_has_a_nonce_of_its_own(tmp_path: Path) -> None:
    """Two requests to one site differ, so that one cannot be replayed as the other."""
    signer = _signer(tmp_path)
    assert len({dict(signer.fields("example.com"))["Signature-Input"] for _ in range(50)}) == 50


def test_off_by_default(tmp_path: Path) -> None:
    """Without the policy's word nothing is signed and no key is made."""
    assert open_request_signer(Publication(), now=NOW, folder=tmp_path) is None
    assert directory_keys(tmp_path) == []
    assert json.loads(key_directory([])) == {"keys": []}
    assert not list(tmp_path.iterdir())


def test_rotation(tmp_path: Path) -> None:
    """After a rotation the new key signs and stands first; the earlier one stays in the directory."""
    old = _signer(tmp_path).key_id
    request_keys(tmp_path).rotate(name="second", now=NOW, ask=lambda _: None)
    signer = _signer(tmp_path)
    kids = [one["kid"] for one in json.loads(key_directory(directory_keys(tmp_path)))["keys"]]
    assert kids == [signer.key_id, old]
    verify("GET", "https://example.com/", _headers(signer), key_directory(directory_keys(tmp_path)))


def test_command_is_too_slow(tmp_path: Path) -> None:
    """A signing command cannot sign single requests: refused with what to do."""
    keys = request_keys(tmp_path)
    key = _signer(tmp_path / "made")
    stored = request_keys(tmp_path / "made").current()
    assert stored is not None
    assert key.key_id
    keys.path.mkdir(parents=True)
    (keys.path / "current").write_text(stored.key.id)
    (keys.path / f"{stored.key.id}.pub").write_text(str(stored.key))
    command = keys.path / f"{stored.key.id}.command"
    command.write_text('["true"]')
    command.chmod(0o600)
    with pytest.raises(UsageError, match="too slow"):
        _signer(tmp_path)


def test_directory_holds_no_private_key(tmp_path: Path) -> None:
    """A JWK set of public members alone."""
    _signer(tmp_path)
    (key,) = json.loads(key_directory(directory_keys(tmp_path)))["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "use"}


def test_ip_list() -> None:
    """Both kinds of networks, by the names that readers of such lists expect."""
    found = json.loads(ip_list(["192.0.2.0/28", "2001:db8::/56"], made_at=NOW))
    assert found["prefixes"] == [{"ipv4Prefix": "192.0.2.0/28"}, {"ipv6Prefix": "2001:db8::/56"}]
    assert found["creationTime"] == "2026-11-23T00:00:00.000000Z"
