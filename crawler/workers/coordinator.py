"""The process that leads the workers of a crawl: starts them, routes links between them, finds out when all is over.

It never asks a site for anything, and holds nothing that a kill could lose: what is under way between two workers
stays in the outbox of the first until the second has it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from crawler.errors import ClearcrawlError, DamagedStateError, ExitCode, FolderInUseError, StorageError, UsageError
from crawler.extensions.pump import FINISHED, MAX_PAGES
from crawler.extensions.tally import Tally
from crawler.values.printable import for_terminal
from crawler.workers.allowance import Allowance
from crawler.workers.ending import RollCall, how_it_ended
from crawler.workers.lending import Lending
from crawler.workers.member import Life
from crawler.workers.messages import BATCH, add_up, unpack
from crawler.workers.routing import Router

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping

    from crawler.storage.joint import JointCrawl
    from crawler.workers.ending import Ended
    from crawler.workers.member import Member

LOST = "worker_lost"
LEAVE_SECONDS = 5.0
"""That a process gets to leave once it has closed its part."""
_ERRORS = {ExitCode.MISUSE: UsageError, ExitCode.IN_USE: FolderInUseError, ExitCode.DAMAGED: DamagedStateError}

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Coordinator:
    """Use ``run`` once; ``stop`` and ``cut`` may be called meanwhile, on the same event loop."""

    joint: JointCrawl
    members: dict[str, Member]
    seeds: Iterator[tuple[str, str]]
    """Lane and text of each URL that the crawl begins with."""
    config: Mapping[str, Any]
    """What every worker is told when it starts."""
    max_pages: int | None
    tally: Tally = field(default_factory=Tally)
    _router: Router = field(init=False)
    _allowance: Allowance = field(init=False)
    _lending: Lending = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _reason: str | None = None
    """Why the crawl ends, as soon as it is known."""
    _is_stopping: bool = False
    _are_seeds_safe: bool = False
    _roll_call: RollCall = field(default_factory=RollCall)
    _error: ClearcrawlError | None = None

    def __post_init__(self) -> None:
        self._router = Router(self.joint.owners, self.members, self._start)
        self._allowance = Allowance(self.max_pages)
        self._lending = Lending(self.joint.owners, self.members)

    async def run(self) -> Ended:
        """Lead until every worker has closed its part. Raises what refused the start of one, StorageError."""
        try:
            for member in self.members.values():
                if self.joint.owners.workers().get(member.name):
                    self._start(member)
            self._spawn(self._seed())
            await self._over.wait()
            await self._close_lost()
            for member in self.members.values():
                await member.gone(LEAVE_SECONDS)
        finally:
            for member in self.members.values():
                member.kill()
            for task in self._tasks:
                task.cancel()
        if self._error is not None:
            raise self._error
        return how_it_ended(self.members.values(), self._reason or FINISHED)

    # -- lives of workers

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Keep the first failure of this process itself, and let all workers stop."""
        try:
            await work
        except ClearcrawlError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - becomes the recorded failure of the crawl
            failure = StorageError(f"{self.joint.path}: {type(error).__name__}: {error}")
            failure.__cause__ = error
            self._fail(failure)

    def _fail(self, error: ClearcrawlError) -> None:
        self._error = self._error or error
        self.stop("storage_error" if error.exit_code is ExitCode.DAMAGED else "start_error")
        self._look()

    def _start(self, member: Member, *, closes: bool = False) -> None:
        member.life = Life.STARTING
        self.joint.owners.add_worker(member.name)
        self._spawn(self._serve(member, closes=closes))

    async def _serve(self, member: Member, *, closes: bool) -> None:
        share = self.joint.share_of(member.name)
        config = {
            **self.config, "worker": member.name, "crawl_id": share.crawl_id, "secret": share.secret.hex(),
            "may_be_new": share.may_be_new, "closes": self._reason if closes else None,
        }  # fmt: skip
        try:
            reader = await member.start(config)
        except OSError as error:
            member.life = Life.LOST
            raise StorageError(f"worker {member.name} cannot be started: {error}") from error
        try:
            async for line in reader:
                self._heed(member, *unpack(line))
        except sqlite3.Error as error:
            member.kill()
            self._fail(StorageError(f"{self.joint.path}: {error}"))
        except Exception as error:  # noqa: BLE001 - whatever it said, it cannot be trusted to go on
            logger.warning("worker %s does not speak as it should: %r", member.name, error)
            member.kill()
        code = await member.ended()
        self._roll_call.give_up()
        if member.is_running:
            self._died(member, code, closes=closes)
        self._look()

    def _died(self, member: Member, code: int, *, closes: bool) -> None:
        told = f"signal {-code}" if code < 0 else f"exit status {code}"
        is_over = member.died_again() or self._is_stopping or closes or self._error is not None
        self._lending.died(member)
        again = "it is not started again" if is_over else "it is started again and goes on where it was"
        logger.warning("worker %s died (%s); %s", member.name, told, again)
        if not is_over:
            self._start(member)
            return
        member.life = Life.LOST
        self._router.lose(member)
        self._lending.lose(member)

    async def _close_lost(self) -> None:
        """Have the parts of dead workers closed, without a request: then the crawl as it is can be sealed."""
        for member in self.members.values():
            if member.life is not Life.LOST or self._error is not None:
                continue
            if self.joint.forget(member.name):
                member.life = Life.NEW
            else:
                await self._serve_closing(member)

    async def _serve_closing(self, member: Member) -> None:
        member.life = Life.STARTING
        await self._serve(member, closes=True)

    # -- what workers say

    def _heed(self, member: Member, kind: str, body: dict[str, Any]) -> None:
        getattr(self, f"_on_{kind}", self._on_unknown)(member, body)

    def _on_unknown(self, member: Member, body: dict[str, Any]) -> None:  # noqa: ARG002 - as the others
        raise ValueError("a message of an unknown kind")

    def _on_hello(self, member: Member, body: dict[str, Any]) -> None:
        self.joint.owners.mark_born(member.name)
        member.life, member.waiting, member.given = Life.UP, body["waiting"], 0
        self._allowance.came_up(member, body["kept"])
        if not any(one.life is Life.STARTING for one in self.members.values()):
            self._allowance.open(self.members.values())
        self._router.came_up(member)
        self._lending.came_up(member)
        if self._is_stopping:
            member.tell("stop", reason=self._reason)
        elif self._reason is not None:
            member.tell("end", reason=self._reason)

    def _on_state(self, member: Member, body: dict[str, Any]) -> None:
        member.tally = body["tally"]
        member.waiting, member.given = body["tally"]["waiting"], 0
        there = [one for one in self.members.values() if one.tally is not None]
        past = [plain for one in self.members.values() for plain in one.past]
        add_up(self.tally, [one.tally for one in there if one.tally is not None] + past)

    def _on_links(self, member: Member, body: dict[str, Any]) -> None:
        member.quiet = None
        number = body["n"]
        urls = [(str(lane), str(text)) for lane, text in body["items"]]
        self._router.route(urls, lambda: member.tell("safe", n=number))

    def _on_took(self, member: Member, body: dict[str, Any]) -> None:
        self._router.took(member, body["n"])
        self._look()

    def _on_quiet(self, member: Member, body: dict[str, Any]) -> None:
        self._roll_call.answered(member, body["probe"])
        if body["took"] == member.sent:
            member.quiet = body["reason"]
            member.probe = body["probe"]
            member.wants = member.wants and member.quiet != FINISHED
            self._look()

    def _on_busy(self, member: Member, body: dict[str, Any]) -> None:
        self._roll_call.answered(member, body["probe"])
        member.quiet = None
        member.gave = False
        self._look()

    def _on_want(self, member: Member, _: dict[str, Any]) -> None:
        self._allowance.want(member, self.members.values())

    def _on_back(self, member: Member, body: dict[str, Any]) -> None:
        self._allowance.back(member, body["pages"], self.members.values())
        self._look()

    def _on_borrow(self, member: Member, body: dict[str, Any]) -> None:
        self._lending.borrow(member, body["id"], str(body["lane"]))

    def _on_lent(self, _: Member, body: dict[str, Any]) -> None:
        self._lending.lent(body["id"], body["wait"])

    def _on_returned(self, member: Member, body: dict[str, Any]) -> None:
        self._lending.returned(member, body)

    def _on_done(self, member: Member, body: dict[str, Any]) -> None:
        self._on_state(member, body)
        member.life = Life.DONE
        member.code = body["code"]
        member.unsealed, member.unsigned, member.pending = body["unsealed"], body["unsigned"], body["pending"]
        if self._reason is None:  # by itself: its disk is full, its memory, somebody's signal
            logger.warning("worker %s stopped: %s; the others stop as well", member.name, body["reason"])
            self.stop(body["reason"])

    def _on_failed(self, member: Member, body: dict[str, Any]) -> None:
        member.life, member.code = Life.LOST, body["code"]
        self._router.lose(member)
        self._fail(_ERRORS.get(ExitCode(body["code"]), StorageError)(body["text"]))

    # -- seeds

    async def _seed(self) -> None:
        """Hand out what waited for a worker that was lost, then the seeds; each batch is safe before the next."""
        last = 0
        while held := self.joint.owners.held(last, BATCH):
            last = held[-1][0]
            await self._hand_out([(lane, text) for _, lane, text in held])
            self.joint.owners.drop_held(number for number, _, _ in held)
        while self._reason is None and (urls := await asyncio.to_thread(lambda: list(islice(self.seeds, BATCH)))):
            await self._hand_out(urls)
        self._are_seeds_safe = True
        self._look()

    async def _hand_out(self, urls: list[tuple[str, str]]) -> None:
        safe = asyncio.Event()
        self._router.route(urls, safe.set)
        await safe.wait()

    # -- the end

    def _look(self) -> None:
        """Find out whether the crawl is over (R5.14): all idle, all outboxes empty, nothing on its way.

        All have said so once; then all are asked again, and only if nothing has happened since, it holds.
        """
        lives = {one.life for one in self.members.values()}
        if not lives & {Life.STARTING, Life.UP}:
            if self._reason is not None or (self._are_seeds_safe and self._router.is_empty):
                self._reason = self._reason or (LOST if Life.LOST in lives else FINISHED)
                self._over.set()
            return
        up = [one for one in self.members.values() if one.is_running]
        if self._reason is not None or not self._are_seeds_safe or not self._router.is_empty:
            return
        if any(one.life is Life.STARTING or one.quiet is None for one in up):
            return
        if self._roll_call.is_open or self._allowance.collects(up):
            return
        if self._roll_call.holds(up):
            self._finish(up)
        else:
            self._roll_call.ask(up)

    def _finish(self, up: list[Member]) -> None:
        if any(one.life is Life.LOST for one in self.members.values()):
            self.stop(LOST)
            return
        self._reason = MAX_PAGES if any(one.wants for one in up) else FINISHED
        self._router.is_closed = True
        self.joint.ending()
        for one in up:
            one.tell("end", reason=self._reason)

    def stop(self, reason: str = "shutdown") -> None:
        """Have all workers stop sending and close their parts; what runs gets some seconds."""
        if self._reason is None:
            self._reason = reason
            self._is_stopping = self._router.is_closed = True
            for member in self.members.values():
                member.tell("stop", reason=for_terminal(reason))
            self._look()

    def cut(self) -> None:
        """Have all workers cut off what runs."""
        for member in self.members.values():
            member.tell("cut")
