"""What became of each visit: row, records, next URLs and counts, handed to the writer by direct call, exactly once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crawler.errors import StorageError
from crawler.extensions.records import exchange_records, failure_record, new_urn, refusal_record, unchanged_records
from crawler.extensions.revisiting import UNUSABLE
from crawler.optout.conflicts import conflicts
from crawler.optout.inherit import inherit, statements_to_json
from crawler.policy.carriers import carriers_to_json
from crawler.policy.decision import Verdict
from crawler.policy.reasons import reason_of
from crawler.storage.entries import AttemptOutcome, Event, NewUrl, Outcome, UrlState, Via, WarcKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from crawler.extensions.links import Links
    from crawler.extensions.page_facts import PageFacts
    from crawler.extensions.rows import RowMaker
    from crawler.extensions.tally import Tally
    from crawler.extensions.visit import Visit
    from crawler.extensions.writer import Writer
    from crawler.policy.decision import Decision
    from crawler.storage.entries import RecordDraft
    from crawler.values.url import Url

RETRY_DELAYS = (10.0, 60.0, 300.0)
"""Seconds before each further try of a page that failed for now; after the last one the failure is final."""
CONFLICTS = "clearcrawl/conflicts"
"""Stat: rows in which two statements about one use disagree; the strictest was applied."""
ROBOTS_WAITS = frozenset({"robots_unreachable", "robots_busy", "robots_redirect"})
"""Outcomes of robots.txt after which it is asked for again (R3.3); the URLs of the host wait."""


class Ledger:
    """Settles visits. One per worker, on the event loop."""

    def __init__(
        self,
        *,
        writer: Writer,
        rows: RowMaker,
        tally: Tally,
        count: Callable[[str], None],
        lane_of: Callable[[Url], str],
        links: Links,
        facts: PageFacts,
    ) -> None:
        self._facts = facts
        self._writer = writer
        self._rows = rows
        self._tally = tally
        self._count = count
        self._lane_of = lane_of
        self._links = links
        self._lifted: set[tuple[str, str]] = set()
        """Licences that were used in this run; each has its entry in the log."""

    def settle(self, visit: Visit, decision: Decision) -> None:
        """Record a verdict, or park the URL where asking again later is worth it."""
        if visit.is_settled:
            return
        if decision.verdict is Verdict.ALLOW and not visit.is_judged:
            raise StorageError(f"{visit.url.text}: a page was to be kept that the response gate never saw")
        wait = self._wait(visit, decision)
        if wait is not None:
            self._park(visit, decision, wait)
        else:
            self._record(visit, decision)
        visit.is_settled = True

    def record_parked(self, visit: Visit, decision: Decision) -> None:
        """Write the final row of a URL that stays parked in the frontier for the next run."""
        self._record(visit, decision, is_parked=True)

    def release(self, visit: Visit) -> None:
        """Give a visit back that was never sent."""
        if not visit.is_settled:
            visit.is_settled = True
            self._writer.release([visit.claim])

    def interrupt(self, visit: Visit) -> None:
        """Put a URL back whose request was cut off by a stop of ours."""
        if not visit.is_settled:
            visit.is_settled = True
            self._writer.outcome(
                Outcome(
                    claim=visit.claim,
                    attempt=AttemptOutcome.INTERRUPTED,
                    state=UrlState.WAITING,
                    detail="connection_error: stopped",
                )
            )

    @staticmethod
    def _wait(visit: Visit, decision: Decision) -> float | None:
        """Seconds until the URL is worth another try; ``None`` where the verdict is final."""
        reason = decision.reason
        if reason in ROBOTS_WAITS and visit.robots is not None:
            return visit.robots.retry_after
        if decision.verdict is not Verdict.DEFER or reason == "robots_delay_too_long":
            return None
        if reason in {"site_pause", UNUSABLE}:
            return decision.retry_after
        if reason == "site_file_unread" and visit.site is not None and visit.site.unread_tries:
            return max(visit.site.expires_in, 1.0)
        tries = visit.claim.tries
        if reason != "site_file_unread" and tries >= len(RETRY_DELAYS):
            return None
        return max(decision.retry_after or 0.0, RETRY_DELAYS[min(tries, len(RETRY_DELAYS) - 1)])

    def _park(self, visit: Visit, decision: Decision, wait: float) -> None:
        self._count(reason_of(decision.reason).stat + "/parked")
        records = () if visit.exchange is None else self._records(visit, decision, new_urn())
        sent = visit.exchange is not None and visit.exchange.started_at is not None
        self._writer.outcome(
            Outcome(
                claim=visit.claim,
                attempt=AttemptOutcome.FAILED if sent else AttemptOutcome.REFUSED,
                state=UrlState.WAITING,
                not_before=time.time() + wait,
                records=records,
                detail=f"{decision.reason}: {decision.detail}",
            )
        )

    def _record(self, visit: Visit, decision: Decision, *, is_parked: bool = False) -> None:
        record_id = new_urn()
        row = self._rows.make(visit, decision, record_id)
        for name, ref in (("agreement_ref", row.agreement_ref), ("override_ref", decision.override_ref)):
            if ref is not None and (name, ref) not in self._lifted:
                self._lifted.add((name, ref))
                body = {name: ref, "policy_digest": row.policy_digest, "url_host_name": row.url_host_name}
                self._writer.event(Event(type="override_used", body=body))
        state = UrlState.DENIED if decision.verdict is Verdict.DENY else UrlState.FAILED
        is_kept = decision.verdict is Verdict.ALLOW
        if is_kept:
            state = UrlState.DONE
        self._writer.outcome(
            Outcome(
                claim=visit.claim,
                attempt=AttemptOutcome.OK if is_kept else AttemptOutcome.REFUSED,
                state=UrlState.WAITING if is_parked else state,
                row=row,
                records=() if is_parked else self._records(visit, decision, record_id),
                late=self._facts.of(visit) if is_kept and visit.redirect is None else None,
                links=self._next(visit, decision),
                detail=f"{decision.reason}: {decision.detail}" if decision.detail else decision.reason,
            )
        )
        self._count(reason_of(decision.reason).stat)
        if conflicts(decision.statements):
            self._count(CONFLICTS)
            self._tally.conflicts += 1
        if row.change is not None:
            self._tally.changes[row.change] += 1
        self._tally.row(
            verdict=decision.verdict.value,
            reason=decision.reason,
            fetched=row.bytes_fetched,
            retained=row.bytes_retained,
            is_page=is_kept and visit.redirect is None,
        )

    def _records(self, visit: Visit, decision: Decision, record_id: str) -> tuple[RecordDraft, ...]:
        exchange = visit.exchange
        if exchange is None or exchange.started_at is None:
            return ()
        if decision.verdict is Verdict.ALLOW and visit.payload is not None and visit.copy is not None:
            return unchanged_records(exchange, record_id, visit.copy, visit.payload, carriers_of(visit))
        if decision.verdict is Verdict.ALLOW:
            return exchange_records(exchange, WarcKind.PAGES, record_id)
        if exchange.error is not None or exchange.status is None:
            return (failure_record(exchange, record_id),)
        return (refusal_record(exchange, record_id, carriers_of(visit), visit.copy),)

    def _next(self, visit: Visit, decision: Decision) -> tuple[NewUrl, ...]:
        """URLs that become known with this outcome: the target of a kept hop, the links of a kept page."""
        if decision.verdict is not Verdict.ALLOW:
            return ()
        if visit.redirect is None:
            return tuple(visit.links)
        if not self._links.may_redirect(visit, visit.redirect.text):
            return ()
        new = visit.new
        reserved = inherit((*decision.statements, *visit.inherited))
        return (
            NewUrl(
                url=visit.redirect.text,
                lane=self._lane_of(visit.redirect),
                depth=new.depth,
                via=Via.REDIRECT,
                role=new.role,
                site=new.site,
                referrer=new.referrer,
                chain=(*new.chain, visit.url.text),
                inherited=statements_to_json(reserved) if reserved else None,
                discovered_at=new.discovered_at,
            ),
        )


def carriers_of(visit: Visit) -> list[dict[str, Any]]:
    """What was read of a body that is not kept, so that replay can read it again (design section 3)."""
    return carriers_to_json(visit.page, visit.media, visit.body)
