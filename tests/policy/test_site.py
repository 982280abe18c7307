"""What is asked of an origin before its first page, what is kept of the answers, and what they come to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import DamagedStateError, UrlError
from crawler.optout.robots.access import RobotsRules
from crawler.optout.robots.outcome import RobotsAccess, RobotsCode, RobotsFetch, judge
from crawler.optout.site_file import Found, SiteFileOutcome
from crawler.optout.statement import Preference, Question, Use
from crawler.policy.decision import Access, Decision, Stage, State, Verdict
from crawler.policy.site import (
    REDIRECTS,
    ROBOTS_PATH,
    SITE_FILE_PATHS,
    Asked,
    Reply,
    Send,
    StoredFile,
    ask,
    compile_site,
    not_asked,
    robots_file,
    robots_rules,
    site_file,
)
from crawler.provenance.leaf import canonical
from crawler.values.digest import sha256
from crawler.values.url import canonicalise, parse
from tests.policy.samples import policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.optout.robots.access import RobotsAnswer
    from crawler.policy.site import RobotsWanted, SiteKnowledge
    from crawler.values.url import Url

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ORIGIN = "https://example.com"
PAGE = parse(f"{ORIGIN}/page")
TDMREP = "/.well-known/tdmrep.json"
OPEN, CLOSED = b"User-agent: *\nAllow: /page\n", b"User-agent: *\nDisallow: /\n"
POLICY = policy()
REFUSED = Decision(
    verdict=Verdict.DENY,
    verdict_search_index=Verdict.DENY,
    access=Access.DENY,
    state=State.NO_ACCESS,
    stage=Stage.BEFORE_FETCH,
    reason="blocklisted",
    reasons=("blocklisted",),
)
DAY, HOUR = 86_400.0, 3600.0


def reply(status: int | None = 200, body: bytes = b"", **fields: object) -> Reply:
    """One answer of a server."""
    return Reply(**({"retrieved_at": NOW, "status": status, "body": body} | fields))  # type: ignore[arg-type]


def failed(error: str = "timeout", **fields: object) -> Reply:
    """No answer."""
    return reply(None, error=error, **fields)


def rules(body: bytes | None = None, **fields: object) -> RobotsRules:
    """Rules of another origin."""
    values = {"requested": "https://cdn.test/robots.txt", "status": 200, "body": body or b""} | fields
    return RobotsRules(judge(RobotsFetch(**values)), ("ExampleBot",))  # type: ignore[arg-type]


def screen(raw: str) -> Url | Decision:
    """Refuse hosts of ``blocked.test`` and what is no URL."""
    try:
        url = parse(raw)
    except UrlError:
        return REFUSED
    return REFUSED if url.host == "blocked.test" else url


def drive(
    answer: Callable[[Url], Reply],
    path: str = ROBOTS_PATH,
    *,
    redirects: int = 5,
    robots: Callable[[Url], RobotsRules] = lambda _url: rules(OPEN),
) -> tuple[Asked, list[str], list[str]]:
    """Answer what ``ask`` wants; also the URLs that were sent for, and those whose robots.txt was wanted."""
    asking = ask(ORIGIN, path, screen=screen, redirects=redirects)
    sent: list[str] = []
    wanted_robots: list[str] = []
    wanted = next(asking)
    try:
        while True:
            if isinstance(wanted, Send):
                sent.append(wanted.url.text)
                wanted = asking.send(answer(wanted.url))
            else:
                wanted_robots.append(wanted.url.text)
                wanted = asking.send(robots(wanted.url))
    except StopIteration as end:
        return end.value, sent, wanted_robots


def chain(*targets: str, status: int = 302, end: Reply | None = None) -> Callable[[Url], Reply]:
    """Redirect to one target after another, then answer."""
    left = list(targets)
    return lambda _url: reply(status, location=left.pop(0)) if left else end or reply(200, OPEN)


# -- ask


def test_one_answer_ends_the_asking() -> None:
    """No redirect: the reply as it is."""
    asked, sent, wanted = drive(lambda _url: reply(404))
    assert asked == Asked(requested=canonicalise(f"{ORIGIN}/robots.txt"), reply=reply(404))
    assert (sent, wanted) == ([f"{ORIGIN}/robots.txt"], [])


@pytest.mark.parametrize("status", sorted(REDIRECTS))
def test_redirects_are_followed_and_named(status: int) -> None:
    """Relative and absolute targets, also on another host; robots.txt asks for no robots.txt."""
    asked, sent, wanted = drive(chain("/a", "http://cdn.test/b", status=status))
    assert asked.hops == (f"{ORIGIN}/a", "http://cdn.test/b")
    assert sent == [f"{ORIGIN}/robots.txt", *asked.hops]
    assert (asked.error, asked.reply.body, wanted) == (None, OPEN, [])


def test_other_site_files_obey_robots_txt_of_every_hop() -> None:
    """A hop of another file obeys the robots.txt of the origin that it leads to (PC-31)."""
    asked, sent, wanted = drive(chain("http://cdn.test/a", "http://cdn.test/b"), TDMREP)
    assert wanted == ["http://cdn.test/a", "http://cdn.test/b"]
    assert sent == [f"{ORIGIN}{TDMREP}", *wanted]
    assert asked.error is None
    asked, sent, _ = drive(chain("http://cdn.test/a"), TDMREP, robots=lambda _url: rules(CLOSED))
    assert (asked.error, sent) == ("disallowed_by_robots", [f"{ORIGIN}{TDMREP}"])
    assert site_file(TDMREP, asked, None).failures == 0


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"status": 429}, "robots_busy"),
        ({"status": 503}, "robots_unreachable"),
        ({"status": None, "error": "dns"}, "robots_unreachable"),
        ({"status": None, "error": "redirect_loop"}, "robots_redirect"),
        ({"status": 403}, "disallowed_by_robots"),
        ({"status": 206}, "disallowed_by_robots"),
    ],
)
def test_a_hop_whose_robots_txt_was_not_to_be_had_leaves_the_file_unread(fields: dict[str, object], error: str) -> None:
    """Only a robots.txt that forbids makes a file absent; one that cannot be read holds the verdict back."""
    asked, _, _ = drive(chain("http://cdn.test/a"), TDMREP, robots=lambda _url: rules(**fields))
    assert asked.error == error
    outcome = SiteFileOutcome.from_json(site_file(TDMREP, asked, None).facts, None)
    assert outcome.found is (Found.NOT_FETCHED if error == "disallowed_by_robots" else Found.UNREAD)


@pytest.mark.parametrize(
    ("targets", "redirects", "error", "sent"),
    [
        (["/a", "/b", "/c"], 2, "too_many_redirects", 3),
        (["/a", "/b"], 2, None, 3),
        (["/a"], 0, "too_many_redirects", 1),
        (["/robots.txt"], 5, "redirect_loop", 1),
        (["/a", "/b", "/a"], 5, "redirect_loop", 3),
        (["http://blocked.test/"], 5, "hop_refused", 1),
        (["file:///etc/hosts"], 5, "hop_refused", 1),
        (["http://[::"], 5, "hop_refused", 1),
        (["http://\udcff\x00/"], 5, "hop_refused", 1),
    ],
)
def test_chains_end(targets: list[str], redirects: int, error: str | None, sent: int) -> None:
    """Too many hops, loops, and what the gate or the URL's form refuses."""
    asked, seen, _ = drive(chain(*targets), redirects=redirects)
    assert (asked.error, len(seen)) == (error, sent)
    assert len(asked.hops) == len(targets)


