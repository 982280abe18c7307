"""Runs ``clearcrawl`` without readers, blocklists, log, journal and facts, for ``whole.py`` to tell what they cost.

Not part of the program and no option of it: everything is taken out from here before it is used. The robots gate, the
checks of addresses and the WARC files stay. What is left of the journal is a queue in memory.

python benchmarks/without_readers.py crawl ...
"""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crawler.optout import registry


def without_readers() -> None:
    """Empty the registry; everything else reads it when it is imported."""
    registry.READERS = ()
    registry.SITE_FILES = {}


def without_blocklists() -> None:
    """Let no list name anybody."""
    from crawler.blocklists.matcher import Matcher  # noqa: PLC0415 - the registry comes first

    for name in ("about_url", "about_host", "about_address"):
        setattr(Matcher, name, lambda *_: None)


def without_journal() -> None:
    """Keep the queue in memory, write no leaf, sign nothing, wait for no disk, and so make no manifest."""
    from crawler.storage import batches, journal  # noqa: PLC0415 - the registry comes first
    from crawler.storage.evidence import Evidence  # noqa: PLC0415 - as above

    os.fsync = lambda fd: None  # noqa: ARG005 - the name is the function's own
    connect = sqlite3.connect

    def in_memory(_: object, **options: Any) -> sqlite3.Connection:
        return connect(":memory:", **options)

    def counted(self: journal.Journal, *_: Any, **__: Any) -> int:
        self.next_seq += 1
        return self.next_seq - 1

    prepare = journal.Journal._prepare  # noqa: SLF001 - what is switched off has no switch

    def prepared(self: journal.Journal, *, is_new: bool) -> bool:
        was_unclean = prepare(self, is_new=is_new)
        self.connection.execute("PRAGMA foreign_keys = OFF")  # records name leaves that are not there
        return was_unclean

    begin = Evidence.begin

    def unsigned(self: Evidence, *given: Any, **named: Any) -> None:
        self._sealer = None
        begin(self, *given, **named)

    journal.sqlite3.connect = in_memory  # type: ignore[assignment] # one crawl, one database
    journal.Journal._prepare = prepared  # type: ignore[method-assign] # noqa: SLF001 - as above
    journal.Journal.log_row = journal.Journal.log_event = counted  # type: ignore[assignment,method-assign] # as above
    Evidence.begin = unsigned  # type: ignore[method-assign] # as above
    make = batches.BatchWriter._rows  # noqa: SLF001 - as above

    def without_facts(self: batches.BatchWriter, outcomes: Any, deltas: Any) -> int:
        bare = [(batches.replace(outcome, late=None), places) for outcome, places in outcomes]
        return make(self, bare, deltas)

    batches.BatchWriter._rows = without_facts  # type: ignore[method-assign] # noqa: SLF001 - as above


def main() -> None:
    """Take everything out, then run the command line."""
    without_readers()
    without_blocklists()
    without_journal()
    from crawler.cli.main import main as command  # noqa: PLC0415 - after all this

    command()


if __name__ == "__main__":
    main()
