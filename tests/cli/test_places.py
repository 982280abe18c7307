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
