"""Exports of made-up crawls: the same as another reading, resumable, and nothing that may not be in them."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.errors import DamagedStateError, ExitCode, FolderInUseError, UsageError
from crawler.exporting.job import ExportJob
from crawler.exporting.plan import ExportPlan
from crawler.exporting.publishing import write_results
from crawler.exporting.summary import summarise
from crawler.provenance.removal_index import RemovalIndex
from crawler.provenance.removals import Removal
from tests.exporting.independent import documents, exported
from tests.exporting.made import CODINGS, Page, crawl
from tests.shared import ROOT
from tests.storage.making import NOW, RUN

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.exporting.summary import ExportSummary

FORMATS = ("parquet", "jsonl", "warc")
PAGES = [Page(f"http://s{number % 5}.test/{number}", f"<p>page {number}</p>".encode() * 50) for number in range(40)]


def export(out: Path, *crawls: Path, format_name: str = "parquet", **options: Any) -> tuple[ExitCode, ExportSummary]:
    """Export to the end."""
    plan = ExportPlan(crawls=crawls, out=out, format=format_name, **options)
    with ExportJob(plan) as job:
        job.run(lambda _state: None)
        summary = summarise(job)
        write_results(job, summary)
        return job.exit_code, summary


def removal(kind: str, value: str) -> Removal:
    """An entry of a removal list."""
    return Removal(kind=kind, value=value, reason="r", basis="b", since="s")


pages = st.lists(
    st.builds(
        Page,
        url=st.integers(0, 10**6).map(lambda number: f"http://h{number % 3}.test/{number}"),
        body=st.sampled_from([b"", b"same", b"\x00\xff" * 9]) | st.binary(max_size=300),
        coding=st.sampled_from(sorted(CODINGS)),
        columns=st.sampled_from(
            [{}, {}, {"verdict": "deny"}, {"fetch_redirect": "http://h.test/"}, {"purpose": "search_index"}]
        ),
    ),
    max_size=12,
    unique_by=lambda page: page.url,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=pages, segment=st.integers(1, 5), part=st.integers(1, 400), format_name=st.sampled_from(FORMATS))
def test_same_as_another_reading(
    tmp_path_factory: pytest.TempPathFactory, pages: list[Page], segment: int, part: int, format_name: str
) -> None:
    """Every kept page and no other is exported once, with its body, repeats and codings included, in commit order."""
    folder = tmp_path_factory.mktemp("export")
    crawl(folder / "crawl", pages, segment=segment)
    code, summary = export(folder / "out", folder / "crawl", format_name=format_name, part_octets=part)
    found = exported(folder / "out", format_name) if summary.parts else []
    assert dict(found) == documents(folder / "crawl")
    assert len(found) == len(dict(found)) == summary.documents == sum(one.documents for one in summary.parts)
    assert summary.rows == len(pages) == summary.documents + sum(summary.left.values())
    assert summary.octets == sum(len(body) for _, body in found)
    assert code is ExitCode.CLEAN


@pytest.mark.parametrize("format_name", FORMATS)
def test_order_and_octets(tmp_path: Path, format_name: str) -> None:
    """The same plan gives the same octets, whatever the order in which the crawls are named; rows keep their order."""
    crawl(tmp_path / "a", PAGES[:20], segment=7)
    time.sleep(0.01)
    crawl(tmp_path / "b", PAGES[20:], segment=7)
    _, one = export(tmp_path / "one", tmp_path / "a", tmp_path / "b", format_name=format_name, part_octets=5_000)
    _, two = export(tmp_path / "two", tmp_path / "b", tmp_path / "a", format_name=format_name, part_octets=5_000)
    assert one.parts == two.parts
    assert len(one.parts) > 3
    assert [name for name, _ in exported(tmp_path / "one", format_name)] == list(
        documents(tmp_path / "a", tmp_path / "b")
    )


def test_columns(tmp_path: Path) -> None:
    """A document carries what the manifest says of it, where its bytes came from, and its own digest."""
    made = crawl(tmp_path / "crawl", [Page("http://a.test/", b"words", "gzip", {"licence": "=1+1", "tokens": 3})])
    export(tmp_path / "out", tmp_path / "crawl")
    manifest, documents_ = f"{tmp_path}/crawl/manifest/*.parquet", f"{tmp_path}/out/data/*.parquet"
    with duckdb.connect() as connection:
        shared = "record_id, seq, leaf_hash, content_digest, licence, tokens, policy_digest, fetch_time, url, crawl_id"
        query = f"SELECT {shared} FROM read_parquet(?)"  # noqa: S608 - our own names
        assert connection.execute(query, [manifest]).fetchall() == connection.execute(query, [documents_]).fetchall()
        ((digest, moment, is_test, crawl_id),) = connection.execute(
            "SELECT document_digest, retrieved_at AT TIME ZONE 'UTC', is_test, crawl_id FROM read_parquet(?)",
            [documents_],
        ).fetchall()
    assert digest == f"sha256:{hashlib.sha256(b'words').hexdigest()}"
    assert (moment, is_test, crawl_id) == (NOW.replace(tzinfo=None), False, made)


def test_repeats(tmp_path: Path) -> None:
    """Documents with one payload are all exported, with the original's body; or the first alone where that is asked."""
    pages = [Page(f"http://a.test/{number}", b"the same words" * 9) for number in range(4)]
    crawl(tmp_path / "one", pages)
    time.sleep(0.01)
    crawl(tmp_path / "two", pages[:2])
    both = (tmp_path / "one", tmp_path / "two")
    _, every = export(tmp_path / "all", *both)
    _, unique = export(tmp_path / "unique", *both, is_unique=True, part_documents=1)
    assert (every.documents, unique.documents, unique.left) == (6, 1, {"duplicate": 5})
    assert set(dict(exported(tmp_path / "all", "parquet")).values()) == {b"the same words" * 9}


