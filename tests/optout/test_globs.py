"""Globs: what stars cover, compared with a plain regular expression, and that no glob is dear."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.globs import Glob, GlobPath

PIECES = {"/**/": "(?:/.+)?/", "**": ".*", "*": "[^/]*"}


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("/open/*", "/open/a", True),
        ("/open/*", "/open/", True),
        ("/open/*", "/open/a/b", False),
        ("/open/**", "/open/a/b", True),
        ("/a/**/b", "/a/b", True),
        ("/a/**/b", "/a/x/y/b", True),
        ("/a/**/b", "/ab", False),
        ("/*.html", "/x.html", True),
        ("/*.html", "/x/y.html", False),
        ("/a", "/a/", False),
        ("/ü(", "/%C3%BC%28", True),
        ("", "/", False),
    ],
)
def test_globs(glob: str, path: str, matches: bool) -> None:
    """A glob covers a whole path, or nothing."""
    assert Glob(glob).matches(GlobPath(path)) is matches


@given(st.lists(st.sampled_from(["/", "a", "b", "*", "**", "/**/"]), max_size=7), st.text("/ab", max_size=8))
def test_as_a_regular_expression(parts: list[str], rest: str) -> None:
    """The same as the plain translation, where stars do not run together."""
    glob = "".join(parts)
    pieces = re.findall(r"/\*\*/|\*\*|\*|[^*]", glob)
    if "***" not in glob and "".join(pieces) == glob:
        expression = "".join(PIECES.get(piece, re.escape(piece)) for piece in pieces)
        assert Glob(glob).matches(GlobPath(f"/{rest}")) is (re.fullmatch(expression, f"/{rest}") is not None)


def test_no_glob_is_dear() -> None:
    """Many stars over a long path of the same letter."""
    started = process_time()
    assert not Glob("/" + "**a*a" * 20_000 + "b").matches(GlobPath("/" + "a" * 2000))
    assert process_time() - started < 5
