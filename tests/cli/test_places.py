"""Where commands write: never into a crawl, of which every file is in a signed list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.demo_run import clearcrawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.demo_run import DemoRun

COMMANDS = {
    "audit report": ("audit", "report", "CRAWL", "-o", "CRAWL/x.html"),
    "audit explain": ("audit", "explain", "http://museum.test/", "--in", "CRAWL", "--bundle", "CRAWL/x"),
    "export": ("export", "CRAWL", "-o", "CRAWL/x"),
    "publish": ("publish", "CRAWL", "-o", "CRAWL/x"),
    "purge": ("purge", "CRAWL", "--domain", "museum.test", "--reason", "x", "--receipt", "CRAWL/x", "--dry-run"),
    "recheck": ("recheck", "CRAWL", "-o", "CRAWL/warc/../x.jsonl"),
    "summary": ("summary", "CRAWL", "-o", "CRAWL/x.html"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_added_to_a_crawl(demo: DemoRun, name: str) -> None:
    """One message that names the crawl, exit status 2, and no file more."""
    before = _names(demo.folder)
    done = clearcrawl(*(word.replace("CRAWL", str(demo.folder)) for word in COMMANDS[name]))
    assert done.returncode == 2, done.stderr
    assert f"the crawl {demo.folder}" in done.stderr
    assert _names(demo.folder) == before


def test_the_place_of_a_removal_list_is_looked_at_first(demo: DemoRun, tmp_path: Path) -> None:
    """Nobody is asked for hours before a folder is found missing."""
    done = clearcrawl("recheck", str(demo.folder), "-o", str(tmp_path / "none" / "list.jsonl"))
    assert (done.returncode, "there is no folder" in done.stderr) == (2, True)


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("report", "CRAWL", "-o", "r.pdf"), "ends in .html"),
        (("sample", "CRAWL", "-o", "s.txt"), "ends in .csv"),
        (("query", "CRAWL", "reasons", "-o", "x.xlsx"), "end the name in .csv, .json, .parquet or .txt"),
        (("query", "CRAWL"), "is a crawl; name a question behind it"),
    ],
)
def test_a_file_is_what_its_name_says(demo: DemoRun, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    """No HTML under the name of a PDF: exit status 2, and no file; a question that was forgotten is asked for."""
    named = (word.replace("CRAWL", str(demo.folder)) for word in words)
    files = (str(tmp_path / word) if word.startswith(("r.", "s.", "x.")) else word for word in named)
    done = clearcrawl("audit", *files)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr
    assert not list(tmp_path.iterdir())


def test_a_summary_for_scripts_lacks_no_files(demo: DemoRun) -> None:
    """What goes to stdout has no list beside it, and nothing is found wrong about that."""
    done = clearcrawl("summary", str(demo.folder), "--json", "--unverified")
    assert "files of the list" not in done.stderr
