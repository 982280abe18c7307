"""``clearcrawl blocklist check``: whether names are listed, by which list, version, entry and line."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.blocklist_options import blocklists_option, to_read
from crawler.cli.common import json_option, print_json, progress
from crawler.errors import ExitCode, UrlError, UsageError
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.blocklists.interface import Listed
    from crawler.storage.blocklists import OpenedBlocklists


@click.command("check", short_help="Ask whether names are listed, and where.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@blocklists_option
@json_option
def command(*, names: tuple[str, ...], blocklists: Path | None, as_json: bool) -> ExitCode:
    """Ask all lists in force about hosts, addresses or URLs, however they are spelt. Nothing is fetched.

    A name is listed with all names above it that are; the nearest entry answers.

    Exit status: 0 none is listed, 1 one is.
    """
    asked = _canonical(names)
    opened = _open(to_read(blocklists))
    for warning in opened.warnings:
        progress(f"note: {for_terminal(warning)}")
    answers = [(name, opened.matcher.find(canonical)) for name, canonical in asked]
    if as_json:
        body = {"lists_digest": opened.digest, "names": [_as_json(name, listed) for name, listed in answers]}
        print_json("blocklist-check", body)
    else:
        for name, listed in answers:
            _print(name, listed)
    return ExitCode.FINDINGS if any(listed is not None for _, listed in answers) else ExitCode.CLEAN


_WITH_PORT = re.compile(r"(?:[^:\[\]]+|\[[^\]]+\]):\d+")


def _canonical(names: Sequence[str]) -> list[tuple[str, str]]:
    """Each name beside what the matcher takes. Raises UsageError with every text that is none."""
    from crawler.values.host import canonical_host  # noqa: PLC0415 - keeps --help quick
    from crawler.values.url import parse  # noqa: PLC0415 - as above

    found: list[tuple[str, str]] = []
    problems = []
    for name in names:
        try:
            if "://" in name or "/" in name or _WITH_PORT.fullmatch(name):
                found.append((name, parse(name if "://" in name else f"http://{name}").text))
            else:
                found.append((name, canonical_host(f"[{name}]" if name.count(":") > 1 and name[0] != "[" else name)))
        except UrlError as error:
            problems.append(f"{name[:200]!r}: {error}")
    if problems:
        raise UsageError("\n".join([*problems, "Give hosts, addresses or URLs: example.com, 192.0.2.7, https://..."]))
    return found


def _open(folder: Path) -> OpenedBlocklists:
    """Open what is in force today; a list that is too old for a crawl still answers."""
    from crawler.storage.blocklists import open_contents, read_contents  # noqa: PLC0415 - as above
    from crawler.storage.suffixes import bundled_suffixes  # noqa: PLC0415 - as above

    return open_contents(read_contents(folder), today=datetime.now(UTC).date(), suffixes=bundled_suffixes())


def _as_json(name: str, listed: Listed | None) -> dict[str, Any]:
    return {
        "name": name,
        "listed": listed is not None,
        "list": listed.list_id if listed else None,
        "version": listed.list_digest if listed else None,
        "entry": listed.entry if listed else None,
        "line": listed.line if listed else None,
        "reference": listed.reference if listed else None,
    }


def _print(name: str, listed: Listed | None) -> None:
    if listed is None:
        click.echo(f"{for_terminal(name)}: not listed")
        return
    click.echo(click.style(f"{for_terminal(name)}: listed", fg="red"))
    reference = f" ({for_terminal(listed.reference)})" if listed.reference else ""
    click.echo(f"  by {listed.list_id}, line {listed.line}: {for_terminal(listed.entry)}{reference}")
    click.echo(f"  {listed.list_digest}")
