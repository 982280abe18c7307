"""``clearcrawl policy diff``: two versions of the policy in plain words, with what the newer one makes of crawls."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common import json_option, print_json, progress
from crawler.cli.layout import heading, some, wrapped
from crawler.errors import ExitCode
from crawler.values.amounts import octets
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from crawler.audit.replay.changing import Changes
    from crawler.reports.copyright_policy.comparing import Comparison

SHOWN_LINES = 40
SHOWN_DOMAINS = 20
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("diff", short_help="What changed between two versions, and what it does.")
@click.argument("old", metavar="OLD", type=_FOLDER)
@click.argument("new", metavar="NEW", type=_FOLDER)
@click.option("--crawl", "folders", multiple=True, type=_FOLDER, metavar="DIR", help="Decide its rows by NEW; repeat.")
@json_option
def command(*, old: Path, new: Path, folders: tuple[Path, ...], as_json: bool) -> ExitCode:
    """Say in words what differs between two folders of policies, or versions of an archive.

    With --crawl every row of these crawls is decided again by NEW, from stored evidence: how many rows and which
    domains would come out otherwise, and what is kept that would have to go.

    Exit status: 0 nothing differs, 1 something does.
    """
    from crawler.reports.copyright_policy.comparing import compare, effects  # noqa: PLC0415 - keeps --help quick

    found = compare(old, new)
    changes = None
    if folders:
        changes = effects(
            folders, found.policy, now=datetime.now(UTC), announce=lambda rows: progress(f"{rows:,} rows decided")
        )
    if as_json:
        body = found.as_json()
        print_json("policy-diff", {**body, "effects": None if changes is None else _effects_as_json(changes)})
    else:
        _print(found)
        if changes is not None:
            _print_effects(changes)
    return ExitCode.CLEAN if found.is_same else ExitCode.FINDINGS


def _print(found: Comparison) -> None:
    _print_digests(found)
    if found.is_same:
        click.echo("Nothing differs.")
    _print_keys(found)
    for text in found.texts:
        click.echo("\n" + heading(for_terminal(f"{text.file}: {text.kind}")))
        for line in text.lines[:SHOWN_LINES]:
            click.echo(wrapped(for_terminal(line), indent=4, first="  "))
        if len(text.lines) > SHOWN_LINES:
            click.echo(f"  and {len(text.lines) - SHOWN_LINES} lines more: --json")
    if found.old["policy_digest"] != found.new["policy_digest"] and found.old["version"] == found.new["version"]:
        told = for_terminal(f"Both call themselves version {found.new['version']!r}: raise version.")
        click.echo("\n" + wrapped(told, indent=0))


def _print_digests(found: Comparison) -> None:
    for name, label in (("policy_digest", "crawl policy"), ("sources_digest", "all files")):
        if found.old[name] == found.new[name]:
            click.echo(f"digest of {label}: {found.new[name]} (the same)")
        else:
            click.echo(f"digest of {label}: {found.old[name]}\n{'now':>{len(label) + 10}}: {found.new[name]}")


def _print_keys(found: Comparison) -> None:
    last = ""
    for one in found.keys:
        if one.file != last:
            click.echo("\n" + heading(one.file))
            last = one.file
        click.echo(wrapped(for_terminal(one.sentence), indent=2))
        if one.meaning:
            click.echo(wrapped(f"({one.meaning})", indent=4))


def _print_effects(changes: Changes) -> None:
    domains = sorted({one.domain for one in changes.changes})
    click.echo("\n" + heading("Effects"))
    told = (
        f"{len(changes.changes):,} of {changes.rows:,} rows, on {len(domains):,} domains, would be decided otherwise."
    )
    click.echo(wrapped(told, indent=2))
    for key, count in changes.counts.most_common():
        was, why, would_be, reason = key
        click.echo(
            wrapped(f"{count:,} row{'s' if count > 1 else ''}: {was} ({why}) would be {would_be} ({reason})", indent=4)
        )
    if domains:
        click.echo(wrapped(f"Domains: {for_terminal(some(domains, SHOWN_DOMAINS))}", indent=2))
    going = changes.going
    size = octets(sum(one.bytes_retained for one in going))
    click.echo(wrapped(f"Kept and to go: {len(going):,} URLs, {size}.", indent=2))
    if changes.unreplayable:
        told = ", ".join(f"{code} {count:,}" for code, count in changes.unreplayable.most_common())
        click.echo(wrapped(f"{changes.unreplayable.total():,} rows cannot be decided again: {told}.", indent=2))


def _effects_as_json(changes: Changes) -> dict[str, Any]:
    return {
        "rows": changes.rows,
        "changed": len(changes.changes),
        "domains": sorted({one.domain for one in changes.changes}),
        "counts": [
            {"verdict": key[0], "reason": key[1], "would_be": key[2], "would_be_reason": key[3], "rows": count}
            for key, count in changes.counts.most_common()
        ],
        "to_go": {"urls": len(changes.going), "bytes_retained": sum(one.bytes_retained for one in changes.going)},
        "unreplayable": dict(changes.unreplayable),
    }
