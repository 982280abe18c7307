"""Replay: every row follows again from what was kept; what was changed differs, what is missing is never the same."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from crawler.audit.replay.running import Replay, replay
from crawler.provenance.removals import read_removals
from crawler.storage.manifest import schema
from crawler.storage.reading import CrawlReader
from tests.demo_run import clearcrawl
from tests.integration.lab import Lab
from tests.servers.replies import Reply
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.demo_run import DemoRun

HTML = (("Content-Type", "text/html"),)


def run(*folders: Path) -> Replay:
    """Replay crawls."""
    found = Replay()
    for folder in folders:
        with CrawlReader.open(folder) as reader:
            replay(reader, found)
    return found


def entries(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Bodies of the entries of one type."""
    with CrawlReader.open(folder) as reader:
        return [one["body"] for one in reader.entries() if one["type"] == kind]


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None], group: int | None = None) -> None:
    """Change rows of the only segment; ``group`` rows are a row group."""
    (segment,) = (folder / "manifest").iterdir()
    rows = pyarrow.parquet.read_table(segment).to_pylist()
    for row in rows:
        change(row)
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows, schema=schema()), segment, row_group_size=group)


def test_the_demo_follows_from_its_evidence(demo: DemoRun) -> None:
    """No difference, nothing missing; two rows rest on events that only they tell of."""
    found = run(demo.folder)
    assert [(one.row["url"], one.detail, one.differences) for one in found.findings] == []
    assert found.rows == sum(len(site["rows"]) for site in demo.report["sites"])
    assert found.counts["on_record"] < 5
    assert found.exit_code == 0


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Pages that are hard to replay: codings, revisits, hops that reserve, documents, hidden values, refusals."""
    lab = Lab(tmp_path_factory.mktemp("replay"))
    with ScriptedWeb() as web:
        a = web.host("a.test").set("/robots.txt", Reply(body=b"User-agent: *\nDisallow: /closed\nCrawl-delay: 0.01\n"))
        a.set("/", Reply(headers=HTML, body=b"<a href=/one>1</a><a href=/two>2</a><a href=/closed/x>3</a>"))
        packed = gzip.compress(b"<p>Zipped.</p>" * 200)
        a.set("/one", Reply(headers=(*HTML, ("Content-Encoding", "gzip")), body=packed))
        a.set("/two", Reply(headers=(*HTML, ("Content-Encoding", "gzip")), body=packed))
        a.set("/meta", Reply(headers=HTML, body=b'<meta name="tdm-reservation" content="1"><p>' + b"x" * 2000))
        a.set("/login", Reply(headers=HTML, body=b"<title>In</title><input type=password>"))
        a.set("/hop", Reply(status=302, headers=(("Location", web.url("b.test", "/")), ("tdm-reservation", "1"))))
        a.set("/hop-free", Reply(status=302, headers=(("Location", web.url("b.test", "/free")),)))
        a.set("/refused", Reply(status=403, headers=HTML, body=b"no"))
        a.set("/secret", Reply(headers=HTML, body=b"<p>Hello.</p>"))
        a.set("/bad", Reply(headers=(("Content-Encoding", "gzip"),), body=b"no gzip"))
        a.set("/licence.xml", Reply(headers=(("Content-Type", "application/rsl+xml"),), body=RSL))
        a.set("/rsl", Reply(headers=(*HTML, ("Link", '</licence.xml>; rel="license"; type="application/rsl+xml"'))))
        web.host("b.test").set("/", Reply(headers=HTML, body=b"<p>b")).set("/free", Reply(headers=HTML, body=b"<p>f"))
        names = ("", "meta", "login", "hop", "hop-free", "refused", "secret?token=x", "closed/y?token=z", "bad", "rsl")
        paths = [f"/{name}" for name in (*names, "gone")]
        lab.block("blocked.test")
        ended = lab.crawl(*(web.url("a.test", path) for path in paths), web.url("blocked.test", "/"))
        assert ended.code == 0, ended.text
    yield lab.out
    lab.close()


RSL = (
    b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><prohibits type="usage">all</prohibits>'
    b"</license></content></rsl>"
)


def test_hard_pages_follow_as_well(crawl: Path) -> None:
    """Codings, revisits, reservations of a hop, documents; only a URL with a hidden value and no record is lost."""
    found = run(crawl)
    told = {one.row["url_host_name"] + one.row["reason"]: (one.code, one.differences) for one in found.findings}
    assert told == {"a.testrobots_disallow": ("url_hidden", {})}
    assert found.counts["different"] == 0
    assert found.exit_code == 3
    rows = {row["url"].rpartition("/")[2]: row for row in pyarrow.parquet.read_table(crawl / "manifest").to_pylist()}
    assert rows["meta"]["reason"] == "optout_reserved"
    assert rows["login"]["reason"] == "login_form"


def test_several_processes_find_the_same(demo: DemoRun, crawl: Path, tmp_path: Path) -> None:
    """Rows in many small parts, some of them changed: as many findings, the same ones, in the same order."""
    for number, folder in enumerate((demo.copy(tmp_path / "demo"), shutil.copytree(crawl, tmp_path / "crawl"))):
        rewrite(folder, CHANGES["unread" if number else "statements"], group=7)
        alone, shared = Replay(), Replay()
        with CrawlReader.open(folder) as reader:
            replay(reader, alone, limit=9)
            replay(reader, shared, limit=9, jobs=2)
        assert shared.counts == alone.counts
        assert shared.whys == alone.whys
        assert shared.findings == alone.findings
        assert alone.findings


def test_a_damaged_file_ends_all_processes(demo: DemoRun, tmp_path: Path) -> None:
    """What one process cannot read is told as by one alone."""
    copy = demo.copy(tmp_path / "copy")
    rewrite(copy, lambda _row: None, group=7)
    (segment,) = (copy / "manifest").iterdir()
    data = bytearray(segment.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    segment.write_bytes(data)
    done = clearcrawl("audit", "replay", str(copy), "--jobs", "2", "-q")
    assert done.returncode == 5
    assert "the manifest cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_other_rules_take_one_process(demo: DemoRun) -> None:
    """Refused in words."""
    done = clearcrawl("audit", "replay", str(demo.folder), "--policy", str(demo.folder), "--jobs", "2")
    assert done.returncode == 2
    assert "one process" in done.stderr


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "verdict": lambda row: row.update(verdict="allow" if row["verdict"] == "deny" else row["verdict"]),
    "reason": lambda row: row.update(reason="http_403") if row["reason"] == "robots_disallow" else None,
    "search": lambda row: row.update(verdict_search_index="deny"),
    "rule": lambda row: row.update(robots_rule="Disallow: /nothing") if row["robots_rule"] else None,
    "statements": lambda row: row.update(statements=[]),
    "unread": lambda row: row.update(statements_unread=[{"protocol": "tdmrep", "why": "5xx"}]),
    "entry": lambda row: row.update(blocklist_entry="other.test") if row["blocklist_entry"] else None,
    "event": lambda row: row.update(reason="dns_error", reasons=["dns_error"], stage="before_fetch", state="no-access",
                                    access="defer", verdict="defer", verdict_search_index="defer", warc_filename=None)
    if row["reason"] == "robots_disallow" else None,
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_row_differs(demo: DemoRun, tmp_path: Path, name: str) -> None:
    """Whatever of the decision was rewritten afterwards is listed with what follows from the evidence."""
    copy = demo.copy(tmp_path / "copy")
    rewrite(copy, CHANGES[name])
    found = run(copy)
    assert found.exit_code in {1, 3}
    assert any(found.counts[kind] for kind in ("different", "unreplayable"))


@pytest.mark.parametrize("name", ["manifest", "log", "policies", "blocklists", "warc/w0-evidence", "warc/w0-pages"])
def test_lost_evidence_is_a_state_of_its_own(demo: DemoRun, tmp_path: Path, name: str) -> None:
    """Never the same, never a traceback: exit 3 where evidence is gone, 5 where the manifest cannot be read."""
    copy = demo.copy(tmp_path / "copy")
    for path in copy.glob(f"{name}*" if "/" in name else f"{name}/*"):
        data = bytearray(path.read_bytes())
        data[len(data) // 10 : len(data) // 10 * 9] = b"x" * (len(data) // 10 * 8)
        path.write_bytes(data)
    done = clearcrawl("audit", "replay", str(copy), "--json", "-q")
    assert "Traceback" not in done.stderr
    if name in {"manifest", "log"}:
        assert done.returncode == 5
        assert "cannot be read" in done.stderr
        return
    counts = json.loads(done.stdout)["counts"]
    assert counts["unreplayable"] > 0
    assert counts["different"] == 0
    assert done.returncode == 3


def test_missing_log_replays_nothing_that_rests_on_it(demo: DemoRun, tmp_path: Path) -> None:
    """Without the looks at the sites and the rules in force there is no verdict."""
    copy = demo.copy(tmp_path / "copy")
    for path in (copy / "log").iterdir():
        path.unlink()
    found = run(copy)
    assert found.counts.keys() == {"unreplayable"}
    assert found.whys.keys() == {"rules_lost"}


def test_other_policy_and_its_purge_list(demo: DemoRun, tmp_path: Path) -> None:
    """The same rules change nothing; a profile that demands permission does, and what has to go is written down."""
    names = entries(demo.folder, "crawl_start")[0]["details"]["policy_files"]
    kept = demo.folder / "policies" / names["crawl-policy.toml"].replace(":", "-")
    same, other = tmp_path / "same", tmp_path / "other"
    for folder in (same, other):
        folder.mkdir()
        (folder / "crawl-policy.toml").write_bytes(kept.read_bytes())
    done = clearcrawl("audit", "replay", str(demo.folder), "--policy", str(same), "--json", "-q")
    assert (json.loads(done.stdout)["changed"], done.returncode) == (0, 0)
    text = kept.read_text().replace('profile = "reservation"', 'profile = "consent"')
    (other / "crawl-policy.toml").write_text(text)
    target = tmp_path / "purge.jsonl"
    words = ("--policy", str(other), "--purge-list", str(target), "--json", "-q")
    done = clearcrawl("audit", "replay", str(demo.folder), *words)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    removals = read_removals("purge.jsonl", target.read_bytes())
    assert len(removals) == told["to_go"]["urls"] > 0
    kept_rows = [
        row for row in pyarrow.parquet.read_table(demo.folder / "manifest").to_pylist() if row["verdict"] == "allow"
    ]
    by_url = {row["url"]: row for row in kept_rows}
    assert {one.value for one in removals} <= by_url.keys()
    assert told["to_go"]["bytes_retained"] == sum(by_url[one.value]["bytes_retained"] for one in removals)
    assert Counter(one["rows"] for one in told["counts"]).total() == len(told["counts"])


def test_other_blocklists(crawl: Path, tmp_path: Path) -> None:
    """A host that a new list names has to go, and a host that no list names any more was never asked for."""
    lab = Lab(tmp_path / "lab")
    lab.block("b.test")
    done = clearcrawl("audit", "replay", str(crawl), "--blocklists", str(lab.blocklists), "--json", "-q")
    told = json.loads(done.stdout)
    assert told["to_go"]["domains"] == ["b.test"]
    assert {one["would_be_reason"] for one in told["counts"]} == {"blocklist"}
    assert told["unreplayable"]["no_site_files"] == 1


def test_deep_verification_unpacks_what_is_as_it_was_closed(demo: DemoRun, tmp_path: Path) -> None:
    """It comes to the same on a whole crawl and on one with a changed record."""
    done = clearcrawl("audit", "verify", str(demo.folder), "--deep", "--json")
    (told,) = json.loads(done.stdout)["crawls"]
    assert (done.returncode, told["findings"]) == (0, []), done.stderr
    copy = demo.copy(tmp_path / "copy")
    (file,) = (copy / "warc").glob("w0-pages-*")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    done = clearcrawl("audit", "verify", str(copy), "--deep", "--json")
    assert done.returncode == 1
    (told,) = json.loads(done.stdout)["crawls"]
    assert f"warc/{file.name}" in {one["file"] for one in told["findings"]}


def test_misuse(demo: DemoRun, tmp_path: Path) -> None:
    """One message and exit 2."""
    folder = str(demo.folder)
    for words in (
        (str(tmp_path),),
        (folder, "--policy", str(tmp_path)),
        (folder, "--blocklists", str(tmp_path)),
        (folder, "--purge-list", str(tmp_path / "x")),
    ):
        done = clearcrawl("audit", "replay", *words)
        assert (done.returncode, done.stderr[:7]) == (2, "Error: "), words
