"""``clearcrawl demo`` as a newcomer meets it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from crawler.audit.integrity import ReadBack
from crawler.audit.verifying import Verification
from crawler.cli.demo import command
from crawler.cli.demo_report import DemoReport, print_report
from crawler.demo.outcome import compare
from crawler.demo.site import PRODUCT_TOKEN, Site, kept, left
from crawler.errors import ExitCode
from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from tests.demo_run import DemoRun

VERIFIED = Verification(
    root=Path("out"), crawl_id="c", findings=(), count=0, undecided=(), notes=(), signers=("key+00000000",), files=1,
    octets=1, leaves=1, heads=1, records=1, stamps=0,
)  # fmt: skip


def test_everything_is_as_it_should_be(demo: DemoRun) -> None:
    """The whole chain: serve, crawl, read back, compare; exit status 0."""
    assert (demo.code, demo.complaints) == (0, "")
    report = demo.report
    assert report["format"] == "clearcrawl-demo/1"
    assert report["is_as_expected"]
    assert report["is_test"]
    assert report["problems"] == []
    assert len(report["sites"]) >= 16
    assert report["records_read"] > 50


def test_every_url_has_a_reason_in_words(demo: DemoRun) -> None:
    """No row is told without verdict, reason and sentence; a refusal by a site quotes the site."""
    rows = [row for site in demo.report["sites"] for row in site["rows"]]
    assert all(row["sentence"].endswith(".") for row in rows)
    quoted = [row for row in rows if row["reason"] in {"robots_disallow", "optout_reserved", "blocklist"}]
    assert quoted
    assert all(row["literal"] for row in quoted)
    assert demo.row("closed.test")["literal"] == "robots.txt line 2: Disallow: /"


@pytest.mark.parametrize("columns", [80, 160])
def test_text_fits_the_terminal(tmp_path: Path, columns: int) -> None:
    """Lines keep within the width, but for commands and URLs that must stay whole; no colour without a terminal."""
    done = clearcrawl("demo", "-o", str(tmp_path / "out"), "--quiet", COLUMNS=str(columns))
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "Everything is as it should be." in done.stdout
    assert "robots.txt closes the whole site." in done.stdout
    text = done.stdout.partition("Where it lies")[0]
    assert [line for line in text.splitlines() if len(line) > columns] == []
    assert "clearcrawl audit explain http" in done.stdout
    assert "clearcrawl init work" in done.stdout


def test_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    """Nothing of anybody is overwritten: exit status 2, one message, no traceback."""
    (tmp_path / "notes.txt").write_text("mine")
    done = clearcrawl("demo", "-o", str(tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"Error: {tmp_path}: not empty; name a new folder, or leave out -o to get the next free one\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_next_free_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``-o``, an earlier demo stays where it is."""
    from crawler.cli.demo import _free_folder  # noqa: PLC0415 - the choice alone, without a crawl

    monkeypatch.chdir(tmp_path)
    assert _free_folder(None).name == "demo-out"
    (tmp_path / "demo-out").mkdir()
    assert _free_folder(None).name == "demo-out"
    (tmp_path / "demo-out" / "crawl.json").touch()
    (tmp_path / "demo-out-2").touch()
    assert _free_folder(None).name == "demo-out-3"


@pytest.mark.parametrize("arguments", [["--nonsense"], ["extra"], ["-o"]])
def test_wrong_arguments(arguments: list[str]) -> None:
    """Misuse is said by click, without a traceback."""
    assert CliRunner().invoke(command, arguments).exit_code == 2


def _site(*, is_silent: bool = False) -> Site:
    return Site(
        host="a.test",
        lesson="A lesson.",
        answers={},
        expected=(*kept("/"), *left("/closed", reasons=("robots_disallow",), may_be_asked=False)),
        is_silent=is_silent,
    )


def _row(path: str, verdict: str, reason: str) -> dict[str, object]:
    return {
        "url": f"http://a.test:8000{path}", "verdict": verdict, "reason": reason, "purpose": "ai_training",
        "bytes_fetched": 10, "bytes_retained": 10, "fetch_redirect": None, "fetch_status": 200, "robots_rule": None,
        "robots_line": None, "statements": [], "statements_unread": [], "barrier_evidence": None,
        "agreement_ref": None, "blocklist_id": None, "blocklist_entry": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("/", "allow", "unknown_allowed"), ("/closed", "deny", "robots_disallow")], None),
        ([("/", "allow", "unknown_allowed"), ("/closed", "allow", "unknown_allowed")], "/closed ended as allow"),
        ([("/", "deny", "http_403"), ("/closed", "deny", "robots_disallow")], "/ ended as deny (http_403)"),
        ([("/", "allow", "unknown_allowed")], "/closed has no row"),
    ],
    ids=["as expected", "kept", "left", "missing"],
)
def test_what_differs_is_told(rows: list[tuple[str, str, str]], problem: str | None) -> None:
    """A row that is missing or says something else is named, on the page, in JSON and by the verdict on the demo."""
    outcomes = compare([_site()], [_row(*row) for row in rows], [], token=PRODUCT_TOKEN, log=[])
    assert bool(outcomes[0].problems) == (problem is not None)
    report = DemoReport(
        folder=Path("out"), crawl_id="c", code=ExitCode.CLEAN, seconds=1.0, requests=2,
        outcomes=tuple(outcomes), read_back=ReadBack(segments=1, rows=2, records=2, problems=()),
        verification=VERIFIED,
    )  # fmt: skip
    assert report.is_as_expected == (problem is None)
    with CliRunner().isolation(color=False) as streams:
        print_report(report)
        printed = streams[0].getvalue().decode()
    assert ("NOT AS EXPECTED" in printed) == (problem is not None)
    assert problem is None or problem in printed


def test_damage_is_told() -> None:
    """A record that cannot be read back spoils the demo, however well the sites came out."""
    rows = [_row("/", "allow", "unknown_allowed"), _row("/closed", "deny", "robots_disallow")]
    outcomes = compare([_site()], rows, [], token=PRODUCT_TOKEN, log=[])
    report = DemoReport(
        folder=Path("out"), crawl_id="c", code=ExitCode.CLEAN, seconds=1.0, requests=2,
        outcomes=tuple(outcomes), read_back=ReadBack(segments=1, rows=2, records=2, problems=("cut",)),
        verification=VERIFIED,
    )  # fmt: skip
    assert not report.is_as_expected
    with CliRunner().isolation(color=False) as streams:
        print_report(report)
        assert "NOT AS WRITTEN: cut" in streams[0].getvalue().decode()
