"""What a check is: it looks at the evidence of one crawl and answers what does not hold, by file and number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.audit.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it was written or signed."""

    check: str
    """Id of the check."""
    file: str
    """Path below the crawl's folder."""
    problem: str
    seq: int | None = None
    """Number of the leaf, where one is meant."""

    def __str__(self) -> str:
        place = self.file if self.seq is None else f"{self.file}, seq {self.seq}"
        return f"{place}: {self.problem}"


class Check(Protocol):
    """A check over the whole crawl."""

    id: str
    sentence: str
    """What it makes sure of, for reports."""

    def run(self, evidence: Evidence) -> Iterator[Finding]:
        """Answer what does not hold; never raises over what is on disk. What cannot be decided goes to ``evidence``."""
