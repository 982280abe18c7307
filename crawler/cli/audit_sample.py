"""``clearcrawl audit sample``: a worksheet for people who judge verdicts, and what their judgements say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, print_json, progress
from crawler.cli.layout import columns
from crawler.errors import UsageError
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.audit.sampling import Estimate

BY = ("reason", "protocol", "domain")


@click.command("sample", short_help="Worksheet of a stratified random sample; or score one that is filled in.")
@click.argument("folders", nargs=-1, metavar="DIR...", type=click.Path(path_type=Path))
@click.option("-n", "number", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Rows to draw.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed draws the same rows.")
@click.option("--by", type=click.Choice(BY), default="reason", show_default=True, help="What the strata are.")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE.csv", help="And FILE.html beside it.")
@click.option("--score", "filled", type=click.Path(path_type=Path), metavar="FILE", help="Score a filled-in worksheet.")
@json_option
def command(
    *,
    folders: tuple[Path, ...],
    number: int,
    seed: int,
    by: str,
    output: Path | None,
    filled: Path | None,
    as_json: bool,
) -> None:
    """Draw rows of the crawls in DIR..., at least one of each stratum, and write a worksheet (CSV and HTML).

    People write right, wrong or unclear into the column judgement; --score then estimates the share of wrong verdicts,
    by stratum and in all, with 95 % confidence.
    """
    if filled is not None:
        _score(filled, as_json=as_json)
        return
    if not folders or output is None:
        raise UsageError("name the crawls and the file: clearcrawl audit sample DIR... -o FILE.csv; or --score FILE")
    from crawler.audit.database import Database  # noqa: PLC0415 - DuckDB is loaded only to ask
    from crawler.audit.sampling import draw, worksheet  # noqa: PLC0415 - as above
    from crawler.reports.rendering import render_html  # noqa: PLC0415 - as above
    from crawler.reports.sample import SampleSheet, sample_facts  # noqa: PLC0415 - as above
    from crawler.storage.writing import replacing  # noqa: PLC0415 - as above

    page = output.with_suffix(".html")
    if output.suffix.lower() != ".csv":
        raise UsageError(f"{output}: the worksheet is CSV, and the page goes beside it; name a file that ends in .csv")
    with Database.open(folders) as database:
        rows = draw(database, by, number, seed)
        is_test = any(one["is_test"] for one in database.crawls)
    facts = sample_facts(rows, by=by, number=number, seed=seed, is_test=is_test)
    with replacing(output, outside=folders) as file:
        file.write(worksheet(rows))
    with replacing(page, outside=folders) as file:
        file.write(render_html(SampleSheet(), facts).encode("utf-8", "backslashreplace"))
    progress(f"{for_terminal(str(output))}, {for_terminal(str(page))}: {len(rows)} rows")
    if as_json:
        print_json("sample", {"digest": facts.digest, **facts.body})


def _score(filled: Path, *, as_json: bool) -> None:
    from crawler.audit.sampling import score  # noqa: PLC0415 - as above

    try:
        content = filled.read_bytes()
    except OSError as error:
        raise UsageError(f"{filled}: cannot be read ({error.strerror})") from error
    found = score(str(filled), content)
    if as_json:
        names = ("name", "rows", "judged", "wrong", "unclear", "share", "low", "high")
        print_json("sample-score", {"estimates": [{name: getattr(one, name) for name in names} for one in found]})
    else:
        _print(found)


def _print(found: Sequence[Estimate]) -> None:
    rows = [
        [
            *(one.name, f"{one.rows:,}", str(one.judged), str(one.wrong), str(one.unclear)),
            *map(_share, (one.share, one.low, one.high)),
        ]
        for one in found
    ]
    names = ["stratum", "rows", "judged", "wrong", "unclear", "share wrong", "at least", "at most"]
    click.echo(columns(names, rows, right=[False] + [True] * 7))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f} %"
