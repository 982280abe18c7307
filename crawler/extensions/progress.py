"""What a running crawl shows: one line that fits the terminal, or a plain line now and then where there is none."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from typing import TYPE_CHECKING, TextIO

from crawler.values.amounts import duration, octets

if TYPE_CHECKING:
    from crawler.extensions.tally import Tally

TERMINAL_INTERVAL = 0.5
"""Seconds between two refreshes on a terminal."""
PLAIN_INTERVAL = 10.0
"""Seconds between two lines where standard error is no terminal."""
QUIET_INTERVAL = 60.0
"""The same while nothing changes but the time."""


def status_line(tally: Tally, *, elapsed: float, rate: float, width: int) -> str:
    """The state of a crawl in at most ``width`` columns; what matters least is left out first.

    ``rate`` is kept pages a second, ``elapsed`` seconds.
    """
    verdicts = tally.verdicts
    parts = [
        f"{tally.pages_kept} pages",
        f"{verdicts['allow']} allow {verdicts['deny']} deny {verdicts['defer']} defer",
        f"{tally.waiting} waiting",
        f"{rate:.1f}/s" if tally.due is None else f"next in {duration(max(tally.due - time.time(), 0))}",
        duration(elapsed),
        octets(tally.bytes_fetched),
        f"{tally.origins} hosts",
    ]
    line = parts[0]
    for part in parts[1:]:
        if len(line) + 3 + len(part) > width:
            break
        line += " | " + part
    return line[:width]


class Progress:
    """Prints the state of a crawl to standard error while it runs."""

    def __init__(self, tally: Tally, stream: TextIO | None = None) -> None:
        self._tally = tally
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._started = time.monotonic()
        self._last = (self._started, 0)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to print; needs a running event loop."""
        self._task = asyncio.ensure_future(self._loop())

    def stop(self) -> None:
        """Stop printing and leave the terminal on a clean line."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._is_terminal:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    async def _loop(self) -> None:
        told, told_at = None, 0.0
        while True:
            await asyncio.sleep(TERMINAL_INTERVAL if self._is_terminal else PLAIN_INTERVAL)
            now = time.monotonic()
            state = (self._tally.verdicts.total(), self._tally.waiting, self._tally.requests, self._tally.bytes_fetched)
            if not self._is_terminal and state == told and now - told_at < QUIET_INTERVAL:
                continue
            told, told_at = state, now
            then, pages = self._last
            rate = (self._tally.pages_kept - pages) / (now - then)
            self._last = (now, self._tally.pages_kept)
            width = shutil.get_terminal_size().columns - 1 if self._is_terminal else 200
            line = status_line(self._tally, elapsed=now - self._started, rate=rate, width=width)
            self._stream.write(f"\r\x1b[2K{line}" if self._is_terminal else f"{line}\n")
            self._stream.flush()
