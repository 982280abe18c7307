"""Lines of keys: by example, and as a property against what ``tomllib`` reads."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.toml_lines import line_of, lines_of

SOURCE = (Path(__file__).parents[1] / "vectors" / "toml" / "lines.toml").read_text()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("text",), 3),
        (("fake",), None),
        (("limits",), 8),
        (("limits", "page_bytes"), 9),
        (("limits", "a", "b", "c d", "e.f"), 10),
        (("limits", "inline", "y", "z", 1), 11),
        (("limits", "list", 0), 13),
        (("limits", "list", 1, "deep"), 14),
        (("limits", "list", 2, 1), 16),
        (("limits", "list", 3), None),
        (("override",), 19),
        (("override", 0, "scope"), 20),
        (("override", 1), 22),
        (("override", 1, "scope"), 23),
        (("override", 1, "more", "k"), 25),
        (("override", 1, "items", 1, "n"), 29),
        (("override", 2), None),
        ((), None),
    ],
)
def test_line_of(path: tuple[str | int, ...], line: int | None) -> None:
    """A key is found where it is written first, whatever form its table has."""
    assert line_of(SOURCE, path) == line


def test_escaped_and_windows_source() -> None:
    """Escapes in quoted keys are read, CR LF counts as one line end."""
    assert line_of('\r\n"a\\u0062" = 1\r\nc = 2', ("ab",)) == 2
    assert line_of('\r\n"a\\u0062" = 1\r\nc = 2', ("c",)) == 3


def test_not_toml() -> None:
    """What tomllib refuses is refused here with tomllib's own error, which names the line."""
    with pytest.raises(tomllib.TOMLDecodeError, match="line 2"):
        lines_of("a = 1\nb = = 2")


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, item in value.items():
            found |= _paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found |= _paths(item, (*path, index))
    return found


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08X}" if char in '"\\' or ord(char) < 32 else char for char in text) + '"'


_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6) | st.sampled_from(["a", "b", "a.b", "[x]"])
_keys = st.one_of(st.sampled_from(["a", "b-2", "c_3"]), _texts.map(_quoted), st.just("'lit \"]'"))
_scalars = st.one_of(
    st.integers().map(str),
    _texts.map(_quoted),
    _texts.map(lambda text: f'"""\n{_quoted(text)[1:-1]}\n[x]\n"""'),
    st.sampled_from(["true", "1979-05-27 07:32:00Z", "'''\n#'''", "[]", "{}", "''", '""']),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ # ]\n" + ",\n".join(items) + "\n]"),
        st.lists(st.tuples(_keys, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"
        ),
    ),
    max_leaves=6,
)
_dotted = st.lists(_keys, min_size=1, max_size=3).map(" . ".join)
_statements = st.one_of(
    st.tuples(_dotted, _values).map(lambda pair: f"{pair[0]} = {pair[1]} # note = 1"),
    _dotted.map(lambda key: f"[{key}]"),
    _dotted.map(lambda key: f"[[ {key} ]]"),
    st.just("# [comment]"),
)


@given(st.lists(_statements, max_size=8))
def test_every_key_of_tomllib_has_a_line(statements: list[str]) -> None:
    """The index holds exactly the paths that tomllib reads, each on a line that exists."""
    source = "\n".join(statements)
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError:
        return
    lines = lines_of(source)
    assert set(lines) == _paths(document)
    assert all(1 <= line <= source.count("\n") + 1 for line in lines.values())


@given(st.lists(st.tuples(_keys, _scalars), max_size=6, unique_by=lambda pair: pair[0]))
def test_line_is_where_the_statement_starts(pairs: list[tuple[str, str]]) -> None:
    """In a flat file the line of a key is the line on which its statement starts."""
    source, expected = "", []
    for key, value in pairs:
        expected.append(source.count("\n") + 1)
        source += f"{key} = {value}\n"
    try:
        keys = list(tomllib.loads(source))
    except tomllib.TOMLDecodeError:  # two spellings of one key
        return
    assert [line_of(source, (key,)) for key in keys] == expected
