"""The durable crawl: one group commit makes pages, rows, links and claims durable together.

Signatures first; the steps follow reliability 5.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crawler.storage.entries import Batch, Claim, Committed, Counts, Recovery, RunInfo, SiteFileEntry
    from crawler.values.digest import Digest


class CrawlStore:
    """Owner of a crawl folder while it is written. Use it from one thread only."""

    crawl_id: str
    recovery: Recovery

    @classmethod
    def open(cls, root: Path, *, run: RunInfo, worker: str = "w0", clock: Callable[[], float] | None = None) -> Self:
        """Lock, recognise, recover. Raises UsageError, FolderInUseError, DamagedStateError, StorageError."""
        raise NotImplementedError

    def commit(self, batch: Batch) -> Committed:
        """Make the batch durable and give out claims. Raises StorageError, after which nothing is written."""
        raise NotImplementedError

    def publish(self, reason: str) -> int:
        """Turn the rows in the journal into a Parquet segment; answer how many."""
        raise NotImplementedError

    def next_due(self) -> float | None:
        """Unix time at which the first lane that only holds parked URLs is due."""
        raise NotImplementedError

    def parked(self) -> Iterator[Claim]:
        """URLs that wait and were tried or put off; their ``attempt_id`` is 0. Commits may go on meanwhile."""
        raise NotImplementedError

    def get_site_file(self, origin: str, path: str) -> SiteFileEntry | None:
        """Latest outcome for that file, with its body read back from the evidence and checked."""
        raise NotImplementedError

    def keep(self, folder: str, data: bytes) -> Digest:
        """Store the exact bytes in ``policies`` or ``blocklists`` under their digest."""
        raise NotImplementedError

    def counts(self) -> Counts:
        """Numbers for status and progress."""
        raise NotImplementedError

    def close(self, *, clean: bool, reason: str, code: int) -> None:
        """Publish, seal the WARCs, write ``crawl.json``, unlock. ``clean`` ends the crawl id."""
        raise NotImplementedError
