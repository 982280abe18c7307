"""The durable frontier: which URLs are known, where each stands, and whose turn it is. Called inside a transaction.

A lane is a registrable domain. ``lanes.due`` is 0 where a URL of it waits unparked, else when its first parked URL
is due, NULL where none waits; ``lanes.turn`` is the number of the attempt that was the newest when the lane was last
served (or made), so that the smallest is the one that waited longest.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from crawler.provenance.leaf import time_text
from crawler.storage.entries import Claim, NewUrl, Role, Taken, UrlState, Via
from crawler.values.url import CanonicalUrl
from crawler.values.url_shape import shape_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.storage.entries import ClaimRequest

_LANE_CACHE = 65536
_RECENT = 1 << 17
"""Exact URLs remembered in memory: most links of a page were seen a moment ago, and then cost no look-up."""
_PAGE = 500
_COLUMNS = """frontier.id, frontier.tries, frontier.url, lanes.name, frontier.depth, frontier.via, frontier.referrer,
 frontier.chain, frontier.inherited, frontier.discovered_at, lanes.claimed, frontier.why, role, site"""
SITEMAPS_COUNTED = 10_000
"""So many sitemaps of a site are counted at most; the policy's limit is no higher."""


class Frontier:
    """Works on the journal's connection; ``next_attempt`` is the id of the next attempt."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lanes: dict[str, int] = {}
        self._recent: set[str] = set()
        newest = connection.execute("SELECT coalesce(max(id), 0) FROM attempts").fetchone()[0]
        self.next_attempt: int = newest + 1

    def add(self, urls: Iterable[NewUrl]) -> int:
        """Put in what is not known yet; answer how many that were."""
        rows: list[tuple[Any, ...]] = []
        recent = self._recent
        moment: datetime | None = None
        moment_text = ""
        for new in urls:
            if new.inherited is None:
                if new.url in recent:
                    continue
                recent.add(new.url)
            if new.discovered_at is not moment:
                moment = new.discovered_at
                moment_text = time_text(moment)
            chain = json.dumps(new.chain) if new.chain else None
            lane = self._lanes.get(new.lane) or self._lane(new.lane)
            key = _key(new.url)
            rows.append(
                (key, new.url, lane, new.depth, new.via.value, new.referrer, chain, new.inherited, moment_text,
                 new.role.value, new.site)
            )  # fmt: skip
        if len(recent) > _RECENT:
            self._recent = set()
        if not rows:
            return 0
        run = self._connection.execute
        newest = run("SELECT coalesce(max(id), 0) FROM frontier").fetchone()[0]
        added = self._connection.executemany(
            "INSERT OR IGNORE INTO frontier"
            " (key, url, lane, depth, via, referrer, chain, inherited, discovered_at, role, site)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        ).rowcount
        # A page that reserves its media binds a file that waits already, since another page embeds it as well.
        self._connection.executemany(
            "UPDATE frontier SET inherited = ? WHERE key = ? AND state = 0 AND inherited IS NULL",
            [(row[7], row[0]) for row in rows if row[7] is not None],
        )
        if added:
            run("UPDATE lanes SET due = 0 WHERE id IN (SELECT DISTINCT lane FROM frontier WHERE id > ?)", (newest,))
        return added

    def _lane(self, name: str) -> int:
        run = self._connection.execute
        run("INSERT OR IGNORE INTO lanes (name, turn) VALUES (?, ?)", (name, self.next_attempt))
        found: int = run("SELECT id FROM lanes WHERE name = ?", (name,)).fetchone()[0]
        if len(self._lanes) >= _LANE_CACHE:
            self._lanes.clear()
        self._lanes[name] = found
        return found

    def refresh(self, lanes: Iterable[str]) -> None:
        """Find out again when these lanes are due, after URLs of them changed their state."""
        self._connection.executemany(
            "UPDATE lanes SET due = (SELECT not_before FROM frontier WHERE lane = lanes.id AND state = 0"
            " ORDER BY not_before LIMIT 1) WHERE name = ?",
            [(name,) for name in lanes],
        )

    def claim(self, wanted: ClaimRequest, *, wall: float, monotonic: float) -> tuple[Claim, ...]:
        """Give out due URLs of the lanes that waited longest, and write down their attempts."""
        claims: list[Claim] = []
        served: list[str] = []
        for lane_id, name in self._due_lanes(wanted):
            found = self._of_lane(lane_id, now=wanted.now, limit=min(wanted.per_lane, wanted.limit - len(claims)))
            if found:
                served.append(name)
                claims += found
            if len(claims) >= wanted.limit:
                break
        run_all = self._connection.executemany
        run_all("UPDATE frontier SET state = 1, tries = tries + 1 WHERE id = ?", [(c.frontier_id,) for c in claims])
        run_all(
            "INSERT INTO attempts (id, frontier_id, outcome, wall, monotonic) VALUES (?, ?, 'sent', ?, ?)",
            [(c.attempt_id, c.frontier_id, wall, monotonic) for c in claims],
        )
        run_all("UPDATE lanes SET turn = ? WHERE name = ?", [(self.next_attempt, name) for name in served])
        run_all("UPDATE lanes SET claimed = claimed + 1 WHERE name = ?", [(c.new.lane,) for c in claims if not c.tries])
        self.refresh(served)
        return tuple(claims)

    def _due_lanes(self, wanted: ClaimRequest) -> list[tuple[int, str]]:
        """Enough lanes to fill the request, longest waiting first; bounded by limit and exclusions."""
        need = max(wanted.limit, 0)
        found: list[tuple[int, int, str]] = []
        for query, arguments in (
            ("SELECT turn, id, name FROM lanes WHERE due = 0 ORDER BY turn", ()),
            ("SELECT turn, id, name FROM lanes WHERE due > 0 AND due <= ? ORDER BY due", (wanted.now,)),
        ):
            chosen = 0
            for turn, lane_id, name in self._connection.execute(query, arguments):
                if chosen >= need:
                    break
                if name not in wanted.exclude:
                    found.append((turn, lane_id, name))
                    chosen += 1
        found.sort()
        return [(lane_id, name) for _, lane_id, name in found]

    def _of_lane(self, lane: int, *, now: float, limit: int) -> list[Claim]:
        """URLs of one lane: parked ones that are due, then unparked ones, each in order of discovery."""
        claims: list[Claim] = []
        for condition, arguments in (("> 0 AND not_before <= ?", (now,)), ("= 0", ())):
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM frontier JOIN lanes ON lanes.id = frontier.lane"  # noqa: S608 - constants only
                f" WHERE lane = ? AND state = 0 AND not_before {condition} ORDER BY not_before, frontier.id LIMIT ?",
                (lane, *arguments, limit - len(claims)),
            ).fetchall()
            for row in rows:
                ahead = sum(not claim.tries for claim in claims)
                claims.append(self._with_counts(_claim(row, attempt_id=self.next_attempt), ahead))
                self.next_attempt += 1
        return claims

    def _with_counts(self, claim: Claim, ahead: int) -> Claim:
        """Say what the limits of ``[traps]`` and ``[limits]`` count; ``ahead`` are claims of the same lane and call."""
        run = self._connection.execute
        new = claim.new
        shape = shape_of(new.url)
        found = None if shape is None else run("SELECT repeated FROM shapes WHERE shape = ?", (_key(shape),)).fetchone()
        before = 0
        if new.role is Role.SITEMAP:
            earlier = "SELECT 1 FROM frontier WHERE role = 'sitemap' AND site = ? AND id < ? LIMIT ?"
            query = f"SELECT count(*) FROM ({earlier})"  # noqa: S608 - constants only
            before = run(query, (new.site, claim.frontier_id, SITEMAPS_COUNTED)).fetchone()[0]
        return replace(
            claim, lane_pages=claim.lane_pages + ahead, alike=0 if found is None else found[0], sitemaps_before=before
        )

    def count_alike(self, shapes: Iterable[str]) -> None:
        """Count URLs whose body repeats that of another URL of the same shape; the first one counts with its repeat."""
        self._connection.executemany(
            "INSERT INTO shapes VALUES (?, 2) ON CONFLICT DO UPDATE SET repeated = repeated + 1",
            [(_key(shape),) for shape in shapes],
        )

    def give_back(self, lanes: Iterable[str]) -> None:
        """Take URLs off the budget of their domain that were refused without being asked for."""
        self._connection.executemany(
            "UPDATE lanes SET claimed = max(claimed - 1, 0) WHERE name = ?", [(name,) for name in lanes]
        )

    def take(self, wanted: NewUrl, *, crawl_number: int, wall: float, monotonic: float) -> Taken:
        """Give out one URL by name and write down its attempt; tries of earlier crawls of the folder do not count."""
        run = self._connection.execute
        is_new = self.add((wanted,)) == 1
        *row, state, rowed = run(
            f"SELECT {_COLUMNS}, state, rowed FROM frontier JOIN lanes ON lanes.id = frontier.lane"  # noqa: S608 - constants only
            " WHERE key = ?",
            (_key(wanted.url),),
        ).fetchone()
        before = UrlState(state)
        if before is UrlState.SENT or rowed >= crawl_number:
            return Taken(claim=None, state=before, is_new=is_new)
        claim = self._with_counts(_claim(row, attempt_id=self.next_attempt), 0)
        claim = replace(claim, tries=0) if rowed else claim
        self.next_attempt += 1
        run("UPDATE frontier SET state = 1, tries = ? WHERE id = ?", (claim.tries + 1, claim.frontier_id))
        run(
            "INSERT INTO attempts (id, frontier_id, outcome, wall, monotonic) VALUES (?, ?, 'sent', ?, ?)",
            (claim.attempt_id, claim.frontier_id, wall, monotonic),
        )
        if not claim.tries:
            run("UPDATE lanes SET claimed = claimed + 1 WHERE name = ?", (claim.new.lane,))
        self.refresh([claim.new.lane])
        return Taken(claim=claim, state=before, is_new=is_new)

    def intend(self, targets: Iterable[str], *, wall: float, monotonic: float) -> tuple[int, ...]:
        """Write down attempts that are no claims; answer their ids."""
        rows = [(self.next_attempt + index, target, wall, monotonic) for index, target in enumerate(targets)]
        self._connection.executemany(
            "INSERT INTO attempts (id, target, outcome, wall, monotonic) VALUES (?, ?, 'sent', ?, ?)", rows
        )
        self.next_attempt += len(rows)
        return tuple(row[0] for row in rows)

    def end_attempts(self, ends: Iterable[tuple[str, float, str, int]]) -> int:
        """Write outcome, end and detail of attempts that are on their way; answer how many were."""
        statement = "UPDATE attempts SET outcome = ?, ended = ?, detail = ? WHERE id = ? AND outcome = 'sent'"
        return max(self._connection.executemany(statement, ends).rowcount, 0)

    def settle(self, states: Iterable[tuple[UrlState, float | None, int, int, UrlState, int, str]]) -> int:
        """Set state, not-before and number of the crawl whose row was written; answer how many URLs that was.

        Each tuple: new state, not-before (``None``: as it was), crawl number (0: no row), frontier id, state before,
        crawl number, detail. A URL that is in another state, or that has a row of this crawl when it gets one, is left
        alone.
        """
        return max(
            self._connection.executemany(
                "UPDATE frontier SET state = ?1, not_before = coalesce(?2, not_before), rowed = max(rowed, ?3),"
                " why = CASE WHEN ?1 = 0 THEN ?7 END, inherited = CASE WHEN ?1 = 0 THEN inherited END,"
                " chain = CASE WHEN ?1 = 0 THEN chain END"
                " WHERE id = ?4 AND state = ?5 AND (?3 = 0 OR rowed < ?6)",
                states,
            ).rowcount,
            0,
        )

    def release(self, claims: Iterable[Claim]) -> int:
        """Take back claims that were not sent; answer how many there were."""
        statement = "UPDATE frontier SET state = 0, tries = tries - 1 WHERE id = ? AND state = 1"
        return max(self._connection.executemany(statement, [(claim.frontier_id,) for claim in claims]).rowcount, 0)

    def next_due(self) -> float | None:
        """When the first lane that holds parked URLs only is due."""
        due: float | None = self._connection.execute("SELECT min(due) FROM lanes WHERE due > 0").fetchone()[0]
        return due

    def parked(self, *, crawl_number: int) -> Iterator[Claim]:
        """URLs that wait, were tried or put off, and have no row of this crawl."""
        last = 0
        while True:
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM frontier JOIN lanes ON lanes.id = frontier.lane"  # noqa: S608 - constants only
                " WHERE frontier.id > ? AND state = 0 AND (tries > 0 OR not_before > 0) AND rowed < ?"
                " ORDER BY frontier.id LIMIT ?",
                (last, crawl_number, _PAGE),
            ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield from (_claim(row, attempt_id=0) for row in rows)


def _key(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def _claim(row: Sequence[Any], *, attempt_id: int) -> Claim:
    frontier_id, tries, url, lane, depth, via, referrer, chain, inherited, discovered_at, claimed, why, role, site = row
    new = NewUrl(
        url=CanonicalUrl(url),
        lane=lane,
        depth=depth,
        via=Via(via),
        role=Role(role),
        site=site,
        referrer=None if referrer is None else CanonicalUrl(referrer),
        chain=() if chain is None else tuple(json.loads(chain)),
        inherited=inherited,
        discovered_at=datetime.fromisoformat(discovered_at),
    )
    return Claim(frontier_id=frontier_id, attempt_id=attempt_id, tries=tries, new=new, lane_pages=claimed, why=why)
