"""The audit report: what one or many crawls took, left and why, each figure with the query that gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.audit.answers import plain
from crawler.audit.queries import queries
from crawler.provenance.leaf import time_text
from crawler.reports import charts
from crawler.reports.interface import Facts, Report
from crawler.reports.once import refuse_repeats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.audit.database import Database
    from crawler.reports.charts import Chart

FIGURES: tuple[tuple[str, str, str | None], ...] = (
    ("verdicts", "share", None),
    ("verdicts-over-time", "time", None),
    ("reasons", "bars", "urls"),
    ("refusals", "bars", "urls"),
    ("robots-outcomes", "bars", "authorities"),
    ("protocols", "bars", "urls"),
    ("protocol-share", "months", "share"),
    ("unread-statements", "bars", "urls"),
    ("conflicts", "bars", "urls"),
    ("listed", "bars", "urls"),
    ("top-domains", "bars", "bytes_retained"),
    ("languages", "bars", "pages"),
    ("modalities", "bars", "bytes_retained"),
    ("retained", "bars", "bytes_retained"),
    ("politeness", "bars", "too_close"),
    ("extra-requests", "bars", "site_files"),
    ("checkpoints", "plain", None),
)
"""Query, kind of chart, and the column that bars show; in the order of the report."""
SHOWN = 25
"""Rows of a figure that are printed; the facts have all that the query answers."""
VERDICTS = ("allow", "deny", "defer")
MOST_SERIES = 6


class AuditReport(Report):
    """For auditors, legal, and whoever asks what was crawled."""

    id = "audit"
    title = "Audit report"

    def view(self, facts: Facts) -> dict[str, Any]:
        """Charts by figure, the printed rows, and the longest bar of each."""
        figures = {one["id"]: one for one in facts.body["figures"]}
        return {
            "shown": SHOWN,
            "charts": {name: chart for name, one in figures.items() if (chart := _chart(one)) is not None},
            "longest": {
                name: max((row[one["bar"]] or 0 for row in one["rows"][:SHOWN]), default=0) or 1
                for name, one in figures.items()
                if one["bar"] is not None
            },
        }


def audit_facts(database: Database) -> Facts:
    """Ask all questions of the report. Raises UsageError for a crawl named twice, else as ``Database.ask`` does."""
    refuse_repeats((row["crawl_id"], row["folder"]) for row in database.crawls)
    crawls = [{name: plain(value) for name, value in row.items() if name != "folder"} for row in database.crawls]
    known = queries()
    figures = []
    for name, kind, bar in FIGURES:
        asked = known[name]
        rows = [{column: plain(value) for column, value in row.items()} for row in database.rows(asked.sql)]
        figures.append(
            {
                "id": name,
                "title": asked.title,
                "asks": asked.asks,
                "query": name,
                "sql": asked.sql[asked.sql.index("\n", asked.sql.rindex("-- column ")) + 1 :].strip(),
                "kind": kind,
                "bar": bar,
                "columns": [{"name": column, "meaning": text} for column, text in asked.columns.items()],
                "rows": rows,
            }
        )
    totals = database.rows(_TOTALS)[0]
    return Facts(
        format="clearcrawl-audit-report/1",
        body={
            "crawls": sorted(crawls, key=lambda one: (one["started_at"], one["crawl_id"])),
            "totals": {name: _told(value) for name, value in totals.items()},
            "figures": figures,
        },
    )


_TOTALS = """
SELECT count(*) AS urls, count(*) FILTER (verdict = 'allow') AS taken, count(*) FILTER (verdict = 'deny') AS "left",
    count(*) FILTER (verdict = 'defer') AS put_off, count(DISTINCT url_host_name) AS hosts,
    coalesce(sum(bytes_fetched), 0)::BIGINT AS bytes_fetched,
    coalesce(sum(bytes_retained), 0)::BIGINT AS bytes_retained,
    min(decided_at) AS first_decision, max(decided_at) AS last_decision
FROM manifest
"""


def _told(value: Any) -> Any:
    return time_text(value) if hasattr(value, "tzinfo") else plain(value)


def _chart(figure: Mapping[str, Any]) -> Chart | None:
    """The drawing of a figure; none for rows of bars, which stand in the table, and where there is nothing."""
    rows = figure["rows"]
    if not rows:
        return None
    if figure["kind"] == "share":
        return charts.stacked_bar([(row["verdict"], row["urls"]) for row in rows])
    if figure["kind"] == "time":
        labels = [row["hour"][5:16].replace("T", " ") for row in rows]
        return charts.columns(labels, [(name, [row[name] for row in rows]) for name in VERDICTS])
    if figure["kind"] == "months" and len({row["month"] for row in rows}) > 1:
        return _months(rows)
    return None


def _months(rows: list[dict[str, Any]]) -> Chart:
    """The protocols that most hosts use, over the months; a protocol that a month does not know has share 0."""
    months = sorted({row["month"] for row in rows})
    most: dict[str, int] = {}
    for row in rows:
        most[row["protocol"]] = max(most.get(row["protocol"], 0), row["hosts"])
    names = sorted(most, key=lambda name: (-most[name], name))[:MOST_SERIES]
    shares = {(row["protocol"], row["month"]): row["share"] for row in rows}
    series = [(name, [shares.get((name, month), 0.0) for month in months]) for name in names]
    return charts.lines([month[:7] for month in months], series)
