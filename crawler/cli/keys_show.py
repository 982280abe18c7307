"""``clearcrawl keys show``: which keys there are and what auditors need of them."""

from __future__ import annotations

import click

from crawler.cli.common import json_option, print_json
from crawler.cli.keys_options import as_json_key, folder, print_key
from crawler.values.printable import for_terminal


@click.command("show", short_help="Keys, where they lie, and the lines of the trust file.")
@click.option("--trust", "is_trust", is_flag=True, help="Print the trust file alone.")
@json_option
def command(*, is_trust: bool, as_json: bool) -> None:
    """List the keys of this user, the one in use last. Private keys are never printed."""
    keys = folder()
    if is_trust and not as_json:
        for line in keys.trust().text().splitlines():
            click.echo(for_terminal(line))
        return
    current = keys.current()
    found = keys.stored()
    if as_json:
        listed = [as_json_key(one, keys) | {"in_use": one == current} for one in found]
        print_json("keys", {"folder": str(keys.path), "keys": listed, "trust": keys.trust().text()})
        return
    if current is None:
        click.echo(f"{for_terminal(str(keys.path))}: no key yet; the first crawl makes one, or clearcrawl keys new")
        return
    for one in found:
        print_key(one, keys, what="in use" if one == current else "earlier", as_json=False)
