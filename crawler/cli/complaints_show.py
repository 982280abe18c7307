"""``clearcrawl complaints show``: one case with all its entries, or the letter that acknowledges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crawler.cli.common import json_option, print_json
from crawler.cli.complaints_options import (
    case_as_json,
    now,
    policies_option,
    provider_and_targets,
    register_option,
    say_unsigned,
)
from crawler.cli.layout import heading, table, wrapped
from crawler.complaints.fields import FIELDS
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.complaints.case import Case
    from crawler.complaints.clock import Targets

_MOST = 20


@click.command("show", short_help="One case, what it lacks, and the letter that says so.")
@click.argument("case", metavar="CASE")
@register_option
@click.option("--letter", is_flag=True, help="Print the acknowledgement, for a mail.")
@policies_option
@json_option
def command(*, case: str, place: Path, letter: bool, policies: Path | None, as_json: bool) -> None:
    """Show everything that the register knows of a case. --letter prints the text that acknowledges it."""
    from crawler.complaints.case import cases_of, find  # noqa: PLC0415 - keeps --help quick
    from crawler.complaints.letters import acknowledgement  # noqa: PLC0415 - as above
    from crawler.complaints.register import Register  # noqa: PLC0415 - as above

    provider, targets = provider_and_targets(policies)
    with Register.open(place) as register:
        found = find(cases_of(register.entries), case)
        say_unsigned(register)
    text = acknowledgement(found, provider, targets)
    if as_json:
        print_json("complaint-case", {**case_as_json(found, targets), "letter": text})
    elif letter:
        click.echo(text, nl=False)
    else:
        _print(found, targets)


def _print(case: Case, targets: Targets) -> None:
    from crawler.complaints.clock import reminders  # noqa: PLC0415 - as above

    outcome = "" if case.outcome is None else f", {case.outcome}"
    click.echo(heading(f"{case.label}: {case.state}{outcome}"))
    lines = [("received", f"{case.received_at:%Y-%m-%d} by {case.channel}")]
    for one in reminders([case], targets, now().date()):
        due = "no target set" if one.due is None else f"by {one.due}{', which has passed' if one.is_overdue else ''}"
        lines.append(("to do", f"{one.sentence} ({due})"))
    if case.complaint is None:
        lines.append(("erased", "what was personal is gone; the log keeps its hashes"))
    else:
        for field in FIELDS:
            entries = case.complaint.entries(field.name)
            if field.name not in case.complaint.values:
                continue
            if isinstance(case.complaint.values[field.name], tuple):
                more = f", and {len(entries) - _MOST} more" if len(entries) > _MOST else ""
                lines.append((field.title.lower(), ", ".join(entries[:_MOST]) + more))
            else:
                lines.append((field.title.lower(), case.complaint.text(field.name)))
        lines += [("missing", one) for one in case.complaint.missing]
        lines += [("problem", one) for one in case.complaint.problems[:_MOST]]
    click.echo(table(lines))
    for entry in case.entries:
        told = {name: value for name, value in entry.body.items() if name not in {"case", "personal"}}
        said = ", ".join(f"{name} {value}" for name, value in told.items() if value not in ("", None, 0))
        click.echo(wrapped(said, indent=4, first=f"  {for_terminal(entry.time[:19])} {entry.kind}: "))
        reason = (entry.personal or {}).get("reason") or (entry.personal or {}).get("detail")
        if reason:
            click.echo(wrapped(str(reason), indent=6))
