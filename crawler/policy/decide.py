"""The only place where a verdict is made: access first, then the rights (design.md section 5, opt-outs.md section 2).

Everything is in ``Facts`` and ``CrawlPolicy``; the order in which statements arrived never matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.optout.robots.outcome import RobotsAccess
from crawler.optout.statement import Use
from crawler.policy.barriers import is_paywall
from crawler.policy.decision import Access, Decision, State, Verdict
from crawler.policy.reasons import reason_of
from crawler.policy.rights import judge
from crawler.policy.scope import covers

if TYPE_CHECKING:
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.policy.document import CrawlPolicy, Override
    from crawler.policy.facts import Facts

_BY_STATUS: dict[int, tuple[Access, str | None]] = {
    206: (Access.DEFER, "body_incomplete"),
    **dict.fromkeys((301, 302, 303, 307, 308), (Access.ALLOW, "redirect")),
    304: (Access.ALLOW, "not_modified"),
    **{status: (Access.DENY, f"http_{status}") for status in (401, 402, 403, 407, 451)},
    408: (Access.DEFER, "http_busy"),
    429: (Access.DEFER, "http_429"),
}
_BY_CLASS: dict[int, tuple[Access, str | None]] = {2: (Access.ALLOW, None), 5: (Access.DEFER, "http_busy")}

_PLAIN = frozenset({None, 200})
"""Status of what is not asked for yet, and of what came as asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that stands against access."""

    code: str
    verdict: Verdict
    """DENY or DEFER."""
    detail: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessJudgement:
    """What is left of the findings after overrides."""

    findings: tuple[Finding, ...]
    """Not lifted, decisive one first; empty means that access is allowed."""
    lifted: tuple[Finding, ...]
    overrides: tuple[Override, ...]
    """All that cover the URL today, whether they lifted something or not."""

    @property
    def access(self) -> Access:
        """The joined answer."""
        return Access(self.findings[0].verdict) if self.findings else Access.ALLOW


def access_of_status(status: int) -> tuple[Access, str | None]:
    """Access by the status of the resource, and its reason code (opt-outs.md section 14); no code for plain success.

    206 was not asked for, and a 3xx without a target that can be followed brings no resource either.
    """
    ruling = _BY_STATUS.get(status)
    if ruling is not None:
        return ruling
    return _BY_CLASS.get(status // 100, (Access.DENY, "http_unavailable"))


def decide(facts: Facts, policy: CrawlPolicy) -> Decision:
    """Decide on one URL at one stage, for the purpose of the crawl and for ``search_index``. Total: never raises."""
    access = judge_access(facts, policy)
    if access.findings:
        return refuse(facts, access)
    lifted = frozenset(code for one in access.overrides for code in one.lifts)
    found = judge(facts, policy, policy.purpose, lifted=lifted)
    nobody_spoke = not facts.statements and not policy.agreements
    is_one_question = nobody_spoke or policy.purpose == Use.SEARCH
    search = found if is_one_question else judge(facts, policy, Use.SEARCH, lifted=lifted)
    reason, detail = found.reason, found.detail
    kept = None if facts.status is None else access_of_status(facts.status)[1]
    reasons = [reason]
    if kept is not None and found.verdict is Verdict.ALLOW:
        reasons.insert(0, kept)
    used = [one.code for one in access.lifted]
    if "site_file_unread" in lifted and any(one.blocks for one in facts.unread):
        used.append("site_file_unread")
    if used:
        reasons += ["override", *used]
    return Decision(
        verdict=found.verdict,
        verdict_search_index=search.verdict,
        access=Access.ALLOW,
        state=found.state,
        stage=facts.stage,
        reason=reasons[0],
        reasons=tuple(dict.fromkeys(reasons)),
        detail=detail,
        statements=facts.statements,
        unread=facts.unread,
        agreement_ref=found.agreement_ref,
        override_ref=_documents(access.overrides, used),
        listed=facts.listed,
        lists=facts.lists,
    )


def is_quiet(facts: Facts, policy: CrawlPolicy) -> bool:
    """Whether nothing speaks for or against: ``decide`` then answers by stage, status and lists alone, as for its like.

    Most pages are; only words of the policy about single URLs or days would tell them apart.
    """
    robots = facts.robots
    return (
        facts.status in _PLAIN
        and not facts.statements
        and not facts.unread
        and robots is not None
        and robots.access is RobotsAccess.ALLOW
        and facts.refusal is None
        and facts.listed is None
        and facts.barrier is None
        and not (facts.soft and policy.profile.licence_duties)
        and not policy.overrides
        and not policy.agreements
    )


def refuse(facts: Facts, access: AccessJudgement) -> Decision:
    """Make the decision of a URL that may not be had."""
    decisive = access.findings[0]
    codes = [one.code for one in access.findings]
    used = [one.code for one in access.lifted]
    if used:
        codes += ["override", *used]
    waits = [one.retry_after for one in access.findings if one.retry_after is not None]
    is_deferred = decisive.verdict is Verdict.DEFER
    return Decision(
        verdict=decisive.verdict,
        verdict_search_index=decisive.verdict,
        access=access.access,
        state=State.NO_ACCESS,
        stage=facts.stage,
        reason=decisive.code,
        reasons=tuple(dict.fromkeys(codes)),
        detail=decisive.detail,
        statements=facts.statements,
        unread=facts.unread,
        override_ref=_documents(access.overrides, used),
        retry_after=max(waits) if waits and is_deferred else None,
        listed=facts.listed,
        lists=facts.lists,
    )


def judge_access(facts: Facts, policy: CrawlPolicy, *, needs_robots: bool = True) -> AccessJudgement:
    """Gather what stands against access, and take away what a dated override lifts.

    A refusal outranks a wait, then the earlier check outranks the later one. ``needs_robots`` is false for robots.txt
    itself; for everything else a missing robots answer is a fault of ours and refuses.
    """
    found = _findings(facts)
    overrides = _overrides(facts, policy)
    lifted: list[Finding] = []
    if overrides:
        codes = {code for override in overrides for code in override.lifts}
        lifted = [one for one in found if one.code in codes]
        found = [one for one in found if one.code not in codes]
    if needs_robots and facts.robots is None and not found:
        found = [Finding(code="internal_error", verdict=Verdict.DENY, detail="no answer about robots.txt")]
    found.sort(key=lambda one: (one.verdict is not Verdict.DENY, reason_of(one.code).check, one.code))
    return AccessJudgement(findings=tuple(found), lifted=tuple(lifted), overrides=overrides)


def _findings(facts: Facts) -> list[Finding]:
    found: list[Finding] = []
    if facts.refusal is not None:
        refusal = facts.refusal
        found.append(
            Finding(
                code=refusal.code,
                verdict=Verdict.DEFER if refusal.defers else Verdict.DENY,
                detail=refusal.detail,
                retry_after=refusal.retry_after,
            )
        )
    if facts.listed is not None:
        listed = facts.listed
        detail = f"{listed.list_id}, line {listed.line}: {listed.entry}"
        found.append(Finding(code="blocklist", verdict=Verdict.DENY, detail=detail))
    if facts.robots is not None and facts.robots.access is not RobotsAccess.ALLOW:
        found.append(_robots_finding(facts.robots))
    if facts.barrier is not None and not is_paywall(facts.barrier):
        barrier = facts.barrier
        verdict = Verdict(reason_of(barrier.reason).verdicts[0])
        found.append(
            Finding(code=barrier.reason, verdict=verdict, detail=barrier.evidence, retry_after=barrier.retry_after)
        )
    if facts.status is not None:
        access, code = access_of_status(facts.status)
        if access is not Access.ALLOW and code is not None:
            verdict = Verdict(access.value)
            found.append(
                Finding(code=code, verdict=verdict, detail=f"status {facts.status}", retry_after=facts.retry_after)
            )
    return found


def _robots_finding(robots: RobotsAnswer) -> Finding:
    """A rule that disallows, or a fetch that leaves no rule to trust."""
    place = "" if robots.line is None else f"line {robots.line}: "
    told = robots.rule or robots.error or ("" if robots.status is None else f"status {robots.status}")
    return Finding(
        code=robots.reason,
        verdict=Verdict(robots.access.value),
        detail=f"robots.txt {place}{told}".strip(),
        retry_after=robots.retry_after,
    )


def _overrides(facts: Facts, policy: CrawlPolicy) -> tuple[Override, ...]:
    if not policy.overrides:
        return ()
    return tuple(
        one
        for one in policy.overrides
        if one.valid_from <= facts.today <= one.valid_to and covers(one.scope, facts.url)
    )


def _documents(overrides: tuple[Override, ...], used: list[str]) -> str | None:
    documents = [one.document for one in overrides if any(code in one.lifts for code in used)]
    return "; ".join(dict.fromkeys(documents)) or None
