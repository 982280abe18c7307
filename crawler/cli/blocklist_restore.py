"""``clearcrawl blocklist restore``: puts a kept state in force again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from crawler.cli.blocklist_options import blocklists_option, to_change
from crawler.cli.common import json_option, print_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command("restore", short_help="Put a kept state in force again.")
@click.argument("digest", metavar="SNAPSHOT")
@blocklists_option
@json_option
def command(*, digest: str, blocklists: Path | None, as_json: bool) -> None:
    """Put catalog and lists back as they were in SNAPSHOT, a digest or its beginning; the present state is kept first.

    A single list goes back to an earlier version by: clearcrawl blocklist update ID --accept DIGEST.
    """
    from crawler.storage.list_folder import ListFolder  # noqa: PLC0415 - keeps --help quick
    from crawler.storage.list_snapshots import find_snapshot, restore_snapshot  # noqa: PLC0415 - as above

    with ListFolder.open(to_change(blocklists)) as lists:
        snapshot = find_snapshot(lists, digest)
        before = restore_snapshot(lists, snapshot, now=datetime.now(UTC))
    if as_json:
        print_json("blocklist-restore", {"in_force": snapshot.digest, "before": before.digest})
    else:
        click.echo(f"in force: {snapshot.digest} of {snapshot.made_at}")
        click.echo(f"  before: {before.digest}, kept")
