"""The quick way of reading, what a list says twice, and how a format is told by content."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists.exceptions import read_exceptions
from crawler.blocklists.formats import json_table
from crawler.blocklists.interface import Entry, EntryKind, Finding, Run
from crawler.blocklists.lines import LineFormat
from crawler.blocklists.reading import Guards, protected_names, read_list, read_runs, with_repetitions
from crawler.blocklists.registry import FORMATS, detect, format_named
from crawler.storage.suffixes import bundled_suffixes
from tests.shared import ROOT

SUFFIXES = bundled_suffixes()
PROTECTED = protected_names([Entry(EntryKind.DOMAIN, "www.protected.example", 1)])
SLOW = Guards(is_suffix=SUFFIXES.is_suffix, protected=PROTECTED)
QUICK = Guards(
    is_suffix=SUFFIXES.is_suffix, protected=PROTECTED, rules=SUFFIXES.rules, wildcards=SUFFIXES.wildcard_parents
)

_words = st.sampled_from(
    [
        *("bad.test", "worse.test", "co.uk", "foo.ck", "www.foo.ck", "www.ck", "protected.example", "github.io"),
        *("xn--bcher-kva.test", "xn--pypal-4ve.test", "com", "*", "192.0.2.1", "a..b", "x.y/z", "A.test", "a.test."),
        *("", "# c", "a.b c", "a_b.test", f"{'a.' * 126}test", f"{'a' * 63}.test", f"{'a' * 64}.test"),
    ]
)
_shapes = st.sampled_from(
    ["{}", "0.0.0.0 {}", "||{}^", "server=/{}/", "address=/{}/0.0.0.0", "address=/{}/x", "server=/{}/#", "*.{}", "{}#x"]
)
_line = st.builds(
    lambda shape, word, end: (shape.format(word) + end).encode(), _shapes, _words, st.sampled_from(["\n", "\r\n"])
)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.id)
@given(plain=st.integers(0, 40), lines=st.lists(_line, max_size=20), more=st.integers(0, 40))
def test_the_quick_way_reads_the_same(form: Any, plain: int, lines: list[bytes], more: int) -> None:
    """Taking many plain lines at once changes no entry and no finding."""
    usual = {"hosts": "0.0.0.0 {}\n", "adblock": "||{}^\n", "dnsmasq": "server=/{}/\n"}.get(form.id, "{}\n")
    around = [usual.format(f"n{number}.test").encode() for number in range(plain + more)]
    data = [*around[:plain], *lines, *around[plain:]]
    assert list(read_list(data, form, QUICK)) == list(read_list(data, form, SLOW))


def test_plain_lines_come_as_runs() -> None:
    """A thousand plain names are one item; an odd line among them costs only its neighbours the quick way."""
    data = [b"n%d.test\n" % number for number in range(2000)]
    items = list(read_runs(data, format_named("domains"), QUICK))
    assert [(type(item), item[0]) for item in items if isinstance(item, Run)] == [(Run, 1), (Run, 1025)]
    data[1500] = b"odd.test # why\n"
    items = list(read_runs(data, format_named("domains"), QUICK))
    assert sum(isinstance(item, Entry) for item in items) <= 16
    assert sum(len(item.names) if isinstance(item, Run) else 1 for item in items) == 2000


def test_a_format_says_how_its_rules_read() -> None:
    """The base of the line formats reads nothing by itself."""
    with pytest.raises(NotImplementedError):
        LineFormat().rule("a.test", 1)


def test_repetitions_and_contradictions() -> None:
    """What stands there twice, or is blocked and excepted, is told with both lines; it stays blocked."""
    lines = [
        b"||a.test^\n",
        b"@@||b.test^\n",
        b"||b.test^\n",
        b"||a.test^\n",
        b"@@||a.test^\n",
        b"@@||c.test^\n",
        b"@@/x y/\n",
    ]
    items = list(with_repetitions(read_list(lines, format_named("adblock"), QUICK)))
    assert [item.value for item in items if isinstance(item, Entry)] == ["a.test", "b.test", "a.test"]
    told = [
        (item.line, item.problem)
        for item in items
        if isinstance(item, Finding) and "the list excepts" not in item.problem
    ]
    assert told == [
        (3, "contradicts line 2, which excepts b.test: it is blocked"),
        (4, "a.test stands there already, in line 1"),
        (5, "contradicts line 1, which blocks a.test: it stays blocked"),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("# c\na.test\n192.0.2.1\nb.test # x\nhttp://c.test/x\n", "domains"),
        ("a.test/x\nhttps://b.test/y\nc.test\n", "urls"),
        ("# c\n0.0.0.0 a.test\n::1 localhost\n", "hosts"),
        ("# c\nserver=/a.test/\naddress=/b.test/0.0.0.0\n", "dnsmasq"),
        ("[Adblock Plus]\n! c\n||a.test^\n@@||b.test^\na.test##.x\n", "adblock"),
        ("! c\n||a.test^$all\n", "adblock"),
        ("\ufeff$TTL 1h\n@ SOA a. b. 1 2 3 4 5\na.test CNAME .\n", "rpz"),
        ("a.test CNAME .\n*.a.test CNAME .\n", "rpz"),
        ("# c\n*.a.test\n*.b.test\n", "wildcards"),
        ("No;Domain\n1;a.test\n", "csv"),
        ('"url","case"\n"a.test","x"\n', "csv"),
        ('\n[\n"a.test"]', "json"),
        ('{"domain": "a.test"}\n', "json"),
        ("", None),
        ("# only\n; this\n", None),
        ("a b c\nd e f\n", None),
        ("<html>\n<p>x y</p>\n", None),
        (r"(^|\.)warez", None),
    ],
)
def test_detection(text: str, wanted: str | None) -> None:
    """The format that most lines are written in; none where none fits."""
    form = detect(text.encode().splitlines(keepends=True))
    assert (form and form.id) == wanted


def test_a_line_of_json_may_be_long_but_not_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line past the bound is an error of its own, not read."""
    monkeypatch.setattr(json_table, "_LINE_OCTETS", 20)
    (found,) = read_list([b'["a.test", "b.test", "c.test"]'], format_named("json"), SLOW, may_be_empty=True)
    assert isinstance(found, Finding)
    assert "more than 20 octets" in found.problem


def test_dates_of_an_entry() -> None:
    """Both days count; what is not dated is always in force."""
    entry = Entry(EntryKind.DOMAIN, "a.test", 1, date(2026, 3, 1), date(2026, 3, 31))
    assert [
        entry.is_in_force(day) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1))
    ] == [*(False, True, True, False)]
    assert Entry(EntryKind.DOMAIN, "a.test", 1).is_in_force(date.min)


def test_every_format_is_documented() -> None:
    """docs/blocklist-formats.md has one row for each format, in the order of the registry."""
    text = (ROOT / "docs" / "blocklist-formats.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [form.id for form in FORMATS]


def test_the_documented_exceptions_are_read() -> None:
    """The example of the page is right as it stands."""
    text = (ROOT / "docs" / "blocklist-formats.md").read_text(encoding="utf-8")
    example = next(block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[[exception]]" in block)
    assert len(read_exceptions(example.encode(), {"court-2026-117", "community-piracy"})) == 2
