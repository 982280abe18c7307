"""What an entry covers, against a naive reading, and the table of names."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.blocklists import matcher as matching
from crawler.blocklists.interface import Entry, EntryKind, Listed
from crawler.blocklists.matcher import Matcher
from crawler.blocklists.names import NameTable
from crawler.errors import UrlError
from crawler.values.digest import sha256
from crawler.values.host import Host
from crawler.values.url import CanonicalUrl, split

FIRST, SECOND = sha256(b"first"), sha256(b"second")


@pytest.fixture
def matcher() -> Matcher:
    """Two lists with all kinds of entries."""
    matcher = Matcher()
    matcher.open_list("first", FIRST)
    for line, name in enumerate(["bad.test", "deep.worse.test"], start=1):
        assert matcher.add(Entry(EntryKind.DOMAIN, name, line))
    matcher.open_list("second", SECOND)
    assert not matcher.add(Entry(EntryKind.DOMAIN, "bad.test", 1))
    assert matcher.add(Entry(EntryKind.DOMAIN, "worse.test", 2))
    assert matcher.add(Entry(EntryKind.PATH, "shared.test/user/x", 3))
    assert not matcher.add(Entry(EntryKind.PATH, "shared.test/user/x", 4))
    assert matcher.add(Entry(EntryKind.PATH, "shared.test/q?a=1", 5))
    assert matcher.add(Entry(EntryKind.NETWORK, "192.0.2.0/24", 6))
    assert matcher.add(Entry(EntryKind.NETWORK, "192.0.2.7/32", 7))
    assert not matcher.add(Entry(EntryKind.NETWORK, "192.0.2.7/32", 8))
    assert matcher.add(Entry(EntryKind.NETWORK, "2001:db8::/32", 9))
    return matcher


@pytest.mark.parametrize(
    ("asked", "entry", "line"),
    [
        ("bad.test", "bad.test", 1),
        ("a.b.bad.test", "bad.test", 1),
        ("x.deep.worse.test", "deep.worse.test", 2),
        ("shallow.worse.test", "worse.test", 2),
        ("https://www.bad.test:8080/x?y", "bad.test", 1),
        ("http://shared.test/user/x", "shared.test/user/x", 3),
        ("http://shared.test/user/x/y", "shared.test/user/x", 3),
        ("http://shared.test/user/x?y", "shared.test/user/x", 3),
        ("http://shared.test/q?a=1", "shared.test/q?a=1", 5),
        ("192.0.2.7", "192.0.2.7/32", 7),
        ("192.0.2.8", "192.0.2.0/24", 6),
        ("http://192.0.2.8/", "192.0.2.0/24", 6),
        ("::ffff:c000:208", "192.0.2.0/24", 6),
        ("http://[2001:db8::1]/", "2001:db8::/32", 9),
    ],
)
def test_covered(matcher: Matcher, asked: str, entry: str, line: int) -> None:
    """Names cover what is below them, paths what is below them, networks their addresses; the nearest entry answers."""
    listed = matcher.find(asked)
    assert listed is not None
    assert (listed.entry, listed.line) == (entry, line)


@pytest.mark.parametrize(
    "asked",
    [
        *("notbad.test", "test", "bad.test.example", "bad", "http://shared.test/", "http://shared.test/user/xy"),
        *("http://shared.test/user/", "http://www.shared.test/user/x", "http://one.test/?u=http://bad.test/"),
        *("192.0.3.1", "2001:db9::1", "http://shared.test/q?a=12"),
    ],
)
def test_not_covered(matcher: Matcher, asked: str) -> None:
    """Borders are those of labels and of path segments; a path binds on its own host alone."""
    assert matcher.find(asked) is None


def test_which_list_answers(matcher: Matcher) -> None:
    """Where two lists hold an entry, the first one is named with its digest."""
    assert matcher.find("bad.test") == Listed(list_id="first", list_digest=FIRST, entry="bad.test", line=1)
    assert len(matcher) == 8


def test_not_asked_for_what_is_none(matcher: Matcher) -> None:
    """A text that is neither URL nor address raises, so that the gate refuses instead of letting it pass."""
    with pytest.raises(UrlError):
        matcher.find("http://")
    with pytest.raises(ValueError, match="address"):
        matcher.about_address("bad.test")


def test_asked_in_parts(matcher: Matcher) -> None:
    """A URL that is split already, a name and a literal address get the answers that their text gets."""
    url = split(CanonicalUrl("http://shared.test/user/x?y"))
    assert matcher.about_url(url) == matcher.find("http://shared.test/user/x?y")
    assert matcher.about_host(Host("192.0.2.7")) == matcher.find("192.0.2.7") is not None
    assert matcher.about_host(Host("a.bad.test")) == matcher.find("a.bad.test")
    plain = Matcher()
    plain.open_list("x", FIRST)
    plain.add(Entry(EntryKind.DOMAIN, "shared.test", 1))
    assert plain.about_url(url) == plain.find("shared.test") is not None


def test_without_entries() -> None:
    """No lists cover nothing."""
    assert Matcher().find("http://one.test/x") is None
    assert Matcher().about_address("1.1.1.1") is None


_labels = st.lists(st.sampled_from(["a", "b", "aa", "ab", "test"]), min_size=1, max_size=4).map(".".join)


@given(st.lists(_labels, max_size=12), _labels)
def test_as_a_naive_reading(names: list[str], host: str) -> None:
    """The answer is the longest listed name that equals the host or ends it at a label border."""
    matcher = Matcher()
    matcher.open_list("x", FIRST)
    for line, name in enumerate(names, start=1):
        matcher.add(Entry(EntryKind.DOMAIN, name, line))
    covering = [name for name in names if host == name or host.endswith(f".{name}")]
    listed = matcher.about_host(Host(host))
    assert (listed and listed.entry) == max(covering, key=len, default=None)
    if listed is not None:
        assert names[listed.line - 1] == listed.entry


def test_name_table() -> None:
    """Every name that was added is found with its numbers while the table grows, and no other."""
    draw = random.Random(7)  # noqa: S311 - names for a test
    names = {f"{draw.getrandbits(40):x}.example": line for line in range(5_000)}
    table = NameTable()
    for name, line in names.items():
        assert table.add(name, line % 3, line)
    assert len(table) == len(names)
    assert all(table.get(name) == (line % 3, line, None) for name, line in names.items())
    assert not table.add(next(iter(names)), 9, 9)
    assert all(table.get(f"{number}.other") is None for number in range(5_000))
    assert table.get("\u00e9") is None


def test_remembered_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is at hand is the one that the lists give, also after more of them, and after many other hosts."""
    monkeypatch.setattr(matching, "HOSTS_REMEMBERED", 3)
    matcher = Matcher()
    matcher.open_list("first", FIRST)
    assert matcher.about_host(Host("www.late.test")) is None
    matcher.open_list("second", FIRST)
    matcher.add(Entry(EntryKind.DOMAIN, "late.test", 5))
    for number in (*range(5), *range(5)):
        assert matcher.about_host(Host(f"n{number}.test")) is None
        found = matcher.about_host(Host("www.late.test"))
        assert found is not None
        assert (found.list_id, found.line) == ("second", 5)
