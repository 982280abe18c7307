"""``clearcrawl blocklist diff``: what changed between two states of the lists, and whom of past crawls that touches."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler import __version__
from crawler.cli.blocklist_options import blocklists_option, digest_of_option, section, to_change
from crawler.cli.common import json_option, print_json, progress
from crawler.cli.layout import wrapped
from crawler.errors import ExitCode, StorageError, UsageError
from crawler.values.amounts import octets
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from crawler.storage.list_diff import Effect, ListDiff, Touched
    from crawler.storage.list_folder import ListFolder
    from crawler.storage.suffixes import BundledSuffixes

SHOWN = 10
"""Entries and hosts of one kind that are printed; ``--json`` has all."""


@click.command("diff", short_help="Show what changed, and whom of past crawls it touches.")
@click.argument("list_id", required=False, metavar="[ID]")
@click.option(
    "--from", "before", metavar="DIGEST", help="The earlier state: a snapshot, with ID a version of the list."
)
@click.option(
    "--to", "after", metavar="DIGEST", help="The later state; default: what is in force, or waits for a person."
)
@click.option(
    "--crawl", "crawls", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="A past crawl; repeatable."
)
@click.option("--purge-list", type=click.Path(path_type=Path), help="Write what has to go from these crawls.")
@blocklists_option
@json_option
def command(
    *,
    list_id: str | None,
    before: str | None,
    after: str | None,
    crawls: tuple[Path, ...],
    purge_list: Path | None,
    blocklists: Path | None,
    as_json: bool,
) -> ExitCode:
    """Compare two states of the whole folder, or with ID two versions of one list.

    By default the present state is compared with the snapshot before it, and a version that waits for a person with
    the one in force. With --crawl, kept pages that are listed now and were not are told host by host; --purge-list
    writes them down for purge.

    Exit status: 0 nothing changed, 1 something did.
    """
    from crawler.storage.list_diff import diff, effect, removals_of  # noqa: PLC0415 - keeps --help quick
    from crawler.storage.list_folder import ListFolder  # noqa: PLC0415 - as above
    from crawler.storage.suffixes import bundled_suffixes  # noqa: PLC0415 - as above

    if purge_list is not None and not crawls:
        raise UsageError("--purge-list needs a past crawl: --crawl DIR")
    now, suffixes = datetime.now(UTC), bundled_suffixes()
    with ListFolder.open(to_change(blocklists)) as lists:
        states = _folder_states(lists, before, after) if list_id is None else None
        old, new = states or _list_states(lists, str(list_id), before, after, suffixes=suffixes)
    found = diff(old, new, only=list_id)
    touched = effect(old, new, list(crawls), today=now.date(), suffixes=suffixes) if crawls else None
    if purge_list is not None and touched is not None:
        _write(purge_list, removals_of(touched.covered, now.isoformat()), now)
        progress(f"{purge_list}: written")
    if as_json:
        print_json("blocklist-diff", _as_json(found, touched))
    else:
        _print(found, touched)
    return ExitCode.FINDINGS if found else ExitCode.CLEAN


def _folder_states(
    lists: ListFolder, before: str | None, after: str | None
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    from crawler.storage.blocklists import digest_of, files_of, read_contents  # noqa: PLC0415 - as above
    from crawler.storage.list_snapshots import contents_of, find_snapshot, snapshots  # noqa: PLC0415 - as above

    new = read_contents(lists.path) if after is None else contents_of(lists, find_snapshot(lists, after))
    if before is not None:
        return contents_of(lists, find_snapshot(lists, before)), new
    present = digest_of((file.digest, file.name) for file in files_of(new))
    earlier = [each for each in snapshots(lists) if each.digest != present]
    if not earlier:
        raise UsageError("no other snapshot is kept; take one with clearcrawl blocklist snapshot before a change")
    return contents_of(lists, earlier[-1]), new


def _list_states(
    lists: ListFolder, list_id: str, before: str | None, after: str | None, *, suffixes: BundledSuffixes
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    from crawler.blocklists.change import survey  # noqa: PLC0415 - as above
    from crawler.storage.blocklists import read_contents  # noqa: PLC0415 - as above
    from crawler.storage.list_diff import versions_of, with_version  # noqa: PLC0415 - as above
    from crawler.storage.list_updates import items_of  # noqa: PLC0415 - as above

    record = next((each for each in lists.catalog().lists if each.id == list_id), None)
    if record is None:
        raise UsageError(f"{list_id}: no list in force has this id; clearcrawl blocklist list shows them")
    if before is not None:
        old, new = _version(lists, list_id, "--from", before), lists.content(record)
    elif after is not None:
        old = new = lists.content(record)
    else:
        old, new = versions_of(lists, record)
    if after is not None:
        new = _version(lists, list_id, "--to", after)
    contents = read_contents(lists.path)
    states = []
    for content in (old, new):
        found = survey(
            items_of(content, record.format, record.columns), is_suffix=suffixes.is_suffix, protected=frozenset()
        )
        names = sorted({*record.despite, *(doubt.name for doubt in found.doubts if doubt.name)})
        states.append(with_version(contents, record, content, names))
    return states[0], states[1]


def _version(lists: ListFolder, list_id: str, option: str, text: str) -> bytes:
    from crawler.values.digest import sha256  # noqa: PLC0415 - as above

    digest = digest_of_option(option, text)
    waiting = lists.waiting(list_id)
    content = waiting if waiting is not None and sha256(waiting) == digest else lists.version(digest)
    if content is None:
        raise UsageError(f"{option}: no version {digest} is kept")
    return content


def _write(path: Path, removals: list[Any], now: datetime) -> None:
    from crawler.provenance.removals import write_removals  # noqa: PLC0415 - as above

    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.writelines(write_removals(removals, tool=f"clearcrawl {__version__}", made_at=now.isoformat()))
        beside.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error


def _as_json(found: list[ListDiff], touched: Effect | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "lists": [
            {
                "id": each.id,
                "before": each.before,
                "after": each.after,
                "added": [{"entry": entry.value, "line": entry.line} for entry in each.added],
                "removed": [{"entry": entry.value, "line": entry.line} for entry in each.removed],
            }
            for each in found
        ]
    }
    if touched is not None:
        body["covered"] = [_touched_as_json(each) for each in touched.covered]
        body["released"] = [_touched_as_json(each) for each in touched.released]
    return body


def _touched_as_json(each: Touched) -> dict[str, Any]:
    return {
        "crawl_id": each.crawl_id,
        "host": each.host,
        "urls": each.urls,
        "bytes": each.bytes,
        "list": each.listed.list_id if each.listed else None,
        "entry": each.listed.entry if each.listed else None,
    }


def _print(found: list[ListDiff], touched: Effect | None) -> None:
    if not found:
        click.echo("Nothing changed.")
    for each in found:
        section(f"{each.id}: +{len(each.added)} -{len(each.removed)}")
        click.echo(f"  {each.before or 'not there'}\n  {each.after or 'no longer there'}")
        for sign, colour, entries in (("+", "green", each.added), ("-", "red", each.removed)):
            for entry in entries[:SHOWN]:
                click.echo(click.style(f"  {sign} {for_terminal(entry.value)} (line {entry.line})", fg=colour))
            if len(entries) > SHOWN:
                click.echo(f"  {sign} and {len(entries) - SHOWN} more")
    if touched is None:
        return
    _print_hosts("kept pages that are listed now", touched.covered)
    _print_hosts("refused pages that are listed no longer", touched.released)


def _print_hosts(title: str, hosts: list[Touched]) -> None:
    section(f"{title}: {sum(each.urls for each in hosts)} of {len(hosts)} hosts")
    for each in hosts[:SHOWN]:
        entry = f", {each.listed.list_id}: {each.listed.entry}" if each.listed else ""
        told = f"{each.host}: {each.urls} pages, {octets(each.bytes)}{entry}; crawl {each.crawl_id}"
        click.echo(wrapped(told, indent=4, first="  - "))
    if len(hosts) > SHOWN:
        click.echo(f"  and {len(hosts) - SHOWN} more")
