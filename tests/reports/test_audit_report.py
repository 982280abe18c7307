"""The audit report: numbers of the manifest, the same octets for the same crawls, nothing in it that loads or runs."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest

from crawler.audit.database import Database
from crawler.errors import UsageError
from crawler.reports import charts
from crawler.reports.audit import FIGURES, audit_facts
from crawler.reports.registry import REPORTS
from crawler.reports.rendering import CONTENT_SECURITY_POLICY, cell, count, environment, href, render_html, share
from crawler.storage.manifest import schema
from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.reports.interface import Facts
    from tests.demo_run import DemoRun

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}\x1b[31m\u202e"


class _Elements(HTMLParser):
    """Start tags with their attributes, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def facts(demo: DemoRun) -> Facts:
    """Of the demo."""
    with Database.open([demo.folder]) as database:
        return audit_facts(database)


def figure(facts: Facts, name: str) -> list[dict[str, Any]]:
    """Rows of one figure."""
    found: list[dict[str, Any]] = next(one["rows"] for one in facts.body["figures"] if one["id"] == name)
    return found


SAME = {
    "verdicts": "SELECT verdict, count(*) AS urls FROM m GROUP BY ALL",
    "reasons": "SELECT verdict, reason, count(*) AS urls, count(DISTINCT url_host_name) AS hosts FROM m GROUP BY ALL",
    "top-domains": "SELECT url_host_registered_domain AS domain, sum(bytes_retained)::BIGINT AS bytes_retained FROM m"
    " GROUP BY ALL",
    "modalities": "SELECT coalesce(modality, 'unknown') AS modality, count(*) AS urls FROM m"
    " WHERE fetch_status IS NOT NULL GROUP BY ALL",
    "listed": "SELECT blocklist_entry AS entry, count(*) AS urls FROM m WHERE blocklist_id IS NOT NULL GROUP BY ALL",
    "languages": "SELECT regexp_extract(coalesce(content_languages, 'unknown'), '^[a-z]+') AS language,"
    " count(*) AS pages FROM m WHERE verdict = 'allow' AND modality = 'text' AND bytes_retained > 0 GROUP BY ALL",
    "refusals": "SELECT verdict, stage, spoke AS reason, count(*) AS urls FROM"
    " (SELECT *, unnest(reasons) AS spoke FROM m) WHERE verdict <> 'allow' GROUP BY ALL",
}


@pytest.mark.parametrize("name", SAME)
def test_numbers_equal_sql_over_the_manifest(demo: DemoRun, facts: Facts, name: str) -> None:
    """Asked apart, with other words and without our tables, the manifest gives the same numbers."""
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW m AS FROM read_parquet('{demo.folder}/manifest/*.parquet')")
    answer = connection.execute(SAME[name])
    names = [column[0] for column in answer.description or ()]
    wanted = {tuple(row) for row in answer.fetchall()}
    found = {tuple(row[column] for column in names) for row in figure(facts, name)}
    assert wanted == found
    totals = connection.execute("SELECT count(*), count(*) FILTER (verdict = 'allow'), sum(bytes_retained) FROM m")
    kept = facts.body["totals"]
    assert totals.fetchone() == (kept["urls"], kept["taken"], kept["bytes_retained"])


def test_page_shows_the_facts_and_names_each_query(facts: Facts) -> None:
    """Every number of a printed row stands in the page; the same crawls give the same octets."""
    (report,) = (one for one in REPORTS if one.id == "audit")
    page = render_html(report, facts)
    assert page == render_html(report, facts)
    text = "".join(_Elements(page).text)
    for name, _, _ in FIGURES:
        assert f"Query {name}" in text or not figure(facts, name)
    for row in figure(facts, "reasons")[:25]:
        assert row["reason"] in text
    assert facts.digest in text
    assert "TEST: test hosts were allowed" in text
    assert "clearcrawl-" in text  # the key that signed


def test_nothing_loads_and_nothing_runs(facts: Facts) -> None:
    """One file: no script, no remote part, no handler; the policy of the page says so; drawings have title and desc."""
    page = _Elements(render_html(REPORTS[0], facts))
    names = [tag for tag, _ in page.tags]
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & set(names)
    attributes = [(name, value) for _, attrs in page.tags for name, value in attrs.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name == "src"]
    assert all(value is None or value.startswith("#") for name, value in attributes if name == "href")
    assert ("content", CONTENT_SECURITY_POLICY) in attributes
    drawn = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(drawn) >= 2
    ids = {attrs.get("id") for _, attrs in page.tags}
    assert all(set(str(one["aria-labelledby"]).split()) <= ids for one in drawn)
    assert all(attrs.get("aria-hidden") == "true" for tag, attrs in page.tags if tag == "svg" and "role" not in attrs)


