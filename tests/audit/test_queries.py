"""Shipped questions and free SQL over finished crawls: right numbers, nothing written, nothing else opened."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from crawler.audit.answers import column_names, plain, write_csv, write_json, write_parquet
from crawler.audit.database import TABLES, Database
from crawler.audit.queries import queries, query_named, read_query
from crawler.errors import DamagedStateError, UsageError
from crawler.storage.manifest import schema
from crawler.storage.reading import CrawlReader
from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.demo_run import DemoRun

HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", 'a"b,c', "a\nb", "\x1b[31mred", "\u202eback", "'quoted", "")


@pytest.fixture(scope="module")
def database(demo: DemoRun) -> Iterator[Database]:
    """The demo's tables."""
    with Database.open([demo.folder]) as opened:
        yield opened


@pytest.mark.parametrize("name", queries())
def test_answer_has_the_columns_of_its_header(database: Database, name: str) -> None:
    """What a query's header promises is what it answers, in that order."""
    asked = query_named(name)
    assert database.ask(asked.sql).schema.names == list(asked.columns)


@pytest.mark.parametrize("name", queries())
def test_nothing_is_an_answer(demo: DemoRun, tmp_path: Path, name: str) -> None:
    """A crawl without a row, without log and without state has no findings, and is no error."""
    copy = demo.copy(tmp_path / "copy")
    for folder in ("manifest", "log", "checkpoints", "state/w0"):
        for path in (copy / folder).iterdir():
            path.unlink()
    with Database.open([copy]) as opened:
        assert opened.rows(query_named(name).sql) == []


def test_numbers_are_those_of_the_rows(demo: DemoRun, database: Database) -> None:
    """Verdicts and reasons as counted by hand; two crawls count twice, one named twice counts once."""
    rows = pyarrow.parquet.read_table(demo.folder / "manifest").to_pylist()
    verdicts = {one["verdict"]: one["urls"] for one in database.rows(query_named("verdicts").sql)}
    assert verdicts == Counter(row["verdict"] for row in rows)
    reasons = {(one["verdict"], one["reason"]): one["urls"] for one in database.rows(query_named("reasons").sql)}
    assert reasons == Counter((row["verdict"], row["reason"]) for row in rows)
    with Database.open([demo.folder, demo.folder]) as twice:
        assert twice.rows("SELECT count(*) AS n FROM manifest") == [{"n": len(rows)}]


def test_several_crawls_are_one_table(demo: DemoRun, tmp_path: Path) -> None:
    """Rows, log and crawls of all folders."""
    copy = demo.copy(tmp_path / "copy")
    with Database.open([demo.folder, copy]) as both, Database.open([demo.folder]) as one:
        for table in ("manifest", "log", "site_files", "crawls", "policies", "statements"):
            sql = f"SELECT count(*) AS n FROM {table}"  # noqa: S608 - names of tables
            assert both.rows(sql)[0]["n"] == 2 * one.rows(sql)[0]["n"] > 0


def test_unpublished_rows_count(demo: DemoRun, tmp_path: Path) -> None:
    """A row that is in the journal alone is seen; one that is in both places is seen once."""
    copy = demo.copy(tmp_path / "copy")
    with CrawlReader.open(copy) as reader:
        table = reader.dataset().to_table()
    segment = next((copy / "manifest").iterdir())
    with Database.open([copy]) as opened:
        opened._connection.register("unpublished", table.slice(0, 7))
        assert opened.rows("SELECT count(*) AS n FROM unpublished")[0]["n"] == 7
        opened._connection.execute("DROP VIEW manifest")
        opened._make_manifest([table.slice(0, 7)], [str(segment)])
        assert opened.rows("SELECT count(*) AS n FROM manifest")[0]["n"] == table.num_rows


def test_older_segments_lack_columns(demo: DemoRun, tmp_path: Path) -> None:
    """A column that a segment was written without is null in the table."""
    copy = demo.copy(tmp_path / "copy")
    segment = next((copy / "manifest").iterdir())
    table = pyarrow.parquet.read_table(segment)
    pyarrow.parquet.write_table(table.drop_columns(["site_category"]), segment)
    with Database.open([copy]) as opened:
        found = opened.rows("SELECT count(*) AS n, count(site_category) AS c FROM manifest")
    assert found == [{"n": table.num_rows, "c": 0}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM 'https://example.com/x.parquet'",
        "COPY (SELECT 1) TO '/dev/null'",
        "ATTACH '/dev/null'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "CREATE TABLE t AS SELECT 1",
        "SELECT 1; SELECT 2",
        "",
        "SELEC",
        "SELECT nothing FROM manifest",
        "SELECT * FROM database",
        "PRAGMA database_list",
    ],
)
def test_free_sql_reads_the_crawl_and_nothing_else(database: Database, sql: str) -> None:
    """No other file, no network, no change, no variable of ours; the question is refused in one message."""
    with pytest.raises(UsageError):
        database.rows(sql)


