"""``clearcrawl keys new``: the first key of this user, or an external signer in its place."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from crawler.cli.common import json_option
from crawler.cli.keys_options import folder, key_options, print_key, wanted


@click.command("new", short_help="Make the first signing key, or name an external signer.")
@key_options
@json_option
def command(*, name: str | None, is_protected: bool, signer: str | None, public: str | None, as_json: bool) -> None:
    """Make the key that signs crawls from now on; refused where there is one already.

    Mode 0600; no file of a crawl ever holds a private key. With --signer no key is made: the command gets the text of
    a checkpoint or of a file list on stdin and writes the base64 of an Ed25519 signature.
    """
    keys = folder()
    new = wanted(name=name, is_protected=is_protected, signer=signer, public=public, is_first=True)
    stored = keys.create(
        name=new.name, now=datetime.now(UTC), passphrase=new.passphrase, command=new.command, public=new.public
    )
    print_key(stored, keys, what="made", as_json=as_json)
