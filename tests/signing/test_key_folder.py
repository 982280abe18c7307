"""Signing keys: made, kept, rotated, refused; the last heads that were signed."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.errors import SignerError, UsageError
from crawler.provenance.trust import Rotation
from crawler.signing.key_folder import KeyFolder, default_folder
from crawler.signing.sealer import ask_passphrase, open_sealer
from crawler.signing.signers import CommandSigner
from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 5, 6, tzinfo=UTC)


def test_first_key_without_ceremony(tmp_path: Path) -> None:
    """Made once, mode 0600 in a folder of mode 0700; the user is told once where it lies."""
    sealer = open_sealer(tmp_path / "keys")
    assert len(sealer.news) == 1
    assert str(tmp_path) in sealer.news[0]
    assert sealer.protection == "unprotected"
    again = open_sealer(tmp_path / "keys")
    assert (again.news, again.key) == ((), sealer.key)
    assert sealer.key.verifies(b"text", sealer.sign(b"text"))
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir() if path.is_file()} == {0o600}


def test_other_modes_are_refused(tmp_path: Path) -> None:
    """Whoever else may read the key could sign."""
    path = KeyFolder(tmp_path).create(name="k", now=NOW).path
    for mode in (0o640, 0o604, 0o660, 0o700 | 0o010):
        path.chmod(mode)
        with pytest.raises(UsageError, match=r"only 0600 is taken: chmod 600"):
            open_sealer(tmp_path)


def test_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for, and wrong ones are told; the file holds nothing readable."""
    keys = KeyFolder(tmp_path)
    stored = keys.create(name="k", now=NOW, passphrase="open sesame")  # noqa: S106 - of a test
    assert stored.protection == "passphrase"
    assert b"ENCRYPTED PRIVATE KEY" in stored.path.read_bytes()
    assert keys.signer(stored, lambda _: "open sesame").sign(b"x")
    with pytest.raises(UsageError, match="the passphrase is wrong"):
        keys.signer(stored, lambda _: "other")
    monkeypatch.delenv("CLEARCRAWL_KEY_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="CLEARCRAWL_KEY_PASSPHRASE"):
        ask_passphrase(stored)
    monkeypatch.setenv("CLEARCRAWL_KEY_PASSPHRASE", "open sesame")
    assert ask_passphrase(stored) == "open sesame"


def test_rotation(tmp_path: Path) -> None:
    """The old key names the new one; the trust file says until when and from when."""
    keys = KeyFolder(tmp_path)
    with pytest.raises(UsageError, match="no key yet"):
        keys.rotate(name="b", now=NOW, ask=lambda _: None)
    one = keys.create(name="a", now=NOW)
    with pytest.raises(UsageError, match="is in use"):
        keys.create(name="b", now=NOW)
    later = NOW.replace(year=2027)
    two = keys.rotate(name="b", now=later, ask=lambda _: None)
    (note,) = keys.rotations()
    assert Rotation.parse(note) == Rotation(old=one.key, new=two.key, since=later)
    assert [str(trusted.span) for trusted in keys.trust().keys] == [
        "2026-05-06T00:00:00.000000Z 2027-05-06T00:00:00.000000Z", "2027-05-06T00:00:00.000000Z -",
    ]  # fmt: skip
    assert [stored.key for stored in keys.stored()] == [one.key, two.key]
    assert open_sealer(tmp_path).rotations == {two.key.id: note}


def test_damaged_folder_is_told(tmp_path: Path) -> None:
    """A key that is gone or another one; a folder that cannot be written."""
    keys = KeyFolder(tmp_path)
    one = keys.create(name="a", now=NOW)
    other = KeyFolder(tmp_path / "other").create(name="b", now=NOW)
    one.path.write_bytes(other.path.read_bytes())
    with pytest.raises(UsageError, match="is not the private key of a"):
        open_sealer(tmp_path)
    one.path.unlink()
    with pytest.raises(UsageError, match="restore the key"):
        open_sealer(tmp_path)
    (tmp_path / "current").write_text("nonsense\n")
    with pytest.raises(UsageError, match="names no key"):
        keys.current()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be read"):
        open_sealer(tmp_path / "file")


def test_where_keys_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable, else the user's data folder; a relative one does not count (XDG)."""
    monkeypatch.setenv("CLEARCRAWL_KEYS", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("CLEARCRAWL_KEYS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "clearcrawl" / "keys"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".local" / "share" / "clearcrawl" / "keys"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("sh", "-c", "echo AAAA"), "no signature of the key"),
        (("sh", "-c", "echo '###'"), "something else than base64"),
        (("sh", "-c", "echo no >&2; exit 3"), "status 3: no"),
        (("/nowhere/signer",), "cannot be run"),
    ],
)
def test_wrong_signers(command: tuple[str, ...], problem: str, tmp_path: Path) -> None:
    """Each failure says who and what."""
    key = KeyFolder(tmp_path).create(name="a", now=NOW).key
    with pytest.raises(SignerError, match=problem):
        CommandSigner(key=key, command=command).sign(b"text")


def test_commands(tmp_path: Path) -> None:
    """new, show and rotate at the command line; private keys are never printed."""
    told = {"CLEARCRAWL_KEYS": str(tmp_path / "k"), "CLEARCRAWL_NEW_KEY_PASSPHRASE": "secret words"}
    assert "no key yet" in clearcrawl("keys", "show", **told).stdout
    assert clearcrawl("keys", "rotate", **told).returncode == 2
    assert clearcrawl("keys", "new", "--name", "example.org/crawls", **told).returncode == 0
    assert clearcrawl("keys", "new", **told).returncode == 2
    assert clearcrawl("keys", "new", "--signer", "x", **told).returncode == 2
    assert clearcrawl("keys", "rotate", "--passphrase", "--json", **told).returncode == 0
    shown = clearcrawl("keys", "show", **told).stdout + clearcrawl("keys", "show", "--trust", **told).stdout
    assert "example.org/crawls+" in shown
    assert "passphrase" in shown
    secrets = [path.read_text() for path in (tmp_path / "k").glob("*.key")]
    assert len(secrets) == 2
    assert not any(secret.split("\n")[1] in shown for secret in secrets)
    assert os.fspath(tmp_path) in shown
