"""``clearcrawl blocklist lint``: everything that is wrong, due or odd in a folder of blocklists."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from crawler import __version__
from crawler.cli.arguments import folder
from crawler.cli.blocklist_options import blocklists_option, policies_option, to_read
from crawler.cli.common import json_option, print_json
from crawler.cli.layout import wrapped
from crawler.errors import ExitCode
from crawler.values.amounts import counted

if TYPE_CHECKING:
    from pathlib import Path

_COLOURS = {"error": "red", "warning": "yellow"}


@click.command("lint", short_help="Find everything that is wrong or due.")
@blocklists_option
@policies_option
@json_option
def command(*, blocklists: Path | None, policies: Path | None, as_json: bool) -> ExitCode:
    """Read the catalog and every list, and say all that is wrong at once, with file and line.

    An error keeps every crawl from starting; a warning is work for a person; a note is good to know. The ages are
    those of the policy.

    Exit status: 0 neither error nor warning, 1 at least one.
    """
    from crawler.storage.list_report import lint  # noqa: PLC0415 - keeps --help quick
    from crawler.storage.policies import open_policy  # noqa: PLC0415 - as above
    from crawler.storage.suffixes import bundled_suffixes  # noqa: PLC0415 - as above

    suffixes = bundled_suffixes()
    ages = open_policy(policies or folder("policies"), tool_version=__version__, suffixes=suffixes).policy.blocklists
    remarks = lint(to_read(blocklists), today=datetime.now(UTC).date(), ages=ages, suffixes=suffixes)
    counts = Counter(remark.level for remark in remarks)
    if as_json:
        body = {
            "errors": counts["error"],
            "warnings": counts["warning"],
            "remarks": [
                {
                    "level": each.level,
                    "file": each.file,
                    "line": each.line,
                    "list": each.list_id,
                    "problem": each.problem,
                }
                for each in remarks
            ],
        }
        print_json("blocklist-lint", body)
    else:
        for remark in remarks:
            first = click.style(remark.level, fg=_COLOURS.get(remark.level))
            click.echo(f"{first}: {wrapped(str(remark), indent=2).lstrip()}")
        click.echo(", ".join(counted(counts[level], level) for level in ("error", "warning", "note")))
    return ExitCode.FINDINGS if counts["error"] or counts["warning"] else ExitCode.CLEAN
