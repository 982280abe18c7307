"""The durable crawl: one group commit makes pages, rows, links and claims durable together (reliability 5.1).

Order: WARC records, fsync, then one database transaction; claims are on disk before they are returned. After the
first failure nothing is written any more.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from crawler.errors import ClearcrawlError, StorageError, UsageError
from crawler.provenance.leaf import time_text
from crawler.storage.batches import BatchWriter
from crawler.storage.crawl_file import CrawlFile, exit_code_of, read_crawl_file, write_crawl_file
from crawler.storage.entries import Recovery
from crawler.storage.evidence import Evidence
from crawler.storage.frontier import Frontier
from crawler.storage.handover import withdraw_bag
from crawler.storage.journal import Journal
from crawler.storage.layout import CrawlFolder, Folder, has_files, has_owners, recognise
from crawler.storage.lock import lock
from crawler.storage.outbox import SharedFrontier
from crawler.storage.reading import counts_of, load_site_file
from crawler.storage.recording import Recorder
from crawler.storage.recovery import interrupt, record_closed, recover
from crawler.storage.segments import begin_segment, record_segment
from crawler.storage.warc_files import ROTATE_AT
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crawler.storage.entries import Batch, Claim, Committed, Counts, RunInfo, SiteFileEntry, WarcKind
    from crawler.storage.notary import Sealer
    from crawler.storage.previous import Previous
    from crawler.storage.segments import SegmentInMaking
    from crawler.storage.stamping import Stamper
    from crawler.values.digest import Digest

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class CrawlStore:
    """Owner of a crawl folder while it is written. Use it from one thread at a time.

    ``crawl_id`` names the crawl: an interrupted one keeps it, a start after a clean end begins a new one in the same
    folder. ``recovery`` tells what the start found.
    """

    crawl_id: str
    recovery: Recovery

    def __init__(
        self,
        root: Folder,
        *,
        run: RunInfo,
        worker: str,
        clock: Callable[[], float],
        rotate_at: int,
        previous: Previous | None,
        sealer: Sealer | None,
        stamper: Stamper | None,
    ) -> None:
        """Use ``open``."""
        self._run = run
        self._evidence = Evidence(run, sealer, stamper)
        self._previous = previous
        self._clock = clock
        self._rotate_at = rotate_at
        self._failure: str | None = None
        self._is_closed = False
        self._making: tuple[SegmentInMaking, str] | None = None
        self._path = root.path
        self._share = share = run.share
        is_new = not recognise(root.path) if share is None else share.may_be_new and not has_files(root, worker)
        self._folder = CrawlFolder(root, worker)
        try:
            if share is not None:
                lock(self._folder.state)
            with self._guard("start"):
                self._journal, was_unclean = Journal.open(self._folder.state, is_new=is_new)
        except BaseException:
            self._folder.close()
            raise
        try:
            with self._guard("start"):
                self._start(is_new=is_new, was_unclean=was_unclean)
        except BaseException:
            self._journal.close()
            self._folder.close()
            raise

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        run: RunInfo,
        worker: str = "w0",
        clock: Callable[[], float] = time.time,
        rotate_at: int = ROTATE_AT,
        previous: Previous | None = None,
        sealer: Sealer | None = None,
        stamper: Stamper | None = None,
    ) -> Self:
        """Lock, recognise, recover. Raises UsageError, FolderInUseError, DamagedStateError, StorageError.

        ``rotate_at``: octets after which a WARC file is sealed and the next one begun. ``previous``: crawls in other
        folders whose payloads are not stored again. ``sealer`` signs heads of the log, ``stamper`` has them stamped.
        """
        if run.name is not None and _NAME.fullmatch(run.name) is None:
            raise UsageError(f"crawl name {run.name!r}: write a-z, 0-9 and '-', at most 31, no '-' in front")
        if run.share is None and has_owners(root) and recognise(root):
            raise UsageError(f"{root}: several workers write this crawl; go on with clearcrawl crawl")
        folder = Folder.create(root)
        try:
            if run.share is None:
                lock(folder)
            return cls(
                folder, run=run, worker=worker, clock=clock, rotate_at=rotate_at, previous=previous, sealer=sealer,
                stamper=stamper,
            )  # fmt: skip
        except BaseException:
            folder.close()
            raise

    def _start(self, *, is_new: bool, was_unclean: bool) -> None:
        journal, now = self._journal, self._now()
        earlier = journal.get("crawl_id")
        share = self._share
        if share is None:
            is_continued = earlier is not None and journal.get("ended") == 0
            self.crawl_id = earlier if is_continued else new_crawl_id(self._run.name, now)
        else:
            is_continued = earlier == share.crawl_id
            self.crawl_id = share.crawl_id
        self._number = (journal.get("crawl_number") or 0) + (0 if is_continued else 1)
        self._recorder = Recorder(self._folder, warcinfo=self._warcinfo(), rotate_at=self._rotate_at)
        self.recovery = Recovery()
        if not is_new:
            self.recovery = recover(self._folder, journal, self._recorder, time=now, was_unclean=was_unclean)
        self._frontier = Frontier(journal.connection) if share is None else SharedFrontier(journal)
        self._batches = BatchWriter(
            journal, self._frontier, self._recorder, crawl_number=self._number, previous=self._previous
        )
        if share is None:
            withdraw_bag(self._folder.root)
        self._evidence.begin(self._folder, journal, crawl_id=self.crawl_id)
        body = {"crawl_id": self.crawl_id, **self._evidence.start_body()}
        with journal.transaction():
            journal.put("crawl_id", self.crawl_id)
            journal.put("crawl_number", self._number)
            if share is None or not is_continued:  # else killed at its end: rows of parked URLs may be written
                journal.put("ended", 0)
            told = None if share is None else share.secret.hex()
            self._secret = bytes.fromhex(journal.get("secret") or told or secrets.token_hex(32))
            journal.put("secret", self._secret.hex())
            if not is_continued:
                journal.put("started_at", now)
            journal.log_event("restart" if is_continued else "crawl_start", time=now, body=body)
            self._evidence.log_change(time=now)
        self._unpublished = journal.connection.execute("SELECT count(*) FROM pending WHERE is_row").fetchone()[0]
        if share is None:
            self._describe(is_new=is_new)
        self._evidence.sign(is_stamped=True)

    @property
    def unsealed(self) -> str | None:
        """Why the crawl as it is now cannot be verified to its end by others: unsigned, or a stamp is pending."""
        return self._evidence.problem

    @property
    def unsigned(self) -> str | None:
        """Why the newest leaves are not signed."""
        return self._evidence.unsigned

    @property
    def pending(self) -> list[str]:
        """Time stamps without an answer, by file name, as of the end of the run."""
        return self._evidence.pending

    @property
    def secret(self) -> bytes:
        """Key of this folder that makes redacted values comparable without being readable (R7.1); never leaves it."""
        return self._secret

    @property
    def shared(self) -> SharedFrontier:
        """The frontier of a worker among several. Raises UsageError where it writes its crawl alone."""
        if not isinstance(self._frontier, SharedFrontier):
            raise UsageError(f"{self._path}: one worker writes this crawl alone")
        return self._frontier

    def _warcinfo(self) -> dict[str, str]:
        run = self._run
        return {
            "software": run.software,
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "operator": run.operator,
            "http-header-user-agent": run.user_agent,
            "isPartOf": self.crawl_id,
            "robots": "obeyed (RFC 9309)",
            "description": "HTTP bodies as sent, before content decoding; transfer codings removed, header fields as"
            " handed over by the HTTP library" + ("; TEST: visited test hosts" if run.is_test else ""),
        }

    def _describe(self, *, is_new: bool) -> None:
        """Write ``crawl.json`` for this run; a crawl that ended here before is kept in its list."""
        earlier: tuple[dict[str, object], ...] = ()
        if not is_new:
            before = read_crawl_file(self._folder.root)
            earlier = before.earlier
            if before.crawl_id != self.crawl_id:
                names = ("crawl_id", "started_at", "ended_at", "finish_reason", "exit_code")
                earlier += ({name: getattr(before, name) for name in names},)
        run = self._run
        self._crawl_file = CrawlFile(
            crawl_id=self.crawl_id, operator=run.operator, product_token=run.product_token, user_agent=run.user_agent,
            purpose=run.purpose, software=run.software, is_test=run.is_test, details=dict(run.details),
            started_at=self._journal.get("started_at"), earlier=earlier,
        )  # fmt: skip
        write_crawl_file(self._folder.root, self._crawl_file)

    def commit(self, batch: Batch) -> Committed:
        """Make the batch durable and give out claims. Raises StorageError, after which nothing is written."""
        with self._guard("commit"):
            committed = self._batches.commit(batch, wall=self._clock(), monotonic=time.monotonic())
            self._unpublished += committed.rows
            if self._making is not None and self._making[0].is_done:
                self._put_made()
            for kind in self._recorder.full():
                self._publish("rotation")
                self._seal(kind)
            self._evidence.sign_if_due()
        return replace(committed, unpublished=self._unpublished)

    def publish(self, reason: str) -> int:
        """Turn what is in the journal into segments; answer how many rows. Raises StorageError."""
        with self._guard("publish"):
            return self._publish(reason)

    def begin_publishing(self, reason: str) -> None:
        """Have a segment made beside the commits, one at a time; one of them puts it in place. Raises StorageError."""
        with self._guard("publish"):
            self._begin(reason)

    def _publish(self, reason: str) -> int:
        rows = 0
        newest = self._journal.next_seq - 1
        while self._begin(reason):
            last, more = self._put_made()
            rows += more
            if last >= newest:
                break
        return rows

    def _begin(self, reason: str) -> bool:
        """Begin the next segment, unless one is being made; answer whether one is."""
        if self._making is None and (making := begin_segment(self._folder, self._journal)) is not None:
            self._making = (making, reason)
        return self._making is not None

    def _put_made(self) -> tuple[int, int]:
        """Wait for the segment that is being made, and make it count; answer its last leaf and how many rows."""
        assert self._making is not None  # noqa: S101 - for the type checker
        making, reason = self._making
        segment = making.finish()
        self._making = None
        with self._journal.transaction():
            record_segment(self._journal, segment, reason=reason, time=self._now())
        self._unpublished -= segment.rows
        if segment.rows:
            self._evidence.sign()
        return segment.last_seq, segment.rows

    def _seal(self, kind: WarcKind) -> None:
        file = self._recorder.seal(kind)
        with self._journal.transaction():
            record_closed(self._journal, file.name, length=file.position, sha256=file.digest, time=self._now())

    def next_due(self) -> float | None:
        """Unix time at which the first lane that only holds parked URLs is due."""
        return self._frontier.next_due()

    def parked(self) -> Iterator[Claim]:
        """URLs that wait, were tried or put off, and have no row of this crawl yet; their ``attempt_id`` is 0.

        Commits may go on meanwhile. Such a claim is committed with its final ``defer`` row and the state WAITING.
        """
        return self._frontier.parked(crawl_number=self._number)

    def get_site_file(self, origin: str, path: str) -> SiteFileEntry | None:
        """Latest outcome for that file, with its body read back from the evidence and checked.

        Raises DamagedStateError where the evidence does not match.
        """
        return load_site_file(self._journal.connection, self._folder["warc"], origin, path)

    def keep(self, folder: str, data: bytes) -> Digest:
        """Store the exact bytes in ``policies`` or ``blocklists`` under their digest. Raises StorageError."""
        digest = sha256(data)
        name = digest.replace(":", "-")
        with self._guard("keep"):
            if self._folder[folder].size(name) != len(data):
                self._folder[folder].write(name, data, by=self._folder.worker)
        return digest

    def counts(self) -> Counts:
        """Numbers for status and progress."""
        return counts_of(self._journal.connection)

    def close(self, *, clean: bool, reason: str, code: int) -> None:
        """Publish, seal the WARCs, write ``crawl.json``, unlock. ``clean`` ends the crawl id.

        Raises StorageError where that fails; after an earlier failure it only lets go. A second call does nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self._failure is None:
                with self._guard("close"):
                    self._end(clean=clean, reason=reason, code=code)
        finally:
            if self._making is not None:
                self._making[0].abandon()
            self._recorder.close()
            self._journal.close()
            self._folder.close()

    def _end(self, *, clean: bool, reason: str, code: int) -> None:
        with self._journal.transaction():
            interrupt(self._journal, time=self._now())
        self._publish(reason)
        for kind in self._recorder.kinds():
            self._seal(kind)
        counts = self.counts()
        totals = {name: getattr(counts, name) for name in counts.__slots__}
        with self._journal.transaction():
            if clean:
                self._journal.put("ended", 1)
            body = {"crawl_id": self.crawl_id, "reason": reason, "code": code, "counts": totals}
            seq = self._journal.log_event("crawl_end" if clean else "stop", time=self._now(), body=body)
            if not clean:
                self._evidence.log_stop({"time": self._now(), "reason": reason, "code": code, "seq": seq})
        self._publish(reason)
        self._evidence.sign(is_stamped=True)
        self._evidence.wait()
        if self._share is None:
            fields = {name: getattr(self._crawl_file, name) for name in self._crawl_file.__slots__}
            evidence = self._evidence.described()
            fields |= {"ended_at": self._now(), "finish_reason": reason, "counts": totals, "evidence": evidence}
            self._crawl_file = CrawlFile(**fields | {"exit_code": exit_code_of(code, evidence)})
            write_crawl_file(self._folder.root, self._crawl_file)
            self._evidence.hand_over(self._crawl_file, sealed_at=self._now())
        self._journal.finish()

    def _now(self) -> str:
        return time_text(datetime.fromtimestamp(self._clock(), UTC))

    @contextmanager
    def _guard(self, step: str) -> Iterator[None]:
        """Turn every failure into ours and remember the first: nothing is written after it (R5.1, faults 8.5)."""
        if self._failure is not None:
            raise StorageError(f"{self._path}: nothing is written after a failure: {self._failure}")
        try:
            yield
        except ClearcrawlError as error:
            self._failure = str(error)
            raise
        except (OSError, sqlite3.Error, ValueError, TypeError, KeyError) as error:
            self._failure = f"{step}: {error}"
            raise StorageError(f"{self._path}: {step} failed: {error}") from error
        except BaseException as error:
            self._failure = f"{step}: {error!r}"
            raise


def new_crawl_id(name: str | None, now: str) -> str:
    """Name a crawl that begins now (RFC 3339)."""
    moment = now[:19].translate(str.maketrans("T", "t", "-:"))
    return f"{name or 'crawl'}-{moment}-{secrets.token_hex(3)}"
