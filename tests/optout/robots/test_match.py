"""Patterns against targets, compared with a plain reading of RFC 9309 where that is feasible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.robots.match import compile_pattern, normalise_target


@pytest.mark.parametrize(
    ("target", "normal"),
    [
        ("/a/b?c=d&e=f", "/a/b?c=d&e=f"),
        ("", "/"),
        ("?x", "/?x"),
        ("/a#frag", "/a"),
        ("/a?b#c?d", "/a?b"),
        ("a", "/a"),
        ("/ツ", "/%E3%83%84"),
        ("/%e3%83%84", "/%E3%83%84"),
        ("/%7Ea%62", "/~ab"),
        ("/%2f%3d%26%3f", "/%2F=&%3F"),
        ("/a?%2f%3d%26%3f?", "/a?/%3D%26%3F?"),
        ("/a:b@c", "/a%3Ab%40c"),
        ("/a?b:c", "/a?b%3Ac"),
        ("/%zz%", "/%25zz%25"),
        ("/*$", "/%2A%24"),
        ("/a?", "/a?"),
        ("/\ud800", "/%ED%A0%80"),
    ],
)
def test_normal_spelling(target: str, normal: str) -> None:
    """RFC 9309 section 2.2.2; delimiters keep their meaning in path and query."""
    assert "".join(char if char < "\x80" else f"%{ord(char) - 256:02X}" for char in normalise_target(target)) == normal


@pytest.mark.parametrize(
    ("pattern", "target", "matches"),
    [
        ("/a", "/ab", True),
        ("/a$", "/ab", False),
        ("/a$", "/a", True),
        ("/a*", "/a", True),
        ("/a*b*c", "/axbxc", True),
        ("/a*b*c", "/axcxb", False),
        ("/a*bc$", "/abcxbc", True),
        ("/a*ab$", "/ab", False),
        ("/a*b$", "/axbx", False),
        ("*", "/", True),
        ("*$", "/a", True),
        ("$", "/", False),
        ("/*/b", "/a?x=/b", True),
        ("/*%2Fb", "/a%2fb", True),
        ("/*%2Fb", "/a?x=%2Fb", True),
        ("/*%2Fb", "/a/b", False),
        ("/*%3Db", "/a=b", True),
        ("/*%3Db", "/?a=b", False),
        ("/*%3Db", "/?a%3db", True),
        ("/*%2Fb*c", "/a?x=/bxc", True),
        ("/*%2Fb*c", "/a%2Fb?c", True),
        ("/*%2Fb*c", "/a?x=/b", False),
        ("/*%2F?b", "/a%2F?b", True),
        ("/*%2F?b", "/a?%2F?b", True),
        ("/*%2F?b", "/a?b", False),
        ("/*%2F?b$", "/a%2F?b", True),
        ("/*%2F?b$", "/a%2F?bc", False),
        ("/*%2Fb$", "/a%2Fb", True),
        ("/*%2Fb$", "/a%2Fb?", False),
        ("/*%2Fb$", "/a?/b", True),
        ("/?*%2F", "/?a/", True),
        ("/*E3", "/%E3", False),
        ("/*%41", "/%E3%83%A4", False),
        ("/*%E3", "/a%e3", True),
        ("/*\xe3", "/a%e3", False),
    ],
)
def test_matching(pattern: str, target: str, matches: bool) -> None:
    """Wildcards, anchor, and escapes that mean another thing in the query than in the path."""
    assert compile_pattern(pattern).matches(target) is matches


@pytest.mark.parametrize(
    ("pattern", "length"), [("/", 1), ("/*.html$", 8), ("/ツ", 10), ("/%62", 2), (b"/\xff", 4), ("", 0)]
)
def test_length_counts_octets_of_the_normal_spelling(pattern: str | bytes, length: int) -> None:
    """Wildcards and anchor count; an encoded unreserved octet is one."""
    assert compile_pattern(pattern).length == length


def _naive(parts: list[str], text: str) -> bool:
    """Match backtracking over all places: the definition itself."""
    if not text.startswith(parts[0]):
        return False
    rest = text[len(parts[0]) :]
    return len(parts) == 1 or any(_naive(parts[1:], rest[start:]) for start in range(len(rest) + 1))


@given(st.text("ab*/", max_size=8), st.booleans(), st.text("ab/", max_size=8))
def test_agrees_with_backtracking(body: str, anchored: bool, rest: str) -> None:
    """The linear matcher gives what trying every split gives."""
    target = f"/{rest}"
    parts = body.split("*")
    expected = (
        any(_naive([*parts[:-1], parts[-1] + "\0"], f"{target}\0") for _ in [0]) if anchored else _naive(parts, target)
    )
    assert compile_pattern(body + "$" * anchored).matches(target) is expected


@given(st.binary(max_size=40), st.text(max_size=40))
def test_any_pattern_takes_any_target(pattern: bytes, target: str) -> None:
    """Nothing raises, and the public call equals its two halves."""
    compiled = compile_pattern(pattern)
    assert compiled.matches(target) is compiled.matches_normalised(normalise_target(target))


@given(st.text("/ab%2Ff3Dd=&?:é~", max_size=20))
def test_a_target_matches_itself_as_a_pattern(target: str) -> None:
    """Written as a rule, with its end anchored, a URL matches exactly itself."""
    target = "/" + target
    assert compile_pattern(f"{target}$").matches(target)
