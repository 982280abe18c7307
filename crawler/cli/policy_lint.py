"""``clearcrawl policy lint``: everything that is wrong, due or open in the files of ``policies/``."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.arguments import folder
from crawler.cli.common import json_option, print_json
from crawler.cli.layout import wrapped
from crawler.errors import ExitCode, UsageError
from crawler.values.amounts import counted

if TYPE_CHECKING:
    from crawler.policy.linting import Remark

_COLOURS = {"error": "red", "warning": "yellow"}


@click.command("lint", short_help="Find everything that is wrong, due or open.")
@click.argument("paths", metavar="[DIR|FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--open", "shows_open", is_flag=True, help="Also list the questions that documents wait for.")
@json_option
def command(*, paths: tuple[Path, ...], shows_open: bool, as_json: bool) -> ExitCode:
    """Read the files of policies and say all that is wrong at once, with file, key and line.

    DIR is a folder of policies, FILE one of its files; default: ./policies, else the shipped one. An error keeps every
    crawl or document from starting; a warning is work for a person; a note is good to know.

    Exit status: 0 neither error nor warning, 1 at least one.
    """
    remarks = [(path, remark) for path in paths or (folder("policies"),) for remark in _remarks(path)]
    counts = Counter(remark.level for _, remark in remarks)
    questions = sum(bool(remark.needed_for) for _, remark in remarks)
    if as_json:
        body = {
            "errors": counts["error"],
            "warnings": counts["warning"],
            "open": questions,
            "remarks": [
                {
                    "level": one.level,
                    "file": str(_file(path, one)),
                    "line": one.line,
                    "key": one.key,
                    "problem": one.problem,
                    "needed_for": one.needed_for or None,
                }
                for path, one in remarks
            ],
        }
        print_json("policy-lint", body)
    else:
        for path, one in remarks:
            if shows_open or not one.needed_for:
                _print(path, one)
        waits = (
            f", {counted(questions, 'question')} open{'' if shows_open or not questions else ' (--open lists them)'}"
        )
        others = counts["note"] - questions
        told = (counted(counts["error"], "error"), counted(counts["warning"], "warning"), counted(others, "note"))
        click.echo(f"{', '.join(told)}{waits}")
    return ExitCode.FINDINGS if counts["error"] or counts["warning"] else ExitCode.CLEAN


def _remarks(path: Path) -> tuple[Remark, ...]:
    from crawler.policy.linting import KNOWN, lint  # noqa: PLC0415 - keeps --help quick
    from crawler.reports.copyright_policy.linting import lint_documents  # noqa: PLC0415 - as above
    from crawler.storage.policies import policy_files  # noqa: PLC0415 - as above
    from crawler.storage.policy_folder import read_folder  # noqa: PLC0415 - as above
    from crawler.storage.suffixes import bundled_suffixes  # noqa: PLC0415 - as above

    if path.is_file() and path.name not in KNOWN:
        raise UsageError(f"{path}: no file of policies; these are: {', '.join(KNOWN)}")
    today = datetime.now(UTC).date()
    found = lint(policy_files(path), today=today, suffixes=bundled_suffixes(), is_folder=path.is_dir())
    return (*found, *lint_documents(read_folder(path))) if path.is_dir() else found


def _file(path: Path, remark: Remark) -> Path:
    return path / remark.file if path.is_dir() else path


def _print(path: Path, remark: Remark) -> None:
    level = click.style(remark.level, fg=_COLOURS.get(remark.level))
    place = str(_file(path, remark)) if remark.line is None else f"{_file(path, remark)}:{remark.line}"
    key = f"{remark.key}: " if remark.key else ""
    click.echo(f"{level}: {wrapped(f'{place}: {key}{remark.problem}', indent=2).lstrip()}")
