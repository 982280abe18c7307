"""What another policy, or other blocklists, would have made of a crawl: rows, domains, octets, and what has to go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.audit.replay.running import in_order, open_replayer
from crawler.audit.replay.state import UnreplayableError
from crawler.errors import ExitCode
from crawler.provenance.removals import Removal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from crawler.audit.replay.state import Replayed
    from crawler.blocklists.matcher import Matcher
    from crawler.policy.document import CrawlPolicy
    from crawler.storage.reading import CrawlReader

    Row = Mapping[str, Any]

TOLD_EVERY = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row that would have another verdict."""

    url: str
    domain: str
    crawl_id: str
    was: tuple[str, str]
    """Verdict and reason as stored."""
    would_be: tuple[str, str]
    """Verdict and reason under the other rules. ``allow`` of what was never asked for means that it would be asked
    for; what the answer would say, nobody knows."""
    bytes_retained: int

    @property
    def has_to_go(self) -> bool:
        """Whether something is kept that would not be."""
        return self.was[0] == "allow" and self.would_be[0] != "allow"


@dataclass(slots=True, kw_only=True)
class Changes:
    """Over all crawls."""

    rows: int = 0
    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """Verdict and reason before and after, to rows."""
    changes: list[Change] = field(default_factory=list)
    unreplayable: Counter[str] = field(default_factory=Counter)

    @property
    def going(self) -> list[Change]:
        """What would have to go, in the order of the rows."""
        return [one for one in self.changes if one.has_to_go]

    @property
    def exit_code(self) -> ExitCode:
        """1 where a verdict changes, 3 where one cannot be made."""
        if self.changes:
            return ExitCode.FINDINGS
        return ExitCode.INCOMPLETE if self.unreplayable else ExitCode.CLEAN


def find_changes(
    reader: CrawlReader,
    into: Changes,
    *,
    policy: CrawlPolicy | None,
    matcher: Matcher | None,
    now: datetime,
    announce: Callable[[int], None],
    others: Sequence[CrawlReader] = (),
) -> None:
    """Decide all rows of a crawl by other rules, whose dates are read on the day of ``now``."""
    replayer = open_replayer(reader, policy=policy, matcher=matcher, today=now.date(), others=others)
    for row in in_order(reader):
        if row["erased_at"] is not None or row["verdict"] is None:
            continue
        into.rows += 1
        if into.rows % TOLD_EVERY == 0:
            announce(into.rows)
        try:
            found = replayer.replay(row)
        except UnreplayableError as error:
            into.unreplayable[error.code] += 1
            continue
        change = _change(row, found)
        if change is not None:
            into.changes.append(change)
            into.counts[*change.was, *change.would_be] += 1


def _change(row: Row, found: Replayed) -> Change | None:
    decision = found.decision
    if decision.verdict == row["verdict"]:
        return None
    return Change(
        url=found.url or row["url"],
        domain=row["url_host_registered_domain"] or row["url_host_name"],
        crawl_id=row["crawl_id"],
        was=(row["verdict"], row["reason"]),
        would_be=(decision.verdict.value, decision.reason),
        bytes_retained=row["bytes_retained"],
    )


def removals_of(changes: Changes, *, basis: str, since: str) -> list[Removal]:
    """What has to go, one exact URL an entry; ``basis`` names the rules by their digests."""
    return [
        Removal(
            kind="url", value=one.url, reason=one.would_be[1], basis=basis, since=since, crawl_id=one.crawl_id, urls=1
        )
        for one in changes.going
    ]
