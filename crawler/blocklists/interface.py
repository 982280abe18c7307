"""What a list says: entries, findings, the answer about a URL, and what a format of lists has to offer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from crawler.values.digest import Digest


class EntryKind(Enum):
    """What an entry covers."""

    DOMAIN = "domain"
    """The name and all names below it."""
    PATH = "path"
    """``host/path`` and everything below the path, on this host alone."""
    NETWORK = "network"
    """Addresses: literal hosts before DNS, resolved ones when dialled."""


class Entry(NamedTuple):
    """One thing that is never asked for."""

    kind: EntryKind
    value: str
    """Canonical: a ``Host``, ``host/path``, or a network in CIDR notation."""
    line: int
    valid_from: date | None = None
    """First day, where the list dates its entries."""
    valid_to: date | None = None
    """Last day."""
    reference: str | None = None
    """What the list says of this one entry, e.g. the number of a decision."""

    def is_in_force(self, today: date) -> bool:
        """Whether the day lies within the entry's own dates."""
        return not (self.valid_from and today < self.valid_from) and not (self.valid_to and today > self.valid_to)


class Run(NamedTuple):
    """Domain entries of lines that follow each other: many at once, since lists have millions."""

    first: int
    """Line of the first name."""
    names: list[bytes]
    """Canonical hosts of at least two labels, checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is odd about a line; one error keeps the whole list from being loaded."""

    line: int | None
    """Counted from 1; ``None`` where the whole list is meant."""
    problem: str
    is_error: bool
    excepts: str | None = None
    """Host that the list itself would let pass; ours alone are in ``exceptions.toml``, so it stays blocked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The entry that covers a host, URL or address: what a row and an answer to a person name."""

    list_id: str
    list_digest: Digest
    """Of the bytes of the list: its version."""
    entry: str
    """As matched, canonical."""
    line: int
    reference: str | None = None
    """What the list says of this one entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column of a table, or which key of an object, holds what: ``[list.columns]`` of the catalog.

    Columns go by the name in the first row, or by their number from 1.
    """

    entry: str | None = None
    """The name, address or URL; without it a usual name is looked for."""
    is_url: bool = False
    """Whether a path stays a path; else a URL counts as its host."""
    valid_from: str | None = None
    valid_to: str | None = None
    reference: str | None = None
    delimiter: str | None = None
    """Of a CSV file; without it the first row tells."""


class BlocklistFormat(Protocol):
    """How lists of one make are written. Any bytes in, entries and findings out; never an exception."""

    @property
    def id(self) -> str:
        """Name in the catalog."""

    @property
    def title(self) -> str:
        """For people."""

    def read(self, lines: Iterable[bytes]) -> Iterator[Entry | Finding]:
        """Read lines one by one, in order; line ends may still be there."""

    def share(self, head: Sequence[str]) -> float:
        """How much of the beginning of a list, blank lines left out, is written this way: 0 to 1."""
