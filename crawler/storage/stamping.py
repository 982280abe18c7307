"""Time stamps over signed heads, asked for in a thread of their own: the crawl never waits for an authority.

A reply that does not fit is not stored. What has no reply is pending, and is asked for again with each later head.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Protocol

from crawler.errors import SignerError
from crawler.storage.layout import (
    CHECKPOINTS,
    TIMESTAMPS,
    checkpoint_name,
    number_of,
    roots_name,
    stamp_name,
    stamp_request_name,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crawler.storage.layout import CrawlFolder

RETRIED = 5
"""Pending stamps of earlier heads that are asked for again with each head."""


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
            if folder[TIMESTAMPS].size(roots_name(name)) is None:
                folder[TIMESTAMPS].write(roots_name(name), octets, by=folder.worker)

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
        octets = self._folder[CHECKPOINTS].read(checkpoint_name(worker, number))
        question, answer = stamp_request_name(worker, number, authority), stamp_name(worker, number, authority)
        if folder.size(answer) is not None:
            return
        if folder.size(question) is None:
            folder.write(question, self._stamper.request(octets))
        try:
            folder.write(answer, self._stamper.ask(authority, folder.read(question), octets))
        except SignerError as error:
            self.problem = str(error)

    def _retry(self, newest: int) -> None:
        if self.problem is not None:
            return
        for name in self.pending()[:RETRIED]:
            head, _, authority = name.removesuffix(".tsq").partition(".")
            number = number_of(f"{head}.tsq", self._folder.worker, ".tsq")
            if number is not None and number != newest and authority in self._stamper.roots:
                self._stamp(number, authority)
