"""What the commands of ``blocklist`` share: the folder, a person's acceptance, and what is printed of an outcome."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.arguments import folder
from crawler.cli.common import print_json
from crawler.cli.layout import heading, wrapped
from crawler.errors import ExitCode, UsageError
from crawler.values.digest import Digest
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.blocklists.change import Change
    from crawler.storage.list_updates import Acceptance, Outcome

NAME = "blocklists"
SHOWN = 20
"""Findings of one list that are printed; ``--json`` has all that are kept."""

blocklists_option = click.option(
    "--blocklists", type=click.Path(path_type=Path), help="Folder of blocklists; default: ./blocklists."
)
policies_option = click.option(
    "--policies", type=click.Path(path_type=Path), help="Folder of policies; default: ./policies, else the shipped one."
)
_ACCEPTANCE = (
    click.option("--accept", metavar="DIGEST", help="Put this version of one list in force in spite of doubts."),
    click.option("--accepted-by", metavar="NAME", help="The person who vouches for it."),
    click.option("--reason", metavar="TEXT", help="Why a doubtful version is right."),
)
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_COLOURS = {"new": "green", "updated": "green", "refused": "red", "failed": "yellow"}


def acceptance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The three options that ``acceptance_of`` reads."""
    for option in reversed(_ACCEPTANCE):
        command = option(command)
    return command


def to_change(given: Path | None) -> Path:
    """The folder that a command may change: named, or ``./blocklists``, never the one that came with the program."""
    if given is not None:
        return given
    here = Path(NAME)
    if not here.is_dir():
        raise UsageError(
            "./blocklists: no such folder; give --blocklists DIR, or make a working copy: clearcrawl init DIR"
        )
    return here


def to_read(given: Path | None) -> Path:
    """The folder that a command reads: named, or ``./blocklists``, else the one that came with the program."""
    return given or folder(NAME)


def acceptance_of(digest: str | None, by: str | None, reason: str | None) -> Acceptance | None:
    """A person's word for one version; raises UsageError where a part of it is missing."""
    from crawler.storage.list_updates import Acceptance  # noqa: PLC0415 - keeps --help quick

    if digest is None:
        if reason is not None:
            raise UsageError("--reason goes with --accept DIGEST --accepted-by NAME")
        return None
    accepted = digest_of_option("--accept", digest)
    missing = [name for name, value in (("--accepted-by", by), ("--reason", reason)) if not (value or "").strip()]
    if missing or by is None or reason is None:
        raise UsageError(f"--accept needs {' and '.join(missing)}: who accepts this version, and why")
    for name, text in (("--accepted-by", by), ("--reason", reason)):
        if not text.isprintable() or len(text) > 500:  # noqa: PLR2004 - what the catalog's reader takes
            raise UsageError(f"{name}: write one line of at most 500 printable characters")
    return Acceptance(digest=accepted, by=by, reason=reason)


def digest_of_option(option: str, text: str) -> Digest:
    """A digest as reports print it; raises UsageError for anything else."""
    match = _DIGEST.fullmatch(text)
    if match is None:
        raise UsageError(f"{option}: {text[:80]!r} is no digest; copy it from a report: sha256: and 64 digits")
    return Digest(f"sha256:{match[1]}")


def exit_of(outcomes: Sequence[Outcome]) -> ExitCode:
    """A refused version is a finding; a source that does not answer may do so later."""
    names = {outcome.outcome for outcome in outcomes}
    if "refused" in names:
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if "failed" in names else ExitCode.CLEAN


def tell(outcome: Outcome, blocklists: Path | None, *, as_json: bool, command: str | None = None) -> ExitCode:
    """Print what became of the one list that was asked for, for people or scripts; answer the exit status."""
    if as_json:
        print_json("blocklist-update", {"lists": [outcome_as_json(outcome)]})
    else:
        print_outcome(outcome, blocklists, command=command)
    return exit_of([outcome])


def print_outcome(outcome: Outcome, blocklists: Path | None, *, command: str | None = None) -> None:
    """What became of one list, and what a person can do; ``command`` is the one that takes the acceptance."""
    told = f"{outcome.id}: {outcome.outcome}"
    if outcome.change is not None and outcome.outcome != "refused":
        told += f", {counted(outcome.change)}"
    click.echo(click.style(told, fg=_COLOURS.get(outcome.outcome)))
    if outcome.outcome == "failed":
        click.echo(wrapped(outcome.detail, indent=2))
    if outcome.outcome == "refused":
        _print_refusal(outcome)
    elif outcome.digest is not None:
        click.echo(f"  {outcome.digest}")
        if outcome.notes:
            lines = "1 line has a note" if outcome.notes == 1 else f"{outcome.notes} lines have notes"
            click.echo(wrapped(f"{lines}; clearcrawl blocklist lint shows them", indent=2))
    if outcome.outcome in {"refused", "failed"}:
        stays = "nothing is in force" if outcome.in_force is None else f"{outcome.in_force} stays in force"
        click.echo(wrapped(f"{stays}.", indent=2))
    if outcome.can_be_accepted:
        click.echo(wrapped("To put these very bytes in force all the same, a person says so by name:", indent=2))
        where = "" if blocklists is None else f" --blocklists {shlex.quote(str(blocklists))}"
        start = f"    clearcrawl blocklist {command or f'update {outcome.id}'} --accept {outcome.digest}"
        click.echo(f"{start} --accepted-by NAME --reason TEXT{where}")


def counted(change: Change) -> str:
    """Numbers of a change."""
    if change.before is None:
        return f"{change.after} entries"
    return f"{change.after} entries (+{change.added}, -{change.removed})"


def _print_refusal(outcome: Outcome) -> None:
    click.echo(f"  {outcome.digest}")
    if outcome.detail:
        click.echo(wrapped(outcome.detail, indent=2))
    file = for_terminal((outcome.source or outcome.id).rstrip("/").rpartition("/")[2])
    problems = [(f"{file}: " if item.line is None else "", item.line, item.problem) for item in outcome.errors]
    if outcome.change is not None:
        problems += [("", doubt.line, doubt.problem) for doubt in outcome.change.doubts]
    for whole, line, problem in problems[:SHOWN]:
        place = whole if line is None else f"{file}, line {line}: "
        click.echo(wrapped(f"{place}{problem}", indent=4, first="  - "))
    count = outcome.error_count or len(problems)
    if count > SHOWN:
        click.echo(f"  and {count - SHOWN} more")
    if outcome.error_count:
        click.echo(wrapped("Nobody can accept a list that cannot be read: correct it at its source.", indent=2))


def outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    """The same for scripts."""
    change = outcome.change
    return {
        "id": outcome.id,
        "outcome": outcome.outcome,
        "digest": outcome.digest,
        "in_force": outcome.in_force,
        "entries": None if change is None else change.after,
        "entries_before": None if change is None else change.before,
        "added": None if change is None else change.added,
        "removed": None if change is None else change.removed,
        "errors": [{"line": item.line, "problem": item.problem} for item in outcome.errors],
        "error_count": outcome.error_count,
        "notes": outcome.notes,
        "doubts": []
        if change is None
        else [{"code": each.code, "line": each.line, "problem": each.problem} for each in change.doubts],
        "can_be_accepted": outcome.can_be_accepted,
        "detail": outcome.detail,
        "source": outcome.source,
    }


def section(title: str) -> None:
    """A line that opens a part of an answer."""
    click.echo(heading(title))
