"""The table at the end of a crawl, for people and as JSON; the same numbers as the manifest's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crawler.cli.common import print_json
from crawler.policy.reasons import reason_of
from crawler.values.amounts import octets

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.errors import ExitCode
    from crawler.extensions.runtime import Runtime

_COLOURS = {"allow": "green", "deny": "red", "defer": "yellow"}


def print_summary(out: Path, runtime: Runtime, code: ExitCode, *, as_json: bool) -> None:
    """Print what this run took, left and put off, and why."""
    tally = runtime.tally
    reasons = sorted(tally.reasons.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    if as_json:
        print_json(
            "crawl-summary",
            {
                "out": str(out),
                "crawl_id": runtime.parts.columns["crawl_id"],
                "finish_reason": runtime.end_reason,
                "exit_code": int(code),
                "is_test": bool(runtime.policy.network.test_hosts),
                "pages_kept": tally.pages_kept,
                "bytes_fetched": tally.bytes_fetched,
                "bytes_retained": tally.bytes_retained,
                "requests": tally.requests,
                "site_requests": tally.site_requests,
                "conflicts": tally.conflicts,
                "origins": tally.origins,
                "waiting": tally.waiting,
                "changes": dict(sorted(tally.changes.items())),
                "verdicts": dict(sorted(tally.verdicts.items())),
                "reasons": [{"verdict": v, "reason": r, "rows": n} for (v, r), n in reasons],
            },
        )
        return
    click.echo(f"{out}: {runtime.end_reason}, exit {int(code)}")
    if runtime.policy.network.test_hosts:
        click.echo("TEST: test hosts were allowed; this crawl proves nothing about the web.")
    click.echo(
        f"{tally.pages_kept} pages kept ({octets(tally.bytes_retained)} of {octets(tally.bytes_fetched)} fetched), "
        f"{tally.requests} requests to {tally.origins} origins ({tally.site_requests} for site files), "
        f"{tally.waiting} URLs waiting"
    )
    if tally.changes:
        told = ", ".join(f"{rows} {change}" for change, rows in tally.changes.most_common())
        click.echo(f"against earlier crawls: {told}")
    for (verdict, reason), rows in reasons:
        name = click.style(f"{verdict:<6}", fg=_COLOURS.get(verdict))
        click.echo(f"  {name} {rows:>7}  {reason:<22} {reason_of(reason).sentence}")
