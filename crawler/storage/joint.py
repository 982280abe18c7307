"""A crawl folder that several workers write, as the process holds it that brings them together.

It locks the folder, says whose each domain is, writes ``crawl.json``, and at the end the head over the heads of all
workers (R6.6) with the hand-over. What a worker writes is in ``store``.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from crawler.errors import DamagedStateError, FolderInUseError, StorageError
from crawler.provenance.checkpoint import TEST_DOMAIN
from crawler.provenance.leaf import time_text
from crawler.storage.crawl_file import CrawlFile, read_crawl_file, write_crawl_file
from crawler.storage.crawl_head import seal_crawl, unsealed
from crawler.storage.entries import Counts, Share
from crawler.storage.handover import withdraw_bag
from crawler.storage.journal import open_for_reading
from crawler.storage.layout import (
    CRAWL_FILE,
    CRAWL_HEAD,
    DATABASE,
    FOLDERS,
    OWNERS,
    STATE,
    Folder,
    has_files,
    recognise,
)
from crawler.storage.lock import lock
from crawler.storage.owners import Owners
from crawler.storage.reading import counts_of
from crawler.storage.store import new_crawl_id

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.storage.entries import RunInfo
    from crawler.storage.notary import Sealer

FIRST = "w0"
ENDING_SECONDS = 15.0
"""That a start waits for workers of a killed run to end: they stop when the process is gone that led them."""


class JointCrawl:
    """A context manager; used by one process, in one thread."""

    crawl_id: str

    def __init__(self, root: Folder, run: RunInfo) -> None:
        """Use ``open``."""
        self._root = root
        self._run = run
        self.path = root.path
        is_known = recognise(root.path)
        self._stack = ExitStack()
        self._stack.callback(root.close)
        for name in FOLDERS:
            root.sub(name).close()
        with root.sub(STATE) as state:
            folder = self._stack.enter_context(state.sub(CRAWL_HEAD))
        if not is_known:
            for ending in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    folder.remove(OWNERS + ending)
        self.owners = self._stack.enter_context(closing(Owners.open(folder)))
        self._begin(is_known=is_known)

    @classmethod
    def open(cls, path: Path, run: RunInfo) -> Self:
        """Lock, recognise, and say in ``crawl.json`` that a run began.

        Raises UsageError, FolderInUseError, DamagedStateError, StorageError.
        """
        root = Folder.create(path)
        try:
            lock(root)
            return cls(root, run)
        except (OSError, sqlite3.Error) as error:
            root.close()
            raise StorageError(f"{path}: start failed: {error}") from error
        except BaseException:
            root.close()
            raise

    def _begin(self, *, is_known: bool) -> None:
        now = time_text(datetime.now(UTC))
        if is_known and not self.owners.workers():
            self._adopt()
        self._wait_for_workers()
        earlier = self.owners.get("crawl_id")
        is_continued = earlier is not None and self.owners.get("ended") == "0"
        self.crawl_id = earlier if earlier is not None and is_continued else new_crawl_id(self._run.name, now)
        self.secret = bytes.fromhex(self.owners.get("secret") or secrets.token_hex(32))
        started_at = (self.owners.get("started_at") if is_continued else None) or now
        told = {"crawl_id": self.crawl_id, "ended": "0", "secret": self.secret.hex(), "started_at": started_at}
        self.owners.put(told)
        withdraw_bag(self._root)
        before = read_crawl_file(self._root) if is_known else None
        ended: tuple[dict[str, object], ...] = () if before is None else before.earlier
        if before is not None and before.crawl_id != self.crawl_id:
            names = ("crawl_id", "started_at", "ended_at", "finish_reason", "exit_code")
            ended += ({name: getattr(before, name) for name in names},)
        run = self._run
        self.crawl = CrawlFile(
            crawl_id=self.crawl_id, operator=run.operator, product_token=run.product_token, user_agent=run.user_agent,
            purpose=run.purpose, software=run.software, is_test=run.is_test, details=dict(run.details),
            started_at=started_at, earlier=ended,
            evidence=unsealed(self._root, TEST_DOMAIN if run.is_test else run.domain, self.crawl_id),
        )  # fmt: skip
        write_crawl_file(self._root, self.crawl)

    def _adopt(self) -> None:
        """Take over a crawl that one worker began alone: all its domains stay with it. Raises DamagedStateError."""
        path = self.path / STATE / FIRST / DATABASE
        if not path.exists():
            raise DamagedStateError(f"{path}: missing; restore it, or start in a new folder")
        with closing(open_for_reading(path)) as journal:
            run = journal.execute
            told = dict(run("SELECT key, value FROM meta WHERE key IN ('crawl_id', 'ended', 'secret', 'started_at')"))
            lanes = [name for (name,) in run("SELECT name FROM lanes")]
        self.owners.add_worker(FIRST)
        self.owners.mark_born(FIRST)
        self.owners.give(dict.fromkeys(lanes, FIRST))
        self.owners.put({name: str(value) for name, value in told.items()})

    def _wait_for_workers(self) -> None:
        """Wait until no worker of an earlier run writes any more. Raises FolderInUseError."""
        until = time.monotonic() + ENDING_SECONDS
        for name in self.owners.workers():
            while not self._is_free(name):
                if time.monotonic() > until:
                    problem = f"worker {name} of an earlier run is still writing; wait for its end"
                    raise FolderInUseError(f"{self.path}: {problem}")
                time.sleep(0.1)

    def _is_free(self, worker: str) -> bool:
        with self._root.sub(STATE) as state, state.sub(worker) as folder:
            try:
                lock(folder)
            except FolderInUseError:
                return False
            return True

    def share_of(self, worker: str) -> Share:
        """What that worker has to be told when it starts."""
        is_born = self.owners.workers()[worker]
        return Share(crawl_id=self.crawl_id, secret=self.secret, may_be_new=not is_born)

    def forget(self, worker: str) -> bool:
        """Remove the state of a worker that died before it could take anything over; answer whether it was such."""
        if self.owners.workers().get(worker) or has_files(self._root, worker):
            return False
        with self._root.sub(STATE) as state, state.sub(worker) as folder:
            for name in folder.names():
                folder.remove(name)
        return True

    def ending(self) -> None:
        """Note, before any worker ends its part for good, that the next start begins another crawl."""
        self.owners.put({"ended": "1"})

    def counts(self) -> Counts:
        """Sum over all workers, none of which writes. Raises DamagedStateError."""
        try:
            with ExitStack() as stack:
                found = [counts_of(journal) for journal in self._journals(stack).values()]
        except sqlite3.Error as error:
            raise DamagedStateError(f"{self.path / STATE}: cannot be read: {error}") from error
        return Counts(**{name: sum(getattr(one, name) for one in found) for name in Counts.__slots__})

    def _journals(self, stack: ExitStack) -> dict[str, sqlite3.Connection]:
        paths = {name: self.path / STATE / name / DATABASE for name in self.owners.workers()}
        there = {name: path for name, path in paths.items() if path.exists()}
        return {name: stack.enter_context(closing(open_for_reading(path))) for name, path in there.items()}

    def close(
        self, *, reason: str, code: int, sealer: Sealer | None, pending: list[str], unsigned: str | None
    ) -> str | None:
        """Write ``crawl.json``, the head over all workers, the list of files and the bag; answer what is missing.

        Every worker has closed its part. ``pending`` and ``unsigned``: time stamps and signatures that they miss.
        Raises StorageError, DamagedStateError.
        """
        try:
            now = time_text(datetime.now(UTC))
            totals = {name: getattr(self.counts(), name) for name in Counts.__slots__}
            crawl = replace(self.crawl, ended_at=now, finish_reason=reason, exit_code=code, counts=totals)
            with ExitStack() as stack:
                self.crawl, problem = seal_crawl(
                    self._root, self._journals(stack), crawl, sealer, domain=self._run.domain, sealed_at=now,
                    pending=pending, unsigned=unsigned,
                )  # fmt: skip
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{self.path / CRAWL_FILE}: the end could not be written: {error}") from error
        return problem

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
