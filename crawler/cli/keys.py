"""The group ``keys``: keys that sign crawls. Nothing here or below imports Scrapy."""

from __future__ import annotations

import click

from crawler.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "new": Entry(module="crawler.cli.keys_new", summary="Make the first signing key, or name an external signer."),
    "show": Entry(module="crawler.cli.keys_show", summary="Keys, where they lie, and the lines of the trust file."),
    "rotate": Entry(module="crawler.cli.keys_rotate", summary="Make the next key; the one in use signs for it."),
    "stamp": Entry(
        module="crawler.cli.keys_stamp", summary="Ask for pending time stamps and renewals, and hand over anew."
    ),
}


@click.group("keys", cls=LazyGroup, entries=COMMANDS)
def command() -> None:
    """Signing keys, kept apart from every crawl.

    They lie in the user's data folder, or in the folder that CLEARCRAWL_KEYS names. The first crawl makes one without
    asking; it has no passphrase then, and reports call it unprotected.
    """