def test_damage_is_no_misuse(demo: DemoRun, tmp_path: Path) -> None:
    """A segment or log that cannot be read is damage of the crawl, named with its path."""
    for folder, name in (("manifest", "w0-000001.parquet"), ("log", "w0-000001.jsonl.gz")):
        copy = demo.copy(tmp_path / folder)
        path = copy / folder / name
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(DamagedStateError, match=name), Database.open([copy]) as opened:
            opened.rows("SELECT count(*) FROM log")


def _answer(values: list[Any]) -> pa.RecordBatchReader:
    return pa.table({"value": pa.array(values)}).to_reader()


def test_hostile_text_in_csv() -> None:
    """Read back, a cell is what it was, with ``'`` before what a spreadsheet would run; numbers stay numbers."""
    out = io.BytesIO()
    assert write_csv(_answer(list(HOSTILE)), out) == len(HOSTILE)
    cells = [row[0] if row else "" for row in list(csv.reader(io.StringIO(out.getvalue().decode(), newline="")))[1:]]
    assert cells == [f"'{text}" if text[:1] in set("=+-@\t\r") - {""} and text else text for text in HOSTILE]
    out = io.BytesIO()
    write_csv(_answer([-5, 3]), out)
    assert out.getvalue() == b"value\r\n-5\r\n3\r\n"
    out = io.BytesIO()
    write_csv(_answer(["\x1b[31m"]), out, is_terminal=True)
    assert b"\x1b" not in out.getvalue()


def test_hostile_text_in_json_and_parquet() -> None:
    """Both hold the text as it is; the JSON is ASCII."""
    out = io.BytesIO()
    write_json(_answer(list(HOSTILE)), out, {"sql": "x"})
    assert out.getvalue().isascii()
    assert [row["value"] for row in json.loads(out.getvalue())["rows"]] == list(HOSTILE)
    out = io.BytesIO()
    write_parquet(_answer(list(HOSTILE)), out)
    assert pyarrow.parquet.read_table(io.BytesIO(out.getvalue()))["value"].to_pylist() == list(HOSTILE)


def test_odd_values_are_json(database: Database) -> None:
    """Big numbers, times, octets, intervals, nested values and what is no number; equal names are told apart."""
    answer = database.ask(
        "SELECT 1 AS a, 2 AS a, sum(3) AS h, TIMESTAMPTZ '2026-01-02 03:04:05+00' AS t, DATE '2026-01-02' AS d,"
        " [1] AS l, {'x': 1.5} AS s, 'inf'::DOUBLE AS i, '\\xFF'::BLOB AS b, INTERVAL 90 SECOND AS v"
    )
    assert column_names(answer.schema)[:2] == ["a", "a_2"]
    row = [plain(column[0].as_py()) for batch in answer for column in batch.columns]
    assert row[:9] == [1, 2, 3, "2026-01-02T03:04:05.000000Z", "2026-01-02", [1], {"x": 1.5}, "inf", "ff"]
    json.dumps(row)


def test_header_is_demanded() -> None:
    """A file without its header is a fault of ours, found at once."""
    with pytest.raises(ValueError, match=r"x\.sql"):
        read_query("x.sql", "-- title: X\nSELECT 1")


def test_command(demo: DemoRun, tmp_path: Path) -> None:
    """Printed, written by suffix, listed, shown; misuse is one message and exit 2, and no crawl gets a file."""
    folder = str(demo.folder)
    assert "allow" in clearcrawl("audit", "query", folder, "verdicts").stdout
    assert json.loads(clearcrawl("audit", "query", folder, "verdicts", "--json").stdout)["query"] == "verdicts"
    target = tmp_path / "answer.parquet"
    assert clearcrawl("audit", "query", folder, "verdicts", "-o", str(target)).returncode == 0
    assert pyarrow.parquet.read_table(target).num_rows == 3
    assert clearcrawl("audit", "query", "--list").stdout.count("\n") > len(queries())
    assert json.loads(clearcrawl("audit", "query", "--list", "--json").stdout)["tables"] == TABLES
    assert clearcrawl("audit", "query", "verdicts", "--show").stdout.strip() == query_named("verdicts").sql.strip()
    for words in (
        (),
        (folder,),
        ("verdicts",),
        (str(tmp_path), "verdicts"),
        (folder, "verdicts", "-o", folder + "/x.csv"),
        (folder, "verdicts", "-o", str(tmp_path)),
        (folder, "--sql", "SELECT"),
    ):
        done = clearcrawl("audit", "query", *words)
        assert (done.returncode, done.stderr[:7], "Traceback" in done.stderr) == (2, "Error: ", False), words
    assert not (demo.folder / "x.csv").exists()


def test_schema_is_that_of_the_manifest(database: Database) -> None:
    """The table has the columns of the one definition."""
    assert database.ask("SELECT * FROM manifest").schema.names == schema().names
