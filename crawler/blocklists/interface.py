"""What a list says: entries, findings, the answer about a URL, and what a format of lists has to offer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is odd about a line; one error keeps the whole list from being loaded."""

    line: int | None
    """Counted from 1; ``None`` where the whole list is meant."""
    problem: str
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The entry that covers a host, URL or address: what a row and an answer to a person name."""

    list_id: str
    list_digest: Digest
    """Of the bytes of the list."""
    entry: str
    """As matched, canonical."""
    line: int


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
