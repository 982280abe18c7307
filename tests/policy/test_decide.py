"""The verdict: the table of the design, agreements, overrides, the two purposes, and what must hold for any facts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists.interface import Listed
from crawler.optout.robots.outcome import RobotsAccess, RobotsCode
from crawler.optout.statement import DUTIES, Preference, Unread, Use
from crawler.policy.barriers import Barrier, BarrierAction, BarrierKind, find_barrier
from crawler.policy.decide import access_of_status, decide
from crawler.policy.decision import Access, Stage, State, Verdict
from crawler.policy.document import Agreement, Profile, UnreadRule
from crawler.policy.facts import Refusal
from crawler.values.digest import sha256
from crawler.values.html import Script
from tests.policy.samples import (
    DISALLOWED,
    TODAY,
    facts,
    licence,
    override,
    page,
    policy,
    robots,
    statement,
    unread,
)
from tests.shared import shared_path

if TYPE_CHECKING:
    from crawler.optout.statement import Statement
    from crawler.policy.decision import Decision
    from crawler.policy.document import CrawlPolicy
    from crawler.policy.facts import Facts

POLICY = policy()
CONSENT = policy('profile = "consent"')
LISTED = Listed(list_id="demo", list_digest=sha256(b""), entry="example.com", line=7)
PAYWALL = Barrier(
    kind=BarrierKind.PAYWALL_HARD, action=BarrierAction.BODY_DROPPED, evidence="isAccessibleForFree", reason="paywall"
)
LOGIN = replace(PAYWALL, kind=BarrierKind.LOGIN, reason="login_form")
ALLOWED = statement(Preference.ALLOWED, value="tdm-reservation: 0")
RESERVED = statement()


def summary(decision: Decision) -> tuple[Verdict, State, str]:
    """What most cases are about."""
    return decision.verdict, decision.state, decision.reason


@pytest.mark.parametrize(
    ("given_facts", "verdict", "state", "reason"),
    [
        (facts(), "allow", "unknown", "unknown_allowed"),
        (facts(statements=(ALLOWED,)), "allow", "allowed", "statement_allowed"),
        (facts(statements=(ALLOWED, RESERVED)), "deny", "reserved", "optout_reserved"),
        (facts(statements=(ALLOWED, statement(Preference.CONDITIONAL))), "deny", "conditional", "optout_conditional"),
        (facts(barrier=PAYWALL), "deny", "conditional", "paywall"),
        (facts(barrier=PAYWALL, statements=(RESERVED,)), "deny", "reserved", "optout_reserved"),
        (
            facts(statements=(statement(Preference.CONDITIONAL, duties=("paywall",)),)),
            "deny",
            "conditional",
            "paywall",
        ),
        (facts(robots=DISALLOWED), "deny", "no-access", "robots_disallow"),
        (facts(robots=robots(RobotsAccess.DEFER, RobotsCode.BUSY)), "defer", "no-access", "robots_busy"),
        (facts(robots=robots(RobotsAccess.DENY, RobotsCode.UNREACHABLE)), "deny", "no-access", "robots_unreachable"),
        (facts(robots=None), "deny", "no-access", "internal_error"),
        (facts(robots=None, listed=LISTED), "deny", "no-access", "blocklist"),
        (facts(listed=LISTED, robots=DISALLOWED), "deny", "no-access", "blocklist"),
        (facts(refusal=Refusal(code="trap_limit", detail="")), "deny", "no-access", "trap_limit"),
        (facts(refusal=Refusal(code="timeout", detail="", defers=True)), "defer", "no-access", "timeout"),
        (facts(barrier=LOGIN), "deny", "no-access", "login_form"),
        (facts(status=404), "deny", "no-access", "http_unavailable"),
        (facts(status=503), "defer", "no-access", "http_busy"),
        (facts(status=301), "allow", "unknown", "redirect"),
        (facts(status=304), "allow", "unknown", "not_modified"),
        (facts(status=301, statements=(RESERVED,)), "deny", "reserved", "optout_reserved"),
        (facts(status=None), "allow", "unknown", "unknown_allowed"),
        (facts(unread=(unread(blocks=False),)), "allow", "unknown", "unknown_allowed"),
        (facts(unread=(unread(),), unread_tries=2), "defer", "unknown", "site_file_unread"),
        (facts(unread=(unread(),), unread_tries=3), "deny", "unknown", "site_file_unread"),
        (facts(unread=(unread(),), unread_tries=3, statements=(ALLOWED,)), "deny", "allowed", "site_file_unread"),
        (facts(unread=(unread(),), statements=(RESERVED,)), "deny", "reserved", "optout_reserved"),
    ],
)
def test_table(given_facts: Facts, verdict: str, state: str, reason: str) -> None:
    """Each row of the table of the design, with the decisive code."""
    assert summary(decide(given_facts, POLICY)) == (verdict, state, reason)


def test_refusal_outranks_wait() -> None:
    """A deny of a later check decides over a defer of an earlier one; both codes are kept."""
    decision = decide(facts(robots=robots(RobotsAccess.DEFER, RobotsCode.BUSY, retry_after=60.0), status=403), POLICY)
    assert decision.reasons == ("http_403", "robots_busy")
    assert decision.verdict is Verdict.DENY
    assert decision.retry_after is None


def test_wait_is_the_longest_named() -> None:
    """Of several waits the longest is answered."""
    busy = Barrier(
        kind=BarrierKind.HTTP_429,
        action=BarrierAction.ASKED_LATER,
        evidence="status 429",
        reason="http_429",
        retry_after=120.0,
    )
    waiting = robots(RobotsAccess.DEFER, RobotsCode.BUSY, retry_after=60.0, status=429)
    decision = decide(facts(robots=waiting, barrier=busy, status=429), POLICY)
    assert (decision.verdict, decision.retry_after, decision.reason) == ("defer", 120.0, "robots_busy")
    assert decision.reasons == ("robots_busy", "http_429")


def test_busy_server_names_its_wait() -> None:
    """Retry-After counts with 503 (PC-12b), and not where the status refuses."""
    decision = decide(facts(status=503, retry_after=120.0), POLICY)
    assert (decision.verdict, decision.retry_after) == ("defer", 120.0)
    assert decide(facts(status=403, retry_after=120.0), POLICY).retry_after is None


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (DISALLOWED, "robots.txt line 2: Disallow: /"),
        (robots(RobotsAccess.DENY, RobotsCode.FORBIDDEN, status=403), "robots.txt status 403"),
        (robots(RobotsAccess.DENY, RobotsCode.UNREACHABLE, error="timeout"), "robots.txt timeout"),
        (robots(RobotsAccess.DENY, RobotsCode.UNREACHABLE), "robots.txt"),
    ],
)
def test_robots_detail(answer: Any, detail: str) -> None:
    """The detail names the rule, else the error, else the status."""
    assert decide(facts(robots=answer), POLICY).detail == detail


def test_purposes_are_judged_apart() -> None:
    """A reservation of training leaves the search index alone, and the other way round."""
    training = decide(facts(statements=(RESERVED,)), POLICY)
    assert (training.verdict, training.verdict_search_index) == ("deny", "allow")
    search = decide(facts(statements=(statement(use=Use.SEARCH),)), POLICY)
    assert (search.verdict, search.verdict_search_index) == ("allow", "deny")
    crawl_for_search = policy('purpose = "search_index"')
    both = decide(facts(statements=(statement(use=Use.SEARCH),)), crawl_for_search)
    assert (both.verdict, both.verdict_search_index) == ("deny", "deny")


def test_consent_profile_asks_before_it_refuses() -> None:
    """Where permission is needed, the response may still carry it; afterwards silence refuses."""
    before = decide(facts(stage=Stage.BEFORE_FETCH, status=None), CONSENT)
    assert summary(before) == ("allow", "unknown", "permission_pending")
    assert summary(decide(facts(), CONSENT)) == ("deny", "unknown", "unknown_denied")
    assert summary(decide(facts(statements=(ALLOWED,)), CONSENT)) == ("allow", "allowed", "statement_allowed")


@pytest.mark.parametrize(
    ("spdx", "met", "user_class", "verdict", "state"),
    [
        ("CC-BY-4.0", {"attribution"}, "commercial", "allow", "conditional"),
        ("CC-BY-4.0", set(), "commercial", "deny", "conditional"),
        ("CC-BY-SA-3.0-DE", {"attribution", "share-alike"}, "commercial", "deny", "unknown"),
        ("CC-BY-SA-3.0", {"attribution", "share-alike"}, "commercial", "allow", "conditional"),
        ("CC-BY-NC-4.0", {"attribution", "non-commercial"}, "commercial", "deny", "conditional"),
        ("CC-BY-NC-4.0", {"attribution", "non-commercial"}, "education", "allow", "conditional"),
        ("GPL-3.0-only", {"attribution"}, "commercial", "deny", "unknown"),
    ],
)
def test_licence_duties(spdx: str, met: set[str], user_class: str, verdict: str, state: str) -> None:
    """The consent profile takes a public licence as a permission with duties; NC never for a commercial operator."""
    chosen = replace(CONSENT, conditional_met=frozenset(met), identity=replace(CONSENT.identity, user_class=user_class))
    decision = decide(facts(soft=(licence(spdx),)), chosen)
    assert (decision.verdict, decision.state) == (verdict, state)


def test_licence_never_makes_worse() -> None:
    """A profile that allows the unknown also allows it beside a licence whose duties are not met."""
    lenient = replace(POLICY, profile=Profile(name="x", unknown=Verdict.ALLOW, licence_duties=True))
    assert summary(decide(facts(soft=(licence("CC-BY-4.0"),)), lenient)) == ("allow", "unknown", "unknown_allowed")


def test_condition_met() -> None:
    """All duties of all conditional statements must be named; a duty without a name is never met."""
    met = replace(POLICY, conditional_met=frozenset({"payment", "reporting"}))
    paid = statement(Preference.CONDITIONAL, duties=("payment",))
    reported = statement(Preference.CONDITIONAL, duties=("reporting", "payment"))
    attributed = statement(Preference.CONDITIONAL, duties=("attribution",))
    nameless = statement(Preference.CONDITIONAL)
    assert summary(decide(facts(statements=(paid, reported)), met)) == ("allow", "conditional", "condition_met")
    assert decide(facts(statements=(paid, attributed)), met).reason == "optout_conditional"
    assert decide(facts(statements=(paid, nameless)), met).reason == "optout_conditional"


AGREEMENT = Agreement(
    scope="https://example.com/",
    permits=frozenset({Use.TRAIN_GENAI}),
    ref="contract 2026-17",
    valid_from=date(2026, 1, 1),
    valid_to=TODAY,
)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "allow"),
        ({"valid_from": None, "valid_to": None}, "allow"),
        ({"valid_to": date(2026, 11, 22)}, "deny"),
        ({"valid_from": date(2026, 11, 24), "valid_to": None}, "deny"),
        ({"scope": "https://example.com/open/"}, "deny"),
        ({"permits": frozenset({Use.SEARCH})}, "deny"),
    ],
)
def test_agreement(changes: dict[str, Any], verdict: str) -> None:
    """A written licence lifts what sites state, for its scope, its uses and its days only."""
    agreed = replace(POLICY, agreements=(replace(AGREEMENT, **changes),))
    decision = decide(facts(statements=(RESERVED,), barrier=PAYWALL), agreed)
    assert decision.verdict == verdict
    assert decision.agreement_ref == ("contract 2026-17" if verdict == "allow" else None)


def test_agreement_lifts_no_refusal_of_access() -> None:
    """PC-26: neither robots.txt nor a status is lifted by a contract."""
    agreed = replace(POLICY, agreements=(AGREEMENT,))
    assert decide(facts(robots=DISALLOWED), agreed).reason == "robots_disallow"
    assert decide(facts(status=403), agreed).reason == "http_403"


def test_agreement_makes_unread_files_irrelevant() -> None:
    """What a site file may have said is overridden as well."""
    agreed = replace(POLICY, agreements=(AGREEMENT,))
    assert decide(facts(unread=(unread(),)), agreed).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("line", "verdict", "reasons"),
    [
        (override("robots_disallow"), "allow", ("unknown_allowed", "override", "robots_disallow")),
        (override("robots_busy", "blocklist"), "deny", ("robots_disallow",)),
        (override("robots_disallow", scope="other.example"), "deny", ("robots_disallow",)),
        (override("robots_disallow", valid_to=date(2026, 11, 22)), "deny", ("robots_disallow",)),
        (override("robots_disallow", valid_from=date(2026, 11, 24)), "deny", ("robots_disallow",)),
    ],
)
def test_override(line: Any, verdict: str, reasons: tuple[str, ...]) -> None:
    """An override lifts its own codes, in its scope, on its days, and shows in the decision."""
    decision = decide(facts(robots=DISALLOWED), replace(POLICY, overrides=(line,)))
    assert (decision.verdict, decision.reasons) == (verdict, reasons)
    assert decision.override_ref == ("contracts/7.pdf" if verdict == "allow" else None)


def test_override_lifts_one_of_two() -> None:
    """What is not named still refuses; what was lifted is said."""
    chosen = replace(POLICY, overrides=(override("robots_disallow"),))
    decision = decide(facts(robots=DISALLOWED, listed=LISTED), chosen)
    assert decision.reasons == ("blocklist", "override", "robots_disallow")
    assert decision.override_ref == "contracts/7.pdf"


def test_override_never_replaces_robots() -> None:
    """A lifted blocklist entry leaves the need for a robots answer."""
    chosen = replace(POLICY, overrides=(override("blocklist"),))
    assert decide(facts(listed=LISTED, robots=None), chosen).reason == "internal_error"
    assert decide(facts(listed=LISTED), chosen).verdict is Verdict.ALLOW


def test_override_of_unread_site_file() -> None:
    """The wait for a site file is lifted for one site, and said."""
    chosen = replace(POLICY, overrides=(override("site_file_unread"),))
    decision = decide(facts(unread=(unread(),)), chosen)
    assert decision.reasons == ("unknown_allowed", "override", "site_file_unread")
    assert decision.override_ref == "contracts/7.pdf"
    assert decide(facts(), chosen).override_ref is None


def test_protocol_set_aside() -> None:
    """Statements of a protocol that is off do not count between its days, and stay recorded."""
    text = (
        '[tdmrep]\ntitle = "T"\nstatus = "candidate"\nbasis = "b"\nsince = 2026-01-01\nreaders = ["tdmrep"]\n'
        '[tdmrep.off]\nreason = "r"\ndocument = "d"\ndecided_by = "x"\nvalid_from = 2026-11-01\nvalid_to = 2026-11-30\n'
    )
    off = policy(protocols=text)
    decision = decide(facts(statements=(RESERVED,), unread=(unread(),)), off)
    assert (decision.verdict, decision.statements) == ("allow", (RESERVED,))
    assert decide(facts(statements=(RESERVED,), today=date(2026, 12, 1)), off).verdict is Verdict.DENY


def test_unread_can_stay_deferred() -> None:
    """``[unread] verdict = "defer"`` keeps the page in the queue."""
    patient = replace(POLICY, unread=UnreadRule(verdict=Verdict.DEFER, retries=0))
    assert decide(facts(unread=(unread(),), unread_tries=9), patient).verdict is Verdict.DEFER


@pytest.mark.parametrize(
    ("status", "access", "code"),
    [
        (200, "allow", None),
        (203, "allow", None),
        (206, "defer", "body_incomplete"),
        (300, "deny", "http_unavailable"),
        (302, "allow", "redirect"),
        (304, "allow", "not_modified"),
        (305, "deny", "http_unavailable"),
        (406, "deny", "http_unavailable"),
        (408, "defer", "http_busy"),
        (429, "defer", "http_429"),
        (500, "defer", "http_busy"),
        (599, "defer", "http_busy"),
        (100, "deny", "http_unavailable"),
        (999, "deny", "http_unavailable"),
        (0, "deny", "http_unavailable"),
    ],
)
def test_access_of_status(status: int, access: str, code: str | None) -> None:
    """Only plain success, a redirect and an unchanged copy are access."""
    assert access_of_status(status) == (access, code)


def test_http_access_vectors() -> None:
    """Every case of the conformance vectors about the status of the resource."""
    for case in json.loads(shared_path("vectors/http-access.json").read_text(encoding="utf-8")):
        status = case["given"]["status"]
        headers = [tuple(header) for header in case["given"].get("headers", [])]
        barrier = find_barrier(url=facts().url, status=status, headers=headers)
        decision = decide(facts(status=status, barrier=barrier), POLICY)
        assert (decision.access, decision.state) == (case["expect"]["access"], case["expect"]["state"]), case["id"]


def test_paywall_markup_is_a_condition_not_a_refusal_of_access() -> None:
    """PC-17: mark-up about payment makes the state conditional while access stays allowed."""
    marked = page(scripts=(Script(type="application/ld+json", text='{"isAccessibleForFree": false}', index=0),))
    barrier = find_barrier(url=facts().url, status=200, headers=(), page=marked)
    decision = decide(facts(barrier=barrier), POLICY)
    assert (decision.access, decision.state, decision.verdict) == (Access.ALLOW, State.CONDITIONAL, Verdict.DENY)


PREFERENCES = st.sampled_from(list(Preference))
STATEMENTS = st.builds(
    statement,
    preference=PREFERENCES,
    use=st.sampled_from(list(Use)),
    protocol=st.sampled_from(["tdmrep", "robots-meta", "aipref"]),
    duties=st.lists(st.sampled_from(DUTIES), max_size=3).map(tuple),
)
UNREAD = st.builds(unread, protocol=st.sampled_from(["tdmrep", "rsl"]), blocks=st.booleans())
ROBOTS = st.sampled_from([None, robots(), DISALLOWED, robots(RobotsAccess.DEFER, RobotsCode.BUSY)])
FACTS = st.builds(
    facts,
    stage=st.sampled_from(list(Stage)),
    statements=st.lists(STATEMENTS, max_size=5).map(tuple),
    unread=st.lists(UNREAD, max_size=3).map(tuple),
    unread_tries=st.integers(0, 4),
    robots=ROBOTS,
    listed=st.sampled_from([None, LISTED]),
    refusal=st.sampled_from([None, Refusal(code="timeout", detail="", defers=True)]),
    barrier=st.sampled_from([None, PAYWALL, LOGIN]),
    soft=st.sampled_from([(), (licence("CC-BY-4.0"),)]),
    status=st.one_of(st.none(), st.integers(0, 700)),
)
POLICIES = st.builds(
    lambda base, met, lines, verdict: replace(
        base,
        conditional_met=frozenset(met),
        overrides=tuple(lines),
        unread=UnreadRule(verdict=verdict, retries=2),
    ),
    st.sampled_from([POLICY, CONSENT, policy('purpose = "search_index"')]),
    st.sets(st.sampled_from([duty for duty in DUTIES if duty != "paywall"])),
    st.lists(st.sampled_from([override("blocklist"), override("robots_disallow")]), max_size=2),
    st.sampled_from([Verdict.DENY, Verdict.DEFER]),
)


@given(FACTS, POLICIES, st.randoms(use_true_random=False))
def test_order_is_irrelevant(some: Facts, chosen: CrawlPolicy, random: Any) -> None:
    """Statements, unread carriers and overrides may come in any order."""
    statements, missing, lines = list(some.statements), list(some.unread), list(chosen.overrides)
    for values in (statements, missing, lines):
        random.shuffle(values)
    shuffled = replace(some, statements=tuple(statements), unread=tuple(missing))
    first, second = decide(some, chosen), decide(shuffled, replace(chosen, overrides=tuple(lines)))
    assert replace(first, statements=(), unread=()) == replace(second, statements=(), unread=())


@given(FACTS, POLICIES, STATEMENTS)
def test_one_more_reservation_never_allows(some: Facts, chosen: CrawlPolicy, more: Statement) -> None:
    """Adding a reservation about the purpose denies or leaves a refusal as it was."""
    reserved = replace(more, preference=Preference.RESERVED, use=chosen.purpose)
    decision = decide(replace(some, statements=(*some.statements, reserved)), chosen)
    assert decision.verdict is not Verdict.ALLOW
    assert decision.state in {State.RESERVED, State.NO_ACCESS}


@given(FACTS, POLICIES, st.data())
def test_unread_carrier_never_allows(some: Facts, chosen: CrawlPolicy, data: st.DataObject) -> None:
    """A carrier that is dropped and marked unread turns no refusal into a permission."""
    if not some.statements:
        return
    dropped = data.draw(st.sampled_from(some.statements))
    rest = tuple(one for one in some.statements if one.protocol != dropped.protocol)
    missing = Unread(protocol=dropped.protocol, why="timeout", url=dropped.source.url, blocks=True)
    decision = decide(replace(some, statements=rest, unread=(*some.unread, missing)), chosen)
    if decide(some, chosen).verdict is not Verdict.ALLOW:
        assert decision.verdict is not Verdict.ALLOW


@given(FACTS, POLICIES)
def test_state_and_access_agree(some: Facts, chosen: CrawlPolicy) -> None:
    """``no-access`` stands exactly where access is not allowed; the decisive code stands first and only once."""
    decision = decide(some, chosen)
    assert (decision.state is State.NO_ACCESS) == (decision.access is not Access.ALLOW)
    assert decision.reasons[0] == decision.reason
    assert len(set(decision.reasons)) == len(decision.reasons)
    assert ("override" in decision.reasons) == (decision.override_ref is not None)


@given(FACTS, POLICIES)
def test_no_access_without_robots(some: Facts, chosen: CrawlPolicy) -> None:
    """Whatever is lifted, a page is never allowed without an answer about robots.txt."""
    assert decide(replace(some, robots=None), chosen).verdict is not Verdict.ALLOW
