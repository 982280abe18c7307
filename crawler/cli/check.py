"""``clearcrawl check``: what sites state now, protocol by protocol, and what would be decided. No Scrapy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler import __version__
from crawler.cli.arguments import check_urls, folder
from crawler.cli.common import json_option, print_json, progress
from crawler.cli.layout import heading, verdict, width, wrapped
from crawler.errors import ExitCode
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.asking.pages import Asker, Judged
    from crawler.cli.check_lines import Line
    from crawler.policy.document import CrawlPolicy

_EXITS = {"deny": ExitCode.FINDINGS, "defer": ExitCode.INCOMPLETE, "allow": ExitCode.CLEAN}


@click.command("check", short_help="What sites state now, and what would be decided.")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option(
    "--policies", type=click.Path(path_type=Path), help="Folder of policies; default: ./policies, else the shipped one."
)
@click.option("--blocklists", type=click.Path(path_type=Path), help="Folder of blocklists; default as for policies.")
@json_option
def command(urls: tuple[str, ...], policies: Path | None, blocklists: Path | None, as_json: bool) -> ExitCode:
    """Ask each URL as a crawl would, and show what the site states and what would be decided. Nothing is kept.

    Site files come first, then the page if nothing forbids it; redirects are judged hop by hop.

    Exit status: 0 all would be taken, 1 one would be left (deny), 3 one would be put off (defer) and none left.
    """
    check_urls(urls)
    asker, policy = open_asker(policies, blocklists)
    found: list[list[Judged]] = []
    for url in urls:
        hops = []
        for judged in asker.judge(url):
            hops.append(judged)
            if not as_json:
                _print(judged, policy, number=len(hops))
        found.append(hops)
    if as_json:
        body = {"purpose": policy.purpose_name, "urls": [_as_json(hops, policy) for hops in found]}
        print_json("check", body)
    return _exit(hops[-1] for hops in found)


def open_asker(policies: Path | None, blocklists: Path | None) -> tuple[Asker, CrawlPolicy]:
    """Open policy and lists as a crawl does; refuses to ask strangers without saying who asks."""
    from crawler.asking.pages import Asker  # noqa: PLC0415 - keeps --help quick
    from crawler.policy.gate import Gate  # noqa: PLC0415 - as above
    from crawler.storage.blocklists import open_blocklists  # noqa: PLC0415 - as above
    from crawler.storage.policies import open_policy, require_identity  # noqa: PLC0415 - as above
    from crawler.storage.suffixes import bundled_suffixes  # noqa: PLC0415 - as above

    suffixes = bundled_suffixes()
    policies = policies or folder("policies")
    opened = open_policy(policies, tool_version=__version__, suffixes=suffixes)
    require_identity(opened, policies)
    today = datetime.now(UTC).date()
    lists = open_blocklists(
        blocklists or folder("blocklists"), today=today, ages=opened.policy.blocklists, suffixes=suffixes
    )
    for warning in lists.warnings:
        progress(f"note: {for_terminal(warning)}")
    return Asker(Gate(opened.policy, lists.matcher, suffixes), announce=progress), opened.policy


def _exit(last: Iterable[Judged]) -> ExitCode:
    names = {judged.decision.verdict.value for judged in last}
    return next((code for name, code in _EXITS.items() if name in names), ExitCode.CLEAN)


def _print(judged: Judged, policy: CrawlPolicy, *, number: int) -> None:
    from crawler.cli.check_lines import lines_of  # noqa: PLC0415 - as above

    if number > 1:
        click.echo("  is a redirect to")
    click.echo(heading(judged.url))
    lines = lines_of(judged, policy)
    if judged.site is None:  # then every other line says that nothing was asked
        lines = [line for line in lines if line.decides]
    columns = (
        max((len(line.protocol) for line in lines), default=0),
        min(max((len(_carrier(line)) for line in lines), default=0), width() // 3),
        max((len(line.state) for line in lines), default=0),
    )
    for line in lines:
        _print_line(line, columns)
    _print_decision(judged, policy)


def _print_line(line: Line, columns: tuple[int, int, int]) -> None:
    first, second, third = columns
    start = (
        f"{'>' if line.decides else ' '} {line.protocol:<{first}}  {_carrier(line):<{second}}  {line.state:<{third}}"
    )
    beside = line.meaning or line.literal
    margin = first + second + third + 8
    shown = wrapped(beside, indent=margin, first=for_terminal(start)) if beside else for_terminal(start)
    click.echo(click.style(shown.rstrip(), bold=line.decides))
    if line.meaning and line.literal:
        click.echo(click.style(wrapped(line.literal, indent=6), bold=line.decides))


def _carrier(line: Line) -> str:
    """A site file by its path: its origin is the heading's."""
    name = line.carrier
    return "/" + name.split("/", 3)[3] if name.startswith(("http://", "https://")) and name.count("/") > 2 else name  # noqa: PLR2004 - scheme and authority


def _print_decision(judged: Judged, policy: CrawlPolicy) -> None:
    from crawler.policy.reasons import Check, reason_of  # noqa: PLC0415 - as above

    decision = judged.decision
    name = decision.verdict.value
    click.echo(verdict(name, f"{name} for {policy.purpose_name} ({decision.reason})"))
    click.echo(wrapped(reason_of(decision.reason).sentence, indent=2))
    if decision.detail and decision.reason != "redirect":
        is_profile = reason_of(decision.reason).check is Check.PROFILE
        told = f"profile {decision.detail}" if is_profile else decision.detail
        click.echo(wrapped(told, indent=4, first="  >"))
    if decision.verdict_search_index is not decision.verdict:
        click.echo(wrapped(f"For a search index, judged apart: {decision.verdict_search_index.value}.", indent=2))
    click.echo()


def _as_json(hops: list[Judged], policy: CrawlPolicy) -> dict[str, Any]:
    from crawler.cli.check_lines import lines_of  # noqa: PLC0415 - as above
    from crawler.policy.reasons import reason_of  # noqa: PLC0415 - as above

    return {
        "verdict": hops[-1].decision.verdict.value,
        "hops": [
            {
                "url": judged.url,
                "status": judged.status,
                "verdict": judged.decision.verdict.value,
                "verdict_search_index": judged.decision.verdict_search_index.value,
                "state": judged.decision.state.value,
                "stage": judged.decision.stage.value,
                "reason": judged.decision.reason,
                "reasons": list(judged.decision.reasons),
                "sentence": reason_of(judged.decision.reason).sentence,
                "detail": judged.decision.detail,
                "lines": [line.as_json() for line in lines_of(judged, policy)],
            }
            for judged in hops
        ],
    }
