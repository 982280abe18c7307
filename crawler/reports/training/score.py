"""Our version of a grader's questions: is each field present, specific, consistent with the evidence; with weights.

Weights follow what public graders of summaries weigh most: domains, opt-out measures, content, behaviour, period.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.reports.training.answer import GAP, GIVEN, NONE, NOT_APPLICABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS = {
    "crawl-domains": 25, "reservations": 18, "crawl-content": 13, "crawler-behaviour": 10, "crawl-period": 7,
    "crawler-names": 7, "crawler-purposes": 5, "size": 5, "public-large": 5, "provider": 4, "model-names": 4,
    "content-types": 4, "latest-acquisition": 4, "linguistic": 4, "illegal-content": 4,
}  # fmt: skip
OTHERS, OPTIONAL = 2, 1
PASS = 1.0
_VAGUE = re.compile(
    r"\s*(?:n/?a|none|tbd|to be (?:done|defined|added)|various|several|unknown|see (?:our )?website|-+)?\.?\s*",
    re.IGNORECASE,
)
_GENERAL = re.compile(r"mailto:(?:info|contact|hello|office|mail|support|admin|team)@", re.IGNORECASE)
_WORDS = 4
"""A text of fewer words is a label, not a description."""
_DESCRIBING = {
    "content-types", "linguistic", "characteristics", "public-other", "private-other", "crawler-purposes",
    "user-description", "synthetic-other", "other-description", "reservations", "illegal-content",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one field came to."""

    field: str
    number: str
    label: str
    weight: int
    is_present: bool
    is_specific: bool
    is_consistent: bool
    why: str

    @property
    def points(self) -> float:
        """Half for being there, a quarter each for the rest; nothing for a gap."""
        return self.weight * (0.5 + 0.25 * self.is_specific + 0.25 * self.is_consistent) if self.is_present else 0.0


def score(body: Mapping[str, Any]) -> list[Mark]:
    """One mark a field of a summary; what does not apply, and what is optional and empty, is not asked."""
    wrong = {one["field"] for one in body["checks"] if one["level"] == "error"}
    return [
        _mark(field, is_consistent=field["id"] not in wrong and not body["is_test"] and _holds(field, body))
        for section in body["sections"]
        for field in section["fields"]
        if field["status"] not in {NOT_APPLICABLE, NONE}
    ]


def total(marks: list[Mark], number: str = "") -> float:
    """Share of the points that can be had, of all sections or of one."""
    own = [one for one in marks if one.number.startswith(number)]
    weight = sum(one.weight for one in own)
    return sum(one.points for one in own) / weight if weight else 0.0


def _holds(field: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """A figure of crawls that were not verified agrees with nothing yet."""
    return bool(body["is_verified"] or not field["queries"])


def _mark(field: Mapping[str, Any], *, is_consistent: bool) -> Mark:
    is_present = field["status"] != GAP
    problem = _unspecific(field) if is_present else ""
    weight = OPTIONAL if field["need"] == "optional" else WEIGHTS.get(field["id"], OTHERS)
    reasons = [field["gap"]["reason"] if field["gap"] else problem, "" if is_consistent or not is_present else _ODD]
    return Mark(
        field=field["id"], number=field["number"], label=field["label"], weight=weight, is_present=is_present,
        is_specific=is_present and not problem, is_consistent=is_present and is_consistent,
        why=" ".join(one for one in reasons if one),
    )  # fmt: skip


_ODD = "Contradicts a check, or rests on crawls that are TEST or not verified."


def _unspecific(field: Mapping[str, Any]) -> str:
    """Why an answer says too little; empty where it says enough."""
    text = " ".join(field["text"])
    if field["id"] == "provider" and any(_GENERAL.match(one["url"]) for one in field["links"]):
        return "The contact is a general mailbox."
    if field["status"] == GIVEN and field["kind"] == "text" and not field["links"] and not field["tables"]:
        if _VAGUE.fullmatch(text):
            return "The text says nothing that can be checked."
        if field["id"] in _DESCRIBING and len(text.split()) < _WORDS:
            return "The text is too short to describe anything."
    return ""
