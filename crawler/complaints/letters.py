"""Texts for whoever complained: plain text for a mail or a letter; nothing is sent from here."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from crawler.complaints.clock import decide_by
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from crawler.complaints.case import Case
    from crawler.complaints.clock import Targets
    from crawler.policy.profiles import Provider

_WIDTH = 78
_MOST = 20
"""Problems that a letter lists."""


def acknowledgement(case: Case, provider: Provider, targets: Targets) -> str:
    """That the complaint was received, what it lacks, and until when it will be decided."""
    return "\n\n".join(_paragraphs(case, provider, targets)) + "\n"


def _paragraphs(case: Case, provider: Provider, targets: Targets) -> Iterator[str]:
    yield f"Your complaint {case.label}"
    yield "Dear Sir or Madam,"
    yield _set(
        f"we received your complaint on {_day(case.received_at.date())} and entered it as {case.label}. "
        f"Please name this number whenever you write to {provider.name or 'us'}."
    )
    complaint = case.complaint
    missing = () if complaint is None else complaint.missing
    problems = () if complaint is None else complaint.problems
    if missing:
        yield _set("To look into it we still need:")
        yield _listed(missing)
        yield _set("An answer to this message is enough. Nothing of what you have sent needs to be sent again.")
    if problems:
        yield _set("Some of what you sent could not be used as it stands:")
        yield _listed(problems)
    yield _set(_term(case, targets))
    yield _set(
        "A person decides on every complaint and tells you the reasons. Other remedies that Union or national law "
        "gives you stay untouched."
    )
    contact = provider.rightsholders.contact
    reach = f"You reach us at {contact.removeprefix('mailto:')}." if contact else ""
    yield "\n".join(filter(None, [reach, provider.name])) or "With kind regards"


def _term(case: Case, targets: Targets) -> str:
    due = decide_by(case, targets)
    if due is not None:
        return f"We aim to decide by {_day(due)}."
    if not case.is_complete and targets.decide_days is not None:
        return f"We aim to decide within {targets.decide_days} days after we have what is missing."
    return "We will decide within a reasonable time."


def _listed(entries: tuple[str, ...]) -> str:
    lines = [
        textwrap.fill(for_terminal(one), _WIDTH, initial_indent="  - ", subsequent_indent="    ")
        for one in entries[:_MOST]
    ]
    if len(entries) > _MOST:
        lines.append(f"  - and {len(entries) - _MOST} more")
    return "\n".join(lines)


def _set(text: str) -> str:
    return textwrap.fill(for_terminal(text), _WIDTH, break_long_words=False, break_on_hyphens=False)


def _day(day: date) -> str:
    return day.isoformat()
