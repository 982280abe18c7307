"""What a response shows, read in two steps: the head while the body waits, the body when it has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.optout.collect import Collected
from crawler.policy.barriers import BarrierKind
from crawler.policy.decision import Stage
from crawler.policy.questions import collect_all
from crawler.policy.response import Head, facts_after, see_body, see_head
from crawler.values.digest import sha256
from crawler.values.url import parse
from tests.policy.samples import policy

if TYPE_CHECKING:
    from crawler.policy.response import Seen

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://example.com/article"
LIMITS = policy().limits
NOTHING_SAID = Collected(statements=(), unread=(), problems=(), references=(), soft=(), outcomes=())


def _head(*fields: tuple[bytes, bytes], status: int = 200) -> Head:
    return Head(url=parse(URL), status=status, fields=fields, digest=sha256(b"head"), retrieved_at=AT)


def _see(*fields: tuple[bytes, bytes], status: int = 200, chain: tuple[str, ...] = (), redirects: int = 10) -> Seen:
    return see_head(_head(*fields, status=status), chain=chain, redirects=redirects)


def _said(seen: Seen) -> list[str]:
    return [one.value for one in collect_all(parse(URL), seen.carriers, policy()).statements]


def test_head_of_a_plain_page() -> None:
    """Media type and nothing else."""
    seen = _see((b"Content-Type", b"text/html"))
    assert seen.content_type == "text/html"
    assert (seen.barrier, seen.redirect, seen.refusal, seen.retry_after, seen.page) == (None, None, None, None, None)


def test_statement_in_the_head() -> None:
    """Fields that state rights are carriers of the resource itself."""
    assert _said(_see((b"TDM-Reservation", b"1"))) == ["tdm-reservation: 1"]


def test_last_of_repeated_fields_counts() -> None:
    """Content-Type and Location stand once; of several the last holds, as in browsers."""
    assert _see((b"content-type", b"text/plain"), (b"Content-Type", b"text/html")).content_type == "text/html"
    seen = _see((b"Location", b"/a"), (b"Location", b"/b"), status=302)
    assert seen.redirect_text == "https://example.com/b"


@pytest.mark.parametrize(("status", "retry_after"), [(429, 30.0), (503, 30.0)])
def test_pause_that_the_site_asks_for(status: int, retry_after: float) -> None:
    """Retry-After is read whatever the status."""
    assert _see((b"Retry-After", b"30"), status=status).retry_after == retry_after


@pytest.mark.parametrize(
    ("location", "chain", "redirects", "code", "target"),
    [
        (b"/next", (), 10, None, "https://example.com/next"),
        (None, (), 10, "http_unavailable", None),
        (b"ftp://example.com/", (), 10, "scheme_refused", "ftp://example.com/"),
        (b"http://a\xff b/", (), 10, "url_malformed", "http://a\\udcff b/"),
        (b"#top", (), 10, "redirect_loop", URL),
        (b"/one", ("https://example.com/one",), 10, "redirect_loop", "https://example.com/one"),
        (b"/two", ("https://example.com/one",), 1, "too_many_redirects", "https://example.com/two"),
        (b"/two", ("https://example.com/one",), 2, None, "https://example.com/two"),
    ],
)
def test_target_of_a_redirect(
    location: bytes | None, chain: tuple[str, ...], redirects: int, code: str | None, target: str | None
) -> None:
    """A chain that cannot go on refuses the hop; the target is kept as far as it can be written."""
    fields = () if location is None else ((b"Location", location),)
    seen = _see(*fields, status=301, chain=chain, redirects=redirects)
    assert (None if seen.refusal is None else seen.refusal.code) == code
    assert seen.redirect_text == target


def test_redirect_to_a_login_is_a_barrier() -> None:
    """The target's words show it before anybody follows."""
    barrier = _see((b"Location", b"/login"), status=302).barrier
    assert barrier is not None
    assert barrier.kind is BarrierKind.LOGIN


