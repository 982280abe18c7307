"""``clearcrawl blocklist update``: newer versions of lists, within limits; the rest is left for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crawler.cli.blocklist_options import (
    acceptance_of,
    acceptance_options,
    blocklists_option,
    exit_of,
    outcome_as_json,
    policies_option,
    print_outcome,
    to_change,
)
from crawler.cli.common import json_option, print_json, progress
from crawler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.blocklists.catalog import Catalog
    from crawler.errors import ExitCode


@click.command("update", short_help="Ask the sources of lists for newer versions.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@acceptance_options
@blocklists_option
@policies_option
@json_option
def command(
    *,
    ids: tuple[str, ...],
    accept: str | None,
    accepted_by: str | None,
    reason: str | None,
    blocklists: Path | None,
    policies: Path | None,
    as_json: bool,
) -> ExitCode:
    """Fetch newer versions: of the lists named, or of all that are in force with updates = true.

    A list that the catalog knows and that was never fetched is fetched when it is named.
    A version is refused if it lost more than 10 % of the entries, grew by more than 50 %, or names a public suffix,
    a bare label or a name of protected.txt; then the one in force stays until a person accepts the new one by digest.
    With --accept an earlier version can be put in force again.

    Exit status: 0 all well, 1 a version was refused, 3 a source did not answer.
    """
    from crawler.cli.blocklist_sources import updater_of  # noqa: PLC0415 - keeps --help quick
    from crawler.storage.list_folder import ListFolder  # noqa: PLC0415 - as above

    if accepted_by is not None and accept is None:
        raise UsageError("--accepted-by goes with --accept DIGEST --reason TEXT")
    word = acceptance_of(accept, accepted_by, reason)
    if word is not None and len(ids) != 1:
        raise UsageError("--accept is for one list: name its ID")
    outcomes = []
    with ListFolder.open(to_change(blocklists)) as lists:
        chosen = _chosen(ids, lists.catalog())
        updater = updater_of(lists, policies)
        for list_id in chosen:
            outcomes.append(updater.update(list_id, word))
            if not as_json:
                print_outcome(outcomes[-1], blocklists)
    if as_json:
        print_json("blocklist-update", {"lists": [outcome_as_json(outcome) for outcome in outcomes]})
    elif not outcomes:
        progress("Nothing to update: no list in force has updates = true; name the lists that are to be fetched.")
    return exit_of(outcomes)


def _chosen(ids: Sequence[str], catalog: Catalog) -> list[str]:
    """The lists to ask for, each once. Raises UsageError with every id that the catalog does not know."""
    if not ids:
        return [record.id for record in catalog.lists if record.updates]
    known = {each.id for each in (*catalog.lists, *catalog.known)}
    pages = {page.id for page in catalog.pages}
    problems = [
        f"{list_id}: is a page for people; clearcrawl blocklist review {list_id} asks for it"
        if list_id in pages
        else f"{list_id}: no [[list]] of the catalog has this id; clearcrawl blocklist list shows them"
        for list_id in dict.fromkeys(ids)
        if list_id not in known - pages
    ]
    if problems:
        raise UsageError("\n".join(problems))
    return list(dict.fromkeys(ids))
