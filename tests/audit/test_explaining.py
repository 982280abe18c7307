"""Explanations over a real crawl: every row holds, and what was changed afterwards shows."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from crawler.audit.explaining import explain
from crawler.audit.integrity import read_back
from crawler.storage.reading import CrawlReader
from tests.demo_run import clearcrawl
from tests.integration.lab import Lab
from tests.servers.replies import Reply
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.audit.chapter import Chapter
    from crawler.audit.explaining import RowExplanation
    from tests.demo_run import DemoRun


def _one(folder: Path, url: str) -> RowExplanation:
    with CrawlReader.open(folder) as reader:
        return explain(reader, [url])[0].rows[0]


def _chapter(explained: RowExplanation, topic: str) -> Chapter:
    return next(chapter for chapter in explained.chapters if chapter.topic == topic)


def test_every_row_of_a_crawl_holds(demo: DemoRun) -> None:
    """Each row of the demo is explained, and nothing that was kept differs from it."""
    urls = [row["url"] for site in demo.report["sites"] for row in site["rows"]]
    with CrawlReader.open(demo.folder) as reader:
        found = explain(reader, urls)
    assert [(one.url.text, row.problems) for one in found for row in one.rows if row.problems] == []
    assert [len(one.rows) for one in found] == [1] * len(urls)


def test_robots_line_is_that_of_the_stored_bytes(demo: DemoRun) -> None:
    """The literal line, its number and the place of the bytes."""
    chapter = _chapter(_one(demo.folder, demo.row("news.test", "/archive/")["url"]), "robots")
    assert "Line 5 closes this URL: Disallow: /archive/" in chapter.sentences
    names = dict(chapter.evidence)
    assert names["robots.txt bytes"].startswith("sha256:")
    assert names["robots.txt kept in"].startswith("warc/w0-evidence-000001.warc.gz, octets ")


def test_blocklist_entry_is_found_in_the_kept_list(demo: DemoRun) -> None:
    """List, line and literal entry from the bytes that were in force."""
    chapter = _chapter(_one(demo.folder, demo.row("blocked.test")["url"]), "blocklist")
    assert "The kept copy of local.txt says so in line 2: blocked.test" in chapter.sentences


def test_statement_names_protocol_and_place(demo: DemoRun) -> None:
    """What was said, where it was read, by which specification, and where the bytes lie."""
    chapter = _chapter(_one(demo.folder, demo.row("headers.test", "/essay")["url"]), "statements")
    assert any("tdm-reservation: 1" in sentence for sentence in chapter.sentences)
    names = dict(chapter.evidence)
    assert names["protocol"].startswith("TDM Reservation Protocol (2024-05-10, https://")
    assert names["kept in"].startswith("warc/w0-evidence-")


def test_policy_clause_with_its_line(demo: DemoRun) -> None:
    """Where a key of the policy decided, its line is quoted; a default is said to be one."""
    taken = _chapter(_one(demo.folder, demo.row("harbour.test")["url"]), "policy")
    assert any(s.startswith("crawl-policy.toml line ") and 'profile = "reservation"' in s for s in taken.sentences)
    assert any("does not write profiles.reservation.unknown" in sentence for sentence in taken.sentences)
    left = _chapter(_one(demo.folder, demo.row("warehouse.test", "/announced")["url"]), "policy")
    assert any("(limits.page_bytes): page_bytes = 1048576" in sentence for sentence in left.sentences)
    fixed = _chapter(_one(demo.folder, demo.row("closed.test")["url"]), "policy")
    assert any("no key of the policy changes it" in sentence for sentence in fixed.sentences)


def test_redirect_names_its_target(demo: DemoRun) -> None:
    """A hop says where it leads; a page behind hops says what led there."""
    hop = _chapter(_one(demo.folder, demo.row("redirects.test", "/chain/1")["url"]), "response")
    assert any("/chain/2, which is judged for itself" in sentence for sentence in hop.sentences)
    end = _chapter(_one(demo.folder, demo.row("redirects.test", "/end")["url"]), "discovery")
    assert any("/chain/1 -> " in sentence for sentence in end.sentences)


def test_barrier_and_its_mark(demo: DemoRun) -> None:
    """The literal mark, and that nothing was done to get past it."""
    chapter = _chapter(_one(demo.folder, demo.row("challenge.test")["url"]), "barrier")
    assert "It was recognised by: cf-mitigated: challenge" in chapter.sentences


def _replace(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))


@pytest.mark.parametrize(
    ("folder", "host", "topic"),
    [("policies", "harbour.test", "policy"), ("blocklists", "blocked.test", "blocklist")],
)
def test_changed_rules_show(demo: DemoRun, tmp_path: Path, folder: str, host: str, topic: str) -> None:
    """A kept file that is not what its digest says is named."""
    copy = demo.copy(tmp_path / "copy")
    for path in (copy / folder).iterdir():
        path.write_bytes(path.read_bytes() + b"\n")
    problems = _chapter(_one(copy, demo.row(host)["url"]), topic).problems
    assert len(problems) == 1
    assert f"/{folder}/sha256-" in problems[0]


@pytest.mark.parametrize(
    ("host", "path", "kind"),
    [("harbour.test", "/", "pages"), ("headers.test", "/essay", "evidence"), ("closed.test", "/", "evidence")],
)
def test_changed_records_show(demo: DemoRun, tmp_path: Path, host: str, path: str, kind: str) -> None:
    """One changed octet in a record on which a row rests is found, by an explanation and by reading all back."""
    copy = demo.copy(tmp_path / "copy")
    file = next((copy / "warc").glob(f"*{kind}*"))
    data = bytearray(file.read_bytes())
    for at in range(20, len(data), 100):
        data[at] ^= 0xFF
    file.write_bytes(data)
    assert _one(copy, demo.row(host, path)["url"]).problems
    with CrawlReader.open(copy) as reader:
        assert read_back(reader).problems


def test_missing_segment_is_not_in_order(demo: DemoRun, tmp_path: Path) -> None:
    """A Parquet file that cannot be opened is a problem, never an empty manifest."""
    copy = demo.copy(tmp_path / "copy")
    next((copy / "manifest").iterdir()).write_bytes(b"PAR1")
    with CrawlReader.open(copy) as reader:
        assert any(problem.startswith("manifest: ") for problem in read_back(reader).problems)


@pytest.fixture(scope="module")
def secretive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A crawl of two pages that differ in a value that rows hide, and of one that is closed."""
    lab = Lab(tmp_path_factory.mktemp("secretive"))
    with ScriptedWeb() as web:
        host = web.host("a.test").set("/robots.txt", Reply(body=b"User-agent: *\nDisallow: /closed\n"))
        host.set("/page", Reply(headers=(("Content-Type", "text/html"),), body=b"<p>Hello.</p>"))
        paths = ("/page?token=one", "/page?token=two", "/closed?token=three")
        urls = [web.url("a.test", path) for path in paths]
        ended = lab.crawl(*urls)
        assert ended.code == 0, ended.text
    return lab.out, urls


