"""Join what rights holders said about one use, and turn the joined state into a verdict (opt-outs.md section 2).

Access is settled before; here every answer is about a resource whose bytes may be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.optout.statement import Preference
from crawler.policy.barriers import is_paywall
from crawler.policy.decision import Stage, State, Verdict
from crawler.policy.licences import granted_duties
from crawler.policy.scope import covers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.optout.statement import Statement, Unread, Use
    from crawler.policy.document import Agreement, CrawlPolicy
    from crawler.policy.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The answer for one use."""

    verdict: Verdict
    state: State
    reason: str
    detail: str = ""
    agreement_ref: str | None = None


def join(statements: Iterable[Statement]) -> State:
    """Join the statements about one use: any reserved, else any conditional, else any allowed, else unknown (PC-1)."""
    said = {statement.preference for statement in statements}
    if Preference.RESERVED in said:
        return State.RESERVED
    if Preference.CONDITIONAL in said:
        return State.CONDITIONAL
    return State.ALLOWED if Preference.ALLOWED in said else State.UNKNOWN


def judge(facts: Facts, policy: CrawlPolicy, use: Use, *, lifted: frozenset[str]) -> Judgement:
    """Judge one use apart from all others. ``lifted`` are the reason codes that overrides lift for this URL."""
    agreement = _agreement(facts, policy, use)
    if agreement is not None:
        return Judgement(
            verdict=Verdict.ALLOW,
            state=State.ALLOWED,
            reason="agreement",
            detail=agreement.ref,
            agreement_ref=agreement.ref,
        )
    off = _readers_off(facts, policy)
    spoken = [one for one in facts.statements if one.use == use and one.protocol not in off]
    found = _judge_state(facts, policy, spoken)
    if found.reason in _FINAL or "site_file_unread" in lifted:
        return found
    blocking = [one for one in facts.unread if one.blocks and one.protocol not in off]
    return _hold_back(facts, policy, found, blocking) if blocking else found


_FINAL = frozenset({"optout_reserved", "optout_conditional", "paywall"})
"""Refusals that no further statement can lift, so that nobody has to wait for one."""


def _agreement(facts: Facts, policy: CrawlPolicy, use: Use) -> Agreement | None:
    for agreement in policy.agreements:
        if (
            use in agreement.permits
            and (agreement.valid_from is None or agreement.valid_from <= facts.today)
            and (agreement.valid_to is None or facts.today <= agreement.valid_to)
            and covers(agreement.scope, facts.url)
        ):
            return agreement
    return None


def _readers_off(facts: Facts, policy: CrawlPolicy) -> frozenset[str]:
    if not policy.protocols_off:
        return frozenset()
    return frozenset(
        reader
        for one in policy.protocols_off
        if one.valid_from <= facts.today <= one.valid_to
        for reader in one.readers
    )


def _judge_state(facts: Facts, policy: CrawlPolicy, spoken: list[Statement]) -> Judgement:
    state = join(spoken)
    has_paywall = is_paywall(facts.barrier)
    if state is State.RESERVED:
        return Judgement(
            verdict=Verdict.DENY, state=state, reason="optout_reserved", detail=_quote(spoken, Preference.RESERVED)
        )
    if state is State.CONDITIONAL or has_paywall:
        return _judge_condition(facts, policy, spoken, has_paywall=has_paywall)
    if state is State.ALLOWED:
        return Judgement(
            verdict=Verdict.ALLOW, state=state, reason="statement_allowed", detail=_quote(spoken, Preference.ALLOWED)
        )
    return _judge_unknown(facts, policy)


def _judge_condition(facts: Facts, policy: CrawlPolicy, spoken: list[Statement], *, has_paywall: bool) -> Judgement:
    conditional = [one for one in spoken if one.preference is Preference.CONDITIONAL]
    duties = {duty for one in conditional for duty in one.duties}
    if has_paywall or "paywall" in duties:
        detail = facts.barrier.evidence if has_paywall and facts.barrier else _quote(spoken, Preference.CONDITIONAL)
        return Judgement(verdict=Verdict.DENY, state=State.CONDITIONAL, reason="paywall", detail=detail)
    is_met = all(one.duties and _is_met(frozenset(one.duties), policy) for one in conditional)
    return Judgement(
        verdict=Verdict.ALLOW if is_met else Verdict.DENY,
        state=State.CONDITIONAL,
        reason="condition_met" if is_met else "optout_conditional",
        detail=_quote(spoken, Preference.CONDITIONAL),
    )


def _judge_unknown(facts: Facts, policy: CrawlPolicy) -> Judgement:
    profile = policy.profile
    if profile.licence_duties:
        licences = granted_duties(facts.soft)
        if any(_is_met(duties, policy) for duties in licences):
            return Judgement(verdict=Verdict.ALLOW, state=State.CONDITIONAL, reason="condition_met", detail="licence")
        if licences and profile.unknown is not Verdict.ALLOW:
            return Judgement(
                verdict=Verdict.DENY, state=State.CONDITIONAL, reason="optout_conditional", detail="licence"
            )
    if profile.unknown is Verdict.ALLOW:
        return Judgement(verdict=Verdict.ALLOW, state=State.UNKNOWN, reason="unknown_allowed", detail=profile.name)
    if facts.stage is Stage.BEFORE_FETCH:
        return Judgement(verdict=Verdict.ALLOW, state=State.UNKNOWN, reason="permission_pending", detail=profile.name)
    return Judgement(verdict=Verdict.DENY, state=State.UNKNOWN, reason="unknown_denied", detail=profile.name)


def _is_met(duties: frozenset[str], policy: CrawlPolicy) -> bool:
    """Whether the policy names all of them; no declaration makes a commercial operator non-commercial."""
    if "non-commercial" in duties and policy.identity.user_class == "commercial":
        return False
    return duties <= policy.conditional_met


def _hold_back(facts: Facts, policy: CrawlPolicy, found: Judgement, blocking: list[Unread]) -> Judgement:
    """Nothing is kept on the strength of a site file that was not read."""
    is_waiting = facts.unread_tries < policy.unread.retries
    first = min(blocking, key=lambda one: (one.protocol, one.url, one.why))
    return Judgement(
        verdict=Verdict.DEFER if is_waiting else policy.unread.verdict,
        state=found.state,
        reason="site_file_unread",
        detail=f"{first.protocol}: {first.url} ({first.why})",
    )


def _quote(spoken: list[Statement], preference: Preference) -> str:
    """The same statement whatever their order."""
    decisive = [one for one in spoken if one.preference is preference]
    first = min(decisive, key=lambda one: (one.protocol, one.carrier, one.source.url, one.position or 0, one.value))
    return f"{first.protocol}: {first.value}"
