"""One worker as the process sees it that leads: its life, what it was sent, what it last said."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.workers.messages import LINE, pack

if TYPE_CHECKING:
    from collections.abc import Mapping

DEATHS = 3
"""Deaths within ``DEATHS_WITHIN`` seconds after which a worker is not started again."""
DEATHS_WITHIN = 120.0
_PACKAGES = str(Path(__file__).resolve().parents[2])


class Life(StrEnum):
    """Where a worker stands."""

    NEW = "new"
    """Not started: nobody needs it yet."""
    STARTING = "starting"
    UP = "up"
    DONE = "done"
    """It has closed its part."""
    LOST = "lost"
    """It died, and is not started again."""


@dataclass(slots=True, eq=False)
class Member:
    """Lives on the event loop of the leading process."""

    name: str
    life: Life = Life.NEW
    sent: int = 0
    """Deliveries of URLs to this incarnation."""
    quiet: str | None = None
    """Why it has nothing to do, as long as that holds."""
    probe: int = 0
    """Number of the last question after that which it answered."""
    waiting: int = 0
    given: int = 0
    """URLs sent since it last told how many wait."""
    domains: int = 0
    kept: int = 0
    """Pages that it had kept when it started, over all runs."""
    granted: int = 0
    """Pages that this incarnation may keep."""
    wants: bool = False
    """Whether it asked for more pages and has none."""
    gave: bool = False
    """Whether it gave back what it may keep, and has been idle since."""
    asked: bool = False
    """Whether it was asked to."""
    tally: dict[str, Any] | None = None
    past: list[dict[str, Any]] = field(default_factory=list)
    """Totals of incarnations that died in this run."""
    deaths: deque[float] = field(default_factory=deque)
    died: int = 0
    code: int | None = None
    unsealed: str | None = None
    unsigned: str | None = None
    pending: list[str] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None
    writer: asyncio.StreamWriter | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has a process that works for the crawl."""
        return self.life in {Life.STARTING, Life.UP}

    @property
    def load(self) -> int:
        """URLs that wait for it."""
        return self.waiting + self.given

    async def start(self, config: Mapping[str, Any]) -> asyncio.StreamReader:
        """Start its process with a new connection; ``config`` goes through its standard input.

        Its ``slots`` names the open file of ``SharedSlots``, which the process gets as well.
        """
        self.life, self.sent, self.quiet, self.wants = Life.STARTING, 0, None, False
        self.gave = self.asked = False
        ours, theirs = socket.socketpair()
        path = os.pathsep.join(filter(None, (_PACKAGES, os.environ.get("PYTHONPATH"))))
        with theirs:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "crawler.cli.worker", str(theirs.fileno()),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), config["slots"]], start_new_session=True,
                env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip
        reader, self.writer = await asyncio.open_connection(sock=ours, limit=LINE)
        assert self.process.stdin is not None  # noqa: S101 - a pipe was asked for
        self.process.stdin.write(json.dumps(config).encode())
        self.process.stdin.close()
        return reader

    def tell(self, kind: str, **body: Any) -> None:
        """Send it a message; one that is dead by now misses nothing."""
        if self.writer is not None and not self.writer.is_closing():
            self.writer.write(pack(kind, **body))

    async def ended(self) -> int:
        """Wait until its process is gone; answer its exit status."""
        assert self.process is not None  # noqa: S101 - it was started
        if self.writer is not None:
            self.writer.close()
        return await self.process.wait()

    async def gone(self, seconds: float) -> None:
        """Wait until its process is gone, for some time."""
        if self.process is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), seconds)

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)

    def died_again(self) -> bool:
        """Take note of a death; answer whether it died too often to be started again."""
        now = time.monotonic()
        self.died += 1
        self.deaths.append(now)
        while self.deaths and now - self.deaths[0] > DEATHS_WITHIN:
            self.deaths.popleft()
        if self.tally is not None:
            self.past.append({**self.tally, "waiting": 0})
            self.tally = None
        return len(self.deaths) >= DEATHS