def _rewritten(demo: DemoRun, target: Path, **columns: Any) -> Path:
    copy = demo.copy(target)
    (segment,) = (copy / "manifest").iterdir()
    rows = pyarrow.parquet.read_table(segment).to_pylist()
    for row in rows:
        row.update({name: change(row) for name, change in columns.items()})
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows, schema=schema()), segment)
    return copy


def test_text_of_strangers_stays_text(demo: DemoRun, tmp_path: Path) -> None:
    """Markup, templates, controls and bidi marks in any column are shown, never taken for what they say."""
    same = lambda _row: HOSTILE  # noqa: E731 - one value for all
    columns = dict.fromkeys(
        ("url_host_registered_domain", "content_mime_type", "reason", "blocklist_entry", "modality", "robots_status"),
        same,
    )
    copy = _rewritten(demo, tmp_path / "copy", **columns)
    with Database.open([copy]) as database:
        page = render_html(REPORTS[0], audit_facts(database))
    found = _Elements(page)
    assert not {"script", "img"} & {tag for tag, _ in found.tags}
    assert "<script>alert(1)</script>" in "".join(found.text)
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "{{ 7 * 7 }}" in "".join(found.text)


def test_months_are_drawn_over_several_crawls(demo: DemoRun, tmp_path: Path) -> None:
    """The share of hosts by protocol has a point for each month."""
    copy = _rewritten(
        demo,
        tmp_path / "copy",
        decided_at=lambda row: row["decided_at"].replace(month=9, day=5),
        crawl_id=lambda _row: "earlier",
    )
    with Database.open([copy, demo.folder]) as database, pytest.raises(UsageError, match="hold the same crawl"):
        audit_facts(database)
    told = (copy / "crawl.json").read_text()
    (copy / "crawl.json").write_text(told.replace(json.loads(told)["crawl_id"], "earlier"))
    with Database.open([copy, demo.folder]) as database:
        facts = audit_facts(database)
    months = {row["month"] for row in figure(facts, "protocol-share")}
    assert len(months) == 2
    chart = REPORTS[0].view(facts)["charts"]["protocol-share"]
    assert {len(line.points) for line in chart.lines} == {2}
    assert "polyline" in {tag for tag, _ in _Elements(render_html(REPORTS[0], facts)).tags}


def test_command(demo: DemoRun, tmp_path: Path) -> None:
    """File and JSON hold the same digest; nothing is added to a crawl; misuse is one message."""
    target = tmp_path / "report.html"
    done = clearcrawl("audit", "report", str(demo.folder), "-o", str(target), "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["format"] == "clearcrawl-audit-report/1"
    assert told["digest"] in target.read_text()
    for words in ((), ("-o", str(demo.folder / "x.html")), ("-o", str(tmp_path))):
        done = clearcrawl("audit", "report", str(demo.folder), *words)
        assert (done.returncode, done.stderr[:7]) == (2, "Error: "), words


def test_filters() -> None:
    """Numbers, shares and octets as people read them; links only where they lead to the web."""
    assert (count(1234567), count(0.5), count(None)) == ("1,234,567", "0.5", "\u2013")
    assert (share(0.125), share(None)) == ("12.5 %", "\u2013")
    assert (cell(2048, "bytes_retained"), cell(True), cell(None)) == ("2.0 KiB", "yes", "\u2013")
    assert cell("2026-01-02T03:04:05.000000Z") == "2026-01-02 03:04:05 UTC"
    assert (href("javascript:alert(1)"), href("https://a.test/")) == (None, "https://a.test/")
    made = environment().from_string("{{ a }} {{ a|md }}")
    assert made.render(a="<b>").startswith("&lt;b&gt;")


@pytest.mark.parametrize("highest", [0, 0.004, 0.07, 1, 3, 9, 10, 99, 101, 12345, 1e9])
def test_scales_end_above_the_highest_value(highest: float) -> None:
    """A handful of round marks, from 0 to at least the highest value."""
    chart = charts.lines(["a", "b"], [("s", [0, highest])], is_share=highest < 1)
    assert len(chart.y_ticks) <= 6
    assert all(charts.TOP - 0.01 <= y <= charts.HEIGHT for line in chart.lines for _, y in line.points)