def test_hidden_values_do_not_hide_the_row(secretive: tuple[Path, list[str]]) -> None:
    """The exact URL finds its own row and no other, though the manifest shows a digest instead of the value."""
    folder, urls = secretive
    rows = [_one(folder, url).row for url in urls]
    assert all("REDACTED:" in row["url"] for row in rows)
    assert len({row["record_id"] for row in rows}) == 3
    assert [row["reason"] for row in rows] == ["unknown_allowed", "unknown_allowed", "robots_disallow"]


def test_hidden_values_without_the_key(secretive: tuple[Path, list[str]], tmp_path: Path) -> None:
    """Where the key is not in the folder, the record's target URI tells; a row without a record is then not found."""
    folder, urls = secretive
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "state")
    with CrawlReader.open(copy) as reader:
        found = explain(reader, urls)
    assert [len(one.rows) for one in found] == [1, 1, 0]
    assert found[0].rows[0].row["record_id"] != found[1].rows[0].row["record_id"]


def test_override_is_quoted_with_its_document(tmp_path: Path) -> None:
    """A dated line of legal that lifted a refusal is told with every key of it."""
    lab = Lab(tmp_path)
    policy = lab.policies / "crawl-policy.toml"
    policy.write_text(
        policy.read_text()
        + '[[override]]\nscope = "a.test"\nlifts = ["robots_disallow"]\nreason = "agreed"\ndocument = "letter 7"\n'
        'decided_by = "legal"\nvalid_from = 2020-01-01\nvalid_to = 2099-01-01\n'
    )
    with ScriptedWeb() as web:
        host = web.host("a.test").set("/robots.txt", Reply(body=b"User-agent: *\nDisallow: /\n"))
        host.set("/", Reply(headers=(("Content-Type", "text/html"),), body=b"<p>Hello.</p>"))
        ended = lab.crawl(web.url("a.test"))
        url = web.url("a.test")
    assert ended.code == 0, ended.text
    explained = _one(lab.out, url)
    assert explained.row["verdict"] == "allow"
    assert explained.problems == []
    assert any('document = "letter 7"' in sentence for sentence in _chapter(explained, "policy").sentences)
    text: Any = clearcrawl("audit", "explain", url, "--in", str(lab.out)).stdout
    assert "override: A dated override of the policy lifts a refusal here." in " ".join(text.split())
