"""Longest match over many rules, against trying them one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.robots import rules as module
from crawler.optout.robots.match import compile_pattern, normalise_target, other_lengths
from crawler.optout.robots.rules import NO_RULE, TOO_COMPLEX, RuleIndex

RULES = st.lists(
    st.tuples(
        st.booleans(),
        st.one_of(
            st.text("/ab*$", min_size=1, max_size=6),
            st.text("/ab=&?*", min_size=1, max_size=6),
            st.sampled_from(
                ["/*%2Fa", "/a%62", "/é", "/a?b", "/*a?b$", "*", "/a$$", "/abab*abab", "$", "/*%3D", "/a=b$"]
            ),
        ),
    ),
    max_size=12,
)
TARGETS = st.one_of(
    st.text("/ab?%2F", max_size=10),
    st.text("/ab?=&", max_size=10),
    st.lists(st.sampled_from(["%3D", "%26", "a", "b", "?", "/"]), max_size=6).map("".join),
).map(lambda rest: f"/{rest}")


def _index(rules: list[tuple[bool, str]]) -> RuleIndex:
    return RuleIndex((number, is_allow, value.encode()) for number, (is_allow, value) in enumerate(rules))


def _one_by_one(rules: list[tuple[bool, str]], target: str) -> bool:
    """Whether RFC 9309 section 2.2.2 allows: most octets win, Allow wins a tie; in each way to count octets."""
    patterns = [(compile_pattern(value), is_allow) for is_allow, value in rules]
    found = [(pattern, is_allow) for pattern, is_allow in patterns if pattern.matches(target)]
    counts = (lambda one: one.length, lambda one: other_lengths(one.text)[0], lambda one: other_lengths(one.text)[1])
    return all(
        max(((count(pattern), is_allow) for pattern, is_allow in found), default=(0, True))[1] for count in counts
    )


def _allows(index: RuleIndex, target: str) -> bool:
    code = index.decide(normalise_target(target))
    return code == NO_RULE or (code >= 0 and bool(code & 1))


@given(RULES, TARGETS)
def test_agrees_with_trying_all(rules: list[tuple[bool, str]], target: str) -> None:
    """The index is a matter of speed only, and the rule that it names does match."""
    index = _index(rules)
    assert _allows(index, target) == _one_by_one(rules, target)
    code = index.decide(normalise_target(target))
    if code >= 0:
        is_allow, value = rules[code >> 1]
        assert is_allow == bool(code & 1)
        assert compile_pattern(value).matches(target)


@given(RULES, TARGETS, st.randoms(use_true_random=False))
def test_order_does_not_matter(rules: list[tuple[bool, str]], target: str, random: object) -> None:
    """Rules are a set."""
    shuffled = list(rules)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _allows(_index(rules), target) == _allows(_index(shuffled), target)


@given(RULES, st.text("/ab*$%é", min_size=1, max_size=6), TARGETS)
def test_one_more_disallow_never_opens(rules: list[tuple[bool, str]], value: str, target: str) -> None:
    """What was denied stays denied."""
    if not _allows(_index(rules), target):
        assert not _allows(_index([*rules, (False, value)]), target)


def test_many_wildcards_are_looked_up_by_their_literal() -> None:
    """Above the scan limit only rules whose literal can occur are tried; the answer is the same."""
    rules = [(False, f"/*k{number}$") for number in range(2000)] + [(False, "/*%2Fq"), (True, "/*zz"), (False, "/*b$")]
    index = _index(rules)
    filler = "b" * 300
    assert index.decide(f"/{filler}k1999") == 1999 * 2
    assert index.decide(f"/{filler}k7") == 7 * 2
    assert index.decide(normalise_target(f"/{filler}%2Fq")) == 2000 * 2
    assert index.decide(f"/{filler}zzz") == 2001 * 2 + 1
    assert index.decide(f"/{filler}") == 2002 * 2
    assert index.decide(f"/{filler}c") == NO_RULE


def test_few_wildcards_and_a_long_target() -> None:
    """Without an index of literals all are candidates."""
    assert _index([(False, f"/*k{number}") for number in range(200)]).decide("/" + "b" * 3000 + "k5") == 10


def test_too_much_work_is_said_to_be_so() -> None:
    """Caps on the target, on wildcards of one rule and of one set, and on the steps of one question (R3.14)."""
    assert _index([(True, "/")]).decide("/" + "a" * module.TARGET_LIMIT) == TOO_COMPLEX
    assert _index([(True, "/" + "*a" * 1000)]).decide("/") == NO_RULE
    assert _index([(True, "/" + "*a" * 1001)]).decide("/") == TOO_COMPLEX
    same = _index([(False, f"/*{number}aaaa") for number in range(9000)])
    assert same.decide("/" + "a" * 2000) == TOO_COMPLEX
    assert same.decide("/" + "a" * 200) == NO_RULE
    many = [(True, f"*{number}") for number in range(module.WILDCARD_RULES_LIMIT)]
    assert _index(many).decide("/x") == NO_RULE
    assert _index([*many, (True, "*x")]).decide("/x") == TOO_COMPLEX


def test_the_first_of_equal_rules_is_named() -> None:
    """An Allow before a Disallow, else the first in the file; cost grows with the rules."""
    index = _index([(False, "/a"), (True, "/a"), (True, "/%61"), (False, "/b*"), (False, "/b*"), (True, "/b*")])
    assert index.decide("/a") == 3
    assert index.decide("/b") == 11
    assert index.cost > RuleIndex([]).cost


@pytest.mark.parametrize(
    ("disallow", "allow", "target", "is_allowed"),
    [
        ("/*adl=*", "/*.html$", "/a/badl=a?b=c/d/x.html", False),  # 7 octets to 8, or 9 to 8
        ("/*ad=", "/*.html$", "/ad=.html", True),  # 5 to 8, or 7 to 8
        ("/*a=", "/x?y", "/x?y&a=", False),  # a rule without a wildcard, 4 to 4, or 6 to 4
        ("/*a=", "/x?y=$", "/x?y=", True),  # the Disallow does not match
        ("/*?u=", "/x?u=1", "/x?u=1", True),  # both hold the same delimiter
        ("/*?a=b=c", "/x?a=b=cd", "/x?a=b=cd", True),
        ("/*=xyz", "/a?b=xyz", "/a?b=xyz", True),  # 6 to 8, 8 to 8 and 8 to 10
        ("/*=1xyz", "/a?b=1x", "/a?b=1xyz", False),  # ties, but one that lies in the query alone
        ("/*?/b", "/a?/", "/a?/b", False),
        ("/*%3D", "/a?x", "/a?x%3D1", False),
        ("/*x", "/a", "/ax", False),
    ],
)
def test_an_allow_wins_only_if_it_does_however_delimiters_are_counted(
    disallow: str, allow: str, target: str, *, is_allowed: bool
) -> None:
    """``=`` is one octet where it stays as it is, and three where it is percent-encoded; the RFC names no winner."""
    for rules in ([(False, disallow), (True, allow)], [(True, allow), (False, disallow)]):
        assert _allows(_index(rules), target) == is_allowed
