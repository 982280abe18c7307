"""What the processes of one crawl say to each other: one JSON object a line, its kind as ``t``; nothing pickled."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crawler.extensions.tally import Tally

LINE: Final = 64 << 20
"""Octets of a line at most; a batch of URLs stays far below."""
BATCH: Final = 500
"""URLs that travel in one line at most."""
_NUMBERS = (
    *("requests", "site_requests", "conflicts", "bytes_fetched", "bytes_retained"),
    *("pages_kept", "origins", "waiting"),
)


def pack(kind: str, **body: Any) -> bytes:
    """One line."""
    return json.dumps({"t": kind, **body}).encode() + b"\n"


def unpack(line: bytes) -> tuple[str, dict[str, Any]]:
    """Kind and body of a line. Raises ValueError for anything else."""
    found = json.loads(line)
    if not isinstance(found, dict) or not isinstance(found.get("t"), str):
        raise ValueError("is no message")  # noqa: TRY004 - what was read is wrong, not who calls
    return found.pop("t"), found


def tally_to_plain(tally: Tally) -> dict[str, Any]:
    """Running totals as JSON values."""
    return {
        **{name: getattr(tally, name) for name in _NUMBERS},
        "verdicts": dict(tally.verdicts),
        "changes": dict(tally.changes),
        "reasons": [[verdict, reason, rows] for (verdict, reason), rows in tally.reasons.items()],
    }


def add_up(into: Tally, plains: list[dict[str, Any]]) -> None:
    """Make ``into`` the sum of totals that were sent."""
    for name in _NUMBERS:
        setattr(into, name, sum(plain[name] for plain in plains))
    into.verdicts, into.changes, into.reasons = Counter(), Counter(), Counter()
    for plain in plains:
        into.verdicts.update(plain["verdicts"])
        into.changes.update(plain["changes"])
        into.reasons.update({(verdict, reason): rows for verdict, reason, rows in plain["reasons"]})
