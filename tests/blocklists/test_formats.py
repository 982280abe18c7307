"""Every format reads its vectors, and any bytes at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists.interface import Entry, EntryKind, Finding
from crawler.blocklists.matcher import Matcher
from crawler.blocklists.reading import Guards, protected_names, read_list
from crawler.blocklists.registry import FORMATS, format_named
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256
from tests.shared import shared_path

VECTORS = Path(__file__).parents[1] / "vectors" / "blocklists"
PROTECTED = protected_names(
    [Entry(EntryKind.DOMAIN, "www.protected.example", 1), Entry(EntryKind.NETWORK, "1.1.1.1/32", 2)]
)
GUARDS = Guards(is_suffix=bundled_suffixes().is_suffix, protected=PROTECTED)


CASES = [
    pytest.param(form.id, case, id=f"{form.id}-{case['id']}")
    for form in FORMATS
    for case in json.loads((VECTORS / form.id / "cases.json").read_text(encoding="utf-8"))
]


def _line(line: str | dict[str, Any]) -> bytes:
    text = line if isinstance(line, str) else line["repeat"] * line["times"]
    return text.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(("form", "case"), CASES)
def test_vectors(form: str, case: dict[str, Any]) -> None:
    """Entries, notes and errors stand where the vector says, by line."""
    items = list(read_list(map(_line, case["lines"]), format_named(form), GUARDS))
    entries = [[item.kind.value, item.value, item.line] for item in items if isinstance(item, Entry)]
    findings = [item for item in items if isinstance(item, Finding)]
    assert entries == case.get("entries", [])
    assert [item.line for item in findings if item.is_error] == case.get("errors", [])
    assert [item.line for item in findings if not item.is_error] == case.get("notes", [])
    assert all(item.problem.isprintable() for item in findings)


def test_registry() -> None:
    """Ids are unique, and every format says what it reads."""
    assert len({form.id for form in FORMATS}) == len(FORMATS)
    assert all(form.title for form in FORMATS)


def test_an_own_list_may_be_empty() -> None:
    """The operator's list and the protected names need no entries."""
    assert list(read_list([b"# none\n"], format_named("domains"), GUARDS, may_be_empty=True)) == []


@pytest.mark.parametrize(
    ("file", "outcome"), [("n1_empty", "empty"), ("n2_tld", "bare label"), ("n3_messy", None), ("base", None)]
)
def test_adversarial_lists(file: str, outcome: str | None) -> None:
    """A damaged update is refused by name, a messy one gives the same five names."""
    lines = shared_path(f"vectors/adversarial/blocklists/{file}.txt").read_bytes().splitlines(keepends=True)
    items = list(read_list(lines, format_named("domains"), GUARDS))
    errors = [item.problem for item in items if isinstance(item, Finding) and item.is_error]
    if outcome is None:
        names = {item.value for item in items if isinstance(item, Entry)}
        assert (names, errors) == (
            {"bad.test", "worse.example", "pirate.example", "leak.example", "mirror.example"},
            [],
        )
    else:
        assert outcome in errors[0]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.id)
@given(
    data=st.lists(st.one_of(st.binary(max_size=30), st.text("a.*:/#[]<0x1é ", max_size=20).map(str.encode)), max_size=8)
)
def test_any_bytes(form: Any, data: list[bytes]) -> None:
    """Any bytes give entries that can be matched, or findings on lines that exist; never an exception."""
    matcher = Matcher()
    matcher.open_list("x", sha256(b""))
    for item in read_list(data, form, GUARDS):
        if isinstance(item, Entry):
            assert 1 <= item.line <= len(data)
            matcher.add(item)
            if item.kind is EntryKind.DOMAIN:
                assert matcher.find(f"www.{item.value}") is not None
        else:
            assert item.line is None or 1 <= item.line <= len(data)


@pytest.mark.parametrize(
    ("file", "form", "count"),
    [
        ("blp-piracy.domains.txt", "domains", None),
        ("ut1-warez/domains", "domains", 1546),
        ("ut1-warez/urls", "urls", 15),
    ],
)
def test_real_lists(file: str, form: str, count: int | None) -> None:
    """Lists in use are read whole: as many entries as they have lines that are no comment."""
    content = shared_path(f"data/blocklists/{file}").read_bytes()
    items = list(read_list(content.splitlines(), format_named(form), GUARDS))
    errors = [item for item in items if isinstance(item, Finding) and item.is_error]
    entries = [item for item in items if isinstance(item, Entry)]
    expected = count or sum(1 for line in content.splitlines() if line and not line.startswith(b"#"))
    assert len(entries) + len(errors) == expected
    assert errors == []
