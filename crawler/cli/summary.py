"""The table at the end of a crawl, for people and as JSON; the same numbers as the manifest's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from crawler.cli.common import print_json
from crawler.cli.layout import verdict, width, wrapped
from crawler.errors import ExitCode
from crawler.policy.reasons import reason_of
from crawler.values.amounts import counted, octets
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.extensions.runtime import Runtime
    from crawler.extensions.tally import Tally

_COUNTS, _CODES, _SENTENCE, _NARROW = 18, 23, 30, 10
"""Columns before the code of a reason, of the code, of its sentence at least, and before one that stands below."""


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
    click.echo(f"{for_terminal(str(result.out))}: {result.reason}, exit {int(result.code)}")
    if result.is_test:
        click.echo(wrapped("TEST: test hosts were allowed; this crawl proves nothing about the web."))
    told = (
        f"{counted(tally.pages_kept, 'page')} kept "
        f"({octets(tally.bytes_retained)} of {octets(tally.bytes_fetched)} fetched), "
        f"{counted(tally.requests, 'request')} to {counted(tally.origins, 'origin')} "
        f"({tally.site_requests} for site files), {counted(tally.waiting, 'URL')} waiting"
    )
    click.echo(wrapped(told))
    if tally.changes:
        told = ", ".join(f"{rows} {change}" for change, rows in tally.changes.most_common())
        click.echo(wrapped(f"against earlier crawls: {told}"))
    for (name, reason), rows in reasons:
        click.echo(f"  {verdict(name)}{rows:>{14 - len(name)}}  {_why(reason)}")
    if result.code is ExitCode.INCOMPLETE:
        click.echo(wrapped(f"The same command goes on; clearcrawl status {result.out} prints it."))


def _why(reason: str) -> str:
    """The code and what it means, beside the count or, where the terminal is narrow, below it."""
    sentence = reason_of(reason).sentence
    if width() >= _COUNTS + _CODES + _SENTENCE:
        return wrapped(sentence, indent=_COUNTS + _CODES, first=" " * _COUNTS + reason).lstrip()
    return f"{reason}\n{wrapped(sentence, indent=_NARROW)}"
