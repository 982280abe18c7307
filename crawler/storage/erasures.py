"""The files that a committed erasure replaces: listed in the journal, put in place by whoever gets to it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.storage.layout import TEMPORARY_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.storage.journal import Journal
    from crawler.storage.layout import CrawlFolder

_PENDING = "erasing"
"""Key of the journal that lists the files still to be put in place and removed."""


def note_erasure(journal: Journal, steps: Sequence[Mapping[str, str | None]]) -> None:
    """List what ``finish_erasure`` does: ``folder``, ``old`` and ``new`` name of each file. Inside a transaction."""
    journal.put(_PENDING, json.dumps(steps))


def finish_erasure(folder: CrawlFolder, journal: Journal) -> None:
    """Put the files of a committed erasure in place and remove those before; does nothing where none is under way."""
    pending = json.loads(journal.get(_PENDING) or "[]")
    for step in pending:
        where, old, new = folder[step["folder"]], step["old"], step["new"]
        if new is not None and where.size(new + TEMPORARY_SUFFIX) is not None:
            where.rename(new + TEMPORARY_SUFFIX, new)
        if new != old:
            with suppress(FileNotFoundError):
                where.remove(old)
        where.sync()
    if pending:
        with journal.transaction():
            journal.put(_PENDING, "[]")
