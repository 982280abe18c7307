"""The table at the end of a crawl, for people and as JSON; the same numbers as the manifest's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from crawler.cli.common import print_json
from crawler.policy.reasons import reason_of
from crawler.values.amounts import octets

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.errors import ExitCode
    from crawler.extensions.runtime import Runtime
    from crawler.extensions.tally import Tally

_COLOURS = {"allow": "green", "deny": "red", "defer": "yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlResult:
    """What one run of a crawl came to."""

    out: Path
    crawl_id: str
    reason: str | None
    code: ExitCode
    is_test: bool
    tally: Tally
    workers: int = 1
    deaths: int = 0
    """How many times a worker died."""


def print_summary(out: Path, runtime: Runtime, code: ExitCode, *, as_json: bool) -> None:
    """Print what this run took, left and put off, and why."""
    result = CrawlResult(
        out=out, crawl_id=runtime.parts.columns["crawl_id"], reason=runtime.end_reason, code=code,
        is_test=bool(runtime.policy.network.test_hosts), tally=runtime.tally,
    )  # fmt: skip
    print_result(result, as_json=as_json)


def print_result(result: CrawlResult, *, as_json: bool) -> None:
    """Print it as a table, or as one JSON document."""
    tally = result.tally
    reasons = sorted(tally.reasons.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    if as_json:
        print_json(
            "crawl-summary",
            {
                "out": str(result.out),
                "crawl_id": result.crawl_id,
                "finish_reason": result.reason,
                "exit_code": int(result.code),
                "is_test": result.is_test,
                "workers": result.workers,
                "worker_deaths": result.deaths,
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
    click.echo(f"{result.out}: {result.reason}, exit {int(result.code)}")
    if result.is_test:
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
