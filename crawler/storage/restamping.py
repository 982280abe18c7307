"""Time stamps of a crawl that has ended: what is pending, the newest heads, and renewals of what will lose its worth.

Asks only; the answers are written by whoever holds the crawl, since all that is signed over them has to be made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import SignerError
from crawler.storage.crawl_head import last_heads
from crawler.storage.layout import CHECKPOINT_ENDING, TIMESTAMPS, number_of, roots_name
from crawler.storage.stamp_files import StampFile, before, chains, stamped_octets
from crawler.storage.stamping import OTHER_ROOTS, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from crawler.storage.layout import Folder
    from crawler.storage.stamping import Stamper


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """What time-stamp authorities answered."""

    files: Mapping[str, bytes]
    """Of the folder ``timestamps/``: answers, their requests, and roots."""
    problems: Mapping[str, str]
    """Request, or stamp that would be renewed, to why it has no answer."""

    def __or__(self, other: Stamped) -> Stamped:
        return Stamped(files={**self.files, **other.files}, problems={**self.problems, **other.problems})


class Restamping:
    """Asks the authorities of a policy about one crawl. Its functions raise OSError where the crawl cannot be read."""

    def __init__(self, checkpoints: Folder, timestamps: Folder, stamper: Stamper) -> None:
        self._checkpoints = checkpoints
        self._timestamps = timestamps
        self._stamper = stamper

    def ask_again(self) -> Stamped:
        """Ask for what is pending, and for each worker's newest head.

        Pending requests are put again as they are, so that an answer that is on its way twice fits as well.
        """
        asked = {name: self._timestamps.read(name) for name in unanswered(self._timestamps.names())}
        for worker, name in last_heads(self._checkpoints.names()).items():
            number = number_of(name, worker, CHECKPOINT_ENDING) or 0
            for authority in self._stamper.roots:
                stamp = StampFile(worker=worker, number=number, first=authority, authority=authority)
                if self._timestamps.size(stamp.request) is None:
                    asked[stamp.request] = self._stamper.request(self._octets(stamp))
        told = Stamped(files={}, problems={})
        for name, request in asked.items():
            pending = StampFile.parse(name)
            if pending is not None:
                told |= self._ask(pending, request)
        return told

    def renew(self, *, now: datetime, ends_before: datetime) -> Stamped:
        """Have every stamp renewed that certificates stand behind which end before that moment (reliability R6.10).

        The authority that gave it is asked first, then the others in their order. What ended already is a problem: a
        later token would not show that the earlier one was there in time.
        """
        told = Stamped(files={}, problems={})
        for stamp in self._newest():
            reply, roots = self._timestamps.read(stamp.reply), self._timestamps.read(stamp.roots)
            if self._stamper.is_valid_at(reply, roots, ends_before):
                continue
            if not self._stamper.is_valid_at(reply, roots, now):
                problem = "the certificates behind it have ended: too late for a renewal"
                told |= Stamped(files={}, problems={stamp.reply: problem})
            else:
                told |= self._renew(stamp)
        return told

    def _newest(self) -> Iterator[StampFile]:
        names = self._timestamps.names()
        waiting = {stamp.chain for stamp in map(StampFile.parse, unanswered(names)) if stamp is not None and stamp.turn}
        for key, chain in chains(names).items():
            if key not in waiting:  # else its renewal is asked for already
                yield chain[-1]

    def _renew(self, stamp: StampFile) -> Stamped:
        names = self._stamper.roots
        told = Stamped(files={}, problems={})
        for authority in sorted(names, key=lambda name: name != stamp.authority):
            renewal = stamp.renewed_by(authority)
            found = self._ask(renewal, self._stamper.request(self._octets(renewal)))
            if found.files:
                return found
            told |= found
        return told

    def _octets(self, stamp: StampFile) -> bytes:
        chain = chains(self._timestamps.names()).get(stamp.chain, [])
        return stamped_octets(stamp, before(stamp, chain), self._read)

    def _read(self, path: str) -> bytes:
        folder, _, name = path.partition("/")
        return (self._timestamps if folder == TIMESTAMPS else self._checkpoints).read(name)

    def _ask(self, stamp: StampFile, request: bytes) -> Stamped:
        roots = self._stamper.roots.get(stamp.authority)
        if roots is None:
            problem = f"the policy names no time-stamp authority {stamp.authority}"
            return Stamped(files={}, problems={stamp.request: problem})
        is_new = self._timestamps.size(stamp.roots) is None
        if not is_new and self._timestamps.read(stamp.roots) != roots:
            return Stamped(files={}, problems={stamp.request: OTHER_ROOTS.format(roots_name(stamp.authority))})
        try:
            answer = self._stamper.ask(stamp.authority, request, self._octets(stamp))
        except (SignerError, ValueError) as error:
            return Stamped(files={}, problems={stamp.request: str(error)})
        files = {stamp.request: request, stamp.reply: answer}
        return Stamped(files=files | ({stamp.roots: roots} if is_new else {}), problems={})
