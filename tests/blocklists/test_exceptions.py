"""What legal lets pass: read strictly, and for one list at a time."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists.exceptions import ListException, read_exceptions
from crawler.blocklists.interface import Entry, EntryKind, Run
from crawler.blocklists.keys import key_of
from crawler.blocklists.matcher import Matcher
from crawler.blocklists.reading import path_entry
from crawler.errors import DocumentError
from crawler.values.digest import sha256
from crawler.values.url import CanonicalUrl, split

GOOD = """
[[exception]]
entry = "Good.bad.test"
list = "first"
reason = "licence of 1 March 2026"
document = "contracts/17.pdf"
decided_by = "Head of legal"
valid_from = 2026-03-01
valid_to = 2026-12-31

[[false_positive]]
entry = "192.0.2.7"
list = "local"
reason = "another customer of the same host"
appeal = "ticket 4711"
decided_by = "Head of legal"
"""


def exception(text: str, list_id: str) -> ListException:
    """An exception in force."""
    entry = next(item for item in path_entry(text, 0) if isinstance(item, Entry))
    return ListException(
        entry=entry,
        list_id=list_id,
        reason="r",
        document="d",
        decided_by="p",
        is_false_positive=False,
        valid_from=None,
        valid_to=date(2030, 1, 1),
    )


def test_read() -> None:
    """Both kinds with their keys; an exception has its days, a false positive its appeal."""
    first, second = read_exceptions(GOOD.encode(), {"first", "local"})
    assert (first.entry, first.list_id, first.document) == (
        Entry(EntryKind.DOMAIN, "good.bad.test", 0),
        "first",
        "contracts/17.pdf",
    )
    assert (second.entry.value, second.document, second.is_false_positive) == ("192.0.2.7/32", "ticket 4711", True)
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 12, 31), date(2027, 1, 1))
    assert [first.is_in_force(day) for day in days] == [False, True, True, False]
    assert second.is_in_force(date(2030, 1, 1))
    assert read_exceptions(b"", ()) == ()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("Good.bad.test", "a..b", "exception[1].entry"),
        ('"first"', '"second"', "exception[1].list"),
        ("valid_to = 2026-12-31", "", "exception[1].valid_to"),
        ("valid_to = 2026-12-31", "valid_to = 2026-02-01", "exception[1].valid_to"),
        ('reason = "licence of 1 March 2026"', "", "exception[1].reason"),
        ("document =", "appeal =", "exception[1].document"),
        ('appeal = "ticket 4711"', "", "false_positive[1].appeal"),
        ("[[exception]]", "[[except]]", "except"),
    ],
)
def test_mistakes(old: str, new: str, key: str) -> None:
    """A line without list, reason, document or end does not let anything pass: it is a mistake."""
    with pytest.raises(DocumentError) as failure:
        read_exceptions(GOOD.replace(old, new, 1).encode(), {"first", "local"})
    assert key in [mistake.key for mistake in failure.value.mistakes]


def _filled(*exceptions: ListException) -> Matcher:
    matcher = Matcher(exceptions)
    for name in ("first", "second"):
        matcher.open_list(name, sha256(name.encode()))
        if name == "first":
            for number, text in enumerate(
                ["bad.test", "deep.good.bad.test", "shared.test/user", "shared.test/user/x/y", "192.0.2.0/24"], start=1
            ):
                matcher.add(next(item for item in path_entry(text, number) if isinstance(item, Entry)))
        matcher.add_run(Run(10, [b"both.test", f"{name}.test".encode()]))
    return matcher


@pytest.mark.parametrize(
    ("lifting", "asked", "entry"),
    [
        ("good.bad.test", "www.good.bad.test", None),
        ("good.bad.test", "bad.test", "bad.test"),
        ("good.bad.test", "deep.good.bad.test", "deep.good.bad.test"),
        ("bad.test", "x.bad.test", None),
        ("good.test", "bad.test", "bad.test"),
        ("shared.test/user/x", "http://shared.test/user/x?y", None),
        ("shared.test/user/x", "http://shared.test/user/x/y/z", "shared.test/user/x/y"),
        ("shared.test/user/x", "http://shared.test/user/z", "shared.test/user"),
        ("shared.test/user", "http://shared.test/user/z", None),
        ("shared.test", "http://shared.test/user/z", "shared.test/user"),
        ("bad.test/ok", "http://bad.test/ok", None),
        ("bad.test/ok", "http://bad.test/no", "bad.test"),
        ("192.0.2.7", "192.0.2.7", None),
        ("192.0.2.7", "::ffff:c000:207", None),
        ("192.0.2.7", "192.0.2.8", "192.0.2.0/24"),
        ("192.0.0.0/16", "192.0.2.8", "192.0.2.0/24"),
        ("2001:db8::/32", "192.0.2.8", "192.0.2.0/24"),
        ("bad.test", "192.0.2.8", "192.0.2.0/24"),
    ],
)
def test_lifted(lifting: str, asked: str, entry: str | None) -> None:
    """An exception opens what it names and what lies below, against entries there or around it, and nothing else."""
    matcher = _filled(exception(lifting, "first"))
    listed = matcher.find(asked)
    assert (listed and listed.entry) == entry
    assert entry is not None or matcher.lifted(asked)
    assert _filled(exception(lifting, "second")).find(asked) is not None


def test_one_list_at_a_time() -> None:
    """What two lists name stays blocked until an exception stands for each."""
    first, second = exception("both.test", "first"), exception("both.test", "second")
    matcher = _filled(first)
    listed = matcher.find("both.test")
    assert listed is not None
    assert (listed.list_id, listed.line) == ("second", 10)
    assert [(lifted.list_id, found) for lifted, found in matcher.lifted("both.test")] == [("first", first)]
    assert _filled(first, second).find("http://www.both.test/x") is None


_texts = st.sampled_from(
    [
        "a.test",
        "b.a.test",
        "c.b.a.test",
        "a.test/x",
        "a.test/x/y",
        "b.a.test/x?q",
        "192.0.2.0/24",
        "192.0.2.7",
        "test.test",
    ]
)


@given(
    st.lists(st.tuples(st.sampled_from(["first", "second"]), _texts), max_size=8),
    st.lists(st.tuples(st.sampled_from(["first", "second"]), _texts), max_size=3),
    st.sampled_from(
        [
            *("http://a.test/x/y/z", "http://b.a.test/x?q", "http://192.0.2.7/", "http://c.b.a.test/"),
            *("http://a.test//x", "http://a.test/x/", "http://b.a.test/x?q/r"),
        ]
    ),
)
def test_as_a_naive_reading(listed: list[tuple[str, str]], lifting: list[tuple[str, str]], asked: str) -> None:
    """A URL is covered where an entry covers it for which no exception stands that covers it too and lies inside."""
    matcher = Matcher(exception(text, name) for name, text in lifting)
    for name in ("first", "second"):
        matcher.open_list(name, sha256(name.encode()))
        for line, (owner, text) in enumerate(listed, start=1):
            if owner == name:
                matcher.add(_entry(text, line))
    left = {
        (owner, _entry(text).value)
        for owner, text in listed
        if _covers(text, asked)
        and not any(owner == name and _covers(other, asked) and _is_inside(other, text) for name, other in lifting)
    }
    found = matcher.find(asked)
    assert (found is None) == (not left)
    assert found is None or (found.list_id, found.entry) in left


def _entry(text: str, line: int = 1) -> Entry:
    return next(item for item in path_entry(text, line) if isinstance(item, Entry))


def _covers(text: str, asked: str) -> bool:
    one = Matcher()
    one.open_list("x", sha256(b""))
    one.add(_entry(text))
    return one.find(asked) is not None


def _is_inside(inner: str, outer: str) -> bool:
    probe = inner if _entry(inner).kind is not EntryKind.NETWORK else inner.partition("/")[0]
    narrower = _entry(inner).kind is not EntryKind.NETWORK or len(inner) <= len(outer)
    return narrower and _covers(outer, f"http://{probe}{'' if '/' in probe else '/'}")


def test_references_and_keys() -> None:
    """An entry's own reference is in the answer; a key is read back as the entry that it stands for."""
    matcher = Matcher()
    matcher.open_list("first", sha256(b""))
    entry = Entry(EntryKind.DOMAIN, "a.test", 3, reference="1 O 1/26")
    assert matcher.add(entry)
    listed = matcher.find("a.test")
    assert listed is not None
    assert listed.reference == "1 O 1/26"
    assert key_of(entry) == "a.test"


def test_a_filled_table_answers_the_same() -> None:
    """A matcher over the table and frame of another one gives the same answers."""
    exceptions = (exception("good.bad.test", "first"), exception("both.test", "first"))
    filled = _filled(*exceptions)
    again = Matcher(exceptions, table=filled._table, frame=filled.frame)
    url = split(CanonicalUrl("http://www.both.test/x"))
    assert again.about_url(url) == filled.about_url(url) == filled.find("both.test")
    assert again.find("good.bad.test") is None
    assert len(again) == len(filled)
