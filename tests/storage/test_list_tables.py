"""The table in a file answers as the one in memory, is built once, and never takes damage for a miss."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists.exceptions import ListException
from crawler.blocklists.interface import Entry, Run
from crawler.blocklists.matcher import Matcher
from crawler.blocklists.names import MARKER, NameTable
from crawler.blocklists.reading import path_entry
from crawler.errors import DamagedStateError
from crawler.storage import list_filling, list_tables
from crawler.storage.list_filling import TableWriter
from crawler.storage.list_tables import MappedTable
from crawler.values.digest import sha256
from crawler.values.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_texts = st.sampled_from(
    [
        *("a.test", "b.a.test", "c.b.a.test", "ab.test", "x--y.a.test", "a.test/x", "a.test/x/y", "b.a.test/x?q"),
        *("192.0.2.0/24", "192.0.2.7", "2001:db8::/32", "http://192.0.2.7/x", "bare"),
    ]
)
_asked = st.sampled_from(
    [
        *("http://a.test/", "http://www.a.test/x", "http://a.test/x/y/z", "http://b.a.test/x?q", "http://ab.test/x"),
        *("http://192.0.2.7/x/y", "http://192.0.2.8/", "http://[2001:db8::1]/", "a.bare", "bare", "test", "xb.a.test"),
    ]
)


def _written(writer: TableWriter, path: Path) -> MappedTable:
    with path.open("wb") as file:
        writer.write(file, {})
    return MappedTable.open(path)


def _exception(text: str, list_id: str) -> ListException:
    entry = next(item for item in path_entry(text, 0) if isinstance(item, Entry))
    return ListException(
        entry=entry, list_id=list_id, reason="", document="", decided_by="", is_false_positive=True,
        valid_from=None, valid_to=None,
    )  # fmt: skip


@given(
    st.lists(st.tuples(_texts, st.none() | st.just("1 O 1/26")), max_size=12),
    st.lists(st.sampled_from([b"a.test", b"n.test", b"b.a.test"]), min_size=1, max_size=4),
    st.lists(st.tuples(_texts, st.sampled_from(["l0", "l1"])), max_size=2),
    st.lists(_asked, min_size=1, max_size=4),
)
def test_as_in_memory(
    tmp_path_factory: pytest.TempPathFactory,
    entries: list[tuple[str, str | None]],
    run: list[bytes],
    lifting: list[tuple[str, str]],
    asked: list[str],
) -> None:
    """Entries of all kinds, runs, repetitions, references and exceptions: both tables give the same answers."""
    exceptions = [_exception(text, list_id) for text, list_id in lifting]
    writer = TableWriter()
    memory, filling = Matcher(exceptions), Matcher(exceptions, table=writer)
    for number, (text, reference) in enumerate(entries):
        entry = next(item for item in path_entry(text, number + 1) if isinstance(item, Entry))
        for matcher in (memory, filling):
            matcher.open_list(f"l{number % 2}", sha256(b""))
            matcher.add(entry._replace(reference=reference))
    for matcher in (memory, filling):
        matcher.open_list("l0", sha256(b""))
        matcher.add_run(Run(100, run))
    table = _written(writer, tmp_path_factory.mktemp("table") / "t")
    mapped = Matcher(exceptions, table=table, frame=filling.frame)
    assert [mapped.find(each) for each in asked] == [memory.find(each) for each in asked]
    assert [mapped.lifted(each) for each in asked] == [memory.lifted(each) for each in asked]
    assert len(mapped) == len(memory) == len(writer) == sum(table.entries.values())


@given(st.lists(st.text("ab.\u00fc", min_size=1, max_size=4), max_size=30), st.text("ab.", max_size=5))
def test_any_keys(tmp_path_factory: pytest.TempPathFactory, keys: list[str], asked: str) -> None:
    """Whatever the keys are, the same ones are found in the same places, nearest parents included."""
    writer, memory = TableWriter(), NameTable()
    for line, key in enumerate(keys):
        writer.add(key, 3, line)
        memory.add(key, 3, line)
    table = _written(writer, tmp_path_factory.mktemp("table") / "t")
    assert all(table.get(key) == memory.get(key) for key in [*keys, asked, "\ud800"])
    assert table.nearest(asked) == memory.nearest(asked)
    assert len(table) == len(memory)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A table of a thousand names."""
    writer = TableWriter()
    writer.add("marked/", MARKER, 0)
    writer.add_names([b"n%d.test" % number for number in range(1000)], 0, 1)
    _written(writer, tmp_path / "table")
    return tmp_path / "table"


