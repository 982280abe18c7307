"""``clearcrawl purge``: removes content of ended crawls that is revoked or named, and writes a receipt. No Scrapy."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.arguments import folder
from crawler.cli.common import is_interactive, json_option, print_json
from crawler.cli.layout import table, wrapped
from crawler.errors import ExitCode, StorageError, UrlError, UsageError
from crawler.values.amounts import octets

if TYPE_CHECKING:
    from crawler.provenance.removals import Removal
    from crawler.purging.purge import Receipt
    from crawler.storage.notary import Sealer


@click.command("purge", short_help="Remove revoked or named content from ended crawls, with a receipt.")
@click.argument("crawls", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option("--url", "urls", multiple=True, metavar="URL", help="One exact URL; may be given several times.")
@click.option("--domain", "domains", multiple=True, metavar="NAME", help="A host with all below it; likewise.")
@click.option(
    "--revocations",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Removal list, as recheck and blocklist diff write it; likewise.",
)
@click.option("--due", is_flag=True, help="Pages whose term in policies/retention.toml has ended.")
@click.option(
    "--policies", type=click.Path(path_type=Path), help="Folder of policies; default: ./policies, else the shipped one."
)
@click.option("--reason", default="named by the operator", show_default=True, help="Of --url and --domain.")
@click.option("--authority", help="Who ordered it, where a list does not say; default: the operator of the crawl.")
@click.option(
    "--receipt",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the receipt, new; default: ./purge-TIME.json.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go; change nothing and write no receipt.")
@click.option("--yes", is_flag=True, help="Do not ask before removing.")
@json_option
def command(  # noqa: PLR0917 - click passes by name
    crawls: tuple[Path, ...],
    urls: tuple[str, ...],
    domains: tuple[str, ...],
    revocations: tuple[Path, ...],
    due: bool,
    policies: Path | None,
    reason: str,
    authority: str | None,
    receipt: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> ExitCode:
    """Remove the content of what is named from ended crawls: rows, salts and records go, the signed log stays provable.

    Each erased row keeps its number and leaf hash, each record becomes a tombstone of the same length, and the log
    says what went, why and on whose authority. Rows of refused URLs hold no content and stay. Records that only repeat
    a body that goes are removed as well. Later crawls of the same pages have to be named together with earlier ones.

    What is removed cannot be brought back; on a terminal it is asked for first. Exit status 3 where the crawls could
    not be signed anew.
    """
    from crawler.provenance.removal_index import RemovalIndex  # noqa: PLC0415 - Arrow is loaded only to purge
    from crawler.purging.due import read_due  # noqa: PLC0415 - as above
    from crawler.purging.purge import Receipt, purge  # noqa: PLC0415 - as above
    from crawler.storage.writing import keep_outside  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    removals = (*_named(urls, domains, reason=reason, authority=authority, now=now), *_listed(revocations))
    if not removals and not due:
        raise UsageError("name what has to go: --url, --domain, --revocations or --due")
    term = read_due(policies or folder("policies"), today=now.date()) if due else None
    target = receipt or Path(f"purge-{now:%Y%m%dt%H%M%S}.json")
    if not dry_run and target.exists():
        raise UsageError(f"{target}: is there already; name a new file with --receipt")
    keep_outside(target, crawls)
    index, who = RemovalIndex(removals), authority or "the operator"
    if is_interactive() and not (yes or dry_run):
        preview = Receipt(purged_at=now.isoformat(), authority=who, removals=removals, is_dry_run=True, due=term)
        purge(crawls, index, preview, open_sealer=lambda: None)
        _print(preview)
        click.confirm("Remove it for good?", abort=True, err=True)
    done = Receipt(purged_at=now.isoformat(), authority=who, removals=removals, is_dry_run=dry_run, due=term)
    purge(crawls, index, done, open_sealer=_sealer, keep=lambda receipt: _write(target, receipt))
    if as_json:
        print_json("purge", {"receipt": None if dry_run else str(target), **done.as_json()})
    else:
        _print(done)
        if not dry_run and any(one.is_done for one in done.crawls):
            click.echo(wrapped(f"Receipt: {target}"))
    return ExitCode.INCOMPLETE if any(one.unsealed for one in done.crawls) else ExitCode.CLEAN


def _named(
    urls: tuple[str, ...], domains: tuple[str, ...], *, reason: str, authority: str | None, now: datetime
) -> list[Removal]:
    """What the command line names, in canonical spelling. Raises UsageError."""
    from crawler.provenance.removals import Removal  # noqa: PLC0415 - as above
    from crawler.values.host import canonical_host  # noqa: PLC0415 - as above
    from crawler.values.url import canonicalise  # noqa: PLC0415 - as above

    found = []
    for kind, values in (("url", urls), ("domain", domains)):
        for value in values:
            try:
                spelt = canonicalise(value) if kind == "url" else canonical_host(value)
            except UrlError as error:
                raise UsageError(f"--{kind} {value!r}: {error}") from error
            found.append(
                Removal(
                    kind=kind,
                    value=spelt,
                    reason=reason,
                    basis="command line",
                    since=now.isoformat(),
                    authority=authority,
                )
            )
    return found


def _listed(files: tuple[Path, ...]) -> list[Removal]:
    from crawler.provenance.removals import read_removals  # noqa: PLC0415 - as above

    found: list[Removal] = []
    for path in files:
        try:
            found += read_removals(str(path), path.read_bytes())
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    return found


def _sealer() -> Sealer:
    from crawler.signing.sealer import open_sealer  # noqa: PLC0415 - as above

    return open_sealer()


def _write(target: Path, receipt: Receipt) -> None:
    try:
        with target.open("xb") as file:
            file.write(receipt.as_file())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(
            f"{target}: the receipt cannot be written ({error.strerror}); the purge is done: run it again for a receipt"
        ) from error


def _print(receipt: Receipt) -> None:
    for removal in receipt.unmatched:
        click.echo(
            wrapped(
                f"{removal.kind} {removal.value}: no row with content has it: never taken, removed before, or spelt "
                "otherwise (port, www, a slash at the end and the query all count)"
            )
        )
    words = "would be removed" if receipt.is_dry_run else "removed"
    for one in receipt.crawls:
        repeats = f", {one.repeats} of them repeats of bodies that go" if one.repeats else ""
        click.echo(wrapped(f"{one.folder}: {one.rows} rows with {octets(one.octets)} {words}{repeats}"))
        if one.earlier:
            number = sum(len(erasure["seqs"]) for erasure in one.earlier)
            click.echo(wrapped(f"{number} more were removed by a purge that ended before its receipt", indent=2))
        if one.reasons:
            click.echo(table([(f"{number}", reason) for reason, number in sorted(one.reasons.items())]))
        for later in one.later:
            click.echo(
                wrapped(
                    f"NOT NAMED: {later} builds on this crawl; where it repeats bodies that go, its rows say that they "
                    "are kept and nothing is. Purge it for the same entries as well",
                    indent=2,
                )
            )
        if one.unsealed:
            click.echo(wrapped(f"NOT SEALED: {one.unsealed}; purge again once this is mended", indent=2))