def test_a_status_without_a_target_and_an_error_are_answers() -> None:
    """A redirect that names nothing, one that broke off, and the codes of failures in the words of the tables."""
    assert drive(lambda _url: reply(302))[0].error is None
    assert drive(lambda _url: failed("dns_error"))[0].error == "dns"
    assert drive(lambda _url: failed("headers_too_large"))[0].error == "headers_too_large"
    asked, sent, _ = drive(lambda _url: reply(302, location="/a", error="timeout"))
    assert (asked.error, len(sent)) == ("timeout", 1)


@given(
    st.lists(
        st.sampled_from(["/a", "/b", "http://blocked.test/", "http://cdn.test/x", "//other.test/", "ftp://a.test/"])
        | st.text(max_size=12)
        | st.none(),
        max_size=9,
    ),
    st.sampled_from([ROBOTS_PATH, TDMREP]),
    st.integers(0, 5),
)
def test_no_request_leaves_unscreened(targets: list[str | None], path: str, redirects: int) -> None:
    """Whatever servers answer: each hop passed the gate, their number is bounded, and the end has a name."""
    passed: list[str] = []

    def recording(raw: str) -> Url | Decision:
        found = screen(raw)
        if not isinstance(found, Decision):
            passed.append(found.text)
        return found

    asking = ask(ORIGIN, path, screen=recording, redirects=redirects)
    left = [reply(302, location=target) for target in targets]
    sent: list[str] = []
    wanted: Send | RobotsWanted = next(asking)
    try:
        while True:
            if isinstance(wanted, Send):
                sent.append(wanted.url.text)
                wanted = asking.send(left.pop(0) if left else reply(200, OPEN))
            else:
                assert wanted.url.text == passed[-1]
                wanted = asking.send(rules(OPEN))
    except StopIteration as end:
        asked: Asked = end.value
    assert sent == [f"{ORIGIN}{path}", *passed[: len(sent) - 1]]
    assert len(sent) <= redirects + 1
    assert len(asked.hops) <= redirects + 1
    assert asked.error in {None, "hop_refused", "redirect_loop", "too_many_redirects"}


