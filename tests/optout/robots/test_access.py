"""The answer for a URL: both opinions, all tokens, strict and lenient groups, and the evidence in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.robots.access import Disagreement, RobotsRules
from crawler.optout.robots.groups import parse
from crawler.optout.robots.outcome import RobotsFetch, judge
from crawler.optout.robots.second_opinion import OCTETS_LIMIT, RULE_LIMIT, RULES_LIMIT, SPECIAL_LIMIT, SecondOpinion
from crawler.values.digest import sha256
from crawler.values.url import canonicalise, split

if TYPE_CHECKING:
    from crawler.optout.robots.access import RobotsAnswer

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def _rules(body: str | bytes = b"", *tokens: str, limit: int = 1 << 21, **values: Any) -> RobotsRules:
    raw = body.encode() if isinstance(body, str) else body
    fetch = RobotsFetch(**({"requested": "u", "status": 200, "body": raw, "retrieved_at": NOW} | values))
    return RobotsRules(judge(fetch), tokens or ("ExampleBot",), limit=limit)


def test_a_denial_carries_its_evidence() -> None:
    """Rule, line, group, digest, status and time; the same object serves all URLs of the rule."""
    body = "User-agent: *\nDisallow: /x # no\nCrawl-delay: 3\nSitemap: https://a.test/s.xml\n"
    rules = _rules(body)
    answer = rules.answer(split(canonicalise("https://a.test/x/1?y=2")))
    assert (answer.access, answer.code, answer.reason) == ("deny", "robots_rules", "robots_disallow")
    assert (answer.rule, answer.line, answer.token) == ("Disallow: /x # no", 2, "ExampleBot")
    assert answer.group == body.strip()
    assert (answer.digest, answer.status, answer.retrieved_at) == (sha256(body.encode()), 200, NOW)
    assert (answer.waits.crawl_delay, answer.sitemaps) == (3.0, ("https://a.test/s.xml",))
    assert answer.disagreement is None
    assert rules.answer_target("/x/2") is answer


CLOSED = "User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize(
    "body",
    [
        CLOSED.encode("utf-16-le"),
        CLOSED.encode("utf-16-be"),
        CLOSED.encode("utf-16"),
        CLOSED.encode("utf-32-le"),
        CLOSED.encode("utf-32-be"),
        CLOSED.encode("utf-32"),
        CLOSED.replace("\n", "\r").encode("utf-16-le"),
        ("# \u043d\u0435\u0442\n" * 50 + CLOSED).encode("utf-16-le"),
        b"\0" + CLOSED.encode(),
        b"\0\n" + CLOSED.replace(": ", ":\0 ").encode(),
        CLOSED.replace(": ", ": \0").encode(),
        CLOSED.replace(": ", ":\u00a0").encode(),
        CLOSED.replace(": ", ":\u00a0").encode("latin-1"),
        CLOSED.replace("Dis", "\u00a0Dis").encode(),
        CLOSED.replace("Dis", "Dis\u00ad").encode(),
        CLOSED.replace("/", "/\u200b").encode(),
        ("\ufeff\ufeff" + CLOSED).encode(),
        ("# made by two tools\n\ufeff" + CLOSED).encode(),
        CLOSED.replace("/", '"/"').encode(),
        CLOSED.replace("/", "'/' # all").encode(),
        CLOSED.replace("/", "\u201c/\u201d").encode(),
        CLOSED.replace("*", '"*"').encode(),
        CLOSED.replace(":", "\uff1a").encode(),
        b"User-agent: *\nDisallow:\n\nUser-agent: \0ExampleBot\nDisallow: /\n",
        b"\0User-agent: Other\nUser-agent: *\nDisallow: /\nAllow: '/'\n",
    ],
)
def test_stray_octets_unmake_no_rule(body: bytes) -> None:
    """Wide characters without a mark, NULs, odd blanks, marks in the middle, quotes: the site is closed."""
    rules = _rules(body)
    answer = rules.answer_target("/x")
    assert (answer.access, answer.reason, answer.code) == ("deny", "robots_disallow", "robots_rules")
    assert answer.rule is not None
    assert answer.rule.isascii()
    assert rules.cost > len(body)


@pytest.mark.parametrize(
    "body",
    [
        b"User-agent: *\nDisallow: /\nAllow:\0 /x\n",
        b"User-agent: *\nDisallow: /\nAllow: '/'\n",
        b"User-agent: *\nDisallow: /\n\0User-agent: ExampleBot\nDisallow:\n",
        CLOSED.encode() + "User-agent: *\nAllow: /\n".encode("utf-16-le"),
    ],
)
def test_stray_octets_make_no_permission(body: bytes) -> None:
    """What holds by RFC 9309 goes on to hold."""
    assert _rules(body).answer_target("/x").access == "deny"


@given(before=st.binary(max_size=60), after=st.binary(max_size=60))
def test_the_text_as_meant_denies_or_changes_nothing(before: bytes, after: bytes) -> None:
    """Whatever stands around, what the file closes without it stays closed."""
    body = before + b"\nUser-agent: *\nDisallow: /x\n" + after
    file = parse(body)
    selection = file.group_for("ExampleBot", is_strict=False)
    if selection.rules.decide("/x") >= 0 and not selection.rules.decide("/x") & 1:
        assert _rules(body).answer_target("/x").access == "deny"


def test_an_allowed_url_names_the_rule_that_allows() -> None:
    """Or none, where none matched."""
    rules = _rules("User-agent: *\nDisallow: /\nAllow: /a\n")
    answer = rules.answer_target("/ab")
    assert (answer.access, answer.reason, answer.line) == ("allow", "robots_rules", 3)
    answer = _rules("User-agent: *\nDisallow: /x\n").answer_target("/y")
    assert (answer.access, answer.rule, answer.group) == ("allow", None, "User-agent: *\nDisallow: /x")


@pytest.mark.parametrize(
    ("values", "access", "code"),
    [
        ({"status": 404}, "allow", "robots_unavailable"),
        ({"status": 403}, "deny", "robots_forbidden"),
        ({"status": 429}, "defer", "robots_busy"),
        ({"status": None, "error": "dns"}, "deny", "robots_unreachable"),
        ({"body": b""}, "allow", "robots_empty"),
        ({"body": b"<html>: no"}, "allow", "robots_empty"),
    ],
)
def test_an_outcome_without_rules_holds_for_every_url(values: dict[str, Any], access: str, code: str) -> None:
    """There is nothing to look up."""
    answer = _rules(**({"body": "User-agent: *\nDisallow: /\n"} | values)).answer_target("/x")
    assert (answer.access, answer.code, answer.reason, answer.rule) == (access, code, code, None)
    assert answer.error == values.get("error")


def test_robots_txt_itself_is_allowed() -> None:
    """RFC 9309 section 2.2.2; with a query it is a page."""
    rules = _rules("User-agent: *\nDisallow: /\n")
    assert rules.answer_target("/robots.txt").access == "allow"
    assert rules.answer_target("/robots.txt?").access == "deny"
    assert _rules("User-agent: a\n", limit=3).answer_target("/robots.txt").access == "allow"


def test_beginning_of_a_longer_file() -> None:
    """Its rules hold; where none matches, the rest might have denied."""
    rules = _rules("User-agent: *\nAllow: /a\nDisallow: /b\nDisallow: /c\n", limit=38)
    assert rules.answer_target("/a").access == "allow"
    assert rules.answer_target("/b").reason == "robots_disallow"
    answer = rules.answer_target("/c")
    assert (answer.access, answer.code, answer.reason) == ("deny", "robots_truncated", "robots_truncated")
    assert _rules("User-agent: *\nAllow: /\n", is_truncated=True).answer_target("/x").access == "allow"
    assert _rules("# long", is_truncated=True).answer_target("/x").reason == "robots_truncated"


def test_every_binding_token_must_be_allowed() -> None:
    """R3.10; the answer names the token that decided, and waits are the longest of all."""
    body = "User-agent: ExampleBot\nCrawl-delay: 1\nAllow: /\n\nUser-agent: GPTBot\nCrawl-delay: 5\nDisallow: /x\n"
    assert _rules(body).answer_target("/x").access == "allow"
    both = _rules(body, "ExampleBot", "GPTBot", "ExampleBot")
    assert both.tokens == ("ExampleBot", "GPTBot")
    answer = both.answer_target("/x")
    assert (answer.access, answer.token, answer.line, answer.waits.crawl_delay) == ("deny", "GPTBot", 7, 5.0)
    assert (both.answer_target("/y").access, both.answer_target("/y").token) == ("allow", "ExampleBot")
    assert _rules("User-agent: *\nDisallow: /\n", *()).answer_target("/").access == "deny"


def test_no_token_no_rules() -> None:
    """A caller without a token is answered by nothing but the outcome."""
    fetch = RobotsFetch(requested="u", status=200, body=b"User-agent: *\nDisallow: /\n", is_truncated=True)
    assert RobotsRules(judge(fetch), []).answer_target("/").access == "deny"


def test_protego_denies_what_we_allow() -> None:
    """The stricter opinion holds; no rule is named, since ours did not deny."""
    for rule, target in (("/a?id%3D5", "/a?id=5"), ("/*%41", "/%E3%83%A4")):
        answer = _rules(f"User-agent: *\nDisallow: {rule}\n").answer_target(target)
        assert (answer.access, answer.reason, answer.rule, answer.line) == ("deny", "robots_disallow", None, None)
        assert answer.disagreement == Disagreement(own="allow", protego="deny")


def test_protego_allows_what_we_deny() -> None:
    """Our denial stands, and both answers are kept."""
    answer = _rules("User-agent: *\nDisallow: /\nAllow: /index.html\n").answer_target("/")
    assert (answer.access, answer.line) == ("deny", 2)
    assert answer.disagreement == Disagreement(own="deny", protego="allow")


def test_too_complex_denies() -> None:
    """With its own code, and no rule."""
    answer = _rules("User-agent: *\nAllow: /" + "*a" * 1001 + "\nAllow: /\n").answer_target("/x")
    assert (answer.access, answer.code, answer.reason) == ("deny", "robots_too_complex", "robots_too_complex")
    assert (answer.rule, answer.disagreement) == (None, Disagreement(own="deny", protego="allow"))


def test_what_protego_is_not_asked() -> None:
    """Rules of ten wildcards, long rules and those behind the caps are left out, also where they would decide."""
    ten = b"/" + b"*a" * 10
    opinion = SecondOpinion([(0, False, b"/"), (1, True, ten), (2, True, b"/" + b"x" * RULE_LIMIT)])
    assert opinion.allows("/aaaaaaaaaa", 0) is False
    assert opinion.allows("/aaaaaaaaaa", 1) is None
    assert opinion.allows("/xx", 2) is None
    assert opinion.allows("/xx", 3) is None
    assert opinion.allows("/" + "x" * 20_000_000, 0) is None
    assert SecondOpinion([]).allows("/", -1) is None
    assert SecondOpinion([(0, True, ten)]).allows("/", -1) is None
    many = SecondOpinion((number, False, b"/%d" % number) for number in range(RULES_LIMIT + 5))
    assert many.allows("/1", RULES_LIMIT - 1) is False
    assert many.allows(f"/{RULES_LIMIT}", RULES_LIMIT) is None
    size = RULE_LIMIT - 1
    long = SecondOpinion((number, False, b"/" + b"x" * (size - 1)) for number in range(OCTETS_LIMIT // size + 9))
    assert long.allows("/x", OCTETS_LIMIT // size - 1) is True
    assert long.allows("/x", OCTETS_LIMIT // size) is None
    special = SecondOpinion((number, False, b"/%d$" % number) for number in range(SPECIAL_LIMIT + 1))
    assert special.allows(f"/{SPECIAL_LIMIT - 1}", SPECIAL_LIMIT - 1) is False
    assert special.allows(f"/{SPECIAL_LIMIT}", SPECIAL_LIMIT) is None
    assert many.cost > special.cost > long.cost > opinion.cost


def test_protego_gets_a_clean_target() -> None:
    """Fragment cut, non-ASCII escaped, a path at least."""
    opinion = SecondOpinion([(0, False, "/é".encode()), (1, False, b"/?q"), (2, False, b"/f$")])
    assert opinion.allows("/é", 0) is False
    assert opinion.allows("?q", 1) is False
    assert opinion.allows("/f#x", 2) is False
    assert opinion.allows("/\ud800", -1) is True


def test_answers_are_kept_within_bounds() -> None:
    """So many rules, so many answers; beyond the bound only the last is remembered, the others are made anew, equal."""
    rules = _rules("User-agent: *\n" + "".join(f"Disallow: /{number}\n" for number in range(1000, 2500)))
    assert [rules.answer_target(f"/{number}").line for number in range(1000, 2500)] == list(range(2, 1502))
    last = rules.answer_target("/2499")
    assert rules.answer_target("/2499") is last
    first = rules.answer_target("/1000")
    assert rules.answer_target("/2499") == last
    assert rules.answer_target("/2498") is not last
    assert rules.answer_target("/2499") is not last
    assert rules.answer_target("/1000") is first


def test_cost_grows_with_what_is_held() -> None:
    """A cache can weigh files."""
    small, large = _rules("User-agent: *\nDisallow: /\n"), _rules("User-agent: *\n" + "Disallow: /*a\n" * 500)
    assert _rules("", status=404).cost < small.cost < large.cost


LINES = st.sampled_from(
    [
        "User-agent: ExampleBot",
        "User-agent: ExampleBot/2",
        "User-agent: Other, ExampleBot",
        "User-agent: *",
        "User-agent: * x",
        "User-agent: Other",
        "Disallow: /",
        "Disallow: /a",
        "Disallow: /*b$",
        "Allow: /",
        "Allow: /ab",
        "Allow: /index.html",
        "Disallow: /%61",
        "Disallow:",
        "X: y",
    ]
)
FILES = st.lists(LINES, max_size=12).map("\n".join)
TARGETS = st.sampled_from(["/", "/a", "/ab", "/b", "/index.html", "/c?ab", "/%61"])


def _answer(body: str, target: str) -> RobotsAnswer:
    return _rules(body).answer_target(target)


@given(FILES, TARGETS)
def test_never_wider_than_any_opinion(body: str, target: str) -> None:
    """Allowed only if the strict and the lenient selection allow and protego does."""
    file = parse(body.encode())
    answer = _answer(body, target)
    for strict in (False, True):
        selection = file.group_for("ExampleBot", is_strict=strict)
        code = selection.rules.decide(target.replace("%61", "a"))
        second = SecondOpinion(file.numbered_rules(selection.groups)).allows(target, code >> 1)
        if (code >= 0 and not code & 1) or second is False:
            assert answer.access == "deny"
    assert (answer.reason == "robots_disallow") == (answer.access == "deny")
    assert (answer.line is not None) <= (answer.rule is not None)


@given(FILES, TARGETS, st.sampled_from(["/", "/a", "/*b", "/ab$"]))
def test_one_more_disallow_in_our_group_never_opens(body: str, target: str, value: str) -> None:
    """A site that adds a Disallow for us cannot widen what we take, once we have a group of our own."""
    body = f"User-agent: ExampleBot\nDisallow:\n{body}"
    before = _answer(body, target).access
    after = _answer(f"{body}\n\nDisallow:\nUser-agent: ExampleBot\nDisallow: {value}", target).access
    assert (before, after) != ("deny", "allow")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_file_answers_any_target(body: bytes, target: str) -> None:
    """Nothing raises, and the same question gets the same answer."""
    rules = _rules(b"User-agent: *\nDisallow: /" + body)
    assert rules.answer_target(target) == rules.answer_target(target)
    assert _rules(body).answer_target(target).access in {"allow", "deny"}
