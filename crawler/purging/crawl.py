"""One ended crawl, open to be purged: locked, finished where a purge was killed, and sealed anew afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from crawler.errors import DamagedStateError, ExitCode, StorageError, UsageError
from crawler.provenance.leaf import time_text
from crawler.purging.selection import REPEATS
from crawler.storage.crawl_file import exit_code_of, read_crawl_file, write_crawl_file
from crawler.storage.crawl_head import seal_crawl
from crawler.storage.entries import RunInfo
from crawler.storage.erasing import (
    Order,
    erase,
    payloads_of,
    publish_entries,
    repeats_of,
    settle_receipt,
    unreceipted,
)
from crawler.storage.erasures import finish_erasure
from crawler.storage.evidence import Evidence
from crawler.storage.handover import withdraw_bag
from crawler.storage.journal import Journal, open_for_reading
from crawler.storage.layout import (
    BAG_FILES,
    CHECKPOINTS,
    CRAWL_FILE,
    DATABASE,
    STATE,
    TIMESTAMPS,
    CrawlFolder,
    Folder,
    check_format,
    has_owners,
)
from crawler.storage.lock import lock
from crawler.storage.restamping import Restamping
from crawler.storage.stamping import unanswered

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from typing import Self

    from crawler.purging.selection import Selection
    from crawler.storage.erasing import Replaced
    from crawler.storage.notary import Sealer
    from crawler.storage.restamping import Stamped
    from crawler.storage.stamping import Stamper

_UNSETTLED = (
    "SELECT (SELECT count(*) FROM files WHERE NOT closed) + (SELECT count(*) FROM pending WHERE is_row)"
    " + (SELECT count(*) FROM attempts WHERE outcome = 'sent')"
)
"""What a crawl that was killed leaves behind, and a purge that was killed does not."""


class PurgeableCrawl:
    """A context manager. Purge each crawl once: selection first, then ``purge`` for each worker, then ``seal``."""

    def __init__(self, path: Path) -> None:
        """Lock the folder and bring a killed purge to its end; ``is_sealed``: whether the hand-over is in place.

        Raises UsageError for a crawl that was killed or has no state, FolderInUseError, DamagedStateError.
        """
        self.path = path
        if not (path / CRAWL_FILE).is_file():
            raise UsageError(f"{path}: holds no crawl (no {CRAWL_FILE}); give the folder that `crawl -o` wrote")
        check_format(path)
        self._stack = ExitStack()
        try:
            root = self._stack.enter_context(Folder.descend(path))
            lock(root)
            self.is_sealed = root.size(BAG_FILES[-1]) is not None
            self.crawl = read_crawl_file(root)
            self._root = root
            self._checkpoints = self._stack.enter_context(root.sub(CHECKPOINTS))
            self._timestamps = self._stack.enter_context(root.sub(TIMESTAMPS))
            self._workers = {name: self._open(root, name) for name in _workers_of(path)}
        except BaseException:
            self._stack.close()
            raise

    def _open(self, root: Folder, worker: str) -> tuple[CrawlFolder, Journal]:
        self._check_settled(self.path / STATE / worker / DATABASE)
        folder = CrawlFolder(root, worker)
        for one in (*folder.subfolders.values(), folder.state):
            self._stack.callback(one.close)
        journal, _ = Journal.open(folder.state, is_new=False)
        self._stack.callback(journal.close)
        finish_erasure(folder, journal)
        publish_entries(folder, journal, now=datetime.now(UTC))
        return folder, journal

    def _check_settled(self, path: Path) -> None:
        """Raise UsageError, before anything is touched, where the crawl itself has to be put in order first."""
        try:
            with closing(open_for_reading(path)) as connection:
                unsettled = connection.execute(_UNSETTLED).fetchone()[0]
        except sqlite3.Error as error:
            raise DamagedStateError(f"{path}: {error}; restore it") from error
        if unsettled:
            raise UsageError(
                f"{self.path}: the crawl was killed and has to be put in order first: "
                f"clearcrawl crawl -o {self.path}, stop it with Ctrl-C, then purge"
            )

    def unreceipted(self) -> list[dict[str, Any]]:
        """What earlier purges erased and no receipt is known to tell of, with the worker's name."""
        found = self._workers.items()
        return [{"worker": name, **one} for name, (_, journal) in found for one in unreceipted(journal)]

    def settle_receipt(self) -> None:
        """A receipt that outlasts a kill tells of all that was erased here. Raises StorageError."""
        try:
            for _, journal in self._workers.values():
                settle_receipt(journal)
        except sqlite3.Error as error:
            raise StorageError(f"{self.path}: the state cannot be written: {error}") from error

    def pending_stamps(self) -> list[str]:
        """Requests for time stamps that no authority has answered, by file name."""
        return unanswered(self._timestamps.names())

    def ask_again(self, stamper: Stamper, *, renewed_before: datetime | None = None) -> Stamped:
        """Ask for what is pending, for each worker's newest head, and for renewals of what ends before that moment.

        Nothing is written. Raises StorageError.
        """
        try:
            asking = Restamping(self._checkpoints, self._timestamps, stamper)
            told = asking.ask_again()
            if renewed_before is not None:
                told |= asking.renew(now=datetime.now(UTC), ends_before=renewed_before)
        except OSError as error:
            raise StorageError(f"{self.path}: cannot be read: {error}") from error
        return told

    def put_stamps(self, stamped: Stamped) -> None:
        """Write answers, the requests they belong to first. Raises StorageError; ``seal`` comes next."""
        try:
            withdraw_bag(self._root)
            for name, octets in sorted(stamped.files.items()):
                if self._timestamps.size(name) is None:
                    self._timestamps.write(name, octets)
        except OSError as error:
            raise StorageError(f"{self.path}: a time stamp cannot be written: {error}; run it again") from error

    def payloads(self, selection: Selection) -> set[bytes]:
        """Digests of the bodies that go."""
        return payloads_of(self._workers[selection.worker][1], selection.rows)

    def add_repeats(self, selection: Selection, payloads: Collection[bytes], authority: str) -> int:
        """Add the rows whose records stand for a body that goes: they would point to nothing. Answer how many."""
        before = len(selection.rows)
        for seq in repeats_of(self._workers[selection.worker][1], payloads):
            selection.rows.setdefault(seq, (REPEATS, authority))
        return len(selection.rows) - before

    def purge(self, selection: Selection) -> list[Replaced]:
        """Remove the rows. Raises StorageError, DamagedStateError; before the commit nothing has changed."""
        folder, journal = self._workers[selection.worker]
        groups: dict[tuple[str, str], list[int]] = {}
        for seq in sorted(selection.rows):
            groups.setdefault(selection.rows[seq], []).append(seq)
        orders = [Order(seqs=tuple(seqs), reason=key[0], authority=key[1]) for key, seqs in groups.items()]
        try:
            withdraw_bag(folder.root)
            return erase(folder, journal, orders, now=datetime.now(UTC))
        except (OSError, sqlite3.Error, pa.ArrowException) as error:
            raise StorageError(f"{self.path}: purging failed: {error}; run it again to go on") from error

    def seal(self, sealer: Sealer | None) -> str | None:
        """Sign the log as it is now and hand over anew; answer why that is not complete, or ``None``."""
        problem = None
        try:
            if self.crawl.exit_code == ExitCode.INCOMPLETE and self._is_over():
                self.crawl = replace(self.crawl, exit_code=ExitCode.CLEAN.value)  # only its seal was incomplete
            if has_owners(self.path):
                problem = self._seal_together(sealer)
            else:
                for folder, journal in self._workers.values():
                    problem = self._seal(folder, journal, sealer) or problem
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{self.path}: sealing failed: {error}; run it again to go on") from error
        return problem

    def _is_over(self) -> bool:
        """Whether every worker came to its end, rather than to a stop."""
        return all(journal.get("ended") == 1 for _, journal in self._workers.values())

    def _seal(self, folder: CrawlFolder, journal: Journal, sealer: Sealer | None) -> str | None:
        evidence, now = self._sign(folder, journal, sealer)
        evidence.pending = self.pending_stamps()
        told = evidence.described() or self.crawl.evidence
        self.crawl = replace(self.crawl, evidence=told, exit_code=exit_code_of(self.crawl.exit_code, told))
        write_crawl_file(folder.root, self.crawl)
        evidence.hand_over(self.crawl, sealed_at=now)
        journal.finish()
        return evidence.unsealed

    def _seal_together(self, sealer: Sealer | None) -> str | None:
        """Several workers: each log is signed, then one head over all heads and one hand-over."""
        signed = [self._sign(folder, journal, sealer) for folder, journal in self._workers.values()]
        unsigned = next((evidence.unsigned for evidence, _ in signed if evidence.unsigned), None)
        folder, journal = next(iter(self._workers.values()))
        origin: str = journal.get("origin") or ""
        self.crawl, problem = seal_crawl(
            folder.root, {name: journal.connection for name, (_, journal) in self._workers.items()}, self.crawl, sealer,
            domain=_domain(origin), sealed_at=signed[-1][1], unsigned=unsigned,
            pending=self.pending_stamps(),
        )  # fmt: skip
        for _, journal in self._workers.values():
            journal.finish()
        return problem

    def _sign(self, folder: CrawlFolder, journal: Journal, sealer: Sealer | None) -> tuple[Evidence, str]:
        """Sign a worker's log as it is; answer its evidence and the time."""
        publish_entries(folder, journal, now=datetime.now(UTC))
        crawl = self.crawl
        origin: str = journal.get("origin") or ""
        run = RunInfo(
            operator=crawl.operator, product_token=crawl.product_token, purpose=crawl.purpose,
            user_agent=crawl.user_agent, software=crawl.software, is_test=crawl.is_test,
            domain=_domain(origin), details=crawl.details,
        )  # fmt: skip
        evidence = Evidence(run, sealer, None)
        evidence.begin(folder, journal, crawl_id=crawl.crawl_id)
        now = time_text(datetime.now(UTC))
        with journal.transaction():
            evidence.log_change(time=now)
        publish_entries(folder, journal, now=datetime.now(UTC))
        evidence.sign()
        return evidence, now

    def close_untouched(self) -> None:
        """Leave a crawl in which nothing had to change as it was."""
        for _, journal in self._workers.values():
            journal.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _domain(origin: str) -> str:
    return origin.partition("/")[0] or "operator.invalid"


def _workers_of(path: Path) -> list[str]:
    """Names of the workers whose state is there. Raises UsageError where there is none."""
    names = sorted(entry.parent.name for entry in (path / STATE).glob(f"*/{DATABASE}"))
    if not names:
        raise UsageError(
            f"{path / STATE}: the crawl's state is missing, and the log goes on from it; "
            "restore it from the place where the crawl was made"
        )
    return names