# -- robots.txt between runs


def asked_robots(answer: Reply, error: str | None = None, hops: tuple[str, ...] = ()) -> Asked:
    """robots.txt after all hops."""
    return Asked(requested=canonicalise(f"{ORIGIN}/robots.txt"), reply=answer, hops=hops, error=error or answer.error)


def kept(earlier: StoredFile | None, answer: Reply, *, after: float = 0.0, error: str | None = None) -> StoredFile:
    """Ask again ``after`` seconds later; what is kept survives the journal."""
    at = (NOW if earlier is None else earlier.retrieved_at) + timedelta(seconds=after)
    stored = robots_file(asked_robots(replace(answer, retrieved_at=at), error), earlier)
    back = StoredFile.from_json(stored.to_json(), path=ROBOTS_PATH, retrieved_at=at, body=stored.body)
    assert back == stored
    return back


def answer_of(stored: StoredFile) -> RobotsAnswer:
    """May the page be asked for."""
    return robots_rules(stored, POLICY).answer(PAGE)


def access_of(stored: StoredFile) -> RobotsAccess:
    """May the page be asked for."""
    return answer_of(stored).access


def test_a_good_file_holds_for_a_day() -> None:
    """R3.3: a copy is used for 24 hours while the server answers."""
    stored = kept(None, reply(200, OPEN, content_type="text/plain"))
    assert (stored.failures, stored.lifetime, stored.body, stored.digest) == (0, DAY, OPEN, sha256(OPEN))
    assert access_of(stored) is RobotsAccess.ALLOW
    assert stored.holds_for(NOW) == DAY
    assert stored.holds_for(NOW + timedelta(days=1)) == 0
    assert stored.holds_for(NOW - timedelta(seconds=1)) == 0, "a clock that went back is a doubt"


def test_retries_after_failures() -> None:
    """R3.3: after 5 minutes, 30 minutes, 2 hours, then hourly; a good answer starts anew."""
    stored = None
    for number, wait in enumerate((300, 1800, 7200, 3600, 3600), start=1):
        stored = kept(stored, failed(), after=stored.lifetime if stored else 0)
        assert (stored.failures, stored.lifetime, access_of(stored)) == (number, wait, RobotsAccess.DENY)
        assert stored.body is stored.digest is None
    stored = kept(stored, reply(404), after=HOUR)
    assert (stored.failures, stored.lifetime, access_of(stored)) == (0, DAY, RobotsAccess.ALLOW)
    assert kept(stored, failed(), after=DAY).failures == 1


