"""What all commands print and how: results on stdout, progress and complaints on stderr, text of strangers as data."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from crawler import __version__
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")


def print_json(kind: str, body: Mapping[str, Any]) -> None:
    """One JSON document on stdout: first its format and our version, then ``body``; ASCII only, keys in given order."""
    click.echo(json.dumps({"format": f"clearcrawl-{kind}/1", "tool": f"clearcrawl {__version__}", **body}, indent=2))


def progress(text: str) -> None:
    """One line of progress on stderr; ``text`` is ours, pass remote parts through ``for_terminal``."""
    click.echo(text, err=True)


def complain(message: str) -> None:
    """Say on stderr what went wrong; whatever a stranger put into the message cannot steer the terminal."""
    for number, line in enumerate(message.splitlines() or [""]):
        prefix = click.style("Error: ", fg="red", bold=True) if number == 0 else "       "
        click.echo(prefix + for_terminal(line), err=True, color=colour())


def colour() -> bool | None:
    """Click's answer to "colour?": never where NO_COLOR is set, else only on a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def is_interactive() -> bool:
    """Whether a person can be asked: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()
