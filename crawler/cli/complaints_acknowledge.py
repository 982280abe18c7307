"""``clearcrawl complaints acknowledge``: enters that the acknowledgement was sent, with its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, print_json
from crawler.cli.complaints_options import (
    by_option,
    day_option,
    now,
    open_to_write,
    policies_option,
    provider_and_targets,
    register_option,
    say_unsigned,
)
from crawler.cli.layout import wrapped

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@click.command("acknowledge", short_help="Enter that the letter was sent.")
@click.argument("case", metavar="CASE")
@by_option
@day_option("--sent", "Day on which it was sent")
@register_option
@policies_option
@json_option
def command(*, case: str, by: str, day: datetime, place: Path, policies: Path | None, as_json: bool) -> None:
    """Enter that the acknowledgement of a case was sent; its text, as show --letter prints it, is kept with it."""
    from crawler.complaints.case import cases_of, find  # noqa: PLC0415 - keeps --help quick
    from crawler.complaints.handling import acknowledge  # noqa: PLC0415 - as above
    from crawler.complaints.letters import acknowledgement  # noqa: PLC0415 - as above

    provider, targets = provider_and_targets(policies)
    register, sealer = open_to_write(place, policies)
    with register:
        found = find(cases_of(register.entries), case)
        text = acknowledgement(found, provider, targets)
        acknowledge(register, found, at=day, by=by, text=text, sealer=sealer, now=now())
        say_unsigned(register)
    if as_json:
        print_json("complaint-acknowledged", {"case": found.label, "sent_at": day.isoformat()})
    else:
        click.echo(wrapped(f"{found.label}: acknowledged on {day:%Y-%m-%d}"))