@pytest.mark.parametrize("answer", [failed(), reply(503, CLOSED), reply(500), reply(600)])
def test_an_older_copy_serves_while_the_server_does_not_answer(answer: Reply) -> None:
    """The copy's age adds up over all failures, and after 30 days it is gone for good."""
    first = kept(None, reply(200, OPEN))
    stored = kept(first, answer, after=DAY)
    days = 1.0
    while days < 29.5:
        found = answer_of(stored)
        assert (found.access, found.is_cached, found.retrieved_at) == (RobotsAccess.ALLOW, True, NOW)
        assert stored.body == OPEN
        stored = kept(stored, answer, after=DAY / 2)
        days += 0.5
    assert json.loads(stored.facts)["cached_age_s"] == pytest.approx(days * DAY)
    assert json.loads(stored.facts)["unreachable_for_s"] == pytest.approx((days - 1) * DAY)
    stored = kept(stored, answer, after=DAY)
    assert (access_of(stored), stored.body) == (RobotsAccess.DENY, None)
    assert access_of(kept(stored, answer, after=HOUR)) is RobotsAccess.DENY


def test_a_copy_is_never_used_beyond_its_30_days_unasked() -> None:
    """A site that asks for a month of rest does not stretch the life of what it said before."""
    first = kept(None, reply(200, OPEN))
    stored = kept(first, reply(503, retry_after=30 * DAY), after=10 * DAY)
    assert stored.lifetime == 20 * DAY
    assert access_of(stored) is RobotsAccess.ALLOW
    stored = kept(stored, reply(503, retry_after=30 * DAY), after=20 * DAY)
    assert (access_of(stored), stored.lifetime) == (RobotsAccess.DENY, 30 * DAY)


def test_a_crawl_that_was_asleep_uses_no_stale_copy() -> None:
    """31 days later the copy is too old, and so it is where the clock went back."""
    first = kept(None, reply(200, OPEN))
    assert access_of(kept(first, failed(), after=31 * DAY)) is RobotsAccess.DENY
    assert access_of(kept(first, failed(), after=-HOUR)) is RobotsAccess.DENY


def test_waiting_keeps_the_copy_for_later() -> None:
    """A busy server defers; what it said before serves again when it becomes unreachable."""
    first = kept(None, reply(200, OPEN))
    busy = kept(first, reply(429, retry_after=7200.0), after=DAY)
    assert (access_of(busy), busy.failures, busy.lifetime) == (RobotsAccess.DEFER, 1, 7200)
    looping = kept(busy, reply(302), after=HOUR, error="redirect_loop")
    assert (access_of(looping), looping.failures) == (RobotsAccess.DEFER, 2)
    gone = kept(looping, failed(), after=HOUR)
    assert (access_of(gone), gone.failures, gone.body) == (RobotsAccess.ALLOW, 3, OPEN)
    assert json.loads(gone.facts)["cached_age_s"] == DAY + 2 * HOUR


@pytest.mark.parametrize("answer", [reply(404), reply(403), reply(206, OPEN), reply(204), reply(200, CLOSED)])
def test_a_settled_answer_replaces_the_copy(answer: Reply) -> None:
    """After the site answered for good, nothing older comes back."""
    stored = kept(kept(None, reply(200, OPEN)), answer, after=DAY)
    assert stored.failures == 0
    later = kept(stored, failed(), after=DAY)
    assert access_of(later) is RobotsAccess.DENY
    assert later.body == (CLOSED if answer.body == CLOSED else None)


