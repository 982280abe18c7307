"""What is due to go because its time has ended: ``retention.toml`` of legal, kind ``pages``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from crawler.errors import DocumentError, UsageError
from crawler.policy.profile_reading import MODEL, RETENTION, model, retention
from crawler.values.strict_toml import Source

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.policy.profiles import Keep

KIND = "pages"
REASON = "retention_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Pages that were fetched before a moment."""

    before: datetime
    """UTC; the smallest moment there is where nothing is due yet."""
    basis: str
    """Who says how long pages are kept."""


def read_due(policies: Path, *, today: date) -> Due:
    """Read ``retention.toml``, and ``model.toml`` where time runs from the market.

    Raises UsageError where pages have no term there, or it runs from what nobody has written down; DocumentError.
    """
    source = _source(policies, RETENTION)
    keep = next((one for one in retention(source.root()).keeps if one.kind == KIND), None)
    if source.mistakes:
        raise DocumentError(source.mistakes)
    if keep is None:
        raise UsageError(f"{policies / RETENTION}: says nothing of [{KIND}]; write years or days, starts and basis")
    begins = today if keep.starts == "written" else _on_market(policies, keep)
    last_kept = _earlier(today, keep)
    on_market = today if begins <= last_kept else date.min
    before = on_market if keep.starts == "market" else last_kept
    return Due(before=datetime.combine(before, time(), UTC), basis=keep.basis)


def _source(policies: Path, name: str) -> Source:
    path = policies / name
    try:
        return Source(name, path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); --due goes by it") from error


def _on_market(policies: Path, keep: Keep) -> date:
    """The last day on which a version of the model was placed on the market."""
    if keep.starts != "market":
        raise UsageError(f"{policies / RETENTION}: [{KIND}] starts = {keep.starts!r}; write 'written' or 'market'")
    source = _source(policies, MODEL)
    days = [version.placed_on_market for version in model(source.root()).versions]
    if source.mistakes:
        raise DocumentError(source.mistakes)
    known = [day for day in days if day is not None]
    if not known or len(known) < len(days):
        raise UsageError(
            f"{policies / MODEL}: a version has no placed_on_market, and the term of [{KIND}] runs from it"
        )
    return max(known)


def _earlier(day: date, keep: Keep) -> date:
    """The day a term ago; the 29th of February becomes the 28th."""
    try:
        moved = day.replace(year=day.year - keep.years)
    except ValueError:
        moved = day.replace(year=day.year - keep.years, day=28)
    return moved - timedelta(days=keep.days)
