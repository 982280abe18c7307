"""A case of the register: everything that its entries say, folded in their order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.complaints.complaint import Complaint, merged
from crawler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.complaints.reading import Entry

RECEIVED, SUPPLEMENT, ACKNOWLEDGED, CONTROL, DECIDED, RECEIPT = (
    "received",
    "supplement",
    "acknowledged",
    "control",
    "decided",
    "receipt",
)
OUTCOMES = ("upheld", "partly_upheld", "rejected", "duplicate", "unfounded", "withdrawn")
"""``duplicate`` and ``unfounded`` are the exceptions of Measure 1.5: a person says why."""
_NUMBER = re.compile(r"(?:[Cc]-)?0*([1-9][0-9]{0,8})")


@dataclass(slots=True, kw_only=True)
class Case:
    """One complaint and what became of it. Times are aware."""

    number: int
    received_at: datetime
    channel: str
    capacity: str
    complaint: Complaint | None
    """``None`` once it was erased."""
    is_complete: bool
    completed_at: datetime | None
    """When it became precise enough; the clock for the decision runs from then."""
    acknowledged_at: datetime | None = None
    decision: Mapping[str, Any] | None = None
    """Body of the entry ``decided`` with its personal part."""
    decided_at: datetime | None = None
    receipts: list[Mapping[str, Any]] = field(default_factory=list)
    controls: list[Mapping[str, Any]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    is_erased: bool = False

    @property
    def label(self) -> str:
        """As people write it."""
        return label(self.number)

    @property
    def outcome(self) -> str | None:
        """One of ``OUTCOMES``."""
        return None if self.decision is None else str(self.decision["outcome"])

    @property
    def awaits_receipt(self) -> bool:
        """Whether a decision named a removal list that no receipt answers yet."""
        return self.decision is not None and bool(self.decision.get("removals_count")) and not self.receipts

    @property
    def is_closed(self) -> bool:
        """Whether nothing is left to do."""
        return self.decision is not None and not self.awaits_receipt

    @property
    def state(self) -> str:
        """``received``, ``incomplete``, ``acknowledged``, ``decided`` (its removal is due) or ``closed``."""
        if self.is_closed:
            return "closed"
        if self.decision is not None:
            return "decided"
        if not self.is_complete:
            return "incomplete"
        return "received" if self.acknowledged_at is None else "acknowledged"


def label(number: int) -> str:
    """``C-000001``."""
    return f"C-{number:06d}"


def number_of(text: str) -> int:
    """Read a case number as people write it. Raises UsageError."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no case; write its number, like 12 or C-000012")
    return int(found[1])


def cases_of(entries: Iterable[Entry]) -> dict[int, Case]:
    """Fold the log."""
    cases: dict[int, Case] = {}
    for entry in entries:
        number = entry.body.get("case")
        if not isinstance(number, int):
            continue
        if entry.kind == RECEIVED:
            cases[number] = _begun(entry)
        else:
            _go_on(cases[number], entry)
        case = cases[number]
        case.entries.append(entry)
        case.is_erased = case.is_erased or entry.is_erased
    return cases


def find(cases: Mapping[int, Case], text: str) -> Case:
    """The case that a person names. Raises UsageError."""
    number = number_of(text)
    if number not in cases:
        raise UsageError(f"{label(number)}: no such case; clearcrawl complaints list shows them")
    return cases[number]


def complaint_of(entry: Entry) -> Complaint | None:
    """The complaint of an entry, or ``None`` where it was erased."""
    if entry.personal is None:
        return None
    values = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entry.personal["values"].items()
    }
    return Complaint(values=values, problems=tuple(entry.personal["problems"]))


def _begun(entry: Entry) -> Case:
    body = entry.body
    received = datetime.fromisoformat(body["received_at"])
    return Case(
        number=body["case"],
        received_at=received,
        channel=body["channel"],
        capacity=body["capacity"],
        complaint=complaint_of(entry),
        is_complete=body["is_complete"],
        completed_at=received if body["is_complete"] else None,
    )


def _go_on(case: Case, entry: Entry) -> None:
    at = datetime.fromisoformat(entry.body.get("at") or entry.time)
    if entry.kind == SUPPLEMENT:
        later = complaint_of(entry)
        case.complaint = None if case.complaint is None or later is None else merged(case.complaint, later)
        case.capacity = entry.body["capacity"]
        if entry.body["is_complete"] and not case.is_complete:
            case.is_complete, case.completed_at = True, datetime.fromisoformat(entry.body["received_at"])
    elif entry.kind == ACKNOWLEDGED:
        case.acknowledged_at = case.acknowledged_at or at
    elif entry.kind == CONTROL:
        case.controls.append({**(entry.personal or {}), **entry.body})
    elif entry.kind == DECIDED:
        case.decision, case.decided_at = {**(entry.personal or {}), **entry.body}, at
        case.receipts = []
    elif entry.kind == RECEIPT:
        case.receipts.append({**(entry.personal or {}), **entry.body})