def test_not_modified_holds_for_the_copy_at_hand_alone() -> None:
    """304 without a copy denies and is asked again; with one it serves, but makes it no younger."""
    without = kept(None, reply(304))
    assert (access_of(without), without.failures) == (RobotsAccess.DENY, 1)
    stored = kept(None, reply(200, OPEN))
    for _ in range(29):
        stored = kept(stored, reply(304), after=DAY)
        assert (access_of(stored), stored.failures, stored.lifetime) == (RobotsAccess.ALLOW, 0, DAY)
    stored = kept(stored, reply(304), after=DAY)
    assert (access_of(stored), stored.failures) == (RobotsAccess.DENY, 1)


def test_the_beginning_of_a_file_stays_one_as_a_copy() -> None:
    """What was cut denies where no rule matches, also when it serves as an older copy."""
    stored = kept(None, reply(200, b"User-agent: *\nDisallow: /x\n", is_truncated=True))
    for _ in range(3):
        assert answer_of(stored).reason is RobotsCode.TRUNCATED
        assert access_of(stored) is RobotsAccess.DENY
        stored = kept(stored, failed(), after=DAY)


def test_a_cut_body_of_another_status_means_nothing() -> None:
    """Only what is parsed is kept, and only of that is it told whether it was cut."""
    stored = kept(None, reply(404, CLOSED, is_truncated=True))
    facts = json.loads(stored.facts)
    assert (facts["body"], facts["is_truncated"], stored.body) == (sha256(b""), False, None)
    assert access_of(stored) is RobotsAccess.ALLOW


def test_a_body_that_went_missing_is_no_empty_file() -> None:
    """Facts without their bytes are damage, never permission."""
    for stored in (kept(None, reply(200, CLOSED)), kept(kept(None, reply(200, CLOSED)), failed(), after=DAY)):
        for body in (None, OPEN):
            with pytest.raises(DamagedStateError, match="missing"):
                robots_rules(replace(stored, body=body), POLICY)


def test_an_empty_file_is_a_file() -> None:
    """No octets: no rules, and nothing is missing."""
    stored = kept(None, reply(200, b""))
    assert answer_of(stored).code is RobotsCode.EMPTY
    assert access_of(kept(stored, failed(), after=DAY)) is RobotsAccess.ALLOW


def test_the_product_token_selects_the_group() -> None:
    """R3.7: the bare token and those that also bind; never the header."""
    body = b"User-agent: ExampleBot\nAllow: /\n\nUser-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /\n"
    stored = kept(None, reply(200, body))
    assert access_of(stored) is RobotsAccess.ALLOW
    binding = replace(POLICY, robots=replace(POLICY.robots, also_bind=("GPTBot",)))
    assert robots_rules(stored, binding).answer(PAGE).token == "GPTBot"  # noqa: S105 - a product token
    assert robots_rules(stored, binding).tokens == ("ExampleBot", "GPTBot")


REPLIES = st.builds(
    reply,
    st.sampled_from([200, 203, 204, 206, 299, 301, 304, 401, 403, 404, 408, 429, 500, 503, 700]),
    st.sampled_from([b"", OPEN, CLOSED, b"\xff\x00", b"User-agent: *\nDisallow: /x\n"]),
    is_truncated=st.booleans(),
    retry_after=st.none() | st.floats(0, 30 * DAY),
    content_type=st.none() | st.sampled_from(["text/plain", "\udcff\x00" * 900]),
) | st.builds(failed, st.sampled_from(["timeout", "dns_error", "tls_error", "undecodable", "internal_error"]))
ERRORS = st.none() | st.sampled_from(["redirect_loop", "too_many_redirects", "hop_refused"])
GOOD = {200, 203}


