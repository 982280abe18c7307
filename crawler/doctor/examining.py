"""The whole examination, in the order in which things are needed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.doctor.installation import installation
from crawler.doctor.machine import machine
from crawler.doctor.outside import not_asked, outside
from crawler.doctor.papers import open_crawl_policy, papers
from crawler.policy.gate import Gate
from crawler.storage.blocklists import open_blocklists
from crawler.storage.suffixes import bundled_suffixes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.doctor.findings import Finding
    from crawler.doctor.installation import SettingsRules
    from crawler.doctor.papers import Places


def examine(places: Places, *, is_online: bool, rules: SettingsRules) -> Iterator[Finding]:
    """Look at everything; with ``is_online`` also ask the resolver and the operator's own site."""
    suffixes = bundled_suffixes()
    yield from installation(places.folder, rules)
    policy, found = open_crawl_policy(places, suffixes)
    yield from found
    if policy is not None:
        yield from papers(places, policy, suffixes)
    yield from machine(places.folder, None if policy is None else policy.limits, newest=suffixes.version)
    if policy is None:
        return
    if not is_online:
        yield from not_asked(policy)
        return
    today = datetime.now(UTC).date()
    lists = open_blocklists(places.blocklists, today=today, ages=policy.blocklists, suffixes=suffixes)
    yield from outside(policy, Gate(policy, lists.matcher, suffixes))