def test_body_of_a_page() -> None:
    """Elements of the page join the carriers of the head."""
    seen = _see((b"Content-Type", b"text/html"), (b"X-Robots-Tag", b"noai"))
    body = b'<meta name="tdm-reservation" content="1"><p>Text.</p>'
    read = see_body(seen, _head(), body, as_sent=body, limits=LIMITS)
    assert read.page is not None
    assert sorted(_said(read)) == ['<meta name="tdm-reservation" content="1">', "X-Robots-Tag: noai"]
    assert read.refusal is None


def test_page_under_another_media_type() -> None:
    """What is a page by its first octets is read as one, whatever the field says."""
    body = b"<!doctype html><meta name='robots' content='noai'>"
    read = see_body(_see((b"Content-Type", b"application/octet-stream")), _head(), body, as_sent=body, limits=LIMITS)
    assert read.page is not None


def test_meta_refresh_to_a_login_is_a_barrier() -> None:
    """A refresh is judged like a redirect."""
    body = b'<meta http-equiv="refresh" content="0; url=/login"><p>Moment.</p>'
    read = see_body(_see((b"Content-Type", b"text/html")), _head(), body, as_sent=body, limits=LIMITS)
    assert read.barrier is not None
    assert read.barrier.kind is BarrierKind.LOGIN


def test_feed_with_licences() -> None:
    """The RSL elements of a feed count; a look-up service that is on is asked about feeds without them, too."""
    licence = '<license><prohibits type="usage">all</prohibits></license>'
    feed = f'<rss><item><content xmlns="https://rslstandard.org/rsl" url="">{licence}</content></item></rss>'.encode()
    seen = _see((b"Content-Type", b"application/rss+xml"))
    read = see_body(seen, _head(), feed, as_sent=feed, limits=LIMITS)
    assert _said(read) == ['<prohibits type="usage">all</prohibits>']
    assert read.media is not None
    assert see_body(seen, _head(), b"<rss/>", as_sent=b"", limits=LIMITS) is seen
    asked = see_body(seen, _head(), b"<rss/>", as_sent=b"", limits=LIMITS, lookups={"iscc": "https://b.example/"})
    assert [one.protocol for one in asked.carriers.references] == ["iscc"]


def test_page_that_is_too_deep_is_refused() -> None:
    """A page that was not read whole may hold what was not read."""
    body = b"<div>" * 50 + b"<p>Text."
    read = see_body(
        _see((b"Content-Type", b"text/html")), _head(), body, as_sent=body, limits=replace(LIMITS, html_depth=10)
    )
    assert read.refusal is not None
    assert read.refusal.code == "unparseable"


@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        (((b"Location", b"/next"),), 302, b"<meta name='robots' content='noai'>"),
        (((b"Content-Type", b"text/html"),), 200, b""),
        (((b"Content-Type", b"text/plain"),), 200, b"Plain words."),
    ],
    ids=["redirect", "empty", "text"],
)
def test_bodies_that_carry_nothing(fields: tuple[tuple[bytes, bytes], ...], status: int, body: bytes) -> None:
    """Bodies of hops, empty ones and plain text have no carriers."""
    seen = _see(*fields, status=status)
    assert see_body(seen, _head(status=status), body, as_sent=body, limits=LIMITS) is seen


def test_media_file_is_handed_to_its_readers() -> None:
    """An image is no page; its readers see it."""
    body = b"\x89PNG\r\n\x1a\n" + bytes(20)
    seen = _see((b"Content-Type", b"image/png"))
    read = see_body(seen, _head(), body, as_sent=body, limits=LIMITS)
    assert read.page is None
    assert read.refusal is None


def test_facts_for_the_gate() -> None:
    """Everything that was seen is in the facts of the second decision."""
    seen = _see((b"Retry-After", b"7"), status=503)
    facts = facts_after(_head(status=503), seen, NOTHING_SAID, today=AT.date(), robots=None, unread_tries=2)
    assert facts.stage is Stage.AFTER_FETCH
    assert (facts.status, facts.retry_after, facts.barrier, facts.unread_tries) == (503, 7.0, None, 2)
