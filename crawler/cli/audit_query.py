"""``clearcrawl audit query``: SQL over finished crawls, shipped or free, printed or written. Needs no Scrapy."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from crawler.cli.common import print_json, progress
from crawler.cli.layout import columns, heading, wrapped
from crawler.errors import ExitCode, UsageError
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

FORMATS = ("table", "csv", "json", "parquet")
SHOWN = 1000
"""Rows that a table for people has at most; the other formats have all."""


@click.command("query", short_help="SQL over one or many crawls: shipped questions, or free.")
@click.argument("words", nargs=-1, metavar="DIR... [NAME]")
@click.option("--sql", metavar="SELECT", help="A question of your own instead of NAME.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Default: table; by the suffix of FILE with -o.")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write the answer there.")
@click.option("--list", "is_list", is_flag=True, help="Show the questions that come with the program, and the tables.")
@click.option("--show", is_flag=True, help="Print the SQL of NAME instead of asking.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(
    words: tuple[str, ...],
    *,
    sql: str | None,
    form: str | None,
    output: Path | None,
    is_list: bool,
    show: bool,
    as_json: bool,
) -> ExitCode:
    """Ask the crawls in DIR... the question NAME, or one of your own with --sql.

    Changes nothing, opens no file but those of the crawls, and needs no network.
    """
    from crawler.audit.database import Database  # noqa: PLC0415 - DuckDB is loaded only to ask
    from crawler.audit.queries import query_named  # noqa: PLC0415 - as above
    from crawler.storage.layout import CRAWL_FILE  # noqa: PLC0415 - as above

    if is_list:
        _print_list(as_json=as_json)
        return ExitCode.CLEAN
    form = "json" if as_json else form or _format_of(output)
    if sql is None:
        if not words:
            raise UsageError("name the crawls and a question: clearcrawl audit query DIR... NAME; --list shows them")
        *folders, name = words
        if (Path(name) / CRAWL_FILE).is_file():
            raise UsageError(f"{name}: is a crawl; name a question behind it (--list shows them), or give --sql")
        asked = query_named(name)
        if show:
            click.echo(asked.sql.rstrip())
            return ExitCode.CLEAN
        sql, about = asked.sql, {"query": asked.name, "title": asked.title}
    else:
        folders, about = list(words), {"sql": sql}
    if not folders:
        raise UsageError("name at least one folder of a crawl before the question")
    paths = [Path(folder) for folder in folders]
    with Database.open(paths) as database, _opened(output, form, paths) as out:
        _write(database.ask(sql), form, out, {**about, "in": [str(path) for path in paths]})
    if output is not None:
        progress(f"{for_terminal(str(output))}: written")
    return ExitCode.CLEAN


def _write(answer: pa.RecordBatchReader, form: str, out: BinaryIO, about: dict[str, Any]) -> None:
    from crawler.audit import answers  # noqa: PLC0415 - as above

    is_terminal = out is sys.stdout.buffer and sys.stdout.isatty()
    if form == "csv":
        answers.write_csv(answer, out, is_terminal=is_terminal)
    elif form == "json":
        answers.write_json(answer, out, about)
    elif form == "parquet":
        answers.write_parquet(answer, out)
    else:
        rows = answers.values(answer)
        cells = [[answers.cell(one) for one in row] for row in islice(rows, SHOWN)]
        is_number = [
            str(field.type).startswith(("int", "uint", "double", "float", "decimal")) for field in answer.schema
        ]
        text = columns(answers.column_names(answer.schema), cells, right=is_number, is_wide=not is_terminal)
        rest = sum(1 for _ in rows)
        more = f"\nand {rest} rows more: --format csv, json or parquet has all" if rest else ""
        out.write(f"{text}{more}\n".encode(errors="backslashreplace"))


def _format_of(output: Path | None) -> str:
    suffix = "" if output is None else output.suffix.removeprefix(".").lower()
    if suffix in {"", "txt"}:
        return "table"
    if suffix not in FORMATS:
        raise UsageError(f"{output}: end the name in .csv, .json, .parquet or .txt, or say --format")
    return suffix


@contextmanager
def _opened(output: Path | None, form: str, crawls: list[Path]) -> Iterator[BinaryIO]:
    """Where the answer goes: stdout, or a file that appears when it is whole."""
    from crawler.storage.writing import replacing  # noqa: PLC0415 - as above

    if output is not None:
        with replacing(output, outside=crawls) as file:
            yield file
        return
    if form == "parquet" and sys.stdout.isatty():
        raise UsageError("Parquet is for programs: name a file with -o, or send stdout somewhere else")
    sys.stdout.flush()
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def _print_list(*, as_json: bool) -> None:
    from crawler.audit.database import TABLES  # noqa: PLC0415 - as above
    from crawler.audit.queries import queries  # noqa: PLC0415 - as above

    if as_json:
        found = [
            {"name": one.name, "title": one.title, "asks": one.asks, "columns": dict(one.columns)}
            for one in queries().values()
        ]
        print_json("queries", {"queries": found, "tables": TABLES})
        return
    click.echo(heading("Questions"))
    widest = max(map(len, queries()))
    for one in queries().values():
        click.echo(wrapped(f"{one.title}. {one.asks}", indent=widest + 4, first=f"  {one.name}"))
    click.echo("\n" + heading("Tables for --sql"))
    for name, text in TABLES.items():
        click.echo(wrapped(text, indent=widest + 4, first=f"  {name}"))
