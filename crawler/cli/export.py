"""``clearcrawl export``: the documents of finished crawls for training, with a card beside them. No Scrapy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, print_json, progress, quiet_option
from crawler.cli.layout import table, wrapped
from crawler.errors import UsageError
from crawler.values.amounts import counted, octets

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.errors import ExitCode
    from crawler.exporting.plan import ExportPlan
    from crawler.exporting.state import ExportState
    from crawler.exporting.summary import ExportSummary
    from crawler.provenance.removal_index import RemovalIndex
    from crawler.provenance.removals import Removal
    from crawler.values.digest import Digest

_SHOWN = 20
_LEFT = {
    "not_kept": "denied or deferred",
    "erased": "erased since",
    "redirect": "redirects, which hold no document",
    "other_purpose": "kept for another purpose than training",
    "sitemap": "lists of URLs (sitemaps)",
    "revoked": "named by a removal list",
    "duplicate": "repeats of a document that was taken",
    "no_text": "without text that could be extracted",
    "damaged": "damaged",
    "missing_original": "repeats of a document in a crawl that was not named or was purged",
}


@click.command("export", short_help="Kept, unrevoked documents for training, with provenance.")
@click.argument("crawls", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the export."
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["parquet", "jsonl", "warc", "card"]),
    default="parquet",
    show_default=True,
    help="What the parts are written as; card: no parts, only card and metadata.",
)
@click.option("--text", "is_text", is_flag=True, help="Extracted text in place of the bodies (extra `text`).")
@click.option("--unique", is_flag=True, help="Of documents with the same payload only the first.")
@click.option(
    "--revocations",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Removal list of what has to stay out; may be given several times.",
)
@click.option(
    "--part-size",
    type=click.IntRange(1, 4096),
    default=256,
    show_default=True,
    metavar="MIB",
    help="A part ends when its documents reach so many MiB.",
)
@json_option
@quiet_option
def command(  # noqa: PLR0917 - click passes by name
    crawls: tuple[Path, ...],
    out: Path,
    format_name: str,
    is_text: bool,
    unique: bool,
    revocations: tuple[Path, ...],
    part_size: int,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Write the kept, unrevoked documents of one or more crawls to OUT, with the columns that say where each came from.

    Bodies are written without their content coding, octet for octet; --text writes extracted text instead. A data-set
    card (README.md) and Croissant metadata lie beside the parts; --format card writes these alone, about documents that
    stay in the crawls. The same command again goes on where it was stopped.

    Exit status 5 where documents are damaged, 1 where the original of a repeat is in a crawl that was not named or
    was purged, 3 where a crawl has rows that are not published yet; the other documents are exported all the same.
    """
    from crawler.exporting.job import ExportJob  # noqa: PLC0415 - Arrow is loaded only to export
    from crawler.exporting.plan import ExportPlan  # noqa: PLC0415 - as above
    from crawler.exporting.publishing import write_results  # noqa: PLC0415 - as above
    from crawler.exporting.summary import summarise  # noqa: PLC0415 - as above
    from crawler.storage.writing import keep_outside  # noqa: PLC0415 - as above

    keep_outside(out, crawls)
    removals, digests = _removals(revocations)
    plan = ExportPlan(
        crawls=crawls,
        out=out,
        format=format_name,
        is_text=is_text,
        is_unique=unique,
        part_octets=part_size << 20,
        removals=removals,
        removals_digests=digests,
    )
    with ExportJob(plan) as job:
        job.run(_reporter(is_quiet=quiet or as_json))
        summary = summarise(job)
        write_results(job, summary)
        code = job.exit_code
    if as_json:
        print_json("export", {"out": str(out), "exit_code": int(code), **summary.as_json()})
    else:
        _print(plan, summary, code)
    return code


def _removals(files: tuple[Path, ...]) -> tuple[RemovalIndex, tuple[Digest, ...]]:
    """Read all lists, or raise UsageError."""
    from crawler.provenance.removal_index import RemovalIndex  # noqa: PLC0415 - as above
    from crawler.provenance.removals import read_removals  # noqa: PLC0415 - as above
    from crawler.values.digest import sha256  # noqa: PLC0415 - as above

    found: list[Removal] = []
    digests = []
    for path in files:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
        found += read_removals(str(path), content)
        digests.append(sha256(content))
    return RemovalIndex(found), tuple(digests)


def _reporter(*, is_quiet: bool) -> Callable[[ExportState], None]:
    def report(state: ExportState) -> None:
        counts = state.counts()
        progress(
            f"{counts.get('documents', 0)} documents, {octets(counts.get('octets', 0))}, {len(state.parts())} parts"
        )

    return (lambda _state: None) if is_quiet else report


def _print(plan: ExportPlan, summary: ExportSummary, code: ExitCode) -> None:
    what = "documents of extracted text" if plan.is_text else "documents"
    click.echo(
        wrapped(
            f"{plan.out}: {summary.documents} {what}, {octets(summary.octets)}, from "
            f"{counted(summary.domains, 'domain')} in {counted(len(summary.parts), 'part')}; exit {int(code)}"
        )
    )
    if summary.is_test:
        click.echo(wrapped("TEST: test hosts were allowed; these documents prove nothing about the web."))
    left = [(f"{number}", _LEFT.get(why, why)) for why, number in summary.left.items()]
    if left:
        click.echo(wrapped(f"Of {summary.rows} rows were left out:"))
        click.echo(table(left))
    if summary.unpublished:
        click.echo(
            wrapped(
                f"{summary.unpublished} rows are not published yet and are not in the export: let the crawl end, or "
                "start it again so that it publishes them; then export to a new folder."
            )
        )
    for problem in summary.problems[:_SHOWN]:
        click.echo(wrapped(f"{problem.url}: {problem.problem}", indent=4, first="  -"))
    if len(summary.problems) > _SHOWN:
        click.echo(wrapped(f"and {len(summary.problems) - _SHOWN} more in {plan.out}/export.json", indent=4))
