"""A worker's connection to the process that leads: URLs in and out, what it may keep, when to stop.

URLs that came in are on disk before they are said to be; URLs that go out leave the outbox when their owner has them.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from crawler.errors import ClearcrawlError, StorageError
from crawler.extensions.pump import FINISHED
from crawler.storage.outbox import from_text
from crawler.workers.messages import BATCH, LINE, pack, tally_to_plain, unpack

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from crawler.extensions.tally import Tally
    from crawler.extensions.writer import Writer

GATHERED = 100
"""URLs that are sent at once, without waiting for more."""
GATHER_SECONDS = 0.1
"""That the first of fewer URLs waits for others."""
UNDER_WAY = 4
"""Batches sent and not yet safe, at most: a slow owner fills the outbox on disk, and no memory."""
OWN = 100_000
"""Own domains remembered in memory."""
TELL_SECONDS = 0.5
"""Between two reports of the totals."""

logger = logging.getLogger(__name__)


class Follower(Protocol):
    """What the crawl does when it is told to."""

    def received(self, added: int) -> None:
        """URLs have come; so many of them were not in the frontier before."""

    def allow(self, pages: int) -> None:
        """So many pages more may be kept."""

    def give_back(self) -> int:
        """Where nothing is to be done, keep no more pages; answer how many that leaves over."""

    def is_idle(self) -> bool:
        """Whether nothing is to be done, as far as the frontier knows."""

    def told(self, reason: str, *, is_stop: bool) -> None:
        """The crawl is over, or stops."""

    def cut_off(self) -> None:
        """Cancel what runs."""

    def lost(self) -> None:
        """Nobody leads any more."""

    async def lend(self, lane: str) -> float:
        """Take a turn at an own domain for another worker; seconds where the domain pauses for too long."""

    def returned(self, lane: str, *, ago: float, latency: float, status: int | None, retry_after: float | None) -> None:
        """A turn that was lent is over; its request was written so many seconds ago."""

    def broken_writer(self, failure: ClearcrawlError) -> None:
        """Something failed that the crawl cannot do without."""


class Link:
    """Lives on the event loop of the worker."""

    def __init__(self, connection: socket.socket, writer: Writer, tally: Tally) -> None:
        self._connection = connection
        self._store = writer
        self._tally = tally
        self._took = 0
        self._cursor = 0
        """Id of the last parcel that was sent."""
        self._number = 0
        self._under_way: dict[int, list[int]] = {}
        self._safe: list[int] = []
        """Parcels to be dropped from the outbox."""
        self._grown = asyncio.Event()
        self._quiet: str | None = None
        self._is_wanting = False
        self._own: set[str] = set()
        self._loan = 0
        self._lent: set[asyncio.Task[None]] = set()
        self._loans: dict[int, tuple[str, asyncio.Future[tuple[bool, float]]]] = {}
        self._out: asyncio.StreamWriter | None = None
        self._early: list[bytes] = []
        """What was to be said before the connection was open."""
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closed = False

    async def open(self, follower: Follower) -> None:
        """Say that the state is open, and begin to listen."""
        self._follower = follower
        self._reader, self._out = await asyncio.open_connection(sock=self._connection, limit=LINE)
        counts = self._store.store.counts()
        self._out.write(pack("hello", kept=counts.pages_kept, waiting=counts.waiting))
        self._out.writelines(self._early)
        self._early.clear()
        self._grown.set()
        self._tasks = [asyncio.ensure_future(work) for work in (self._listen(), self._ship(), self._report())]
        for task in self._tasks:
            task.add_done_callback(self._watch)

    def _watch(self, task: asyncio.Task[None]) -> None:
        """Stop the crawl where a part of the connection broke: else everybody would wait for it."""
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._is_closed:
            failure = StorageError(f"the connection to the leading process broke: {error!r}")
            failure.__cause__ = error
            self._follower.broken_writer(failure)

    def _tell(self, kind: str, **body: Any) -> None:
        if self._out is None:
            self._early.append(pack(kind, **body))
        elif not self._is_closed and not self._out.is_closing():
            self._out.write(pack(kind, **body))

    # -- in

    async def _listen(self) -> None:
        try:
            async for line in self._reader:
                await self._heed(*unpack(line))
        except (OSError, ClearcrawlError):
            pass  # the connection broke, or the writer has told of its failure itself
        if not self._is_closed:
            self._follower.lost()

    async def _heed(self, kind: str, body: dict[str, Any]) -> None:
        follower = self._follower
        if kind == "urls":
            await self._take(body["n"], body["items"])
        elif kind == "safe":
            self._safe += self._under_way.pop(body["n"], [])
            self._grown.set()
        elif kind == "pages":
            self._is_wanting = False
            self.active()
            follower.allow(body["more"])
        elif kind == "give":
            self._tell("back", pages=follower.give_back())
        elif kind == "probe":
            self._quiet = self._quiet if follower.is_idle() else None
            is_quiet = self._quiet is not None and self._is_shipped
            self._tell("quiet" if is_quiet else "busy", reason=self._quiet, took=self._took, probe=body["n"])
        elif kind in {"end", "stop"}:
            follower.told(body["reason"], is_stop=kind == "stop")
        elif kind == "cut":
            follower.cut_off()
        elif kind in {"borrowed", "lend", "returned"}:
            await self._heed_turn(kind, body)
        else:
            raise ValueError(f"a message of the kind {kind!r}")

    async def _heed_turn(self, kind: str, body: dict[str, Any]) -> None:
        if kind == "borrowed":
            await self._borrowed(**body)
        elif kind == "returned":
            self._follower.returned(**body)
        else:
            lending = asyncio.ensure_future(self._lend(body["id"], body["lane"]))
            self._lent.add(lending)
            lending.add_done_callback(self._lent.discard)

    async def _take(self, number: int, texts: list[str]) -> None:
        urls = [from_text(text) for text in texts]
        self._quiet = None
        added = await self._store.call(lambda store: store.shared.receive(urls))
        self._took += 1
        self._tell("took", n=number)
        self._follower.received(added)

    # -- turns

    def owns(self, lanes: Iterable[str]) -> None:
        """Take note of domains whose URLs this worker was given."""
        if len(self._own) > OWN:
            self._own.clear()
        self._own.update(lanes)

    async def borrow(self, lane: str) -> tuple[int | None, float]:
        """See ``Turns``."""
        if lane in self._own or await self._store.call(lambda store: store.shared.owns(lane)):
            self._own.add(lane)
            return None, 0.0
        self._loan += 1
        number, answer = self._loan, asyncio.get_running_loop().create_future()
        self._loans[number] = (lane, answer)
        self._tell("borrow", id=number, lane=lane)
        is_own, wait = await answer
        return (None if is_own else number), wait

    async def _borrowed(self, *, id: int, wait: float, is_own: bool) -> None:  # noqa: A002 - as the message spells it
        lane, answer = self._loans.pop(id)
        if is_own:
            await self._store.call(lambda store: store.shared.adopt(lane))
            self._own.add(lane)
        if not answer.done():
            answer.set_result((is_own, wait))
        elif not is_own and not wait:
            self.give_back(id, ago=0.0, latency=0.0, status=None, retry_after=None)

    def give_back(
        self, number: int, *, ago: float, latency: float, status: int | None, retry_after: float | None
    ) -> None:
        """See ``Turns``."""
        self._tell("returned", id=number, ago=ago, latency=latency, status=status, retry_after=retry_after)

    async def _lend(self, number: int, lane: str) -> None:
        wait = await self._follower.lend(lane)
        self._tell("lent", id=number, wait=wait)

    # -- out

    def committed(self) -> None:
        """Look into the outbox after a commit."""
        if self._store.store.shared.newest > self._cursor:
            self._grown.set()

    @property
    def _is_shipped(self) -> bool:
        return self._cursor >= self._store.store.shared.newest and not self._under_way

    async def _ship(self) -> None:
        with suppress(
            ClearcrawlError, OSError
        ):  # the writer tells of its failure itself, and so does the end of a pipe
            while True:
                await self._grown.wait()
                self._grown.clear()
                newest = self._store.store.shared.newest
                if self._cursor < newest < self._cursor + GATHERED and self._cursor:
                    await asyncio.sleep(GATHER_SECONDS)
                await self._send()
                self._tell_quiet()

    async def _send(self) -> None:
        """Send what the outbox holds as far as may be under way, and drop from it what is safe."""
        safe, self._safe = self._safe, []
        if safe:
            await self._store.call(lambda store: store.shared.handed_over(safe))
        shared = self._store.store.shared
        while len(self._under_way) < UNDER_WAY and self._cursor < shared.newest:
            after = self._cursor
            parcels = await self._store.call(lambda store, after=after: store.shared.parcels(after, BATCH))  # type: ignore[misc]
            if not parcels:
                self._cursor = shared.newest
                return
            self._cursor = parcels[-1].id
            self._number += 1
            self._under_way[self._number] = [parcel.id for parcel in parcels]
            self._tell("links", n=self._number, items=[[parcel.lane, parcel.text] for parcel in parcels])
            if self._out is not None:
                await self._out.drain()

    # -- idle or not

    def active(self) -> None:
        """Take note that there is something to do."""
        if self._quiet is not None:
            self._quiet = None
            self._tell("busy", probe=0)

    def idle(self, reason: str) -> None:
        """Take note that there is nothing to do, and why."""
        self._quiet = reason
        if reason == FINISHED:
            self._is_wanting = False
        self._tell_quiet()

    def want(self) -> None:
        """Ask for more pages to keep, once until some are granted."""
        if not self._is_wanting:
            self._is_wanting = True
            self._tell("want")

    def _tell_quiet(self) -> None:
        if self._quiet is not None and self._is_shipped:
            self._tell("quiet", reason=self._quiet, took=self._took, probe=0)

    async def _report(self) -> None:
        last = None
        while True:
            told = tally_to_plain(self._tally)
            if told != last:
                self._tell("state", tally=told)
                last = told
            await asyncio.sleep(TELL_SECONDS)

    async def close(self, **told: Any) -> None:
        """Say how it ended, and let go of the connection."""
        self._tell("done", tally=tally_to_plain(self._tally), **told)
        self._is_closed = True
        for task in (*self._tasks, *self._lent):
            task.cancel()
        if self._out is not None:
            with suppress(OSError):
                await self._out.drain()
                self._out.close()
                await self._out.wait_closed()
