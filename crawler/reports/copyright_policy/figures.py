"""Figures from crawls that answer obligations: a title, SQL over the tables of ``audit.database``, and its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.audit.answers import plain
from crawler.audit.queries import queries
from crawler.policy.reasons import REASONS
from crawler.reports.copyright_policy.answers import statement, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.audit.database import Database
    from crawler.reports.copyright_policy.answers import Answer

SHOWN = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A question of this document that no named query answers."""

    title: str
    sql: str
    is_public: bool = True


OWN: Mapping[str, Figure] = {
    "policies-in-force": Figure(
        title="Crawls, and the policy that was in force",
        sql="""
SELECT crawl_id AS crawl, policy_version AS version, policy_digest AS digest, min(decided_at) AS first_decision,
    max(decided_at) AS last_decision, count(*) AS urls
FROM manifest WHERE erased_at IS NULL GROUP BY ALL ORDER BY first_decision, crawl""",
    ),
    "barriers": Figure(
        title="Barriers that were met, and what was done",
        sql="""
SELECT access_barrier AS barrier, barrier_action AS action, count(*) AS urls, count(DISTINCT url_host_name) AS hosts,
    count(*) FILTER (bytes_retained > 0) AS kept
FROM manifest WHERE access_barrier IS NOT NULL AND access_barrier <> 'none' GROUP BY ALL ORDER BY urls DESC, barrier""",
    ),
    "search-apart": Figure(
        title="Training and search, judged apart",
        sql="""
SELECT verdict AS for_the_purpose, verdict_search_index AS for_search, count(*) AS urls
FROM manifest WHERE erased_at IS NULL GROUP BY ALL ORDER BY urls DESC, 1, 2""",
    ),
    "content-known": Figure(
        title="Kept content that filters can be made of",
        sql="""
SELECT count(*) AS kept, count(content_digest) AS with_digest, count(near_duplicate_hash) AS with_likeness_hash
FROM manifest WHERE verdict = 'allow' AND bytes_retained > 0""",
        is_public=False,
    ),
}
MEANING = "meaning"
_CODES = ("reason", "outcome")
"""Columns of codes, of which lawyers want the meaning."""
_TITLES = {"protocols": "Statements of rights that were met", "listed": "Entries of lists that were met"}
PRIVATE = frozenset({"listed"})
"""Named queries whose answers name sites and stay out of the public summary."""


def figure(name: str, database: Database) -> Answer:
    """Answer one question; raises as ``Database.ask`` does."""
    own = OWN.get(name)
    known = None if own is not None else queries()[name]
    title, sql = (own.title, own.sql) if own is not None else (_TITLES.get(name, known.title), known.sql)  # type: ignore[union-attr] # one of both
    found = database.rows(sql)
    if not found:
        return statement(f"{title}: nothing was met in the crawls of this document.", source=_source(name))
    columns = [told for column in found[0] for told in ((column, MEANING) if column in _CODES else (column,))]
    rows = [[_cell(row, column) for column in columns] for row in found[:SHOWN]]
    heading = title if len(found) <= SHOWN else f"{title} (the first {SHOWN} of {len(found):,} rows)"
    is_public = own.is_public if own is not None else name not in PRIVATE
    return table(heading, [one.replace("_", " ") for one in columns], rows, source=_source(name), is_public=is_public)


def _cell(row: Mapping[str, Any], column: str) -> Any:
    """The value; beside a code the sentence that explains it."""
    if column != MEANING:
        return plain(row[column])
    code = next(row[name] for name in _CODES if name in row)
    return REASONS[code].sentence if code in REASONS else ""


def _source(name: str) -> str:
    return f"crawls: {name}" if name in OWN else f"crawls: audit query {name}"
