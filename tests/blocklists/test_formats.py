"""Every format reads its vectors, and any bytes at all."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists.formats.ut1 import Ut1
from crawler.blocklists.interface import Columns, Entry, EntryKind, Finding
from crawler.blocklists.matcher import Matcher
from crawler.blocklists.reading import Guards, protected_names, read_list
from crawler.blocklists.registry import FORMATS, detect, format_named
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256
from tests.shared import shared_path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

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
    columns = Columns(**case["columns"]) if "columns" in case else None
    items = list(read_list(map(_line, case["lines"]), format_named(form, columns), GUARDS))
    entries = [[item.kind.value, item.value, item.line] for item in items if isinstance(item, Entry)]
    findings = [item for item in items if isinstance(item, Finding)]
    assert entries == case.get("entries", [])
    assert [item.line for item in findings if item.is_error] == case.get("errors", [])
    assert [item.line for item in findings if not item.is_error] == case.get("notes", [])
    assert all(item.problem.isprintable() for item in findings)
    if "dated" in case:
        assert [_dated(item) for item in items if isinstance(item, Entry)] == case["dated"]


def _dated(entry: Entry) -> list[str | None]:
    first, last = (None if day is None else str(day) for day in (entry.valid_from, entry.valid_to))
    return [first, last, entry.reference]


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
    lines = sum(max(1, len(line.splitlines())) for line in data)
    for item in read_list(data, form, GUARDS):
        if isinstance(item, Entry):
            assert 1 <= item.line <= lines
            matcher.add(item)
            if item.kind is EntryKind.DOMAIN:
                assert matcher.find(f"www.{item.value}") is not None
        else:
            assert item.line is None or 1 <= item.line <= lines


REAL = {
    "blp-piracy.domains.txt": ("domains", rb"[^#\s]\S+"),
    "blp-piracy.hosts.txt": ("hosts", rb"0\.0\.0\.0 \S+"),
    "blp-piracy.adguard.txt": ("adblock", rb"\|\|.+\^"),
    "blp-piracy.dnsmasq.conf": ("dnsmasq", rb"server=/.+/"),
    "hagezi-anti.piracy.adblock.txt.zst": ("adblock", rb"\|\|.+\^"),
    "ut1-warez/domains": ("domains", rb".+"),
    "ut1-warez/urls": ("urls", rb".+"),
}
"""List to its format and the lines that are entries."""


def real_list(file: str) -> list[bytes]:
    """Lines of a list in use."""
    content = shared_path(f"data/blocklists/{file}").read_bytes()
    return (zstd.decompress(content) if file.endswith(".zst") else content).splitlines(keepends=True)


@pytest.mark.parametrize("file", REAL)
def test_real_lists(file: str) -> None:
    """Lists in use are read whole: as many entries as an independent count of lines, and the format is told."""
    form, pattern = REAL[file]
    lines = real_list(file)
    guards = Guards(
        is_suffix=GUARDS.is_suffix,
        rules=bundled_suffixes().rules,
        wildcards=bundled_suffixes().wildcard_parents,
    )
    items = list(read_list(lines, format_named(form), guards))
    entries = [item for item in items if isinstance(item, Entry)]
    assert [item for item in items if isinstance(item, Finding)] == []
    assert len(entries) == sum(1 for line in lines if re.fullmatch(pattern, line.strip()))
    assert all(entry.value.encode() in lines[entry.line - 1] for entry in entries if entry.kind is EntryKind.DOMAIN)
    told = detect(lines)
    assert told is not None
    assert told.id == form


def test_real_folder() -> None:
    """A UT1 folder: every member that is read has its reader."""
    members = Ut1().members
    folder = shared_path("data/blocklists/ut1-warez")
    assert {path.name for path in folder.iterdir()} - set(members) == {"usage"}


@pytest.mark.parametrize("form", ["domains", "hosts", "dnsmasq", "adblock"])
def test_one_list_in_four_formats(form: str) -> None:
    """The same list gives the same names in each of its formats."""
    file = next(name for name, (known, _) in REAL.items() if known == form)
    names = {
        name: {
            item.value for item in read_list(real_list(name), format_named(known), GUARDS) if isinstance(item, Entry)
        }
        for name, (known, _) in REAL.items()
        if name in {file, "blp-piracy.domains.txt"}
    }
    assert len(set(map(frozenset, names.values()))) == 1
