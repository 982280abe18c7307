"""Edits of the catalog: what changes is what was asked, and nothing that a person wrote goes."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists.catalog_editing import NEW, with_changes, with_entry
from crawler.errors import UsageError

TEXT = """# head
[[list]]
id = "a" # why a
updates = true
# about a

# before b
[[list]]
id = "b"
[list.columns]
entry = "x"

# pages
[[page]]
id = "a"  # of a page

# tail
"""


def _comments(text: str) -> list[str]:
    return [line[line.index("#") :].strip() for line in text.splitlines() if "#" in line]


def test_change_in_place() -> None:
    """Known keys change where they stand, new ones follow the last key, removed ones go; other entries stay."""
    text = with_changes(TEXT, "list", "a", {"updates": False, "day": date(2026, 1, 2), "absent": None})
    assert text == TEXT.replace("updates = true\n# about a\n", "updates = false\n# about a\nday = 2026-01-02\n")
    text = with_changes(TEXT, "list", "a", {"updates": None})
    assert text == TEXT.replace("updates = true\n", "")
    assert with_changes(TEXT, "page", "a", {"id": "p"}) == TEXT.replace('"a"  # of', '"p"  # of')


def test_change_beside_a_table_of_columns() -> None:
    """A key that is new to an entry with a table below it stays a key of the entry."""
    text = with_changes(TEXT, "list", "b", {"etag": "x"})
    assert tomllib.loads(text)["list"][1] == {"id": "b", "etag": "x", "columns": {"entry": "x"}}
    assert _comments(text) == _comments(TEXT)


def test_new_entry() -> None:
    """A new entry follows the last one of its kind; the first of a kind stands at the end."""
    text = with_entry(TEXT, "list", {"id": "c", "columns": {"entry": "domain"}})
    assert [each["id"] for each in tomllib.loads(text)["list"]] == ["a", "b", "c"]
    assert tomllib.loads(text)["list"][2]["columns"] == {"entry": "domain"}
    assert text.index('"c"') < text.index("# pages")
    assert _comments(text) == _comments(TEXT)
    assert with_entry(NEW, "page", {"id": "p"}) == f'{NEW}\n[[page]]\nid = "p"\n'
    assert with_entry("", "list", {"id": "p"}) == '[[list]]\nid = "p"\n'
    assert tomllib.loads(with_entry('[[list]]\nid = "p"', "list", {"id": "q"}))["list"] == [{"id": "p"}, {"id": "q"}]


@pytest.mark.parametrize("text", [TEXT, "", "list = 1\n", '[[list]]\nid = "z"\n[[list]]\nid = "z"\n'])
def test_nothing_to_change(text: str) -> None:
    """An id that is not there once and only once is not changed."""
    with pytest.raises(UsageError, match="z"):
        with_changes(text, "list", "z", {"updates": False})


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30), st.booleans(), st.dates())
def test_any_value_is_read_back(text: str, flag: bool, day: date) -> None:
    """Whatever is written is what a strict reader finds, and every comment is still there."""
    edited = with_entry(with_changes(TEXT, "list", "a", {"t": text, "f": flag}), "list", {"id": text, "d": day})
    read = tomllib.loads(edited)
    assert (read["list"][0]["t"], read["list"][0]["f"]) == (text, flag)
    assert read["list"][2] == {"id": text, "d": day}
    assert all(comment in edited for comment in _comments(TEXT))
