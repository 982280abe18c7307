"""``clearcrawl complaints stats``: the figures of Measure 1.5, nobody's name among them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, print_json
from crawler.cli.complaints_options import now, policies_option, provider_and_targets, register_option
from crawler.cli.layout import table
from crawler.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.complaints.statistics import Kept


@click.command("stats", short_help="Figures for the policy document.")
@register_option
@click.option("--since", metavar="DAY", help="Only complaints received from that day on, like 2026-01-01.")
@policies_option
@json_option
def command(place: Path, since: str | None, policies: Path | None, as_json: bool) -> None:
    """Count the complaints by capacity and outcome, and how the targets were kept."""
    from crawler.complaints.statistics import statistics_of  # noqa: PLC0415 - keeps --help quick

    try:
        first = None if since is None else date.fromisoformat(since)
    except ValueError:
        raise UsageError(f"--since {since!r}: write a day like 2026-01-01") from None
    _, targets = provider_and_targets(policies)
    found = statistics_of(place, targets, today=now().date(), since=first)
    if as_json:
        print_json("complaint-statistics", {"register": str(place), **found.as_json()})
        return
    lines = [
        ("received", f"{found.received}, of them {found.open} open, {found.incomplete} incomplete"),
        ("overdue", str(found.overdue)),
        ("capacity", _counts(found.by_capacity)),
        ("outcome", _counts(found.by_outcome)),
        ("acknowledged", _kept(found.acknowledged)),
        ("decided", _kept(found.decided)),
        ("removed", f"{found.rows_removed} rows; {found.awaiting_removal} decisions wait for their receipt"),
    ]
    if not found.is_signed:
        lines.append(("signature", "the newest entries are not signed"))
    click.echo(table(lines))


def _counts(counts: object) -> str:
    found = {name: number for name, number in dict(counts).items() if number}  # type: ignore[call-overload]  # a mapping of the statistics
    return ", ".join(f"{number} {name}" for name, number in found.items()) or "none"


def _kept(kept: Kept) -> str:
    if kept.target_days is None:
        return f"{kept.done}; provider.toml sets no target"
    days = "" if kept.median_days is None else f", median {kept.median_days:g} days"
    return f"{kept.done}, {kept.in_time} within {kept.target_days} days, {kept.late} late{days}"
