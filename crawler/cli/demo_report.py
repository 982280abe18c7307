"""What the demo came to: judged from what lies on disk, then printed site by site for a newcomer, or as JSON."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from crawler.audit.integrity import read_back
from crawler.audit.literal import literal
from crawler.audit.verifying import verify
from crawler.cli.common import print_json
from crawler.cli.layout import heading, some, table, verdict, wrapped
from crawler.demo.outcome import compare
from crawler.demo.site import PRODUCT_TOKEN
from crawler.errors import ExitCode
from crawler.policy.reasons import reason_of
from crawler.signing.key_folder import KeyFolder, default_folder
from crawler.storage.reading import CrawlReader
from crawler.values.amounts import octets
from crawler.values.url import CanonicalUrl, split

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crawler.audit.integrity import ReadBack
    from crawler.audit.verifying import Verification
    from crawler.demo.outcome import SiteOutcome
    from crawler.demo.web import DemoWeb

_WORDS = {"allow": "taken", "deny": "left", "defer": "later"}
_PATHS_SHOWN = 6
_MARGIN = 12
_NEEDED = (
    *("url", "verdict", "reason", "purpose", "bytes_fetched", "bytes_retained", "fetch_redirect", "fetch_status"),
    *("robots_rule", "robots_line", "statements", "statements_unread", "barrier_evidence", "agreement_ref"),
    *("blocklist_id", "blocklist_entry"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """Everything that is told of one demo."""

    folder: Path
    crawl_id: str
    code: ExitCode
    seconds: float
    requests: int
    """That the servers saw."""
    outcomes: tuple[SiteOutcome, ...]
    read_back: ReadBack
    verification: Verification
    documents: tuple[Path, ...] = ()
    """Pages that were rendered."""

    @property
    def is_as_expected(self) -> bool:
        """Whether the crawl ended, each site came out as it should, and everything on disk is as it was signed."""
        is_quiet = not self.read_back.problems and not any(one.problems for one in self.outcomes)
        return self.code is self.verification.code is ExitCode.CLEAN and is_quiet

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """Of all sites."""
        return [row for outcome in self.outcomes for row in outcome.rows]


def judge(folder: Path, web: DemoWeb, code: ExitCode, *, seconds: float) -> DemoReport:
    """Read back what was written and compare it with the sites and their servers' log."""
    with CrawlReader.open(folder) as reader:
        rows = reader.dataset().to_table(columns=list(_NEEDED)).to_pylist()
        checked = read_back(reader)
        crawl_id = reader.crawl.crawl_id
    outcomes = compare(web.sites, rows, web.wrongly_asked(), token=PRODUCT_TOKEN, log=web.log)
    return DemoReport(
        folder=folder,
        crawl_id=crawl_id,
        code=code,
        seconds=seconds,
        requests=len(web.log),
        outcomes=tuple(outcomes),
        read_back=checked,
        verification=verify(folder, KeyFolder(default_folder()).trust(), is_trust_given=False),
    )


def print_report(report: DemoReport) -> None:
    """Tell it to a person."""
    for outcome in report.outcomes:
        _print_site(outcome)
    _print_totals(report)
    folder = report.folder
    click.echo(heading("Where it lies"))
    places = [
        (f"{folder}/manifest/*.parquet", "one row for each URL: verdict, reason, evidence"),
        (f"{folder}/warc/*.warc.gz", "pages that were taken; site files and refusals as evidence"),
        (f"{folder}/policies, {folder}/blocklists", "the rules that were in force, byte for byte"),
        (f"{folder}/crawl.json", "who crawled, when, under which rules; it says TEST"),
        *((str(page), f"{page.stem.replace('-', ' ')} rendered from this crawl") for page in report.documents),
    ]
    click.echo(table(places))
    click.echo("\n" + heading("What to try next"))
    for what, line in _next(report):
        click.echo(wrapped(what, indent=2))
        click.echo(f"    {line}")


def _print_site(outcome: SiteOutcome) -> None:
    site = outcome.site
    click.echo(heading(site.host))
    click.echo(wrapped(site.lesson, indent=2))
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in sorted(outcome.rows, key=lambda one: list(_WORDS).index(one["verdict"])):
        quoted = "" if row["reason"] == "redirect" else literal(row)
        groups.setdefault((row["verdict"], row["reason"], quoted), []).append(_target(row))
    for (name, reason, quoted), targets in groups.items():
        label = verdict(name, f"  {_WORDS[name]:<5}{len(targets):>4}")
        paths = wrapped(some(targets, _PATHS_SHOWN), indent=_MARGIN).lstrip(" ")
        click.echo(f"{label} {paths}")
        click.echo(wrapped(reason_of(reason).sentence, indent=_MARGIN))
        if quoted:
            click.echo(wrapped(quoted, indent=_MARGIN + 2, first=" " * _MARGIN + "> "))
    if not outcome.rows:
        click.echo(wrapped("nothing was asked for", indent=2))
    for problem in outcome.problems:
        click.echo(click.style(wrapped(f"NOT AS EXPECTED: {problem}", indent=2), fg="red", bold=True))
    click.echo()


