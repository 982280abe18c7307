"""``clearcrawl audit replay``: decide every row again from evidence, by its own rules or by others. No Scrapy."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler import __version__
from crawler.cli.common import json_option, print_json, progress, quiet_option
from crawler.cli.layout import columns, heading, table, verdict, wrapped
from crawler.errors import UsageError
from crawler.values.amounts import octets
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.audit.replay.changing import Change, Changes
    from crawler.audit.replay.running import Replay
    from crawler.audit.replay.state import Finding
    from crawler.errors import ExitCode

SHOWN = 20
"""Rows of one kind that are printed; ``--json`` has up to 10,000."""
_TOLD = {
    "same": "decided again from evidence, with the same result",
    "on_record": "rest on an event that only the row tells of; with it, the same",
    "different": "are decided otherwise",
    "unreplayable": "cannot be decided again: evidence is missing or does not fit",
    "erased": "were removed by request; their leaf hashes stay",
}


@click.command("replay", short_help="Decide all rows again from stored evidence.")
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--policy", type=click.Path(path_type=Path), metavar="POLICIES", help="By this policy instead: what changes?"
)
@click.option("--blocklists", type=click.Path(path_type=Path), metavar="DIR", help="By these blocklists instead.")
@click.option("--purge-list", type=click.Path(path_type=Path), metavar="FILE", help="Write what would have to go.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N",
    help="Processes that share the rows. By default one for each 50,000 rows, on as many cores as there are.",
)  # fmt: skip
@json_option
@quiet_option
def command(
    *,
    folders: tuple[Path, ...],
    policy: Path | None,
    blocklists: Path | None,
    purge_list: Path | None,
    jobs: int | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Decide every row of the crawls in DIR... again, by the policy, lists and dates that were in force, and compare.

    With --policy or --blocklists, tell what these rules, read today, would have made of the crawls; --purge-list
    writes the kept pages that would have to go, for purge.

    A crawl that was made with --previous did not store bodies again that did not change: give those folders as well.

    Exit status: 0 nothing differs, 1 something does, 3 something cannot be decided again.
    """
    announce = (lambda _rows: None) if quiet else (lambda rows: progress(f"{rows:,} rows"))
    if policy is None and blocklists is None:
        if purge_list is not None:
            raise UsageError("--purge-list needs other rules: --policy or --blocklists")
        return _replay(folders, announce, jobs=jobs, as_json=as_json)
    if jobs not in {None, 1}:
        raise UsageError("--jobs is for replay by the rules that were in force; other rules are tried in one process")
    return _change(folders, policy, blocklists, purge_list, announce, as_json=as_json)


def _replay(folders: Sequence[Path], announce: Any, *, jobs: int | None, as_json: bool) -> ExitCode:
    from crawler.audit.replay.parts import jobs_for  # noqa: PLC0415 - as below
    from crawler.audit.replay.rows import sizes_of_groups  # noqa: PLC0415 - as below
    from crawler.audit.replay.running import Replay, replay  # noqa: PLC0415 - Arrow is loaded only to read
    from crawler.storage.reading import CrawlReader  # noqa: PLC0415 - as above

    found = Replay()
    with ExitStack() as stack:
        readers = [stack.enter_context(CrawlReader.open(folder)) for folder in folders]
        for reader in readers:
            beside = [one for one in readers if one is not reader]
            processes = jobs or jobs_for(sum(sizes_of_groups(reader)))
            replay(reader, found, announce=announce, others=beside, jobs=processes)
    if as_json:
        print_json("replay", _replay_as_json(folders, found))
    else:
        _print_replay(found)
    return found.exit_code


def _print_replay(found: Replay) -> None:
    lines = [(f"{found.counts[kind]:,}", text) for kind in found.counts for text in [_TOLD[kind]]]
    click.echo(heading(f"{found.rows:,} rows in {found.seconds:.1f} s"))
    click.echo(table(lines))
    if found.whys:
        click.echo(table([(code, f"{count:,}") for code, count in found.whys.most_common()], indent=4))
    for kind in ("different", "unreplayable"):
        for one in islice((one for one in found.findings if one.outcome == kind), SHOWN):
            _print_finding(one)
        if found.counts[kind] > SHOWN:  # type: ignore[index] # a StrEnum's member is its text
            click.echo(f"  and {found.counts[kind] - SHOWN:,} more: --json")  # type: ignore[index] # as above


def _print_finding(finding: Finding) -> None:
    row = finding.row
    click.echo("\n" + verdict(row["verdict"], f"{row['url']}: {row['verdict']}, {row['reason']}"))
    if finding.detail:
        click.echo(wrapped(f"{finding.code}: {finding.detail}", indent=2))
    for name, (stored, replayed) in finding.differences.items():
        click.echo(wrapped(f"{name}: stored {stored}, replayed {replayed}", indent=2))


