"""The server's own account of what was asked: the truth that tests compare a crawl with."""

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.replies import Headers, Request


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and how its answer went; times are of the monotonic clock."""

    started: float
    host: str
    method: str
    target: str
    headers: Headers
    connection: int
    address: str
    """Local address and port that was dialled."""
    earliest: float
    """It had not arrived before this moment, when the server last looked: a busy machine may have noticed it late."""
    status: int = 0
    ended: float | None = None
    """When the answer had been sent in full; ``None`` while it is not or where the client went away."""


class RequestLog:
    """Collects exchanges; safe to read from another thread while the server runs."""

    def __init__(self, file: Path | None = None) -> None:
        """Write a JSON line at the start and at the end of each exchange, when a file is given."""
        self._exchanges: list[Exchange] = []
        self._lock = threading.Lock()
        self._looked = (0.0, 0.0)
        """When the server looked for input, the last two times but one."""
        # Unbuffered, so that a line stands on disk before its answer goes out.
        self._file: io.FileIO | None = file.open("ab", buffering=0) if file else None

    def looked(self) -> None:
        """Note that everything that had arrived by now is about to be read."""
        self._looked = (self._looked[1], time.monotonic())

    def begin(self, request: Request, address: str) -> Exchange:
        """Note a request that has just been read."""
        exchange = Exchange(
            started=time.monotonic(),
            earliest=self._looked[0],
            host=request.host,
            method=request.method,
            target=request.target,
            headers=request.headers,
            connection=request.connection,
            address=address,
        )
        with self._lock:
            self._exchanges.append(exchange)
        self._write("start", exchange)
        return exchange

    def end(self, exchange: Exchange) -> None:
        """Note that the answer went out in full."""
        exchange.ended = time.monotonic()
        self._write("end", exchange)

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, event: str, exchange: Exchange) -> None:
        if self._file:
            line = {"event": event, **asdict(exchange)}
            self._file.write(json.dumps(line).encode() + b"\n")

    def __iter__(self) -> Iterator[Exchange]:
        with self._lock:
            return iter(list(self._exchanges))

    def __len__(self) -> int:
        return len(self._exchanges)

    def clear(self) -> None:
        """Forget everything in memory."""
        with self._lock:
            self._exchanges.clear()

    def of(self, host: str | None = None) -> list[Exchange]:
        """Exchanges of one host, or all, in the order of their start."""
        return [exchange for exchange in self if host in (None, exchange.host)]

    def targets(self, host: str) -> list[str]:
        """Targets asked of a host, in order, repeated ones kept."""
        return [exchange.target for exchange in self.of(host)]

    def gaps(self, host: str | None = None) -> list[float]:
        """Seconds between neighbouring requests at most, as far as the server can tell."""
        return [later.started - earlier.earliest for earlier, later in itertools.pairwise(self.of(host))]

    def most_in_flight(self, host: str | None = None) -> int:
        """Largest number of requests that were open at the same time; an unfinished one stays open."""
        events = []
        for exchange in self.of(host):
            events.append((exchange.started, 1))
            if exchange.ended is not None:
                events.append((exchange.ended, -1))
        most = now = 0
        for _, change in sorted(events):
            now += change
            most = max(most, now)
        return most


def read_log(file: Path) -> list[dict[str, object]]:
    """Lines of a log on disk; a last line cut by a kill is left out."""
    content = file.read_bytes()
    return [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]
