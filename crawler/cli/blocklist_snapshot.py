"""``clearcrawl blocklist snapshot``: keeps the present state under the digest that the rows name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.blocklist_options import blocklists_option, to_change
from crawler.cli.common import json_option, print_json, progress

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.storage.list_snapshots import Snapshot


@click.command("snapshot", short_help="Keep the present state, or show the kept ones.")
@click.option("--note", default="", help="What this state is, for people.")
@click.option("--list", "is_list", is_flag=True, help="Show the kept states and keep nothing.")
@blocklists_option
@json_option
def command(*, note: str, is_list: bool, blocklists: Path | None, as_json: bool) -> None:
    """Keep catalog and lists as they are now, so that they can be restored and compared byte by byte.

    Every change by add, update and restore keeps a snapshot by itself; this one is for changes by hand.
    The digest is that of the column lists_digest: what was in force for any row can be found again.
    """
    from crawler.storage.list_folder import ListFolder  # noqa: PLC0415 - keeps --help quick
    from crawler.storage.list_snapshots import snapshots, take_snapshot  # noqa: PLC0415 - as above

    with ListFolder.open(to_change(blocklists)) as lists:
        found = snapshots(lists) if is_list else [take_snapshot(lists, now=datetime.now(UTC), note=note)]
    if as_json:
        print_json("blocklist-snapshot", {"snapshots": [_as_json(each) for each in found]})
    elif not found:
        progress("No state is kept yet.")
    else:
        for each in found:
            click.echo(f"{each.digest}  {each.made_at}  {each.note}".rstrip())


def _as_json(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "digest": snapshot.digest,
        "made_at": snapshot.made_at,
        "note": snapshot.note,
        "files": [{"name": name, "digest": digest} for name, digest in snapshot.files],
    }
