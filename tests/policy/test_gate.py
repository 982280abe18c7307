"""The gate: order of the checks, every kind of request, fail closed, and the address when it is dialled."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists.interface import Entry, EntryKind
from crawler.blocklists.matcher import Matcher
from crawler.optout.robots.outcome import RobotsAccess, RobotsCode
from crawler.optout.statement import Preference
from crawler.policy.barriers import find_barrier
from crawler.policy.decide import decide
from crawler.policy.decision import Decision, Stage, Verdict
from crawler.policy.facts import Refusal
from crawler.policy.gate import Gate, RequestKind
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256
from crawler.values.url import Url, parse
from tests.policy.samples import DISALLOWED, TODAY, facts, licence, override, policy, robots, statement, unread
from tests.shared import shared_path

TEST_HOSTS = '[network.test_hosts]\n"*.test" = "127.0.0.1"\n'


def matcher() -> Matcher:
    """One list with a domain, a path and a network."""
    lists = Matcher()
    lists.open_list("demo", sha256(b""))
    lists.add(Entry(EntryKind.DOMAIN, "bad.example", 1))
    lists.add(Entry(EntryKind.DOMAIN, "bad.test", 2))
    lists.add(Entry(EntryKind.PATH, "good.example/pirate", 3))
    lists.add(Entry(EntryKind.NETWORK, "1.1.1.0/24", 4))
    return lists


def gate(text: str = TEST_HOSTS, **changes: Any) -> Gate:
    """Gate of an identified operator with test hosts."""
    return Gate(policy(text, **changes), matcher(), bundled_suffixes())


def reason(answer: Url | Decision) -> str | None:
    """Code of a refusal; None where the URL came through."""
    return answer.reason if isinstance(answer, Decision) else None


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("https://good.example/a", None),
        ("HTTP://Good.Example:80/a/../b#c", None),
        ("file:///etc/hosts", "scheme_refused"),
        ("javascript:alert(1)", "scheme_refused"),
        ("http://a..b/", "url_malformed"),
        ("http://u:p@good.example/", "userinfo_refused"),
        ("https://good.example/" + "a" * 2048, "url_too_long"),
        ("https://good.example:8443/", "port_refused"),
        ("http://localhost/", "host_refused"),
        ("http://intranet/", "host_refused"),
        ("http://2130706433/", "host_refused"),
        ("http://[::ffff:127.0.0.1]/", "host_refused"),
        ("https://bad.example/", "blocklist"),
        ("https://www.bad.example/x", "blocklist"),
        ("https://good.example/pirate/x", "blocklist"),
        ("http://1.1.1.1/", "blocklist"),
        ("http://bad.example:8080/", "port_refused"),
        ("http://one.test:9999/", None),
        ("http://bad.test/", "blocklist"),
    ],
)
def test_screen(raw: str, code: str | None) -> None:
    """The first check that refuses is the one that is named; what comes through is canonical."""
    assert reason(gate().screen(raw, today=TODAY)) == code


def test_screen_gives_the_canonical_url() -> None:
    """What is checked is what is sent."""
    answer = gate().screen("HTTP://Good.Example:80/a/../b#c", today=TODAY)
    assert isinstance(answer, Url)
    assert answer.text == "http://good.example/b"
    assert gate().screen(answer, today=TODAY) is answer


def test_without_identity_only_test_hosts() -> None:
    """Nobody crawls the public web without saying who asks."""
    nobody = replace(policy(TEST_HOSTS), identity=replace(policy().identity, operator=""))
    closed = Gate(nobody, matcher(), bundled_suffixes())
    refused = closed.screen("https://good.example/", today=TODAY)
    assert isinstance(refused, Decision)
    assert (refused.reason, refused.detail) == ("identity_missing", "[identity] operator")
    assert reason(closed.screen("http://one.test/", today=TODAY)) is None


def test_shared_address_vectors() -> None:
    """Every spelling of a private address is refused before any network."""
    cases = json.loads(shared_path("vectors/adversarial/ssrf/hosts.json").read_text(encoding="utf-8"))
    for host in cases["blocked"] + cases["malformed_refuse"]:
        assert reason(gate("").screen(f"http://{host}/", today=TODAY)) is not None, host
    open_gate = Gate(policy(), Matcher(), bundled_suffixes())
    for host in cases["allowed_control"]:
        assert reason(open_gate.screen(f"http://{host}/", today=TODAY)) is None, host


PAGE = parse("https://good.example/a")


@pytest.mark.parametrize(
    ("kind", "arguments", "verdict", "code"),
    [
        ("page", {"robots": robots()}, "allow", "unknown_allowed"),
        ("page", {}, "deny", "internal_error"),
        ("page", {"robots": DISALLOWED}, "deny", "robots_disallow"),
        ("page", {"robots": robots(), "statements": [statement()]}, "deny", "optout_reserved"),
        ("page", {"robots": robots(), "unread": [unread()]}, "defer", "site_file_unread"),
        ("page", {"robots": robots(), "unread": [unread()], "unread_tries": 3}, "deny", "site_file_unread"),
        ("page", {"robots": robots(), "budget": Refusal(code="trap_limit", detail="")}, "deny", "trap_limit"),
        ("page", {"robots": DISALLOWED, "budget": Refusal(code="trap_limit", detail="")}, "deny", "robots_disallow"),
        ("robots", {}, "allow", "robots_file"),
        ("robots", {"robots": DISALLOWED}, "allow", "robots_file"),
        ("site_file", {}, "deny", "internal_error"),
        ("site_file", {"robots": DISALLOWED}, "deny", "robots_disallow"),
        ("site_file", {"robots": robots(), "statements": [statement()]}, "allow", "site_file"),
        ("site_file", {"robots": robots(RobotsAccess.DEFER, RobotsCode.BUSY)}, "defer", "robots_busy"),
    ],
)
def test_admit(kind: str, arguments: dict[str, Any], verdict: str, code: str) -> None:
    """Only robots.txt needs no robots answer; only pages are judged by what was stated about rights."""
    decision = gate().admit(PAGE, today=TODAY, kind=RequestKind(kind), **arguments)
    assert (decision.verdict, decision.reason, decision.stage) == (verdict, code, Stage.BEFORE_FETCH)


@pytest.mark.parametrize("kind", list(RequestKind))
def test_admit_repeats_every_check(kind: RequestKind) -> None:
    """A queued or resumed URL is checked again with the lists now in force, whatever it is."""
    decision = gate().admit(parse("https://bad.example/robots.txt"), today=TODAY, kind=kind, robots=robots())
    assert (decision.verdict, decision.reason) == ("deny", "blocklist")


def test_override_shows() -> None:
    """A lifted blocklist entry comes through the screen and is named by the decision."""
    lifted = gate(overrides=(override("blocklist", scope="bad.example"),))
    url = lifted.screen("https://bad.example/", today=TODAY)
    assert isinstance(url, Url)
    decision = lifted.admit(url, today=TODAY, robots=robots())
    assert decision.reasons == ("unknown_allowed", "override", "blocklist")
    assert decision.override_ref == "contracts/7.pdf"
    last = lifted.judge(facts(url))
    assert (last.reasons, last.override_ref) == (decision.reasons, decision.override_ref)


class _BrokenMatcher(Matcher):
    """A matcher whose data is damaged: asking it raises."""

    def about_url(self, url: Url) -> None:
        raise RuntimeError(url.text)

    def about_address(self, text: str) -> None:
        raise RuntimeError(text)


def test_a_failing_check_refuses_and_stops_the_crawl() -> None:
    """R2.4: an exception is a refusal; three in a row break the gate, one good answer counts anew."""
    broken = Gate(policy(), _BrokenMatcher(), bundled_suffixes())
    refused = broken.screen("https://good.example/", today=TODAY)
    assert isinstance(refused, Decision)
    assert (refused.verdict, refused.reason) == (Verdict.DENY, "internal_error")
    assert "RuntimeError" in refused.detail
    assert reason(broken.screen("ftp://x/", today=TODAY)) == "scheme_refused"
    assert broken.consecutive_internal_errors == 0
    for count in range(1, 4):
        assert not broken.is_broken
        decision = broken.admit(PAGE, today=TODAY, robots=robots())
        assert (decision.reason, broken.consecutive_internal_errors) == ("internal_error", count)
    assert broken.is_broken


def test_judge_after_the_response() -> None:
    """The same decision as before the fetch, with what the response said; failing closed as well."""
    one = gate()
    assert one.judge(facts(statements=(statement(Preference.ALLOWED),))).reason == "statement_allowed"
    decision = one.judge(facts(statements=(None,)))  # type: ignore[arg-type] # what a faulty reader might leave
    assert (decision.verdict, decision.reason, decision.stage) == ("deny", "internal_error", Stage.AFTER_FETCH)


@pytest.mark.parametrize(
    ("host", "address", "problem"),
    [
        ("good.example", "93.184.215.14", None),
        ("good.example", "10.0.0.1", "10.0.0.1 is not globally reachable"),
        ("good.example", "127.0.0.1", "127.0.0.1 is loopback"),
        ("good.example", "1.1.1.1", "demo, line 4: 1.1.1.0/24"),
        ("good.example", "nonsense", "nonsense is not an IP address"),
        ("one.test", "127.0.0.1", None),
        ("one.test", "93.184.215.14", "one.test is a test host at 127.0.0.1, not at 93.184.215.14"),
    ],
)
def test_address_problem(host: str, address: str, problem: str | None) -> None:
    """Public addresses only, off the lists, and a test host only where it is mapped to."""
    assert gate().address_problem(host, address) == problem


def test_address_check_fails_closed() -> None:
    """Lists that cannot be asked refuse the address."""
    broken = Gate(policy(), _BrokenMatcher(), bundled_suffixes())
    assert "could not be asked" in str(broken.address_problem("good.example", "93.184.215.14"))


def test_lane_and_test_host() -> None:
    """Hosts of one registered domain share a lane; test hosts are known as such."""
    one = gate()
    assert one.lane(parse("https://a.b.example.co.uk/")) == "example.co.uk"
    assert one.is_test_host("one.test")
    assert not one.is_test_host("good.example")


@given(st.text() | st.text(alphabet="htps:/.@[]%\\#?a1é \x00", max_size=40))
def test_screen_never_raises(raw: str) -> None:
    """Any text gives a canonical URL or a refusal, and never an error of ours."""
    assert reason(gate().screen(raw, today=TODAY)) != "internal_error"


def test_listed_entry_of_a_refused_url() -> None:
    """A row of a refusal names the entry, its list and its line."""
    found = gate().listed(parse("https://www.bad.example/x"))
    assert found is not None
    assert (found.list_id, found.entry, found.line) == ("demo", "bad.example", 1)
    assert gate().listed(PAGE) is None


def test_lists_that_change_between_two_looks() -> None:
    """What was admitted is refused again as soon as other lists cover it; the decision says which ones were asked."""
    one = gate()
    page = parse("https://good.example/a")
    admitted = one.admit(page, today=TODAY, robots=robots())
    before = admitted.lists
    assert admitted.verdict is Verdict.ALLOW
    assert one.screen_again(page, admitted, today=TODAY) is None
    later = matcher()
    later.add(Entry(EntryKind.DOMAIN, "good.example", 5))
    one.use_lists(later, sha256(b"later"))
    refused = one.screen_again(page, admitted, today=TODAY)
    assert refused is not None
    assert refused.reason == "blocklist"
    assert refused.listed is not None
    assert refused.listed.line == 5
    assert refused.lists is one.lists is not before
    assert refused.lists.digest == sha256(b"later")
    assert one.screen_again(parse("https://fine.example/"), admitted, today=TODAY) is None


def test_an_answer_that_was_on_its_way_is_not_kept() -> None:
    """A page whose host was listed after its request left is refused when it is judged, and names the entry."""
    one = gate()
    seen = facts(url=parse("https://good.example/a"), stage=Stage.AFTER_FETCH, robots=robots(), status=200)
    assert one.judge(seen).verdict is Verdict.ALLOW
    later = matcher()
    later.add(Entry(EntryKind.DOMAIN, "good.example", 5))
    one.use_lists(later, sha256(b"later"))
    decision = one.judge(seen)
    assert (decision.verdict, decision.reason, decision.stage) == (Verdict.DENY, "blocklist", Stage.AFTER_FETCH)
    assert decision.listed is not None
    assert decision.listed.entry == "good.example"


MET = 'profile = "consent"\n[conditional]\nmet = ["attribution"]\n' + TEST_HOSTS
GATES = {
    "plain": gate(),
    "licences": gate(MET),
    "overrides": gate(overrides=(override("robots_disallow"), override("port_refused", scope="good.test"))),
}
SPOKEN = st.fixed_dictionaries(
    {},
    optional={
        "url": st.sampled_from(
            ["https://good.test/a", "https://good.test/b", "https://bad.test/", "https://example.com/"]
        ),
        "stage": st.sampled_from(list(Stage)),
        "status": st.sampled_from([None, 200, 203, 206, 304, 404, 429, 503]),
        "robots": st.sampled_from([None, robots(), robots(RobotsAccess.ALLOW, RobotsCode.RULES, line=3), DISALLOWED]),
        "refusal": st.sampled_from([None, Refusal(code="body_too_large", detail="")]),
        "barrier": st.just(find_barrier(url=parse("https://good.test/"), status=402, headers=())),
        "retry_after": st.just(7.0),
        "statements": st.sampled_from([(), (statement(),), (statement(Preference.ALLOWED),)]),
        "soft": st.sampled_from([(), (licence("CC-BY-4.0"),)]),
        "unread": st.sampled_from([(), (unread(),), (unread(blocks=False),)]),
        "unread_tries": st.integers(0, 4),
    },
)


@given(st.sampled_from(list(GATES)), st.lists(SPOKEN, min_size=1, max_size=6))
def test_remembered_decisions_are_those_that_would_be_made(name: str, spoken: list[dict[str, Any]]) -> None:
    """What the gate answers about URLs alike is what is decided of each alone, whatever was asked before."""
    one = GATES[name]
    for fields in spoken:
        known = facts(**fields)
        listed = one.lists.matcher.about_url(known.url)
        alone = decide(replace(known, listed=listed, lists=one.lists), one.policy)
        answer = one.judge(known)
        assert answer == alone
        assert answer.lists is alone.lists
        if known.robots is not None:
            said: dict[str, Any] = {"statements": known.statements, "soft": known.soft, "unread": known.unread}
            admitted = one.admit(
                known.url,
                today=TODAY,
                robots=known.robots,
                budget=known.refusal,
                unread_tries=known.unread_tries,
                **said,
            )
            before = facts(
                known.url,
                stage=Stage.BEFORE_FETCH,
                status=None,
                robots=known.robots,
                refusal=known.refusal,
                unread_tries=known.unread_tries,
                listed=listed,
                lists=one.lists,
                **said,
            )
            assert admitted == decide(before, one.policy)


def test_remembered_decisions_end_with_their_lists() -> None:
    """Every decision names the blocklists that were asked, also where nothing else tells two pages apart."""
    one = gate()
    first = one.judge(facts("https://good.test/a"))
    assert one.judge(facts("https://good.test/b")) is first
    one.use_lists(matcher(), sha256(b"later"))
    second = one.judge(facts("https://good.test/a"))
    assert second == first
    assert second.lists is one.lists is not first.lists