def _print_totals(report: DemoReport) -> None:
    rows, checked = report.rows, report.read_back
    counted = Counter(row["verdict"] for row in rows)
    hops = sum(row["reason"] == "redirect" for row in rows)
    fetched = sum(row["bytes_fetched"] for row in rows)
    retained = sum(row["bytes_retained"] for row in rows)
    as_expected = sum(not one.problems for one in report.outcomes)
    click.echo(heading("What came of it"))
    click.echo(
        wrapped(
            f"{len(report.outcomes)} sites, {len(rows)} URLs in {report.seconds:.1f} s: {counted['allow']} taken "
            f"({counted['allow'] - hops} pages, {hops} redirects), {counted['deny']} left, {counted['defer']} to be "
            f"asked again later; {octets(retained)} kept of {octets(fetched)} fetched.",
            indent=2,
        )
    )
    click.echo(
        wrapped(
            f"Checked: {as_expected} of {len(report.outcomes)} sites came out as they should, by rows and by their "
            f"servers' log of {report.requests} requests; {checked.segments} segment and {checked.records} records "
            "were read back and compared with their digests.",
            indent=2,
        )
    )
    verified = report.verification
    click.echo(
        wrapped(
            f"Verified: {verified.files} files against {verified.leaves} entries of the log, and the log against "
            f"{verified.heads} heads signed by {', '.join(verified.signers)}.",
            indent=2,
        )
    )
    for problem in (*checked.problems, *map(str, verified.findings), *verified.undecided):
        click.echo(click.style(wrapped(f"NOT AS WRITTEN: {problem}", indent=2), fg="red", bold=True))
    if report.is_as_expected:
        click.echo(click.style("  Everything is as it should be.\n", fg="green", bold=True))
    else:
        click.echo(
            click.style(f"  Not everything is as it should be; the crawl ended with {int(report.code)}.\n", fg="red")
        )


def _next(report: DemoReport) -> list[tuple[str, str]]:
    folder = shlex.quote(str(report.folder))
    told = [row for row in report.rows if row["reason"] == "optout_reserved"] or report.rows
    url = shlex.quote(told[0]["url"]) if told else "URL"
    query = "SELECT verdict, reason, count(*) FROM '{}/manifest/*.parquet' GROUP BY ALL ORDER BY 3 DESC"
    why = f"clearcrawl audit explain {url} --in {folder}"
    return [
        ("Why was this page left? Every link of the chain, with its evidence:", why),
        (
            "Is all of it as it was written and signed? An auditor asks with your trust file (clearcrawl keys show):",
            f"clearcrawl audit verify {folder}",
        ),
        ("Ask the manifest anything, with DuckDB:", f'duckdb -c "{query.format(report.folder)}"'),
        ("Set up a working copy for real sites:", "clearcrawl init work"),
    ]


def render_json(report: DemoReport) -> None:
    """Print the same for a script."""
    checked = report.read_back
    print_json(
        "demo",
        {
            "out": str(report.folder),
            "crawl_id": report.crawl_id,
            "is_test": True,
            "is_as_expected": report.is_as_expected,
            "crawl_exit_code": int(report.code),
            "seconds": round(report.seconds, 3),
            "requests": report.requests,
            "segments": checked.segments,
            "records_read": checked.records,
            "problems": list(checked.problems),
            "verification": report.verification.as_json(),
            "sites": [_site_as_json(outcome) for outcome in report.outcomes],
            "documents": [str(page) for page in report.documents],
            "next": [line for _, line in _next(report)],
        },
    )


def _site_as_json(outcome: SiteOutcome) -> dict[str, Any]:
    return {
        "host": outcome.site.host,
        "lesson": outcome.site.lesson,
        "problems": list(outcome.problems),
        "rows": [
            {
                "url": row["url"],
                "verdict": row["verdict"],
                "reason": row["reason"],
                "sentence": reason_of(row["reason"]).sentence,
                "literal": literal(row),
            }
            for row in outcome.rows
        ],
    }


def _target(row: Mapping[str, Any]) -> str:
    return split(CanonicalUrl(row["url"])).target
