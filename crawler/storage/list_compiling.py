"""The table of a large snapshot, built once and then mapped by every worker and command that asks the same lists.

It lies in ``.compiled`` beside the lists, under a digest of all that it depends on, and may be deleted at any time.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from crawler.blocklists.matcher import Frame, Matcher
from crawler.errors import DamagedStateError
from crawler.storage.list_filling import TableWriter
from crawler.storage.list_loading import Loaded, load
from crawler.storage.list_tables import VERSION, MappedTable
from crawler.values.digest import Digest, sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from crawler.blocklists.catalog import ListRecord
    from crawler.blocklists.exceptions import ListException
    from crawler.storage.list_files import ListFile
    from crawler.storage.suffixes import BundledSuffixes

COMPILED = ".compiled"
COMPILED_FROM = 1024 * 1024
"""Octets of all lists from which on a table in a file pays; a smaller one is read in no time."""
_KEPT = 4
"""Tables that stay: of this snapshot, and of some before or beside it."""


def compiled(
    folder: Path,
    key: Digest,
    files: Mapping[str, ListFile],
    records: Sequence[ListRecord],
    *,
    exceptions: Sequence[ListException],
    suffixes: BundledSuffixes,
    today: date,
) -> tuple[Matcher, list[Loaded]]:
    """Open the table of the snapshot, built first where there is none. Raises DocumentError as ``load`` does.

    Where the folder cannot be written, the table lives in a file without a name as long as this process.
    """

    def build(file: BinaryIO) -> None:
        writer = TableWriter()
        loading = load(files, records, exceptions, suffixes, today=today, table=writer)
        writer.write(file, {"frame": _frame(loading.matcher.frame), "lists": list(map(_told, loading.lists))})

    place = folder / COMPILED
    path = place / f"{key.replace(':', '-')}.table"
    try:
        table = _opened(path)
        if table is None:
            with _lock(place):
                table = _opened(path)
                if table is None:
                    _replace(path, build)
                    table = MappedTable.open(path)
    except OSError:
        with tempfile.TemporaryFile() as file:
            build(file)
            file.flush()
            table = MappedTable(os.dup(file.fileno()), "the table of blocklists")
    return Matcher(exceptions, table=table, frame=_frame_of(table)), _lists_of(table)


def key_of(
    digest: Digest,
    records: Sequence[ListRecord],
    exceptions: Sequence[ListException],
    suffixes: BundledSuffixes,
    *,
    today: date,
) -> Digest:
    """Digest of all that the table of a snapshot depends on; the day only where an entry may have one of its own."""
    has_days = any(record.columns and (record.columns.valid_from or record.columns.valid_to) for record in records)
    parts = [
        VERSION,
        digest,
        suffixes.digest,
        [record.id for record in records if record.is_in_force(today)],
        [f"{one.list_id} {one.entry.value}" for one in exceptions],
        str(today) if has_days else None,
    ]
    return sha256(json.dumps(parts).encode())


def _opened(path: Path) -> MappedTable | None:
    try:
        return MappedTable.open(path)
    except (FileNotFoundError, DamagedStateError):
        return None


@contextmanager
def _lock(place: Path) -> Iterator[None]:
    """Let one process build while the others wait. Raises OSError."""
    place.mkdir(exist_ok=True)
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, build: Callable[[BinaryIO], None]) -> None:
    beside = path.with_suffix(".new")
    try:
        with beside.open("wb") as file:
            build(file)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    ignore = path.with_name(".gitignore")
    if not ignore.exists():
        ignore.write_text("*\n")
    tables = sorted(path.parent.glob("*.table"), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in tables[_KEPT:]:
        with suppress(OSError):
            old.unlink()


def _frame(frame: Frame) -> dict[str, object]:
    return {
        "owners": frame.owners,
        "lengths": {str(version): sorted(lengths) for version, lengths in frame.lengths.items()},
        "has_paths": frame.has_paths,
        "covering": frame.covering,
    }


def _frame_of(table: MappedTable) -> Frame:
    told = table.facts["frame"]
    return Frame(
        owners=[(list_id, Digest(digest)) for list_id, digest in told["owners"]],
        lengths={int(version): set(lengths) for version, lengths in told["lengths"].items()},
        has_paths=told["has_paths"],
        covering={key: [(owner, line, text) for owner, line, text in found] for key, found in told["covering"].items()},
    )


def _told(loaded: Loaded) -> dict[str, object]:
    return {name: getattr(loaded, name) for name in Loaded.__slots__}


def _lists_of(table: MappedTable) -> list[Loaded]:
    lists = [Loaded(**told) for told in table.facts["lists"]]
    for one in lists:
        one.added = sum(table.entries.get(owner, 0) for owner in one.owners)
    return lists
