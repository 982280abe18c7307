"""What a project asks for besides first fetches: the same URL again, and requests in a form that is never sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crawler.extensions.ledger import carriers_of
from crawler.extensions.records import failure_record, new_urn, refusal_record
from crawler.policy.decision import Verdict
from crawler.storage.entries import AttemptOutcome, Event, IntentOutcome, Outcome, UrlState

if TYPE_CHECKING:
    from crawler.extensions.visit import Visit
    from crawler.extensions.writer import Writer
    from crawler.policy.decision import Decision
    from crawler.storage.entries import NewUrl

FOR_LATER = 365 * 86400.0
"""Seconds for which a URL is parked that was asked for in a form that is never sent."""
REMEMBERED = 100_000
"""URLs of such requests that get a row at the end; the log has them all."""
_OUTCOMES = {
    Verdict.ALLOW: AttemptOutcome.OK,
    Verdict.DENY: AttemptOutcome.REFUSED,
    Verdict.DEFER: AttemptOutcome.FAILED,
}


def record_repeat(writer: Writer, visit: Visit, decision: Decision, shown: str) -> None:
    """Record a further fetch of a URL that has its row: evidence and a log entry, no second row, no second body.

    ``shown`` is the URL as logs may have it.
    """
    exchange, record_id = visit.exchange, None
    if exchange is not None and exchange.started_at is not None:
        record_id = new_urn()
        if exchange.error is not None or exchange.status is None:
            draft = failure_record(exchange, record_id)
        else:
            draft = refusal_record(exchange, record_id, carriers_of(visit))
        writer.record((draft,))
    attempt = visit.claim.attempt_id
    outcome = _OUTCOMES[decision.verdict]
    writer.intent_outcome(IntentOutcome(attempt_id=attempt, attempt=outcome, detail=decision.reason))
    body = {
        "url": shown,
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "status": None if exchange is None else exchange.status,
        "content_digest": exchange.payload_digest if exchange is not None and exchange.is_body_complete else None,
        "record_id": record_id,
    }
    writer.event(Event(type="repeat", body=body))


class NeverSent:
    """URLs that were asked for in a form that is never sent: each gets a row at the end, unless a GET brings it one."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._urls: dict[str, tuple[NewUrl, str]] = {}

    def add(self, new: NewUrl, shown: str, problem: str) -> None:
        """Log one; ``shown`` is its URL as logs may have it."""
        body = {"url": shown[:2048], "reason": "request_refused", "detail": problem}
        self._writer.event(Event(type="request_refused", body=body))
        if len(self._urls) < REMEMBERED:
            self._urls.setdefault(new.url, (new, problem))

    async def park(self) -> None:
        """Park those that have no row; the end of the crawl writes the rows of what is parked."""
        for new, problem in self._urls.values():
            taken = await self._writer.take(new)
            if taken.claim is not None:
                self._writer.outcome(
                    Outcome(
                        claim=taken.claim,
                        attempt=AttemptOutcome.REFUSED,
                        state=UrlState.WAITING,
                        not_before=time.time() + FOR_LATER,
                        detail=f"request_refused: {problem}",
                    )
                )
