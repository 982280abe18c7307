"""What the names in ``timestamps/`` say: stamps over signed heads, their renewals, and which octets each is over.

Renewal is that of RFC 4998 section 5.2: a later token over the earlier ones, each of which is a reply as it came. What
a token proves is checked elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from crawler.storage.layout import CHECKPOINT_ENDING, CHECKPOINTS, TIMESTAMPS, roots_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LABEL = r"[a-z0-9][a-z0-9-]{0,31}"
STAMP_NAME = rf"([a-z][a-z0-9]{{0,15}})-(\d{{6,}})\.({_LABEL})(?:\.([1-9]\d{{0,3}})\.({_LABEL}))?\.ts[qr]"
"""Worker, number of the head, authority that stamped it; of a renewal also its turn and who gave it."""
_NAME = re.compile(STAMP_NAME, re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class StampFile:
    """A stamp over a head, or a renewal of one."""

    worker: str
    number: int
    """Of the head."""
    first: str
    """Authority that stamped the head."""
    turn: int = 0
    """0: the stamp over the head itself; else which renewal of it this is."""
    authority: str
    """Who was asked; ``first`` where ``turn`` is 0."""

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Read the name of a request or a reply; ``None`` for any other name."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        found = cls(
            worker=match[1],
            number=int(match[2]),
            first=match[3],
            turn=int(match[4] or 0),
            authority=match[5] or match[3],
        )
        return found if name in {found.request, found.reply} else None

    @property
    def head(self) -> str:
        """Path of the head in the crawl's folder."""
        return f"{CHECKPOINTS}/{self._stem}{CHECKPOINT_ENDING}"

    @property
    def request(self) -> str:
        """File name of the request."""
        return f"{self._name}.tsq"

    @property
    def reply(self) -> str:
        """File name of the reply."""
        return f"{self._name}.tsr"

    @property
    def roots(self) -> str:
        """File name of the certificates at which its chain ends."""
        return roots_name(self.authority)

    @property
    def _stem(self) -> str:
        return f"{self.worker}-{self.number:06d}"

    @property
    def _name(self) -> str:
        renewal = f".{self.turn}.{self.authority}" if self.turn else ""
        return f"{self._stem}.{self.first}{renewal}"

    @property
    def chain(self) -> tuple[str, int, str]:
        """Same for a stamp and all its renewals."""
        return self.worker, self.number, self.first

    def renewed_by(self, authority: str) -> StampFile:
        """Name of its renewal."""
        return StampFile(
            worker=self.worker, number=self.number, first=self.first, turn=self.turn + 1, authority=authority
        )


def chains(names: Iterable[str]) -> dict[tuple[str, int, str], list[StampFile]]:
    """Stamps that have a reply, with their renewals, oldest first."""
    found: dict[tuple[str, int, str], list[StampFile]] = {}
    for name in names:
        stamp = StampFile.parse(name) if name.endswith(".tsr") else None
        if stamp is not None:
            found.setdefault(stamp.chain, []).append(stamp)
    return {key: sorted(stamps, key=lambda one: (one.turn, one.authority)) for key, stamps in sorted(found.items())}


def before(stamp: StampFile, chain: Iterable[StampFile]) -> list[StampFile]:
    """The stamps that a renewal renews, newest first. Raises ValueError where one is missing or there twice."""
    there = [one for one in chain if one.turn <= stamp.turn and one != stamp]
    if [one.turn for one in there] != list(range(stamp.turn)):
        raise ValueError("is a renewal of which there are two, or the stamps that it renews are not all here")
    return there[::-1]


def stamped_octets(stamp: StampFile, earlier: Iterable[StampFile], read: Callable[[str], bytes]) -> bytes:
    """What a stamp is over: the replies that it renews, newest first, and the head. ``read`` takes paths below OUT."""
    return b"".join([*(read(f"{TIMESTAMPS}/{one.reply}") for one in earlier), read(stamp.head)])
