"""Runs ``clearcrawl demo`` as a user does, once for all tests that read a finished crawl."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.starting import run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoRun:
    """A finished demo."""

    folder: Path
    code: int
    printed: str
    complaints: str

    @property
    def report(self) -> dict[str, Any]:
        """What ``--json`` printed."""
        found: dict[str, Any] = json.loads(self.printed)
        return found

    def row(self, host: str, path: str = "/") -> dict[str, Any]:
        """The row of one URL, as the report tells it."""
        site = next(one for one in self.report["sites"] if one["host"] == host)
        row: dict[str, Any] = next(one for one in site["rows"] if "/" + one["url"].split("/", 3)[3] == path)
        return row

    def copy(self, target: Path) -> Path:
        """A copy that a test may damage."""
        shutil.copytree(self.folder, target)
        return target


def clearcrawl(*arguments: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the repository's root, without a terminal."""
    return run(*arguments, timeout=timeout, env={**os.environ, **environment})


def run_demo(folder: Path) -> DemoRun:
    """Crawl the built-in web into a folder."""
    done = clearcrawl("demo", "-o", str(folder), "--json")
    return DemoRun(folder, done.returncode, done.stdout, done.stderr)


def keep_demo(folder: Path) -> None:
    """Run it below a folder, so that other processes can read what became of it."""
    done = run_demo(folder / "out")
    (folder / "told.json").write_text(json.dumps([done.code, done.printed, done.complaints]))


def kept_demo(folder: Path) -> DemoRun:
    """What ``keep_demo`` kept."""
    return DemoRun(folder / "out", *json.loads((folder / "told.json").read_text()))
