"""``clearcrawl keys rotate``: the next key, named in a note that the one in use signs."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from crawler.cli.common import json_option
from crawler.cli.keys_options import folder, key_options, print_key, wanted
from crawler.signing.sealer import ask_passphrase


@click.command("rotate", short_help="Make the next key; the one in use signs for it.")
@key_options
@json_option
def command(*, name: str | None, is_protected: bool, signer: str | None, public: str | None, as_json: bool) -> None:
    """Make the key that signs crawls from now on; the one in use signs the note that names it.

    Crawls that were signed before stay as they are. Whoever trusts the old key trusts the new one from now on, and the
    old one until now; the trust file says so too.
    """
    keys = folder()
    new = wanted(name=name, is_protected=is_protected, signer=signer, public=public, is_first=False)
    stored = keys.rotate(
        name=new.name,
        now=datetime.now(UTC),
        ask=ask_passphrase,
        passphrase=new.passphrase,
        command=new.command,
        public=new.public,
    )
    print_key(stored, keys, what="made", as_json=as_json)
