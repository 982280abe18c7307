"""The one thread that owns the store: gathers what the event loop hands over and commits it in groups.

Everything that must not block the event loop (compression, digests, SQLite, fsync, Parquet) happens here. The first
failure is kept, told to the event loop once, and nothing is written after it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from crawler.errors import ClearcrawlError, ExitCode, StorageError
from crawler.storage.entries import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.storage.entries import (
        Claim,
        ClaimRequest,
        Committed,
        Event,
        Intent,
        IntentOutcome,
        NewUrl,
        Outcome,
        RecordDraft,
        SiteFileEntry,
        Taken,
    )
    from crawler.storage.store import CrawlStore

T = TypeVar("T")

GROUP_SIZE = 32
"""Outcomes that make a group commit at once (section 5.1 step 3)."""
SEGMENT_ROWS = 5_000
"""Rows that make a Parquet segment (section 5.1 step 4)."""
SEGMENT_WAIT = 300.0
"""Seconds after which a smaller segment is published."""
SPACE_INTERVAL = 5.0
"""Seconds between two looks at the free space of the disk (R5.5)."""
GROUP_WAIT = 0.25
"""Seconds after which a smaller group is committed."""
CONGESTED_OCTETS = 64 * 1024 * 1024
"""Bodies waiting for the disk above which no new request is sent."""


@dataclass(slots=True)
class _Pending:
    """What has been handed over since the last commit."""

    outcomes: list[Outcome] = field(default_factory=list)
    new_urls: list[NewUrl] = field(default_factory=list)
    site_files: list[SiteFileEntry] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    intent_waiters: list[asyncio.Future[int]] = field(default_factory=list)
    intent_outcomes: list[IntentOutcome] = field(default_factory=list)
    takes: list[NewUrl] = field(default_factory=list)
    take_waiters: list[asyncio.Future[Taken]] = field(default_factory=list)
    records: list[RecordDraft] = field(default_factory=list)
    releases: list[Claim] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    claim: ClaimRequest | None = None
    calls: list[tuple[Callable[[CrawlStore], Any], asyncio.Future[Any]]] = field(default_factory=list)
    barriers: list[asyncio.Future[None]] = field(default_factory=list)
    octets: int = 0
    first_at: float | None = None
    is_urgent: bool = False

    @property
    def waiters(self) -> tuple[asyncio.Future[Any], ...]:
        """Everybody who waits for this group."""
        return (*self.intent_waiters, *self.take_waiters, *self.barriers, *(future for _, future in self.calls))


class Writer:
    """Owns the store while the crawl runs. Methods are called from the event loop, except ``start`` and ``join``."""

    def __init__(self, open_store: Callable[[], CrawlStore], has_space: Callable[[], bool] = lambda: True) -> None:
        """``has_space`` says whether the disk has more than its reserve left; it is asked in the thread."""
        self._open_store = open_store
        self._has_space = has_space
        self._looked_at = 0.0
        self._condition = threading.Condition()
        self._pending = _Pending()
        self._in_work_octets = 0
        self._is_closing = False
        self._end = ("", ExitCode.INCOMPLETE, False)
        self._published_at = time.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_committed: Callable[[Committed, ClaimRequest | None], None] = lambda _committed, _asked: None
        self._on_failure: Callable[[ClearcrawlError], None] = lambda _: None
        self._on_low_space: Callable[[], None] = lambda: None
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clearcrawl-writer", daemon=True)
        self.failure: ClearcrawlError | None = None
        self.store: CrawlStore

    def start(self) -> None:
        """Open the store in its thread; raises what opening raised."""
        self._thread.start()
        self._opened.wait()
        if self.failure is not None:
            raise self.failure

    def attach(
        self,
        loop: asyncio.AbstractEventLoop,
        on_committed: Callable[[Committed, ClaimRequest | None], None],
        on_failure: Callable[[ClearcrawlError], None],
        on_low_space: Callable[[], None],
    ) -> None:
        """Name the event loop and what it wants to hear: each commit, the first failure, a disk that runs full."""
        self._loop = loop
        self._on_low_space = on_low_space
        self._on_committed = on_committed
        self._on_failure = on_failure

    @property
    def is_congested(self) -> bool:
        """Whether the disk is slower than the network: no new request should be sent."""
        return self._pending.octets + self._in_work_octets > CONGESTED_OCTETS

    def outcome(self, outcome: Outcome) -> None:
        """Hand over what became of a claim."""
        with self._condition:
            self._pending.outcomes.append(outcome)
            self._pending.octets += sum(len(record.body) for record in outcome.records) + 1
            self._touch()

    def add(self, urls: list[NewUrl]) -> None:
        """Hand over URLs that no page outcome carries (seeds)."""
        with self._condition:
            self._pending.new_urls.extend(urls)
            self._touch()

    def site_file(self, entry: SiteFileEntry) -> None:
        """Hand over what an origin answered for one of its site files."""
        with self._condition:
            self._pending.site_files.append(entry)
            self._pending.octets += len(entry.body or b"") + 1
            self._touch()

    def event(self, event: Event) -> None:
        """Hand over an entry of the evidence log."""
        with self._condition:
            self._pending.events.append(event)
            self._touch()

    def record(self, drafts: tuple[RecordDraft, ...]) -> None:
        """Hand over evidence that belongs to no outcome."""
        with self._condition:
            self._pending.records.extend(drafts)
            self._pending.octets += sum(len(draft.body) for draft in drafts) + 1
            self._touch()

    def intent_outcome(self, outcome: IntentOutcome) -> None:
        """Hand over how an attempt besides the claims ended, where no site file says so."""
        with self._condition:
            self._pending.intent_outcomes.append(outcome)
            self._touch()

    def release(self, claims: list[Claim]) -> None:
        """Hand back claims that were never sent."""
        with self._condition:
            self._pending.releases.extend(claims)
            self._touch()

    def claim(self, request: ClaimRequest, *, is_urgent: bool) -> None:
        """Ask for URLs with the next commit, at once where it is urgent; the latest request counts."""
        with self._condition:
            self._pending.claim = request
            self._touch(is_urgent=is_urgent)

    async def intend(self, intent: Intent) -> int:
        """Put an attempt on disk before it is sent; answers its id."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        with self._condition:
            self._pending.intents.append(intent)
            self._pending.intent_waiters.append(future)
            self._touch(is_urgent=True)
        return await future

    async def take(self, wanted: NewUrl) -> Taken:
        """Ask for one URL by name; its attempt is on disk before it is answered."""
        future: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        with self._condition:
            self._pending.takes.append(wanted)
            self._pending.take_waiters.append(future)
            self._touch(is_urgent=True)
        return await future

    async def call(self, function: Callable[[CrawlStore], T]) -> T:
        """Run a question to the store in its thread, after everything handed over before has been committed."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._condition:
            self._pending.calls.append((function, future))
            self._touch(is_urgent=True)
        return await future

    async def flush(self) -> None:
        """Wait until everything handed over so far is durable."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._condition:
            self._pending.barriers.append(future)
            self._touch(is_urgent=True)
        await future

    def close(self, *, reason: str, code: ExitCode, clean: bool) -> None:
        """Ask the thread to commit what is left, publish and close the store; ``clean`` ends the crawl id."""
        with self._condition:
            self._is_closing = True
            self._end = (reason, code, clean)
            self._condition.notify()

    def join(self) -> None:
        """Wait for the thread; its failure, if any, is in ``failure``."""
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def _touch(self, *, is_urgent: bool = False) -> None:
        if self.failure is not None:
            raise StorageError(str(self.failure)) from self.failure
        pending = self._pending
        if pending.first_at is None:
            pending.first_at = time.monotonic()
        pending.is_urgent = pending.is_urgent or is_urgent
        if pending.is_urgent or len(pending.outcomes) == GROUP_SIZE or len(pending.outcomes) <= 1:
            self._condition.notify()

    def _take(self) -> _Pending | None:
        """Wait for a group that is due; ``None`` when closing and nothing is left."""
        with self._condition:
            while True:
                pending = self._pending
                if pending.first_at is not None:
                    wait = GROUP_WAIT - (time.monotonic() - pending.first_at)
                    if pending.is_urgent or self._is_closing or wait <= 0 or len(pending.outcomes) >= GROUP_SIZE:
                        self._in_work_octets = max(pending.octets, 1)
                        self._pending = _Pending()
                        return pending
                    self._condition.wait(wait)
                elif self._is_closing:
                    return None
                else:
                    self._condition.wait()

    def _run(self) -> None:
        try:
            self.store = self._open_store()
        except ClearcrawlError as error:
            self.failure = error
            return
        except Exception as error:  # noqa: BLE001 - becomes the recorded failure of the start
            self.failure = StorageError(f"the store could not be opened: {error!r}")
            self.failure.__cause__ = error
            return
        finally:
            self._opened.set()
        try:
            while (pending := self._take()) is not None:
                self._work(pending)
            reason, code, is_clean = self._end
            self.store.close(clean=is_clean, reason=reason, code=code)
        except Exception as error:  # noqa: BLE001 - the first failure is kept and stops the crawl
            self._fail(error)

    def _work(self, pending: _Pending) -> None:
        try:
            committed = self.store.commit(
                Batch(
                    outcomes=tuple(pending.outcomes),
                    new_urls=tuple(pending.new_urls),
                    site_files=tuple(pending.site_files),
                    intents=tuple(pending.intents),
                    intent_outcomes=tuple(pending.intent_outcomes),
                    releases=tuple(pending.releases),
                    events=tuple(pending.events),
                    claim=pending.claim,
                    takes=tuple(pending.takes),
                    records=tuple(pending.records),
                )
            )
            self._post(self._deliver, pending, committed)
            for function, future in pending.calls:
                self._answer(function, future)
            self._publish_if_due(committed.unpublished)
            self._look_at_space()
        except Exception as error:
            for waiter in pending.waiters:
                self._post(_break, waiter, error)
            raise
        finally:
            with self._condition:
                self._in_work_octets = 0

    def _look_at_space(self) -> None:
        now = time.monotonic()
        if now - self._looked_at >= SPACE_INTERVAL:
            self._looked_at = now
            if not self._has_space():
                self._post(self._on_low_space)

    def _publish_if_due(self, rows: int) -> None:
        now = time.monotonic()
        if rows >= SEGMENT_ROWS or (rows and now - self._published_at >= SEGMENT_WAIT):
            self.store.begin_publishing("rows" if rows >= SEGMENT_ROWS else "time")
            self._published_at = now
        elif not rows:
            self._published_at = now

    def _answer(self, function: Callable[[CrawlStore], T], future: asyncio.Future[T]) -> None:
        try:
            value = function(self.store)
        except Exception as error:
            self._post(_break, future, error)
            raise
        self._post(_resolve, future, value)

    def _deliver(self, pending: _Pending, committed: Committed) -> None:
        for waiter, attempt_id in zip(pending.intent_waiters, committed.intents, strict=True):
            _resolve(waiter, attempt_id)
        for taker, taken in zip(pending.take_waiters, committed.taken, strict=True):
            _resolve(taker, taken)
        for barrier in pending.barriers:
            _resolve(barrier, None)
        self._on_committed(committed, pending.claim)

    def _fail(self, error: Exception) -> None:
        failure = error if isinstance(error, ClearcrawlError) else StorageError(f"writing failed: {error!r}")
        if failure is not error:
            failure.__cause__ = error
        with self._condition:
            self.failure = failure
            left = self._pending
        for waiter in left.waiters:
            self._post(_break, waiter, failure)
        self._post(self._on_failure, failure)

    def _post(self, function: Callable[..., None], *arguments: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)


def _resolve(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _break(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