def test_removal_lists(tmp_path: Path) -> None:
    """What a removal list names stays out: domains with all below, an exact URL though its row shows it redacted."""
    exact = "http://b.test/?token=abc"
    crawl(
        tmp_path / "crawl",
        [Page("http://www.a.test/"), Page(exact, columns={"url": "http://b.test/?token=REDACTED:00000000"}), PAGES[0]],
    )
    index = RemovalIndex([removal("domain", "a.test"), removal("url", exact)])
    code, summary = export(tmp_path / "out", tmp_path / "crawl", removals=index)
    assert (code, summary.documents, summary.left) == (ExitCode.CLEAN, 1, {"revoked": 2})
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or b"token=abc" not in path.read_bytes()


def test_sitemaps_stay_out(tmp_path: Path) -> None:
    """Lists of URLs are no documents, however they spell their root; feeds and pages that show XML are."""
    xml = {"content_mime_detected": "application/xml"}
    space = b'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    bodies = (
        b"<urlset " + space + b"><url/></urlset>",
        b"<?xml version='1.0'?>\n<!-- a --><s:sitemapindex xmlns:s='http://www.google.com/schemas/sitemap/0.84'/>",
        b"<rss version='2.0'><channel/></rss>",
        b"<urlset><p>no namespace</p></urlset>",
    )
    pages = [Page(f"http://a.test/{at}.xml", body, columns=xml) for at, body in enumerate(bodies)]
    crawl(tmp_path / "crawl", [*pages, Page("http://a.test/", b"<pre><urlset " + space + b"></pre>")])
    code, summary = export(tmp_path / "out", tmp_path / "crawl")
    assert (code, summary.documents, summary.left) == (ExitCode.CLEAN, 3, {"sitemap": 2})


def test_stopped_anywhere(tmp_path: Path) -> None:
    """An export that stops after any part, also with a part named but not recorded, ends as one that never stopped."""
    crawl(tmp_path / "crawl", PAGES, segment=9)
    options: dict[str, Any] = {"part_octets": 4_000, "is_unique": True}
    _, whole = export(tmp_path / "whole", tmp_path / "crawl", **options)
    plan = ExportPlan(crawls=(tmp_path / "crawl",), out=tmp_path / "out", format="parquet", **options)
    for _ in whole.parts:

        def stop(_state: object) -> None:
            raise KeyboardInterrupt

        with ExportJob(plan) as job:
            if not job.is_complete:
                with pytest.raises(KeyboardInterrupt):
                    job.run(stop)
        (tmp_path / "out" / "data" / "part-000099.parquet").write_bytes(b"half")
        (tmp_path / "out" / "data" / "part-000098.parquet.tmp").write_bytes(b"half")
    code, summary = export(tmp_path / "out", tmp_path / "crawl", **options)
    assert (code, summary.parts, summary.as_json()) == (ExitCode.CLEAN, whole.parts, whole.as_json())
    assert sorted(path.name for path in (tmp_path / "out" / "data").iterdir()) == [part.name for part in whole.parts]


