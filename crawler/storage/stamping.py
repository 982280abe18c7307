"""Time stamps over signed heads, asked for in a thread of their own: the crawl never waits for an authority.

A reply that does not fit is not stored. What has no reply is pending, and is asked for again with each later head.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Protocol

from crawler.errors import SignerError, UsageError
from crawler.storage.layout import (
    CHECKPOINTS,
    TIMESTAMPS,
    checkpoint_name,
    roots_name,
)
from crawler.storage.stamp_files import StampFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from crawler.storage.layout import CrawlFolder

RETRIED = 5
"""Pending stamps of earlier heads that are asked for again with each head."""
OTHER_ROOTS = "timestamps/{} holds other roots than the policy names now: give the authority another name there"


class Stamper(Protocol):
    """Asks time-stamp authorities; ``signing.stamps`` has one."""

    @property
    def roots(self) -> Mapping[str, bytes]:
        """Name of each authority to the certificates (PEM) at which its chain may end."""

    @property
    def interval(self) -> float:
        """Seconds between two stamped heads."""

    def request(self, octets: bytes) -> bytes:
        """A new RFC 3161 request over the octets, DER."""

    def ask(self, authority: str, request: bytes, octets: bytes) -> bytes:
        """The authority's reply, checked. Raises SignerError."""

    def is_valid_at(self, reply: bytes, roots: bytes, moment: datetime) -> bool:
        """Whether the certificates from that reply to one of the roots (PEM) were all valid then."""


def unanswered(names: Collection[str]) -> list[str]:
    """Requests without a reply, by file name, sorted."""
    there = set(names)
    return sorted(name for name in there if name.endswith(".tsq") and f"{name[:-1]}r" not in there)


class Stamping:
    """Keeps the files of ``timestamps/`` for one worker."""

    def __init__(self, folder: CrawlFolder, stamper: Stamper) -> None:
        self._folder = folder
        self._stamper = stamper
        self._heads: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self.problem: str | None = None
        """Why the last stamp is pending."""
        for name, octets in stamper.roots.items():
            kept = folder[TIMESTAMPS]
            if kept.size(roots_name(name)) is None:
                kept.write(roots_name(name), octets, by=folder.worker)
            elif kept.read(roots_name(name)) != octets:
                raise UsageError(f"[timestamps.authorities.{name}]: {OTHER_ROOTS.format(roots_name(name))}")

    def submit(self, number: int) -> None:
        """Have that head stamped by all authorities."""
        self._idle.clear()
        self._heads.put(number)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="clearcrawl-stamps", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Give what is under way some time, then let go of it."""
        self._idle.wait(seconds)

    def close(self) -> None:
        """End the thread, without waiting for an authority that hangs."""
        self._heads.put(None)

    def pending(self) -> list[str]:
        """Requests without a reply, by file name."""
        names = unanswered(self._folder[TIMESTAMPS].names())
        return [name for name in names if name.startswith(f"{self._folder.worker}-")]

    def _run(self) -> None:
        while (number := self._heads.get()) is not None:
            self.problem = None
            try:
                for authority in self._stamper.roots:
                    self._stamp(number, authority)
                self._retry(number)
            except OSError as error:
                self.problem = f"the stamp cannot be written ({error.strerror})"
            if self._heads.empty():
                self._idle.set()

    def _stamp(self, number: int, authority: str) -> None:
        worker, folder = self._folder.worker, self._folder[TIMESTAMPS]
        stamp = StampFile(worker=worker, number=number, first=authority, authority=authority)
        octets = self._folder[CHECKPOINTS].read(checkpoint_name(worker, number))
        if folder.size(stamp.reply) is not None:
            return
        if folder.size(stamp.request) is None:
            folder.write(stamp.request, self._stamper.request(octets))
        try:
            folder.write(stamp.reply, self._stamper.ask(authority, folder.read(stamp.request), octets))
        except SignerError as error:
            self.problem = str(error)

    def _retry(self, newest: int) -> None:
        if self.problem is not None:
            return
        for stamp in filter(None, map(StampFile.parse, self.pending()[:RETRIED])):
            if stamp.number != newest and not stamp.turn and stamp.authority in self._stamper.roots:
                self._stamp(stamp.number, stamp.authority)
