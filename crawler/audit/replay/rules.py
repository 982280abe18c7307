"""The rules by which rows are decided again: those that a row names, from the bytes that were kept, or others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.audit.kept import lists_in_force, policy_in_force
from crawler.policy.gate import Gate
from crawler.storage.suffixes import bundled_suffixes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from typing import Any

    from crawler.audit.kept import History
    from crawler.blocklists.matcher import Matcher
    from crawler.policy.document import CrawlPolicy
    from crawler.storage.reading import CrawlReader

    Row = Mapping[str, Any]


class Rules:
    """Gates by what a row names and by its day; each is made once.

    ``policy`` and ``matcher`` stand in for those in force; ``today`` then is the day on which their dates are read,
    instead of each row's own.
    """

    def __init__(
        self,
        reader: CrawlReader,
        history: History,
        *,
        policy: CrawlPolicy | None = None,
        matcher: Matcher | None = None,
        today: date | None = None,
    ) -> None:
        self._reader = reader
        self._history = history
        self._policy = policy
        self._matcher = matcher
        self._today = today
        self._gates: dict[tuple[str, str, str, date], Gate] = {}
        self._policies: dict[tuple[str, str], CrawlPolicy] = {}

    def day_of(self, row: Row) -> date:
        """The UTC day whose dated lines count."""
        day: date = self._today or row["decided_at"].date()
        return day

    def gate_for(self, row: Row) -> Gate:
        """The gate of a row's decision. Raises ``DamagedStateError`` or another error of what was kept."""
        key = (row["policy_digest"], row["lists_digest"], row["tool_version"], row["decided_at"].date())
        gate = self._gates.get(key)
        if gate is None:
            matcher = self._matcher
            if matcher is None:
                matcher = lists_in_force(self._reader, self._history, row["lists_digest"], key[-1]).matcher
            gate = self._gates[key] = Gate(self._policy_of(row), matcher, bundled_suffixes(), row["lists_digest"])
        return gate

    def _policy_of(self, row: Row) -> CrawlPolicy:
        if self._policy is not None:
            return self._policy
        key = (row["policy_digest"], row["tool_version"])
        if key not in self._policies:
            self._policies[key] = policy_in_force(self._reader, self._history, *key).policy
        return self._policies[key]
