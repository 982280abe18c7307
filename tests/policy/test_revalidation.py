"""Conditional requests and what holds after a 304: RFC 9110 sections 8.8 and 13, RFC 9111 sections 3.2 and 4.3.4."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.response import Head, current, joined, see_head
from crawler.policy.revalidation import conditions, holding, is_about
from crawler.values.digest import sha256
from crawler.values.url import split

if TYPE_CHECKING:
    from crawler.policy.revalidation import Fields

STAMP = b"Mon, 02 Mar 2026 10:00:00 GMT"
URL = split("https://site.test/")  # type: ignore[arg-type] # canonical as written


def head(status: int, *fields: tuple[bytes, bytes]) -> Head:
    """A head of that status."""
    return Head(
        url=URL,
        status=status,
        fields=fields,
        digest=sha256(repr(fields).encode()),
        retrieved_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], ()),
        ([(b"ETag", b'"a"')], ("If-None-Match",)),
        ([(b"ETag", b'W/"a"'), (b"Last-Modified", STAMP)], ("If-None-Match", "If-Modified-Since")),
        ([(b"ETag", b"a")], ()),
        ([(b"ETag", b'"\xe4"')], ()),
        ([(b"ETag", b'"a"'), (b"ETag", b'"b"')], ()),
        ([(b"Last-Modified", b"yesterday")], ()),
        ([(b"Last-Modified", b"\xff")], ()),
        ([(b"ETag", b'"a"'), (b"Vary", b"Accept, *")], ()),
        ([(b"ETag", b'"a"'), (b"Vary", b"Accept-Encoding")], ("If-None-Match",)),
        ([(b"ETag", b'"a"'), (b"Vary", b"user-AGENT")], ("If-None-Match",)),
    ],
)
def test_which_validators_are_sent_back(fields: list[tuple[bytes, bytes]], expected: tuple[str, ...]) -> None:
    """Those that are one, well-formed, and of a response that could be ours again."""
    assert tuple(name for name, _ in conditions(tuple(fields), is_same_agent=True)) == expected


def test_another_agents_copy_is_not_ours_where_the_site_tells_them_apart() -> None:
    """Vary names User-Agent, and the copy was fetched under another one."""
    fields = ((b"ETag", b'"a"'), (b"Vary", b"User-Agent"))
    assert conditions(fields, is_same_agent=False) == ()
    assert conditions(fields[:1], is_same_agent=False) == (("If-None-Match", '"a"'),)


@pytest.mark.parametrize(
    ("fresh", "stored", "expected"),
    [
        ([], [], True),
        ([b'"a"'], [b'"a"'], True),
        ([b'"b"'], [b'"a"'], False),
        ([b'W/"b"'], [b'"a"'], True),
        ([b'"a"'], [], False),
    ],
)
def test_a_304_is_about_the_copy_with_its_tag(fresh: list[bytes], stored: list[bytes], expected: bool) -> None:
    """A strong tag of its own must be the stored one (RFC 9111 section 4.3.4)."""
    assert is_about(tuple((b"etag", tag) for tag in fresh), tuple((b"ETag", tag) for tag in stored)) is expected


def test_newer_fields_replace_older_ones_as_a_whole() -> None:
    """All values of a name go; what says how the octets are read stays with the octets."""
    fresh = ((b"X-Robots-Tag", b"noai"), (b"Content-Type", b"text/plain"), (b"Content-Length", b"0"))
    middle = ((b"x-robots-tag", b"all"), (b"ETag", b'"m"'))
    first = ((b"X-Robots-Tag", b"a"), (b"X-ROBOTS-TAG", b"b"), (b"content-type", b"text/html"), (b"etag", b'"f"'))
    assert holding([fresh, middle, first]) == (
        ((b"X-Robots-Tag", b"noai"),),
        ((b"ETag", b'"m"'),),
        ((b"content-type", b"text/html"),),
    )
    heads = (head(304, *middle), head(200, *first))
    assert joined(heads) == (*middle, (b"content-type", b"text/html"))
    now = current(head(304, *fresh), heads)
    assert (now.status, now.text(b"content-type"), now.text(b"x-robots-tag")) == (200, "text/html", "noai")


_FIELDS = st.lists(st.tuples(st.sampled_from([b"a", b"A", b"b", b"etag"]), st.binary(max_size=2)), max_size=4).map(
    tuple
)


@given(st.lists(_FIELDS, min_size=1, max_size=4))
def test_a_name_is_held_by_one_head_alone(heads: list[Fields]) -> None:
    """The newest that names it; none gets lost."""
    held = holding(heads)
    names = [{name.lower() for name, _ in fields} for fields in held]
    assert sum(map(len, names)) == len(set().union(*names))
    assert set().union(*names) == {name.lower() for fields in heads for name, _ in fields}


def test_a_304_without_a_copy_brings_nothing() -> None:
    """Nobody asked on condition: the page is not there."""
    seen = see_head(head(304, (b"Content-Type", b"text/html")), chain=(), redirects=5)
    assert seen.refusal is not None
    assert (seen.refusal.code, seen.refusal.defers) == ("http_unavailable", False)


def test_a_304_with_a_copy_is_read_with_both_heads() -> None:
    """A reservation of either binds; each statement names the head that made it."""
    stored = head(200, (b"Content-Type", b"text/html"), (b"X-Robots-Tag", b"noai"), (b"ETag", b'"a"'))
    seen = see_head(head(304, (b"tdm-reservation", b"1")), chain=(), redirects=5, stored=(stored,))
    assert (seen.refusal, seen.content_type) == (None, "text/html")
    assert len(seen.carriers.reads) == 2
    other = see_head(head(304, (b"ETag", b'"b"')), chain=(), redirects=5, stored=(stored,))
    assert other.refusal is not None
    assert (other.refusal.code, other.refusal.defers, other.refusal.retry_after) == ("stored_copy_unusable", True, 0.0)
