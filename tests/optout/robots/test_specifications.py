"""A successor of RFC 9309 takes over on its day, for files that are fetched from then on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from crawler.optout.robots.access import RobotsRules
from crawler.optout.robots.outcome import RobotsAccess, RobotsFetch
from crawler.optout.robots.specifications import SPECIFICATIONS, Specification, specification_on
from crawler.policy.site import StoredFile, robots_rules
from crawler.values.digest import sha256
from crawler.values.url import canonicalise, split
from tests.policy.samples import policy

if TYPE_CHECKING:
    from crawler.optout.robots.access import HasTarget, RobotsAnswer

URL = canonicalise("https://site.example/a")
FIRST_DAY = date(2027, 7, 1)


class Stricter(RobotsRules):
    """A text by which every page is closed."""

    def answer(self, url: HasTarget) -> RobotsAnswer:
        """Close it."""
        return replace(super().answer(url), access=RobotsAccess.DENY)


BOTH = (*SPECIFICATIONS, Specification(id="RFC 9999", holds_from=FIRST_DAY, rules=Stricter))


def stored(day: date) -> StoredFile:
    """An open robots.txt that was fetched on a day."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    body = b"User-agent: *\nAllow: /\n"
    fetch = RobotsFetch(
        requested=canonicalise("https://site.example/robots.txt"),
        status=200,
        error=None,
        content_type="text/plain",
        body=body,
        retrieved_at=at,
    )
    facts = json.dumps(fetch.to_facts())
    return StoredFile(path="/robots.txt", facts=facts, failures=0, retrieved_at=at, lifetime=1.0, body=body)


def test_rfc_9309_holds_today() -> None:
    """It has held since September 2022; a day before that has nothing else."""
    assert [one.id for one in SPECIFICATIONS] == ["RFC 9309"]
    assert specification_on(date(2020, 1, 1)).id == specification_on(date(2026, 11, 23)).id == "RFC 9309"


def test_successor_takes_over_by_date() -> None:
    """The day of the fetch decides: the day before, the old text; from its day on, the new one."""
    for day, access in ((FIRST_DAY - timedelta(days=1), RobotsAccess.ALLOW), (FIRST_DAY, RobotsAccess.DENY)):
        file = stored(day)
        assert file.body is not None
        assert file.digest == sha256(file.body)
        assert robots_rules(file, policy(), BOTH).answer(split(URL)).access is access
        assert robots_rules(file, policy()).answer(split(URL)).access is RobotsAccess.ALLOW
