"""A decision made again, laid out in the columns of a row: those that are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.audit.replay.state import Replayed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.blocklists.interface import Listed
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.optout.statement import Statement
    from crawler.policy.barriers import Barrier
    from crawler.policy.decision import Decision

NO_BARRIER: Mapping[str, Any] = dict.fromkeys(("access_barrier", "barrier_action", "barrier_evidence"))
_NO_ROBOTS: Mapping[str, Any] = dict.fromkeys(
    ("robots_status", "robots_digest", "robots_group", "robots_rule", "robots_line", "robots_retrieved_at")
)
_NO_LIST: Mapping[str, Any] = dict.fromkeys(("blocklist_id", "blocklist_digest", "blocklist_entry"))


def lay_out(
    decision: Decision,
    *,
    robots: RobotsAnswer | None = None,
    barrier: Barrier | None = None,
    listed: Listed | None = None,
    event: str | None = None,
) -> Replayed:
    """Put a decision, and what it rests on, into columns. ``event`` is the code for which the row's word was taken."""
    columns: dict[str, Any] = {
        "verdict": decision.verdict.value,
        "verdict_search_index": decision.verdict_search_index.value,
        "access": decision.access.value,
        "state": decision.state.value,
        "stage": decision.stage.value,
        "reason": decision.reason,
        "reasons": list(decision.reasons),
        "agreement_ref": decision.agreement_ref,
        **(_NO_ROBOTS if robots is None else _of_robots(robots)),
        **(NO_BARRIER if barrier is None else _of_barrier(barrier)),
        **(_NO_LIST if listed is None else _of_list(listed)),
        "statements": sorted(map(statement_of, decision.statements)) if decision.statements else [],
        "statements_unread": [(one.protocol, one.why) for one in decision.unread],
    }
    return Replayed(decision=decision, columns=columns, event=event)


def _of_robots(answer: RobotsAnswer) -> dict[str, Any]:
    return {
        "robots_status": answer.code.value,
        "robots_digest": answer.digest,
        "robots_group": answer.group,
        "robots_rule": answer.rule,
        "robots_line": answer.line,
        "robots_retrieved_at": answer.retrieved_at,
    }


def _of_barrier(barrier: Barrier) -> dict[str, Any]:
    return {
        "access_barrier": barrier.kind.value,
        "barrier_action": barrier.action.value,
        "barrier_evidence": barrier.evidence,
    }


def _of_list(listed: Listed) -> dict[str, Any]:
    return {
        "blocklist_id": listed.list_id,
        "blocklist_digest": listed.list_digest,
        "blocklist_entry": listed.entry,
    }


def statement_of(one: Statement) -> tuple[str, ...]:
    """A statement in the order of ``rows.StatementSeen``."""
    return (one.protocol, one.use.value, one.preference.value, one.carrier.value, one.layer.value, one.value,
            one.source.url, one.source.digest)  # fmt: skip
