"""Weighs a new version of a list against the one in force: what it gains, what it loses, and what a person must see.

Nothing is loaded or put in force here. A doubt may be accepted by a named person; an error of the list may not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.blocklists.interface import Entry, EntryKind
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from crawler.blocklists.interface import Finding

MOST_LOST = 0.10
"""Share of the entries in force that may go without a person (R7.5)."""
MOST_GAINED = 0.50
"""Share by which the number of entries may grow without a person (R7.5)."""
KEPT = 50
"""Findings and doubtful names that are told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why a version is not put in force until a person accepts it."""

    code: str
    """``lost``, ``grown``, ``public_suffix``, ``bare_label`` or ``protected``."""
    problem: str
    line: int | None = None
    name: str | None = None
    """The entry that is doubted; accepting the doubt accepts this name for this list."""


@dataclass(slots=True, kw_only=True)
class Survey:
    """What one version of a list holds."""

    keys: set[int] = field(default_factory=set)
    """One number an entry; numbers of one process may be compared with each other."""
    errors: list[Finding] = field(default_factory=list)
    """The first ``KEPT`` of them."""
    error_count: int = 0
    notes: int = 0
    doubts: list[Doubt] = field(default_factory=list)
    """Names that the list must not cover, each once."""

    @property
    def entries(self) -> int:
        """How many different ones."""
        return len(self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A new version beside the one in force."""

    before: int | None
    """Entries in force; ``None`` for a list that is new here."""
    after: int
    added: int
    removed: int
    doubts: tuple[Doubt, ...]


def key_of(entry: Entry) -> int:
    """The number of an entry, whatever line it stands on."""
    return hash((entry.kind.value, entry.value))


def survey(
    items: Iterable[Entry | Finding],
    *,
    is_suffix: Callable[[str], bool],
    protected: Collection[str],
    accepted: Collection[str] = frozenset(),
) -> Survey:
    """Count and judge what ``read_list`` said under guards that let every name pass.

    ``accepted`` are names that a person has accepted for this list before.
    """
    found = Survey()
    doubted: set[str] = set()
    for item in items:
        if isinstance(item, Entry):
            found.keys.add(key_of(item))
            if item.kind is EntryKind.DOMAIN and item.value not in accepted and item.value not in doubted:
                doubt = _doubt(item, is_suffix, protected)
                if doubt is not None:
                    doubted.add(item.value)
                    found.doubts.append(doubt)
        elif item.is_error:
            found.error_count += 1
            if len(found.errors) < KEPT:
                found.errors.append(item)
        else:
            found.notes += 1
    return found


def weigh(before: Survey | None, after: Survey) -> Change:
    """Compare a version with the one in force."""
    if before is None:
        return Change(before=None, after=after.entries, added=after.entries, removed=0, doubts=tuple(after.doubts))
    removed, added = len(before.keys - after.keys), len(after.keys - before.keys)
    doubts = list(after.doubts)
    if removed > before.entries * MOST_LOST:
        doubts.append(
            Doubt(
                code="lost",
                problem=f"lost {removed} of {before.entries} entries; "
                f"more than {MOST_LOST:.0%} do not go without a person",
            )
        )
    if after.entries - before.entries > before.entries * MOST_GAINED:
        doubts.append(
            Doubt(
                code="grown",
                problem=f"grew from {before.entries} to {after.entries} entries; "
                f"more than {MOST_GAINED:.0%} do not come without a person",
            )
        )
    return Change(before=before.entries, after=after.entries, added=added, removed=removed, doubts=tuple(doubts))


def _doubt(entry: Entry, is_suffix: Callable[[str], bool], protected: Collection[str]) -> Doubt | None:
    name = for_terminal(entry.value)
    if is_suffix(entry.value):
        if "." in entry.value:
            return Doubt(
                code="public_suffix",
                problem=f"{name} is a public suffix: it would cover the names of strangers",
                line=entry.line,
                name=entry.value,
            )
        return Doubt(
            code="bare_label",
            problem=f"{name} is a public suffix or a bare label: it would cover the names of strangers",
            line=entry.line,
            name=entry.value,
        )
    if entry.value in protected:
        return Doubt(
            code="protected",
            problem=f"{name} is or covers a name of protected.txt",
            line=entry.line,
            name=entry.value,
        )
    return None