@given(st.lists(st.tuples(REPLIES, ERRORS, st.floats(-DAY, 12 * DAY)), min_size=1, max_size=12))
def test_no_history_widens(history: list[tuple[Reply, str | None, float]]) -> None:
    """Nothing but an answer of the site, or its own copy of at most 30 days, ever allows; failures are counted."""
    stored: StoredFile | None = None
    failures = 0
    copy: tuple[datetime, bytes, bool] | None = None
    for answer, error, after in history:
        before = stored
        stored = kept(before, answer, after=after, error=error)
        canonical(json.loads(stored.to_json()))
        failures = failures + 1 if stored.failures else 0
        assert stored.failures == failures
        assert 0 < stored.lifetime <= 30 * DAY
        has_failed = answer.error is not None or error is not None
        if not has_failed and answer.status in GOOD:
            copy = (stored.retrieved_at, answer.body, answer.is_truncated)
        found = answer_of(stored)
        if found.access is not RobotsAccess.ALLOW:
            continue
        if found.code in {RobotsCode.UNAVAILABLE, RobotsCode.EMPTY} and not found.is_cached:
            assert not has_failed
            assert answer.status in {404, 204, *GOOD}
            continue
        assert copy is not None
        received, body, is_truncated = copy
        assert stored.body == body
        assert stored.retrieved_at - received <= timedelta(days=30)
        assert not is_truncated or found.rule is not None
        if found.is_cached:
            assert has_failed or answer.status not in {200, 203, 204, 206, 301, 401, 403, 404, 408, 429}
            assert stored.lifetime <= 30 * DAY - (stored.retrieved_at - received).total_seconds() + 1e-3


# -- other site files


def asked_file(answer: Reply, error: str | None = None) -> Asked:
    """tdmrep.json after all hops."""
    return Asked(requested=canonicalise(ORIGIN + TDMREP), reply=answer, error=error or answer.error)


@pytest.mark.parametrize(
    ("answer", "error", "found"),
    [
        (reply(200, b"[]", content_type="application/json"), None, Found.READ),
        (reply(203, b"[]"), None, Found.READ),
        (reply(200, b"<html>", content_type="text/html"), None, Found.SOFT_404),
        (reply(404, b"[]"), None, Found.ABSENT),
        (reply(204), None, Found.ABSENT),
        (reply(206, b"["), None, Found.UNREAD),
        (reply(304), None, Found.UNREAD),
        (reply(302), None, Found.UNREAD),
        (reply(429, retry_after=7200.0), None, Found.UNREAD),
        (reply(503), None, Found.UNREAD),
        (failed(), None, Found.UNREAD),
        (reply(302), "redirect_loop", Found.UNREAD),
        (reply(200, b"[]", is_truncated=True), None, Found.UNREAD),
        (reply(302), "disallowed_by_robots", Found.NOT_FETCHED),
    ],
)
def test_what_another_site_file_came_to(answer: Reply, error: str | None, found: Found) -> None:
    """Read, absent and unread are different states; only unread is asked for again soon."""
    stored = site_file(TDMREP, asked_file(answer, error), None)
    outcome = SiteFileOutcome.from_json(stored.facts, stored.body)
    assert outcome.found is found
    assert (stored.body is not None) == (found in {Found.READ, Found.SOFT_404})
    assert stored.failures == (found is Found.UNREAD)
    wait = max(300.0, answer.retry_after or 0)
    assert stored.lifetime == (wait if found is Found.UNREAD else DAY)
    again = site_file(TDMREP, asked_file(answer, error), stored)
    assert again.failures == 2 * stored.failures


def test_a_file_that_was_not_asked_for_is_forgotten_with_the_robots_txt_that_forbade_it() -> None:
    """A robots.txt that was busy for a moment must not make the other files count as absent for a day."""
    url = canonicalise(ORIGIN + TDMREP)
    robots = kept(None, reply(429))
    later = NOW + timedelta(seconds=100)
    stored = not_asked(TDMREP, url, "disallowed_by_robots", later, robots=robots)
    assert stored.lifetime == 200
    assert stored.holds_for(later) == robots.holds_for(later)
    assert SiteFileOutcome.from_json(stored.facts, None).found is Found.NOT_FETCHED
    assert not_asked(TDMREP, url, "disallowed_by_robots", later).lifetime == 0
    assert not_asked(TDMREP, url, "refused", later).lifetime == DAY


# -- all of an origin


