"""``clearcrawl complaints list``: all cases, or what is due; as a table, CSV or JSON."""

from __future__ import annotations

import csv
import sys
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
from crawler.cli.layout import columns, wrapped
from crawler.errors import ExitCode
from crawler.values.printable import for_csv, for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.complaints.case import Case
    from crawler.complaints.clock import Reminder

_NAMES = ("case", "received", "state", "next", "due", "from", "about")


@click.command("list", short_help="Cases, and what is due.")
@register_option
@click.option("--open", "is_open", is_flag=True, help="Only cases in which something is left to do.")
@click.option("--due", "is_due", is_flag=True, help="Only what is overdue or due soon; exit 1 where something is.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@policies_option
@json_option
def command(
    *, place: Path, is_open: bool, is_due: bool, as_csv: bool, policies: Path | None, as_json: bool
) -> ExitCode:
    """List the cases of the register, what is to be done next in each, and by which day.

    Targets and reminders are those of provider.toml, [rightsholders]: acknowledge_days, decide_days, remind_days.

    Exit status with --due: 0 nothing is due, 1 something is.
    """
    from crawler.complaints.case import cases_of  # noqa: PLC0415 - keeps --help quick
    from crawler.complaints.clock import reminders  # noqa: PLC0415 - as above
    from crawler.complaints.register import Register  # noqa: PLC0415 - as above

    _, targets = provider_and_targets(policies)
    with Register.open(place) as register:
        cases = cases_of(register.entries)
        say_unsigned(register)
    found: dict[int, Reminder] = {}
    for one in reminders(cases.values(), targets, now().date()):
        found.setdefault(one.case, one)
    urgent = {number for number, one in found.items() if one.is_overdue or one.is_soon}
    chosen = [
        case
        for case in sorted(cases.values(), key=lambda one: (one.number not in urgent, one.number))
        if (not is_open or not case.is_closed) and (not is_due or case.number in urgent)
    ]
    if as_json:
        body = [{**case_as_json(case, targets), "next": _reminder(found.get(case.number))} for case in chosen]
        print_json("complaints", {"register": str(place), "cases": body})
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(_NAMES)
        writer.writerows([for_csv(for_terminal(cell)) for cell in _row(case, found)] for case in chosen)
    else:
        _print(chosen, found, len(cases))
    return ExitCode.FINDINGS if is_due and chosen else ExitCode.CLEAN


def _reminder(one: Reminder | None) -> dict[str, object] | None:
    if one is None:
        return None
    due = None if one.due is None else str(one.due)
    return {"what": one.what, "due": due, "is_overdue": one.is_overdue, "is_soon": one.is_soon, "say": one.sentence}


def _print(chosen: Sequence[Case], found: dict[int, Reminder], total: int) -> None:
    if not chosen:
        click.echo(wrapped(f"None of {total} cases." if total else "No complaint yet."))
        return
    rows = [_row(case, found) for case in chosen]
    click.echo(columns(_NAMES, rows, right=[False] * len(_NAMES)))


def _row(case: Case, found: dict[int, Reminder]) -> list[str]:
    one = found.get(case.number)
    due = "" if one is None or one.due is None else f"{one.due}{' LATE' if one.is_overdue else ''}"
    complaint = case.complaint
    who = "erased" if complaint is None else complaint.text("organisation") or complaint.text("name")
    about = "" if complaint is None else ", ".join(sorted(complaint.hosts())[:3])
    outcome = case.outcome
    state = case.state if outcome is None else f"{case.state}: {outcome}"
    return [case.label, f"{case.received_at:%Y-%m-%d}", state, "" if one is None else one.what, due, who, about]
