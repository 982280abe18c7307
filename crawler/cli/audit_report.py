"""``clearcrawl audit report``: one self-contained HTML file over one or many crawls, and the same facts as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, progress
from crawler.errors import UsageError
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from crawler.errors import ExitCode


@click.command("report", short_help="HTML report with charts, and the same facts as JSON.")
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE.html", help="Write the report there.")
@json_option
def command(*, folders: tuple[Path, ...], output: Path | None, as_json: bool) -> ExitCode | None:
    """Write what the crawls in DIR... took, left and why, for screen and print, each figure with its query.

    The same crawls give the same report, octet by octet. With --json the facts go to stdout.
    """
    import json  # noqa: PLC0415 - keeps --help quick

    from crawler.audit.database import Database  # noqa: PLC0415 - DuckDB is loaded only to ask
    from crawler.reports.audit import AuditReport, audit_facts  # noqa: PLC0415 - as above
    from crawler.reports.rendering import render_html  # noqa: PLC0415 - as above
    from crawler.storage.writing import replacing  # noqa: PLC0415 - as above

    if output is None and not as_json:
        raise UsageError("name the file: -o report.html; or --json for the facts alone")
    if output is not None and output.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"{output}: the report is HTML; name a file that ends in .html")
    with Database.open(folders) as database:
        facts = audit_facts(database)
    if output is not None:
        page = render_html(AuditReport(), facts)
        with replacing(output, outside=folders) as file:
            file.write(page.encode("utf-8", "backslashreplace"))
        progress(f"{for_terminal(str(output))}: written")
    if as_json:
        click.echo(json.dumps(facts.as_json(), indent=2))
    return None