def compiled(robots: StoredFile, files: dict[str, StoredFile], *, at: datetime = NOW) -> SiteKnowledge:
    """Compile with every other file absent."""
    absent = {
        path: site_file(path, Asked(requested=canonicalise(ORIGIN + path), reply=reply(404)), None)
        for path in SITE_FILE_PATHS
    }
    return compile_site(ORIGIN, robots, list((absent | files).values()), POLICY, at)


def test_the_files_of_a_site_are_read_once() -> None:
    """Rules and statements of robots.txt, statements of the others, with the times that bind all of them."""
    body = b"User-agent: *\nContent-Signal: ai-train=no\nAllow: /page\n"
    reserved = b'[{"location": "/page", "tdm-reservation": 1}]'
    tdmrep = site_file(TDMREP, asked_file(reply(200, reserved)), None)
    site = compiled(kept(None, reply(200, body)), {TDMREP: tdmrep}, at=NOW + timedelta(hours=1))
    assert (site.origin, site.unread_tries, site.expires_in) == (ORIGIN, 0, 23 * HOUR)
    assert site.robots.answer(PAGE).access is RobotsAccess.ALLOW
    question = Question(url=PAGE.text, use=Use.TRAIN_GENAI, token="ExampleBot")  # noqa: S106 - a product token
    said = {one.protocol: one for _, reading in site.carriers.reads for one in reading.about(question)}
    assert said["tdmrep"].preference is Preference.RESERVED
    assert said["content-signals"].source.url == f"{ORIGIN}/robots.txt"
    assert {outcome.path for outcome in site.carriers.outcomes} == set(SITE_FILE_PATHS)
    assert site.cost > len(body) + len(reserved)


def test_an_unread_file_is_counted_and_asked_for_again() -> None:
    """The worst file sets the number of tries, the first to expire the lifetime."""
    unread = site_file(TDMREP, asked_file(failed()), None)
    unread = site_file(TDMREP, asked_file(failed()), unread)
    site = compiled(kept(None, reply(404)), {TDMREP: unread})
    assert (site.unread_tries, site.expires_in) == (2, 1800)
    assert any(one.blocks for one in site.carriers.unread)
    assert compiled(kept(None, reply(404)), {}, at=NOW + timedelta(days=2)).expires_in == 0


def test_records_of_an_older_copy_carry_the_time_at_which_it_was_received() -> None:
    """What robots.txt says about rights is dated by the bytes, not by the failed attempt."""
    body = b"User-agent: *\nContent-Signal: ai-train=no\n"
    stored = kept(kept(None, reply(200, body)), failed(), after=DAY)
    site = compiled(stored, {}, at=stored.retrieved_at)
    question = Question(url=PAGE.text, use=Use.TRAIN_GENAI, token="ExampleBot")  # noqa: S106 - a product token
    (statement,) = (one for _, reading in site.carriers.reads for one in reading.about(question))
    assert statement.source.retrieved_at == NOW


@given(
    st.lists(st.tuples(REPLIES, ERRORS), min_size=1, max_size=3),
    st.lists(st.tuples(REPLIES, ERRORS), min_size=len(SITE_FILE_PATHS), max_size=len(SITE_FILE_PATHS)),
)
def test_whatever_was_kept_compiles(
    robots: list[tuple[Reply, str | None]], files: list[tuple[Reply, str | None]]
) -> None:
    """Everything this module writes it reads back, and evidence can hold it."""
    stored: StoredFile | None = None
    for answer, error in robots:
        stored = kept(stored, answer, error=error, after=HOUR)
    assert stored is not None
    others = []
    for path, (answer, error) in zip(SITE_FILE_PATHS, files, strict=True):
        found = site_file(path, Asked(requested=canonicalise(ORIGIN + path), reply=answer, error=error), None)
        canonical(json.loads(found.to_json()))
        back = StoredFile.from_json(found.to_json(), path=path, retrieved_at=NOW, body=found.body)
        assert back == found
        others.append(back)
    site = compile_site(ORIGIN, stored, others, POLICY, NOW)
    assert site.expires_in >= 0
    assert site.cost > 0
