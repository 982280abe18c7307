"""Builds the table of a large snapshot in a process of its own: minutes of nothing else would stop a running crawl.

Run: python -m crawler.storage.list_building FOLDER DAY
"""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

from crawler.errors import ClearcrawlError, UsageError
from crawler.policy.document import Blocklists
from crawler.storage.blocklists import FOLDER, open_blocklists
from crawler.storage.list_compiling import COMPILED_FROM
from crawler.storage.suffixes import bundled_suffixes

LONGEST = 600.0
"""Seconds that a build may take."""
ANY_AGE = Blocklists(warn_age=10**6, refuse_age=10**6)
"""Age refuses a start. A crawl that runs takes what is new, whatever else has grown old beside it."""


def build_apart(folder: Path, day: date) -> None:
    """Let another process build the table that ``open_blocklists`` will want; a small folder needs none.

    Raises UsageError with what it said where the lists cannot be opened.
    """
    if _size(folder) < COMPILED_FROM:
        return
    command = [sys.executable, "-m", "crawler.storage.list_building", str(folder), day.isoformat()]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"{folder}: the lists could not be built in {LONGEST:g} s") from error
    if run.returncode:
        raise UsageError(run.stderr.strip() or f"{folder}: building the lists ended with {run.returncode}")


def _size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in (folder / FOLDER).rglob("*") if path.is_file())
    except OSError:
        return 0


def main(arguments: list[str]) -> int:
    """Open a folder for one day, which builds what is missing."""
    folder, day = arguments
    try:
        open_blocklists(Path(folder), today=date.fromisoformat(day), ages=ANY_AGE, suffixes=bundled_suffixes())
    except ClearcrawlError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
