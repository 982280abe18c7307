"""What a look at a site file comes to: read, absent, soft 404, not fetched, unread."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.site_file import Found, SiteFileOutcome, is_page
from crawler.values.digest import sha256
from crawler.values.url import canonicalise

URL = canonicalise("https://site.example/trust.txt")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _outcome(
    status: int | None = 200, error: str | None = None, body: bytes | None = b"x", content_type: str | None = None
) -> SiteFileOutcome:
    return SiteFileOutcome(
        path="/trust.txt",
        url=URL,
        status=status,
        error=error,
        hops=("https://www.site.example/trust.txt",),
        content_type=content_type,
        body=body,
        retrieved_at=NOON,
        digest=None if body is None else sha256(body),
    )


@pytest.mark.parametrize(
    ("status", "error", "found", "why"),
    [
        (200, None, Found.READ, ""),
        (203, None, Found.READ, ""),
        (204, None, Found.ABSENT, "204"),
        (404, None, Found.ABSENT, "404"),
        (410, None, Found.ABSENT, "410"),
        (401, None, Found.ABSENT, "401"),
        (408, None, Found.UNREAD, "408"),
        (429, None, Found.UNREAD, "429"),
        (500, None, Found.UNREAD, "5xx"),
        (503, None, Found.UNREAD, "5xx"),
        (202, None, Found.UNREAD, "202"),
        (206, None, Found.UNREAD, "206"),
        (301, None, Found.UNREAD, "301"),
        (999, None, Found.UNREAD, "999"),
        (None, None, Found.UNREAD, "network"),
        (None, "timeout", Found.UNREAD, "timeout"),
        (200, "too_large", Found.UNREAD, "too_large"),
        (None, "disallowed_by_robots", Found.NOT_FETCHED, "disallowed_by_robots"),
        (None, "refused", Found.NOT_FETCHED, "refused"),
    ],
)
def test_outcomes(status: int | None, error: str | None, found: Found, why: str) -> None:
    """A 4xx status says that there is none; what nobody foresaw is unread, never absent."""
    outcome = _outcome(status, error)
    assert (outcome.found, outcome.why) == (found, why)


def test_success_without_a_body() -> None:
    """A body that was not kept is not an empty file."""
    assert _outcome(200, body=None).found is Found.UNREAD


@pytest.mark.parametrize(
    ("body", "content_type", "page"),
    [
        (b"<!DOCTYPE html><p>x", None, True),
        (b"\xef\xbb\xbf \n<!-- x --><HTML lang=de>", "text/plain", True),
        (b"<?xml version='1.0'?><html xmlns='x'>", "application/xml", True),
        (b"<body>", "application/json", True),
        (b"<p>not found", "text/html; charset=utf-8", True),
        (b" <p>not found", "Application/XHTML+xml", True),
        (b"datatrainingallowed=no", "text/html", False),
        (b'[{"location": "/"}]', "text/html", False),
        (b"", "text/html", False),
        (b"<rsl/>", "application/rsl+xml", False),
        (b"<htmlx>", None, False),
    ],
)
def test_pages_for_people(body: bytes, content_type: str | None, page: bool) -> None:
    """PC-9: a page is known by its markup, whatever its type; lines under a wrong type are still lines."""
    assert is_page(body, content_type) is page
    assert _outcome(body=body, content_type=content_type).found is (Found.SOFT_404 if page else Found.READ)
    assert _outcome(body=body, content_type=content_type).why == ("soft_404" if page else "")


def test_source_names_the_bytes() -> None:
    """Evidence of a file that was not to be had points to nothing's digest."""
    assert _outcome(body=b"x").source.digest == sha256(b"x")
    assert _outcome(404, body=None).source.digest == sha256(b"")


@given(
    st.none() | st.integers(100, 599),
    st.none() | st.text(),
    st.none() | st.binary(),
    st.none() | st.text(),
)
def test_json_round_trip(status: int | None, error: str | None, body: bytes | None, content_type: str | None) -> None:
    """The stored form and the stored body give the same outcome back."""
    outcome = _outcome(status, error, body, content_type)
    assert SiteFileOutcome.from_json(outcome.to_json(), body) == outcome


@pytest.mark.parametrize("text", ["", "[]", "{}", "5", '{"path": 1}'])
def test_json_of_something_else(text: str) -> None:
    """Damaged state is told, not guessed at."""
    with pytest.raises(ValueError, match=r"outcome|Expecting"):
        SiteFileOutcome.from_json(text, None)
