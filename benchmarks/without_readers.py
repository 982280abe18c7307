"""Runs ``clearcrawl`` without readers of rights and without fsync, for ``whole.py`` to tell what they cost.

Not part of the program and no option of it: the registry is emptied before anything reads it. robots.txt is obeyed.

python benchmarks/without_readers.py crawl ...
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crawler.optout import registry


def main() -> None:
    """Take the readers out, then run the command line."""
    registry.READERS = ()
    registry.SITE_FILES = {}
    os.fsync = lambda fd: None  # noqa: ARG005 - the name is the function's own
    from crawler.cli.main import main as command  # noqa: PLC0415 - everything else reads the registry at import

    command()


if __name__ == "__main__":
    main()
