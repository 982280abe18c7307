"""``clearcrawl complaints erase``: removes what is personal in a decided case; the log keeps hashes and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crawler.cli.common import is_interactive, json_option, print_json
from crawler.cli.complaints_options import (
    by_option,
    now,
    open_to_write,
    policies_option,
    register_option,
    say_unsigned,
)
from crawler.cli.layout import wrapped

if TYPE_CHECKING:
    from pathlib import Path


@click.command("erase", short_help="Erase what is personal in a case.")
@click.argument("case", metavar="CASE")
@by_option
@click.option("--reason", required=True, help="Why: a request, or the end of its term.")
@click.option("--yes", is_flag=True, help="Do not ask before erasing.")
@register_option
@policies_option
@json_option
def command(*, case: str, by: str, reason: str, yes: bool, place: Path, policies: Path | None, as_json: bool) -> None:
    """Erase the complaint, its attachments, letters and reasons for good; when, how many and what outcome stay."""
    from crawler.complaints.case import cases_of, find  # noqa: PLC0415 - keeps --help quick
    from crawler.complaints.handling import erase  # noqa: PLC0415 - as above

    register, sealer = open_to_write(place, policies)
    with register:
        found = find(cases_of(register.entries), case)
        if is_interactive() and not yes:
            click.confirm(f"Erase what is personal in {found.label} for good?", abort=True, err=True)
        gone = erase(register, found, reason=reason, by=by, sealer=sealer, now=now())
        say_unsigned(register)
    if as_json:
        print_json("complaint-erased", {"case": found.label, "entries": gone})
    else:
        click.echo(wrapped(f"{found.label}: {gone} entries erased; the log keeps their hashes"))
