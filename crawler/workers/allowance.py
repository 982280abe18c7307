"""``--max-pages`` over several workers: each keeps only what it was allowed, so that the sum is never exceeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.workers.member import Member

MOST = 1_000
"""Pages granted at once."""
_SHARES = 4
"""Into so many parts for each worker is what is left divided: late workers find something."""


class Allowance:
    """Lives on the event loop of the leading process; without a limit it does nothing."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._left = limit or 0
        self.is_open = False
        """Whether all workers of earlier runs have told what they kept."""

    def came_up(self, member: Member, kept: int) -> None:
        """Count what a worker had kept when it started; what a dead incarnation did not use is free again."""
        self._left += member.granted - (kept - member.kept)
        member.kept, member.granted = kept, 0

    def want(self, member: Member, members: Iterable[Member]) -> None:
        """A worker asks for pages: grant some, or note that it has to wait and ask idle ones for theirs."""
        if self._limit is None:
            return
        member.wants = True
        if not self.is_open:
            return
        everybody = [one for one in members if one.is_running]
        self._grant(everybody)
        self.collects(everybody)

    def open(self, members: Iterable[Member]) -> None:
        """Grant from now on."""
        if not self.is_open:
            self.is_open = True
            self._grant([one for one in members if one.is_running])

    def collects(self, members: Iterable[Member]) -> bool:
        """Ask idle workers to give back what they do not use, where others want it; answer whether any still may."""
        everybody = list(members)
        if not any(one.wants for one in everybody):
            return False
        rich = [one for one in everybody if not one.wants and one.granted > 0 and not one.gave]
        for one in rich:
            if one.quiet is not None and not one.asked:
                one.asked = True
                one.tell("give")
        return bool(rich)

    def back(self, member: Member, pages: int, members: Iterable[Member]) -> None:
        """A worker gives back what it did not use; one that is busy again gives nothing, and is asked another time."""
        member.granted -= pages
        member.gave, member.asked = member.quiet is not None, False
        self._left += pages
        self._grant([one for one in members if one.is_running])

    def _grant(self, members: list[Member]) -> None:
        for member in members:
            if member.wants and self._left > 0:
                pages = max(1, min(MOST, self._left // (_SHARES * len(members))))
                self._left -= pages
                member.granted += pages
                member.wants = False
                member.quiet = None
                member.tell("pages", more=pages)