def _replay_as_json(folders: Sequence[Path], found: Replay) -> dict[str, Any]:
    from crawler.audit.answers import plain  # noqa: PLC0415 - as above

    return {
        "in": [str(folder) for folder in folders],
        "rows": found.rows,
        "seconds": round(found.seconds, 3),
        "counts": {kind: found.counts[kind] for kind in _TOLD},  # type: ignore[index] # as above
        "codes": dict(found.whys),
        "findings": [
            {
                "url": one.row["url"],
                "crawl_id": one.row["crawl_id"],
                "seq": one.row["seq"],
                "outcome": one.outcome,
                "code": one.code,
                "detail": one.detail,
                "stored": {"verdict": one.row["verdict"], "reason": one.row["reason"]},
                "differences": {
                    name: {"stored": plain(stored), "replayed": plain(replayed)}
                    for name, (stored, replayed) in one.differences.items()
                },
            }
            for one in found.findings
        ],
    }


def _change(
    folders: Sequence[Path], policy: Path | None, blocklists: Path | None, purge_list: Path | None, announce: Any,
    *, as_json: bool,
) -> ExitCode:  # fmt: skip
    from crawler.audit.replay.changing import Changes, find_changes, removals_of  # noqa: PLC0415 - as above
    from crawler.provenance.removals import write_removals  # noqa: PLC0415 - as above
    from crawler.storage.blocklists import open_blocklists  # noqa: PLC0415 - as above
    from crawler.storage.policies import open_policy, shipped_folder  # noqa: PLC0415 - as above
    from crawler.storage.reading import CrawlReader  # noqa: PLC0415 - as above
    from crawler.storage.suffixes import bundled_suffixes  # noqa: PLC0415 - as above
    from crawler.storage.writing import replacing  # noqa: PLC0415 - as above

    now, suffixes = datetime.now(UTC), bundled_suffixes()
    opened = None if policy is None else open_policy(policy, tool_version=__version__, suffixes=suffixes).policy
    ages = (opened or open_policy(shipped_folder(), tool_version=__version__).policy).blocklists
    lists = None if blocklists is None else open_blocklists(blocklists, today=now.date(), ages=ages, suffixes=suffixes)
    found = Changes()
    with ExitStack() as stack:
        readers = [stack.enter_context(CrawlReader.open(folder)) for folder in folders]
        for reader in readers:
            find_changes(
                reader, found, policy=opened, matcher=None if lists is None else lists.matcher, now=now,
                announce=announce, others=[one for one in readers if one is not reader],
            )  # fmt: skip
    names = {"policy": None if opened is None else opened.digest, "lists": None if lists is None else lists.digest}
    basis = ", ".join(f"{name} {digest}" for name, digest in names.items() if digest is not None)
    if purge_list is not None:
        removals = removals_of(found, basis=basis, since=now.isoformat())
        with replacing(purge_list, outside=folders) as file:
            file.writelines(write_removals(removals, tool=f"clearcrawl {__version__}", made_at=now.isoformat()))
        progress(f"{for_terminal(str(purge_list))}: {len(removals):,} URLs")
    if as_json:
        print_json("replay-changes", _changes_as_json(folders, found, names))
    else:
        _print_changes(found, basis)
    return found.exit_code


def _print_changes(found: Changes, basis: str) -> None:
    going = found.going
    click.echo(heading(f"{len(found.changes):,} of {found.rows:,} rows would be decided otherwise"))
    click.echo(wrapped(f"by {basis}", indent=2))
    size, domains = octets(sum(one.bytes_retained for one in going)), len({one.domain for one in going})
    click.echo(wrapped(f"To go: {len(going):,} kept URLs of {domains:,} domains, {size}.", indent=2))
    if found.counts:
        rows = [[*key[:2], *key[2:], f"{count:,}"] for key, count in found.counts.most_common()]
        names = ["verdict", "reason", "would be", "reason", "rows"]
        click.echo("\n" + columns(names, rows, right=[False] * 4 + [True]))
        click.echo()
    for one in found.changes[:SHOWN]:
        click.echo(wrapped(_told(one), indent=4, first="  "))
    if len(found.changes) > SHOWN:
        click.echo(f"  and {len(found.changes) - SHOWN:,} more: --json")
    if found.unreplayable:
        told = ", ".join(f"{code} {count:,}" for code, count in found.unreplayable.most_common())
        click.echo(wrapped(f"{found.unreplayable.total():,} rows cannot be decided again: {told}.", indent=2))


def _told(one: Change) -> str:
    return f"{one.url}: {' '.join(one.was)} -> {' '.join(one.would_be)}"


def _changes_as_json(folders: Sequence[Path], found: Changes, names: dict[str, Any]) -> dict[str, Any]:
    going = found.going
    return {
        "in": [str(folder) for folder in folders],
        **names,
        "rows": found.rows,
        "changed": len(found.changes),
        "to_go": {
            "urls": len(going),
            "domains": sorted({one.domain for one in going}),
            "bytes_retained": sum(one.bytes_retained for one in going),
        },
        "unreplayable": dict(found.unreplayable),
        "counts": [
            {"verdict": key[0], "reason": key[1], "would_be": key[2], "would_be_reason": key[3], "rows": count}
            for key, count in found.counts.most_common()
        ],
        "changes": [
            {
                "url": one.url, "crawl_id": one.crawl_id, "domain": one.domain, "was": list(one.was),
                "would_be": list(one.would_be), "bytes_retained": one.bytes_retained,
            }
            for one in found.changes[:10_000]
        ],
    }  # fmt: skip
