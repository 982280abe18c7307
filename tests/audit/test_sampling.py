"""Samples for people: drawn the same again, from every stratum, and scored with bounds that hold."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from crawler.audit.database import Database
from crawler.audit.sampling import STRATA, draw, score, worksheet
from crawler.errors import UsageError
from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.demo_run import DemoRun


@pytest.fixture(scope="module")
def database(demo: DemoRun) -> Iterator[Database]:
    """The demo."""
    with Database.open([demo.folder]) as opened:
        yield opened


@pytest.mark.parametrize("by", STRATA)
def test_each_stratum_has_its_rows(database: Database, by: str) -> None:
    """One of each at least, the rest by size, never one twice; the seed alone decides which."""
    rows = draw(database, by, 60, seed=1)
    assert len(rows) == 60
    assert len({row["seq"] for row in rows}) == 60
    strata = Counter(row["stratum"] for row in rows)
    (there,) = database.rows(f"SELECT count(DISTINCT {STRATA[by]}) AS n FROM manifest")  # noqa: S608 - ours
    assert len(strata) == min(there["n"], 60)
    assert all(strata[row["stratum"]] <= row["stratum_size"] for row in rows)
    assert rows == draw(database, by, 60, seed=1)
    assert rows != draw(database, by, 60, seed=2)


def test_more_rows_than_there_are(database: Database) -> None:
    """Then all are drawn; with fewer than strata, the largest strata come first."""
    (there,) = database.rows("SELECT count(*) AS n FROM manifest")
    assert len(draw(database, "reason", 10_000, seed=0)) == there["n"]
    (largest,) = draw(database, "reason", 1, seed=0)
    assert largest["reason"] == "unknown_allowed"


def _filled(rows: list[dict[str, object]], judge: dict[int, str]) -> bytes:
    read = list(csv.DictReader(io.StringIO(worksheet(rows).decode(), newline="")))
    for at, row in enumerate(read):
        row["judgement"] = judge.get(at, "right")
    out = io.StringIO()
    lines = csv.DictWriter(out, list(read[0]))
    lines.writeheader()
    lines.writerows(read)
    return out.getvalue().encode()


def test_score(database: Database) -> None:
    """A stratum that was judged whole has no bounds; the others have, and the whole lies between them."""
    rows = draw(database, "reason", 40, seed=3)
    at = next(number for number, row in enumerate(rows) if row["stratum"] == "unknown_allowed")
    estimates = {one.name: one for one in score("x.csv", _filled(rows, {at: " Wrong", at + 1: "unclear"}))}
    found, whole = estimates["unknown_allowed"], estimates["all"]
    assert (found.wrong, found.unclear) == (1, 1)
    assert found.low is not None
    assert found.share is not None
    assert found.high is not None
    assert 0 < found.low < found.share < found.high < 1
    assert (estimates["blocklist"].low, estimates["blocklist"].high) == (0.0, 0.0)
    assert whole.rows == sum(one.rows for one in estimates.values()) - whole.rows
    assert whole.share is not None
    assert whole.share < found.share
    nothing = {one.name: one for one in score("x.csv", worksheet(rows))}["all"]
    assert (nothing.judged, nothing.share) == (0, None)


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"\xff\xfe", b"stratum,stratum_size,judgement\nx,many,right\n",
                b"stratum,stratum_size,judgement\nx,1,maybe\n"]
)  # fmt: skip
def test_other_files_are_no_worksheets(content: bytes) -> None:
    """Every mistake is named with its line."""
    with pytest.raises(UsageError, match=r"x\.csv"):
        score("x.csv", content)


def test_command(demo: DemoRun, tmp_path: Path) -> None:
    """CSV and HTML beside it, and the score; misuse is one message."""
    target = tmp_path / "sheet.csv"
    done = clearcrawl("audit", "sample", str(demo.folder), "-n", "20", "-o", str(target), "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["rows"]) == 20
    assert "Worksheet" in target.with_suffix(".html").read_text()
    assert "TEST: test hosts were allowed" in target.with_suffix(".html").read_text("utf-8")
    done = clearcrawl("audit", "sample", "--score", str(target), "--json")
    assert json.loads(done.stdout)["estimates"][-1]["name"] == "all"
    folder = str(demo.folder)
    for words in ((folder,), ("-o", str(target)), (folder, "-o", "x.html"), ("--score", str(tmp_path / "none"))):
        done = clearcrawl("audit", "sample", *words)
        assert (done.returncode, done.stderr[:7]) == (2, "Error: "), words
