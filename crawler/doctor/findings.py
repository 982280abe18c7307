"""What an examination finds: one line for each part, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a part is."""

    FINE = "fine"
    NOTE = "note"
    """Good to know; nothing has to be done."""
    WARNING = "warning"
    """A crawl starts, and somebody should look at it."""
    PROBLEM = "problem"
    """A crawl would be refused or would fail."""
    UNKNOWN = "unknown"
    """Not looked at: it needs the network, or the system does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line."""

    part: str
    state: State
    told: str
    """What is the case; may hold text of files and of the system."""
    advice: str = ""
    """What to do; empty where nothing has to be done."""

    @property
    def is_due(self) -> bool:
        """Whether somebody has to do something."""
        return self.state in {State.WARNING, State.PROBLEM}