@pytest.mark.slow
def test_killed(tmp_path: Path) -> None:
    """Killed at random moments, the next run goes on and the result is the same to the octet."""
    chosen = random.Random(5)  # noqa: S311 - repeatable, not secret
    crawl(tmp_path / "crawl", [Page(f"http://a.test/{number}", chosen.randbytes(200_000)) for number in range(60)])
    command = [sys.executable, "-m", "crawler", "export", str(tmp_path / "crawl"), "--part-size", "1", "--quiet", "-o"]
    killed = 0
    for _ in range(4):
        process = subprocess.Popen([*command, str(tmp_path / "out")], cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603 - our own interpreter
        try:
            process.wait(timeout=chosen.uniform(0.3, 1.5))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    for name in ("out", "whole"):
        assert subprocess.run([*command, str(tmp_path / name)], cwd=ROOT, check=False).returncode == 0  # noqa: S603 - as above
    told = [json.loads((tmp_path / name / "export.json").read_bytes()) for name in ("out", "whole")]
    assert killed
    assert told[0] == told[1]
    assert told[0]["documents"] == 60


def test_damaged_record(tmp_path: Path) -> None:
    """A damaged record is named and left out, the rest is exported; once it is restored, the next run takes it."""
    crawl(tmp_path / "crawl", PAGES)
    (path,) = (tmp_path / "crawl" / "warc").glob("*-pages-*")
    whole = path.read_bytes()
    with duckdb.connect() as connection:
        query = "SELECT url, warc_record_offset FROM read_parquet(?) ORDER BY seq LIMIT 1 OFFSET 3"
        url, offset = connection.execute(query, [f"{tmp_path}/crawl/manifest/*.parquet"]).fetchall()[0]
    path.write_bytes(whole[: offset + 30] + bytes([whole[offset + 30] ^ 1]) + whole[offset + 31 :])
    code, summary = export(tmp_path / "out", tmp_path / "crawl")
    assert (code, summary.documents, summary.left) == (ExitCode.DAMAGED, len(PAGES) - 1, {"damaged": 1})
    assert [one.url for one in summary.problems] == [url]
    assert path.name in summary.problems[0].problem
    path.write_bytes(whole)
    code, summary = export(tmp_path / "out", tmp_path / "crawl")
    assert (code, summary.documents, summary.problems) == (ExitCode.CLEAN, len(PAGES), ())


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("content_digest", "sha256:" + "0" * 64, "does not match"),
        ("record_id", "urn:uuid:" + "0" * 8 + "-0000" * 3 + "-" + "0" * 12, "another row"),
        ("url", "http://elsewhere.test/", "another URL"),
    ],
)
def test_foreign_record(tmp_path: Path, column: str, value: str, problem: str) -> None:
    """A record that is not what its row says is not exported."""
    crawl(tmp_path / "crawl", [Page("http://a.test/", columns={column: value})])
    code, summary = export(tmp_path / "out", tmp_path / "crawl")
    assert (code, summary.documents) == (ExitCode.DAMAGED, 0)
    assert problem in summary.problems[0].problem


def test_damaged_segment(tmp_path: Path) -> None:
    """A segment that cannot be read stops the export with its name."""
    crawl(tmp_path / "crawl", PAGES)
    (path,) = (tmp_path / "crawl" / "manifest").glob("*")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DamagedStateError, match=path.name):
        export(tmp_path / "out", tmp_path / "crawl")


def test_damaged_part(tmp_path: Path) -> None:
    """A finished part that has changed is never taken for a good one."""
    crawl(tmp_path / "crawl", PAGES)
    export(tmp_path / "out", tmp_path / "crawl")
    (part,) = (tmp_path / "out" / "data").glob("*")
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedStateError, match=part.name):
        export(tmp_path / "out", tmp_path / "crawl")


def test_refused_starts(tmp_path: Path) -> None:
    """Other files, another plan, another purpose, TEST among others, a crawl named twice, a second run: refused."""
    crawl(tmp_path / "crawl", PAGES)
    crawl(tmp_path / "test", PAGES, run=replace(RUN, is_test=True))
    crawl(tmp_path / "search", PAGES, run=replace(RUN, purpose="search_index"))
    export(tmp_path / "out", tmp_path / "crawl")
    for match, out, crawls in (
        ("no crawl", "new", ["out"]),
        ("other files", "crawl", ["crawl"]),
        ("something else", "out", ["test"]),
        ("crawled for search_index", "new", ["search"]),
        ("TEST", "new", ["crawl", "test"]),
        ("twice", "new", ["crawl", "crawl"]),
    ):
        with pytest.raises(UsageError, match=match):
            export(tmp_path / out, *(tmp_path / name for name in crawls))
    with pytest.raises(UsageError, match="duplicates"):
        export(tmp_path / "out", tmp_path / "crawl", is_unique=True)
    plan = ExportPlan(crawls=(tmp_path / "crawl",), out=tmp_path / "out", format="parquet")
    with ExportJob(plan), pytest.raises(FolderInUseError):
        ExportJob(plan)


def test_test_crawl(tmp_path: Path) -> None:
    """Documents of a TEST crawl say so, each one and the export as a whole."""
    crawl(tmp_path / "test", PAGES, run=replace(RUN, is_test=True))
    _, summary = export(tmp_path / "out", tmp_path / "test")
    assert summary.is_test
    with duckdb.connect() as connection:
        query = "SELECT DISTINCT is_test FROM read_parquet(?)"
        assert connection.execute(query, [f"{tmp_path}/out/data/*.parquet"]).fetchall() == [(True,)]
