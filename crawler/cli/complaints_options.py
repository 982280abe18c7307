"""What the commands of ``complaints`` share: where the register lies, who signs, the clock, and a case as JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler import __version__
from crawler.cli.arguments import folder
from crawler.cli.common import progress
from crawler.errors import UsageError
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.complaints.case import Case
    from crawler.complaints.clock import Targets
    from crawler.complaints.register import Register
    from crawler.policy.profiles import Provider
    from crawler.signing.sealer import Sealer

register_option = click.option(
    "--register",
    "place",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("complaints"),
    show_default=True,
    help="Folder of the register.",
)
policies_option = click.option(
    "--policies", type=click.Path(path_type=Path), help="Folder of policies; default: ./policies, else the shipped one."
)
by_option = click.option("--by", required=True, metavar="WHO", help="Who acts: a person or a role.")


def now() -> datetime:
    """The time of the command."""
    return datetime.now(UTC)


def day_option(name: str, text: str) -> Callable[..., Any]:
    """An option that takes a day; the command gets the last moment of it that has passed."""
    return click.option(name, "day", metavar="DAY", callback=_moment, help=f"{text}, like 2026-05-31; default: now.")


def _moment(_context: click.Context, parameter: click.Parameter, value: str | None) -> datetime:
    moment = now()
    if value is None:
        return moment
    try:
        wanted = date.fromisoformat(value)
    except ValueError:
        raise UsageError(f"{parameter.opts[0]} {value!r}: write a day like 2026-05-31") from None
    return moment if wanted == moment.date() else datetime.combine(wanted, time(12), UTC)


def open_to_write(place: Path, policies: Path | None) -> tuple[Register, Sealer]:
    """Take the register, or begin one; says what the key says."""
    from crawler.complaints.register import Register  # noqa: PLC0415 - keeps --help quick
    from crawler.extensions.environment import operator_domain  # noqa: PLC0415 - as above
    from crawler.signing.sealer import open_sealer  # noqa: PLC0415 - as above
    from crawler.storage.policies import open_policy  # noqa: PLC0415 - as above

    policy = open_policy(policies or folder("policies"), tool_version=__version__).policy
    sealer = open_sealer()
    for one in sealer.news:
        progress(f"note: {for_terminal(one)}")
    register = Register.open_to_write(place, sealer=sealer, domain=operator_domain(policy.identity), now=now())
    return register, sealer


def say_unsigned(register: Register) -> None:
    """Tell where the newest entry is under no signature."""
    if register.unsigned is not None:
        progress(f"note: NOT SIGNED: {for_terminal(register.unsigned)}")


def provider_and_targets(policies: Path | None) -> tuple[Provider, Targets]:
    """What provider.toml says."""
    from crawler.complaints.clock import Targets  # noqa: PLC0415 - keeps --help quick
    from crawler.storage.profiles import open_profiles  # noqa: PLC0415 - as above

    provider = open_profiles(policies or folder("policies")).provider
    return provider, Targets.of(provider.rightsholders)


def case_as_json(case: Case, targets: Targets) -> dict[str, Any]:
    """Everything that is known of a case."""
    from crawler.complaints.clock import acknowledge_by, decide_by  # noqa: PLC0415 - keeps --help quick

    complaint = case.complaint
    due = {"acknowledge_by": acknowledge_by(case, targets), "decide_by": decide_by(case, targets)}
    return {
        "case": case.label,
        "state": case.state,
        "received_at": case.received_at.isoformat(),
        "channel": case.channel,
        "capacity": case.capacity or None,
        "is_complete": case.is_complete,
        "acknowledged_at": _text(case.acknowledged_at),
        "decided_at": _text(case.decided_at),
        **{name: None if day is None else str(day) for name, day in due.items()},
        "outcome": case.outcome,
        "is_erased": case.is_erased,
        "complaint": None if complaint is None else dict(complaint.values),
        "missing": None if complaint is None else list(complaint.missing),
        "problems": None if complaint is None else list(complaint.problems),
        "attachments": [one for entry in case.entries for one in (entry.personal or {}).get("attachments", ())],
        "controls": case.controls,
        "decision": case.decision,
        "receipts": case.receipts,
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
