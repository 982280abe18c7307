"""``clearcrawl doctor``: what a crawl from this folder would stand on, and what to do about it. No Scrapy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.arguments import folder as usual
from crawler.cli.common import json_option, print_json
from crawler.cli.layout import width, wrapped
from crawler.errors import ExitCode, UsageError
from crawler.storage.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.doctor.findings import Finding

_COLOURS = {"fine": "green", "note": None, "warning": "yellow", "problem": "red", "unknown": None}


@click.command("doctor", short_help="What a crawl stands on, and what to do about it.")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--policies",
    type=click.Path(path_type=Path),
    help="Folder of policies; default: DIR/policies (of a crawl: ./policies), else the shipped one.",
)
@click.option("--blocklists", type=click.Path(path_type=Path), help="Folder of blocklists; default as for policies.")
@click.option("--online", "is_online", is_flag=True, help="Also ask the resolver and your own site.")
@json_option
def command(
    *, folder: Path, policies: Path | None, blocklists: Path | None, is_online: bool, as_json: bool
) -> ExitCode:
    """Examine environment, settings, keys, lists, disk, clock, resolver and trust store for work in DIR.

    DIR is a working copy or the folder of a crawl; default: here. Nothing is changed; without --online nothing is sent.

    Exit status: 0 nothing has to be done, 1 there is a warning or a problem.
    """
    from crawler.doctor.examining import examine  # noqa: PLC0415 - keeps --help quick
    from crawler.doctor.installation import SettingsRules  # noqa: PLC0415 - as above
    from crawler.doctor.papers import Places  # noqa: PLC0415 - as above
    from crawler.extensions.always import ALWAYS, is_unknown  # noqa: PLC0415 - as above

    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; name a working copy or the folder of a crawl")
    places = Places(
        folder=folder,
        policies=policies or _beside(folder, "policies"),
        blocklists=blocklists or _beside(folder, "blocklists"),
    )
    rules = SettingsRules(always=ALWAYS, is_unknown=is_unknown)
    found = []
    for one in examine(places, is_online=is_online, rules=rules):
        found.append(one)
        if not as_json:
            _print(one)
    due = [one for one in found if one.is_due]
    if as_json:
        listed = [{"part": one.part, "state": one.state, "told": one.told, "advice": one.advice} for one in found]
        print_json("doctor", {"folder": str(folder), "is_online": is_online, "due": len(due), "findings": listed})
    else:
        _sum_up(found, due)
    return ExitCode.FINDINGS if due else ExitCode.CLEAN


def _beside(folder: Path, name: str) -> Path:
    """What lies in the working copy, or what a command given here would take for the folder of a crawl.

    A crawl keeps its own under digests, which start no crawl.
    """
    if (folder / "crawl.json").exists():
        return usual(name)
    found = folder / name
    return found if found.is_dir() else shipped(name)


def _print(one: Finding) -> None:
    state = click.style(f"{one.state:<8}", fg=_COLOURS[one.state])
    indent = 24 if width() > 60 else 10  # noqa: PLR2004 - columns
    text = wrapped(one.told, indent=indent, first=" " * 9 + f"{one.part:<13}").removeprefix(" " * 9)
    click.echo(f"{state} {text}")
    if one.advice and one.state != "fine":
        click.echo(wrapped(one.advice, indent=indent + 3, first=" " * indent + "-> "))


def _sum_up(found: Sequence[Finding], due: Sequence[Finding]) -> None:
    click.echo(f"{len(found)} looked at, {len(due)} to look after" if due else f"{len(found)} looked at; all well")