def test_places(path: Path) -> None:
    """Every name is found with its line, in one process and in many; a marker is found and not counted."""
    table = MappedTable.open(path)
    assert [table.get(f"n{number}.test") for number in range(1000)] == [(0, line, None) for line in range(1, 1001)]
    assert table.nearest("www.n7.test") == ("n7.test", (0, 8, None))
    assert table.nearest("n1000.test") is None
    assert table.get("marked/") == (MARKER, 0, None)
    assert len(table) == 1000


def _cut(content: bytearray) -> None:
    del content[-1:]


def _cut_to_nothing(content: bytearray) -> None:
    content.clear()


def _cut_head(content: bytearray) -> None:
    del content[100:]


def _foreign(content: bytearray) -> None:
    content[:4] = b"NOPE"


def _head(content: bytearray) -> None:
    content[60] ^= 1


def _other_version(content: bytearray) -> None:
    start = len(b"clearcrawl lists\n")
    size = int.from_bytes(content[start : start + 4], "little")
    text = bytes(content[start + 8 : start + 8 + size]).replace(b'"version": [3', b'"version": [9')
    content[start + 4 : start + 8 + size] = crc32(text).to_bytes(4, "little") + text


def _print(content: bytearray) -> None:
    content[4096 + 5] ^= 1


@pytest.mark.parametrize("change", [_cut, _cut_to_nothing, _cut_head, _foreign, _head, _other_version, _print])
def test_damage_is_seen_when_opened(path: Path, change: Callable[[bytearray], None]) -> None:
    """A table that is cut, of another version, or whose mapped part has changed is not opened."""
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)
    with pytest.raises(DamagedStateError, match="no usable table"):
        MappedTable.open(path)


def test_damage_is_seen_when_asked(path: Path) -> None:
    """One octet changed anywhere behind the mapped part: every name is found as before, or the damage is named."""
    content = path.read_bytes()
    table = MappedTable.open(path)
    first = table._at["buckets"]
    wanted = {f"n{number}.test": (0, number + 1, None) for number in range(1000)}
    seen = 0
    for place in range(first, len(content), 211):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :])
        table = MappedTable.open(path)
        for name, expected in wanted.items():
            try:
                assert table.get(name) == expected
            except DamagedStateError:
                seen += 1
    assert seen > 0


def test_a_file_that_shrinks_is_damage(path: Path) -> None:
    """What is cut off while it is open is damage too, not a miss."""
    table = MappedTable.open(path)
    os.truncate(path, table._at["buckets"])
    with pytest.raises(DamagedStateError, match="cut short"):
        table.get("n1.test")


def test_two_halves_of_a_table() -> None:
    """A table that is being filled answers nothing, one that is written takes nothing."""
    writer = TableWriter()
    for ask in (writer.get, writer.nearest):
        with pytest.raises(NotImplementedError):
            ask("a.test")


def test_a_written_table_is_complete(path: Path) -> None:
    """Nothing can be added any more."""
    table = MappedTable.open(path)
    with pytest.raises(NotImplementedError):
        table.add("a.test", 0, 1)
    with pytest.raises(NotImplementedError):
        table.add_names([b"a.test"], 0, 1)


def test_fingerprints_that_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Different names with one fingerprint are told apart by their letters."""
    for module in (list_filling, list_tables):
        monkeypatch.setattr(module, "fingerprint", lambda octets: crc32(octets) % 5)
    writer = TableWriter()
    names = [f"n{number % 20}.test" for number in range(40)]
    for line, name in enumerate(names):
        writer.add(name, 0, line)
    table = _written(writer, tmp_path / "t")
    assert [table.get(f"n{number}.test") for number in range(20)] == [(0, line, None) for line in range(20)]
    assert table.get("n20.test") is None
    assert len(table) == 20


def test_a_host_beside_the_names(path: Path) -> None:
    """A matcher over the file names list, version and line."""
    matcher = Matcher(table=MappedTable.open(path))
    matcher.open_list("x", sha256(b""))
    listed = matcher.about_host(Host("deep.www.n5.test"))
    assert listed is not None
    assert (listed.list_id, listed.entry, listed.line) == ("x", "n5.test", 6)
