"""What deciding a row again can come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.policy.decision import Decision


class UnreplayableError(Exception):
    """What a decision was made of is not there any more, or does not fit the row: no verdict can be made of it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        """Stable word for scripts."""


class Outcome(StrEnum):
    """One word a row."""

    SAME = "same"
    """Decided again from evidence, with the same result."""
    DIFFERENT = "different"
    ON_RECORD = "on_record"
    """Rests on an event that leaves no bytes, e.g. a name that did not resolve: the row alone tells of it. All else was
    decided again, and with that event the result is the same."""
    UNREPLAYABLE = "unreplayable"
    """Evidence is missing or does not fit."""
    ERASED = "erased"
    """The row was removed by request; its leaf hash stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A decision made again."""

    decision: Decision
    url: str | None = None
    """The exact one, where the row hides a value of it."""
    columns: Mapping[str, Any]
    """Columns of the row as they follow from the evidence: those that are compared."""
    event: str | None = None
    """Code of the event that was taken from the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row that is not simply the same."""

    row: Mapping[str, Any]
    outcome: Outcome
    detail: str
    """Why it cannot be replayed; which event; empty for a difference."""
    code: str = ""
    differences: Mapping[str, tuple[Any, Any]]
    """Column to what is stored and what was replayed."""
