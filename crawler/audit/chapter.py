"""One chapter of an explanation: what is said, where the bytes lie that show it, and what does not fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Chapter:
    """One link of the chain. All text may hold what strangers wrote."""

    topic: str
    """Stable name for scripts."""
    title: str
    sentences: list[str] = field(default_factory=list)
    evidence: list[tuple[str, str]] = field(default_factory=list)
    """Name and value: digests, and places in the crawl's files."""
    problems: list[str] = field(default_factory=list)


def when(moment: datetime) -> str:
    """UTC to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
