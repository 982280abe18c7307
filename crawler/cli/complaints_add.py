"""``clearcrawl complaints add``: enters what came in, and says what it lacks and what it resembles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common import json_option, print_json
from crawler.cli.complaints_options import (
    day_option,
    now,
    open_to_write,
    policies_option,
    register_option,
    say_unsigned,
)
from crawler.cli.layout import wrapped
from crawler.complaints.fields import schema
from crawler.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.complaints.handling import Entered

CHANNELS = ("json", "form", "csv", "mail")
_MOST = 20


def _print_schema(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        click.echo(json.dumps(schema(), indent=2))
        context.exit()


@click.command("add", short_help="Enter complaints from JSON, a form export, or a mail.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@register_option
@click.option(
    "--as", "kind", type=click.Choice(CHANNELS), help="What the files are; default: told by name and content."
)
@click.option("--to", "target", metavar="CASE", help="The file completes this case instead of beginning one.")
@day_option("--received", "Day on which it came in")
@policies_option
@click.option(
    "--schema", is_flag=True, is_eager=True, expose_value=False, callback=_print_schema, help="Print the JSON Schema."
)
@json_option
def command(
    *,
    files: tuple[Path, ...],
    place: Path,
    kind: str | None,
    target: str | None,
    day: datetime,
    policies: Path | None,
    as_json: bool,
) -> None:
    """Enter complaints. Nothing is turned away for what it says: what is missing is named, for the answer.

    A file is a JSON object (--schema prints its schema) or a list of them, a form export (urlencoded, or CSV with a
    header), or a mail (.eml) with its attachments, which are kept by digest and never opened.
    """
    from crawler.complaints.case import cases_of, find  # noqa: PLC0415 - keeps --help quick
    from crawler.complaints.handling import enter, supplement  # noqa: PLC0415 - as above
    from crawler.complaints.intake import read_intake  # noqa: PLC0415 - as above

    received = [one for path in files for one in read_intake(path, kind)]
    if target is not None and len(received) != 1:
        raise UsageError(f"--to takes one complaint; these files hold {len(received)}")
    register, sealer = open_to_write(place, policies)
    with register:
        if target is None:
            entered = enter(register, received, received_at=day, sealer=sealer, now=now())
        else:
            case = find(cases_of(register.entries), target)
            entered = [supplement(register, case, received[0], received_at=day, sealer=sealer, now=now())]
        say_unsigned(register)
        if as_json:
            body = {"register": str(place), "cases": [_as_json(one) for one in entered]}
            print_json("complaints-added", {**body, "is_signed": register.unsigned is None})
            return
    for one in entered:
        _print(one)
    click.echo(wrapped("Next: clearcrawl complaints show CASE --letter is the acknowledgement to send."))


def _as_json(entered: Entered) -> dict[str, Any]:
    from crawler.complaints.case import label  # noqa: PLC0415 - as above

    return {
        "case": label(entered.case),
        "is_complete": not entered.complaint.missing,
        "missing": list(entered.complaint.missing),
        "problems": list(entered.complaint.problems),
        "alike": [{"case": label(one.case), "how": one.how} for one in entered.alike],
        "attachments": entered.attachments,
        "completes": entered.is_supplement,
    }


def _print(entered: Entered) -> None:
    from crawler.complaints.case import label  # noqa: PLC0415 - as above

    complaint = entered.complaint
    what = "completed" if entered.is_supplement else "entered"
    state = f"{len(complaint.missing)} things are missing" if complaint.missing else "nothing is missing"
    files = f", {entered.attachments} attachments" if entered.attachments else ""
    click.echo(wrapped(f"{label(entered.case)} {what}: {state}{files}"))
    for name, sentences in (("missing", complaint.missing), ("problem", complaint.problems)):
        for one in sentences[:_MOST]:
            click.echo(wrapped(one, indent=11, first=f"  {name}"))
        if len(sentences) > _MOST:
            click.echo(wrapped(f"and {len(sentences) - _MOST} more", indent=11))
    for like in entered.alike:
        told = {
            "identical": "the same rightsholder said the same; a person may decide it as a duplicate",
            "same_rightsholder": "of the same rightsholder, about more or other works",
            "same_site": "of somebody else, about the same host",
        }[like.how]
        click.echo(wrapped(f"{label(like.case)}: {told}", indent=11, first="  like"))
