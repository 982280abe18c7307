"""What we then do: a verdict with the reasons that made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.blocklists.interface import Listed
    from crawler.optout.statement import Statement, Unread
    from crawler.policy.facts import ListsInForce


class Verdict(StrEnum):
    """ALLOW keeps the bytes, DENY leaves them, DEFER asks again later."""

    ALLOW = "allow"
    DENY = "deny"
    DEFER = "defer"


class Access(StrEnum):
    """May the bytes be fetched and kept at all (opt-outs.md section 1)."""

    ALLOW = "allow"
    DENY = "deny"
    DEFER = "defer"


class State(StrEnum):
    """The joined answer of all statements, or ``no-access`` exactly when access is not ``allow``."""

    RESERVED = "reserved"
    CONDITIONAL = "conditional"
    ALLOWED = "allowed"
    UNKNOWN = "unknown"
    NO_ACCESS = "no-access"


class Stage(StrEnum):
    """When the verdict was made."""

    BEFORE_FETCH = "before_fetch"
    AFTER_FETCH = "after_fetch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One verdict on one URL at one stage. ``decide`` and the gate are the only makers."""

    verdict: Verdict
    verdict_search_index: Verdict
    """The same question for the purpose ``search_index``, judged apart."""
    access: Access
    state: State
    stage: Stage
    reason: str
    """The decisive code of ``policy.reasons``."""
    reasons: tuple[str, ...]
    """All codes that spoke, decisive one first."""
    detail: str = ""
    """One clause for people: the rule, the header, the list entry. Text of strangers stays data."""
    statements: tuple[Statement, ...] = ()
    """All statements that were joined, for both purposes."""
    unread: tuple[Unread, ...] = ()
    agreement_ref: str | None = None
    override_ref: str | None = None
    """Document of the dated override that lifted a refusal."""
    retry_after: float | None = None
    """Seconds; only with DEFER, where the site named them."""
    listed: Listed | None = None
    """The blocklist entry that covers the URL, also where an override lifted it."""
    lists: ListsInForce | None = field(default=None, compare=False, repr=False)
    """The blocklists that were asked; ``None`` only where the check itself failed."""
