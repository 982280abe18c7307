"""Makes the columns and the index of one segment of its log; run as a process of its own, which ends with that.

So the libraries for columns, as large as all else that a crawl needs, never load where it runs. Nothing here names a
file: descriptors of the log and of both files are given.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS_AT_ONCE = 512
"""Rows that are held as JSON at once."""
_NOT_NEEDED: Final = frozenset(
    {"numpy", "pandas", "pyarrow._azurefs", "pyarrow._gcsfs", "pyarrow._hdfs", "pyarrow._s3fs"}
)


def main(arguments: list[str]) -> None:
    """``LOG MANIFEST INDEX FIRST LAST``: three descriptors, numbers of the leaves; prints how many rows and lines.

    Whatever goes wrong ends the process with another status than 0, and its starter puts nothing in place then.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the crawl, which waits for us as it ends
        signal.signal(number, signal.SIG_IGN)
    sys.meta_path.insert(0, _Without())
    import pyarrow as pa  # noqa: PLC0415 - after what must not load is named

    pa.set_cpu_count(1)
    pa.set_memory_pool(pa.system_memory_pool())
    log, manifest, index, first, last = map(int, arguments)
    rows, lines = make(log, manifest, index, first_seq=first, last_seq=last)
    sys.stdout.write(json.dumps({"rows": rows, "lines": lines}))


def make(log: int, manifest: int, index: int, *, first_seq: int, last_seq: int) -> tuple[int, int]:
    """Write both files from their start; answer how many rows and how many lines they hold.

    Raises OSError, ``pyarrow.ArrowException``.
    """
    from crawler.storage.cdxj import index_file, index_lines  # noqa: PLC0415 - loads Arrow
    from crawler.storage.manifest import parquet_writer, table_of  # noqa: PLC0415 - as above

    rows, lines = 0, list[str]()
    for descriptor in (log, manifest, index):
        os.lseek(descriptor, 0, os.SEEK_SET)  # shared with the starter, and with an earlier try
    bounds = {"clearcrawl.first_seq": str(first_seq), "clearcrawl.last_seq": str(last_seq)}
    with os.fdopen(manifest, "wb", closefd=False) as sink, parquet_writer(sink, bounds) as writer:
        sink.truncate()
        for leaves in _rows(log):
            table = table_of(leaves)
            writer.write(table)
            lines += index_lines(table)
            rows += len(leaves)
    with os.fdopen(index, "wb", closefd=False) as sink:
        sink.truncate()
        sink.write(index_file(lines))
    return rows, len(lines)


def _rows(log: int) -> Iterator[list[tuple[bytes, bytes]]]:
    """Leaves of rows with their hashes, some at once."""
    from crawler.provenance.leaf import is_row, leaf_hash  # noqa: PLC0415 - as above

    found: list[tuple[bytes, bytes]] = []
    with os.fdopen(log, "rb", closefd=False) as file, gzip.open(file) as leaves:
        for line in leaves:
            data = line.removesuffix(b"\n")
            if is_row(data):
                found.append((data, leaf_hash(data)))
            if len(found) == ROWS_AT_ONCE:
                yield found
                found = []
    if found:
        yield found


class _Without(MetaPathFinder):
    """Keeps out what Arrow imports where it finds it: 20 MiB, and half of the time that it takes to load."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:  # noqa: ARG002 - the finder's
        """Answer for those names alone, with an error."""
        if fullname in _NOT_NEEDED:
            raise ModuleNotFoundError(name=fullname)
