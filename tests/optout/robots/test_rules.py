"""Longest match over many rules, against trying them one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.robots import rules as module
from crawler.optout.robots.match import compile_pattern, normalise_target
from crawler.optout.robots.rules import NO_RULE, TOO_COMPLEX, RuleIndex

RULES = st.lists(
    st.tuples(
        st.booleans(),
        st.one_of(
            st.text("/ab*$", min_size=1, max_size=6),
            st.sampled_from(["/*%2Fa", "/a%62", "/é", "/a?b", "/*a?b$", "*", "/a$$", "/abab*abab", "$"]),
        ),
    ),
    max_size=12,
)
TARGETS = st.text("/ab?%2F", max_size=10).map(lambda rest: f"/{rest}")


def _index(rules: list[tuple[bool, str]]) -> RuleIndex:
    return RuleIndex((number, is_allow, value.encode()) for number, (is_allow, value) in enumerate(rules))


def _one_by_one(rules: list[tuple[bool, str]], target: str) -> bool:
    """Whether RFC 9309 section 2.2.2 allows: most octets win, Allow wins a tie."""
    found = [
        (compile_pattern(value).length, is_allow) for is_allow, value in rules if compile_pattern(value).matches(target)
    ]
    return max(found, default=(0, True))[1]


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
