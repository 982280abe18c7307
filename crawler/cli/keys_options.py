"""What ``keys new`` and ``keys rotate`` share: options, and how the new key is made."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common import is_interactive, print_json
from crawler.errors import UsageError
from crawler.provenance.signed_note import VerifierKey
from crawler.signing.key_folder import TRUST_FILE, KeyFolder, default_folder, new_name
from crawler.signing.sealer import PASSPHRASE_VARIABLE
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.signing.key_folder import StoredKey

NEW_PASSPHRASE_VARIABLE = "CLEARCRAWL_NEW_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What was asked for."""

    name: str
    passphrase: str | None
    command: Sequence[str]
    public: VerifierKey | None


def key_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of both commands."""
    for option in (
        click.option("--name", help="Name of the key, like example.org/crawls; no spaces, no '+'."),
        click.option(
            "--passphrase",
            "is_protected",
            is_flag=True,
            help=f"Protect the key: asked for at the terminal, or taken from {NEW_PASSPHRASE_VARIABLE}.",
        ),
        click.option("--signer", metavar="COMMAND", help="External signer: text on stdin, base64 on stdout."),
        click.option("--public", metavar="KEY", help="Verifier key of the external signer: <name>+<id>+<base64>."),
    ):
        function = option(function)
    return function


def wanted(*, name: str | None, is_protected: bool, signer: str | None, public: str | None, is_first: bool) -> NewKey:
    """Check what was asked for. Raises UsageError."""
    if signer is not None and (is_protected or name):
        raise UsageError("--signer keeps its own key: leave out --name and --passphrase")
    if (signer is None) != (public is None):
        raise UsageError("--signer and --public belong together")
    try:
        key = None if public is None else VerifierKey.parse(public)
        command = [] if signer is None else shlex.split(signer)
    except ValueError as error:
        raise UsageError(f"--signer or --public: {error}") from error
    passphrase = _passphrase(is_first=is_first) if is_protected else None
    return NewKey(name=name or new_name(), passphrase=passphrase, command=command, public=key)


def _passphrase(*, is_first: bool) -> str:
    told = os.environ.get(NEW_PASSPHRASE_VARIABLE) or (os.environ.get(PASSPHRASE_VARIABLE) if is_first else None)
    if told:
        return told
    if not is_interactive():
        raise UsageError(f"--passphrase: set {NEW_PASSPHRASE_VARIABLE}, or start it at a terminal")
    found: str = click.prompt("Passphrase of the new key", hide_input=True, confirmation_prompt=True, err=True)
    return found


def folder() -> KeyFolder:
    """The folder of keys."""
    return KeyFolder(default_folder())


def print_key(stored: StoredKey, keys: KeyFolder, *, what: str, as_json: bool) -> None:
    """Tell of one key."""
    if as_json:
        print_json("key", as_json_key(stored, keys))
        return
    click.echo(f"{what} {for_terminal(stored.key.label)}, {stored.protection}")
    click.echo(f"  kept in     {for_terminal(str(stored.path))}")
    click.echo(f"  verifier    {for_terminal(str(stored.key))}")
    click.echo(f"  trust file  {for_terminal(str(keys.path / TRUST_FILE))}: hand it to auditors apart from the crawls")


def as_json_key(stored: StoredKey, keys: KeyFolder) -> dict[str, Any]:
    """For scripts."""
    return {
        "label": stored.key.label, "verifier_key": str(stored.key), "protection": stored.protection,
        "path": str(stored.path), "trust_file": str(keys.path / TRUST_FILE),
    }  # fmt: skip
