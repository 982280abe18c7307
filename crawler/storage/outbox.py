"""The frontier of one worker among several: URLs of its own domains wait here, all others lie in an outbox.

A domain is the worker's own where its journal has a lane for it, and only ``receive`` makes lanes: what the worker
that routes between them has handed over. An entry of the outbox is committed with the page that named it, and leaves
when its owner has it on disk: at least once, and the owner's unique key drops repeats (R5.12).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.errors import UrlError
from crawler.provenance.leaf import time_text
from crawler.storage.entries import NewUrl, Role, Via
from crawler.storage.frontier import Frontier
from crawler.values.url import CanonicalUrl, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.storage.journal import Journal

_TABLE = """CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, lane TEXT NOT NULL, url TEXT NOT NULL)"""
_FOREIGN = 200_000
"""Domains of others remembered in memory."""
_RECENT = 1 << 17
"""URLs of others that were put out a moment ago: most links repeat one of them, and cost nothing then."""
_MEMBERS = {
    "url": str, "lane": str, "depth": int, "via": str, "role": str, "site": str | None, "referrer": str | None,
    "chain": list, "inherited": str | None, "discovered_at": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One URL on its way to the owner of its domain."""

    id: int
    """In the outbox it lies in."""
    lane: str
    text: str
    """``to_text`` of the URL."""


def to_text(new: NewUrl) -> str:
    """A URL with all that it carries, as JSON on one line."""
    return json.dumps(
        {
            "url": new.url, "lane": new.lane, "depth": new.depth, "via": new.via.value, "role": new.role.value,
            "site": new.site, "referrer": new.referrer, "chain": list(new.chain), "inherited": new.inherited,
            "discovered_at": time_text(new.discovered_at),
        }
    )  # fmt: skip


def from_text(text: str) -> NewUrl:
    """Read it again, checked member by member. Raises ValueError for anything else (``UrlError`` is none)."""
    found: Any = json.loads(text)
    if not isinstance(found, dict) or found.keys() != _MEMBERS.keys():
        raise ValueError("is no URL with what it carries")
    for name, kind in _MEMBERS.items():
        if not isinstance(found[name], kind) or isinstance(found[name], bool):
            raise ValueError(f"{name} is of another type")  # noqa: TRY004 - what was read is wrong, not who calls
    chain = found["chain"]
    if not all(isinstance(hop, str) for hop in chain) or found["depth"] < 0:
        raise ValueError("chain or depth is of another form")
    try:
        is_canonical = parse(found["url"]).text == found["url"]
    except UrlError as error:
        raise ValueError(f"url: {error}") from error
    if not is_canonical:
        raise ValueError("url is not in its canonical form")
    return NewUrl(
        url=CanonicalUrl(found["url"]), lane=found["lane"], depth=found["depth"], via=Via(found["via"]),
        role=Role(found["role"]), site=found["site"],
        referrer=None if found["referrer"] is None else CanonicalUrl(found["referrer"]),
        chain=tuple(chain), inherited=found["inherited"], discovered_at=datetime.fromisoformat(found["discovered_at"]),
    )  # fmt: skip


class SharedFrontier(Frontier):
    """The frontier of one worker among several. Called inside a transaction, but for the questions."""

    def __init__(self, journal: Journal) -> None:
        """Make the outbox where it is missing."""
        super().__init__(journal.connection)
        self._journal = journal
        journal.connection.execute(_TABLE)
        self._foreign: set[str] = set()
        self._put_out: set[str] = set()
        self.newest: int = journal.connection.execute("SELECT coalesce(max(id), 0) FROM outbox").fetchone()[0]
        """Id of the newest parcel; read from any thread."""

    def add(self, urls: Iterable[NewUrl]) -> int:
        """Put URLs of own domains in, all others into the outbox; answer how many of the own ones were not known."""
        own: list[NewUrl] = []
        others: list[tuple[str, str]] = []
        for new in urls:
            if self._is_own(new.lane):
                own.append(new)
            elif new.inherited is not None or new.url not in self._put_out:
                if new.inherited is None:
                    self._put_out.add(new.url)
                others.append((new.lane, to_text(new)))
        if len(self._put_out) > _RECENT:
            self._put_out = set()
        if others:
            self._connection.executemany("INSERT INTO outbox (lane, url) VALUES (?, ?)", others)
            self.newest = self._connection.execute("SELECT max(id) FROM outbox").fetchone()[0]
        return super().add(own)

    def _is_own(self, lane: str) -> bool:
        if lane in self._lanes:
            return True
        if lane in self._foreign:
            return False
        found = self._connection.execute("SELECT id FROM lanes WHERE name = ?", (lane,)).fetchone()
        if found is not None:
            self._lane(lane)
            return True
        if len(self._foreign) >= _FOREIGN:
            self._foreign.clear()
        self._foreign.add(lane)
        return False

    def receive(self, urls: Sequence[NewUrl]) -> int:
        """Take in URLs whose domains are this worker's from now on, in a transaction; answer how many were new."""
        with self._journal.transaction():
            self._foreign.difference_update(new.lane for new in urls)
            added = super().add(urls)
            self._journal.add({"waiting": added})
        return added

    def owns(self, lane: str) -> bool:
        """Whether a domain is this worker's own."""
        return self._is_own(lane)

    def adopt(self, lane: str) -> None:
        """Make a domain this worker's own that nobody owned, without a URL of it, in a transaction."""
        with self._journal.transaction():
            self._foreign.discard(lane)
            self._lane(lane)

    def parcels(self, after: int, limit: int) -> list[Parcel]:
        """What lies in the outbox behind an id, oldest first."""
        query = "SELECT id, lane, url FROM outbox WHERE id > ? ORDER BY id LIMIT ?"
        return [Parcel(id=row[0], lane=row[1], text=row[2]) for row in self._connection.execute(query, (after, limit))]

    def handed_over(self, ids: Iterable[int]) -> None:
        """Drop parcels that their owners have on disk, in a transaction."""
        with self._journal.transaction():
            self._connection.executemany("DELETE FROM outbox WHERE id = ?", [(one,) for one in ids])
