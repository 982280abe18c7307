"""All that is known of one URL at one stage; what is not in here cannot influence a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from crawler.blocklists.interface import Listed
    from crawler.blocklists.matcher import Matcher
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.optout.statement import SoftDirective, Statement, Unread
    from crawler.policy.barriers import Barrier
    from crawler.policy.decision import Stage
    from crawler.values.digest import Digest
    from crawler.values.url import Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A check before the network, or the transport, ended the matter; ``code`` is one of ``policy.reasons``."""

    code: str
    detail: str
    defers: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListsInForce:
    """One snapshot of the blocklists as it was opened on one day; two openings are never the same (R2.5)."""

    matcher: Matcher
    digest: Digest | None
    """Column ``lists_digest``; ``None`` where nobody writes rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Input of ``decide``. Times come in as values; nothing here reads a clock."""

    url: Url
    stage: Stage
    today: date
    """UTC day of the decision: overrides and agreements are dated."""
    refusal: Refusal | None = None
    """From the scheme, form, port, budget, address or transport; checked in the gate's order."""
    listed: Listed | None = None
    lists: ListsInForce | None = field(default=None, compare=False, repr=False)
    """What was asked about ``listed``; no part of the verdict, but of what the row says about it."""
    robots: RobotsAnswer | None = None
    """``None`` only where robots was never reached because an earlier check refused."""
    status: int | None = None
    """Of the response, ``None`` where there was none; judged by ``decide.access_of_status``."""
    retry_after: float | None = None
    """Seconds that the field Retry-After of the response names; counts where its status defers."""
    barrier: Barrier | None = None
    """What the response itself refused: status, login, challenge, paywall."""
    statements: tuple[Statement, ...] = ()
    """Of every carrier read so far, inherited ones (redirect hops, PC-29, PC-31) included; readers' own
    orders (``OptOutReader.settle``) are already applied."""
    soft: tuple[SoftDirective, ...] = ()
    """Of them, a profile that demands permission looks at public licences."""
    unread: tuple[Unread, ...] = ()
    unread_tries: int = 0
    """How often the blocking unread carriers have been asked for."""
