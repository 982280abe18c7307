"""Tells cheaply whether a folder of blocklists may have changed: marks of the files by which it is put in force.

The lists themselves are bound by digest in the catalog, so a new version always comes with a new catalog.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crawler.blocklists.catalog import CATALOG
from crawler.blocklists.exceptions import EXCEPTIONS
from crawler.storage.list_files import LOCAL, PROTECTED

if TYPE_CHECKING:
    from pathlib import Path

Mark = tuple[int, int, int] | None
"""Of one file; ``None`` where there is none."""
_MARKED = (CATALOG, LOCAL, PROTECTED, EXCEPTIONS)


def marks_of(folder: Path) -> tuple[Mark, ...]:
    """Marks of all files that are read by name; that of the catalog comes first."""
    return tuple(mark_of(str(folder / name)) for name in _MARKED)


def mark_of(path: str) -> Mark:
    """Mark of one file: whoever replaces or writes it changes the mark."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked before every request; a Path object costs more than the question
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
