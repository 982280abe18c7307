"""Registers for tests: a real key folder, real files, a clock that the test sets."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.complaints.case import cases_of
from crawler.complaints.complaint import read
from crawler.complaints.handling import enter
from crawler.complaints.intake import Received
from crawler.complaints.register import Register
from crawler.signing.sealer import open_sealer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.complaints.case import Case
    from crawler.signing.sealer import Sealer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHOLE: dict[str, Any] = {
    "name": "Jane Doe",
    "email": "jane@press.example",
    "organisation": "Example Press",
    "capacity": "rightsholder",
    "works": ["My Novel"],
    "urls": ["https://press.example/novel"],
    "reservation": "robots.txt",
    "reservation_since": "2025-01-01",
    "statement": "It was copied.",
}


def received(**changes: Any) -> Received:
    """A complaint with nothing missing, changed; ``None`` takes a field away."""
    given = {name: value for name, value in {**WHOLE, **changes}.items() if value is not None}
    return Received(channel="json", complaint=read(given), original=repr(sorted(given.items())).encode())


class Desk:
    """A register and a key, in a folder of a test."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "complaints"
        self.sealer: Sealer = open_sealer(folder / "keys")

    @contextmanager
    def open(self, *, now: datetime = NOW) -> Iterator[Register]:
        """Take the register."""
        with Register.open_to_write(self.path, sealer=self.sealer, domain="ai.example", now=now) as register:
            yield register

    def add(self, *complaints: Received, days_ago: int = 0) -> None:
        """Enter complaints that came in some days ago."""
        with self.open() as register:
            at = NOW - timedelta(days=days_ago)
            enter(register, list(complaints), received_at=at, sealer=self.sealer, now=NOW)

    def cases(self) -> dict[int, Case]:
        """Read all cases."""
        with Register.open(self.path) as register:
            return cases_of(register.entries)
