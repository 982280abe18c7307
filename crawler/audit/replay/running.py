"""Replays whole crawls: streams the rows, compares what is stored with what follows from the evidence, and counts."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from crawler.audit.kept import History
from crawler.audit.replay.deciding import Replayer
from crawler.audit.replay.evidence import Records
from crawler.audit.replay.parts import Opening, embedding_pages, hops, in_parts, rest
from crawler.audit.replay.rows import BARRIER, DECISION, LISTED, ROBOTS
from crawler.audit.replay.rules import Rules
from crawler.audit.replay.sites import Sites
from crawler.audit.replay.state import Finding, Outcome, UnreplayableError
from crawler.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from crawler.audit.replay.state import Replayed
    from crawler.blocklists.matcher import Matcher
    from crawler.policy.document import CrawlPolicy
    from crawler.storage.reading import CrawlReader

    Row = Mapping[str, Any]

TOLD_EVERY = 5_000
"""Rows between two lines of progress."""
_PLAIN = (*DECISION, *ROBOTS, *BARRIER, *LISTED)
_OF_PLAIN = itemgetter(*_PLAIN)
_NOTHING: Finding = Finding(row={}, outcome=Outcome.SAME, detail="", differences={})
"""What almost every row comes to; of these none is told, so that one stands for all."""
_NOBODY: Callable[[int], None] = lambda _rows: None  # noqa: E731 - a default that says nothing


@dataclass(slots=True, kw_only=True)
class Replay:
    """What replaying came to."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    """Differences and rows without evidence, first ones first, ``limit`` of each outcome at most."""
    whys: Counter[str] = field(default_factory=Counter)
    """Code of what is missing, or of the event on record, to rows."""
    seconds: float = 0.0

    def add(self, later: Replay, limit: int) -> None:
        """Take in what came of the rows behind, with ``limit`` findings of each outcome at most."""
        room = {kind: limit - self.counts[kind] for kind in later.counts}
        self.counts += later.counts
        self.whys += later.whys
        for one in later.findings:
            room[one.outcome] -= 1
            if room[one.outcome] >= 0:
                self.findings.append(one)

    @property
    def rows(self) -> int:
        """All that were looked at."""
        return self.counts.total()

    @property
    def exit_code(self) -> ExitCode:
        """1 for a difference, 3 where something cannot be replayed."""
        if self.counts[Outcome.DIFFERENT]:
            return ExitCode.FINDINGS
        return ExitCode.INCOMPLETE if self.counts[Outcome.UNREPLAYABLE] else ExitCode.CLEAN


def open_replayer(
    reader: CrawlReader,
    *,
    policy: CrawlPolicy | None = None,
    matcher: Matcher | None = None,
    today: date | None = None,
    others: Sequence[CrawlReader] = (),
) -> Replayer:
    """Go through the log once, and be ready for rows. Raises ``DamagedStateError``.

    ``others`` may hold bodies that this crawl did not store again.
    """
    sites, history = Sites(reader), History()
    for entry in reader.entries():
        if entry["type"] == "site_file":
            sites.note(entry)
        else:
            history.note_rules(entry["body"])
    return Replayer(sites, Records(reader, others), Rules(reader, history, policy=policy, matcher=matcher, today=today))


def in_order(reader: CrawlReader) -> Iterator[Row]:
    """Rows so that a redirect comes before what it led to: first all redirects by time, then the rest as they lie."""
    yield from hops(reader)
    yield from rest(reader)


def replay(
    reader: CrawlReader,
    into: Replay,
    *,
    limit: int = 10_000,
    announce: Callable[[int], None] = _NOBODY,
    others: Sequence[CrawlReader] = (),
    jobs: int = 1,
) -> None:
    """Decide all rows of a crawl again, and compare. Raises ``DamagedStateError`` where it cannot be read at all.

    ``jobs`` processes share the rows; findings and their order do not depend on how many.
    """
    started = time.perf_counter()
    replayer = open_replayer(reader, others=others)
    before = into.rows

    def told(rows: int) -> None:
        announce(before + rows)

    into.add(look_over(replayer, hops(reader), limit=limit, announce=told), limit)
    learn(replayer, embedding_pages(reader))
    if jobs == 1:
        before = into.rows
        into.add(look_over(replayer, rest(reader), limit=limit, announce=told), limit)
    else:
        folders = tuple(one.root for one in others)
        work = partial(look_over, limit=limit)
        opening = Opening(folder=reader.root, others=folders, learned=replayer.learned, work=work)
        for part in in_parts(reader, opening, jobs):
            into.add(part, limit)
            announce(into.rows)
    into.seconds += time.perf_counter() - started


def learn(replayer: Replayer, rows: Iterable[Row]) -> None:
    """Decide rows for what they make of others; what they come to themselves is told in their turn."""
    for row in rows:
        with suppress(UnreplayableError):
            replayer.replay(row)


def look_over(
    replayer: Replayer, rows: Iterable[Row], *, limit: int, announce: Callable[[int], None] = _NOBODY
) -> Replay:
    """Decide rows again, and compare."""
    found = Replay()
    for number, row in enumerate(rows, 1):
        one = look_again(replayer, row)
        found.counts[one.outcome] += 1
        if one.code:
            found.whys[one.code] += 1
        is_told = one.outcome in {Outcome.DIFFERENT, Outcome.UNREPLAYABLE}
        if is_told and found.counts[one.outcome] <= limit:
            found.findings.append(one)
        if number % TOLD_EVERY == 0:
            announce(number)
    return found


def look_again(replayer: Replayer, row: Row) -> Finding:
    """Decide one row again and say what that came to."""
    if row["erased_at"] is not None or row["verdict"] is None:
        return Finding(row=row, outcome=Outcome.ERASED, detail="", differences={})
    try:
        replayed = replayer.replay(row)
    except UnreplayableError as error:
        return Finding(row=row, outcome=Outcome.UNREPLAYABLE, code=error.code, detail=str(error), differences={})
    differences = compare(row, replayed)
    if differences:
        return Finding(row=row, outcome=Outcome.DIFFERENT, detail="", differences=differences)
    if replayed.event is None:
        return _NOTHING
    return Finding(row=row, outcome=Outcome.ON_RECORD, code=replayed.event, detail="", differences={})


def compare(row: Row, replayed: Replayed) -> dict[str, tuple[Any, Any]]:
    """Columns that are not what they should be: stored, replayed."""
    columns = replayed.columns
    found: dict[str, tuple[Any, Any]] = {}
    if _OF_PLAIN(row) != _OF_PLAIN(columns):
        found = {name: (row[name], columns[name]) for name in _PLAIN if row[name] != columns[name]}
    statements = sorted(row["statements"]) if row["statements"] else []
    if statements != columns["statements"]:
        found["statements"] = (statements, columns["statements"])
    if row["statements_unread"] != columns["statements_unread"]:
        found["statements_unread"] = (row["statements_unread"], columns["statements_unread"])
    return found
