"""What a fetch of robots.txt means: the whole table, the older copy, the retries, and the evidence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import DamagedStateError
from crawler.optout.robots.outcome import (
    LIFETIME_S,
    UNREACHABLE_LIFETIME_S,
    RobotsAccess,
    RobotsFetch,
    judge,
    retry_delay,
)
from crawler.values.digest import sha256

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BODY = b"User-agent: *\nDisallow: /\n"


def _fetch(**values: Any) -> RobotsFetch:
    return RobotsFetch(requested="https://a.test/robots.txt", retrieved_at=NOW, **values)


@pytest.mark.parametrize(
    ("status", "code", "access"),
    [
        (204, "robots_empty", "allow"),
        *((status, "robots_unavailable", "allow") for status in (400, 404, 405, 406, 410, 418, 425, 499)),
        *((status, "robots_forbidden", "deny") for status in (401, 402, 403, 407, 451)),
        *((status, "robots_busy", "defer") for status in (408, 429)),
        *((status, "robots_unreachable", "deny") for status in (201, 202, 205, 226, 304, 500, 503, 599, 100, 600, 0)),
        (206, "robots_truncated", "deny"),
        *((status, "robots_redirect", "deny") for status in (300, 301, 302, 305, 399)),
        (None, "robots_unreachable", "deny"),
    ],
)
def test_status_alone_decides(status: int | None, code: str, access: str) -> None:
    """No body of any other answer than 200 and 203 is parsed."""
    outcome = judge(_fetch(status=status, body=b"User-agent: *\nAllow: /\n"))
    assert (outcome.code, outcome.access, outcome.body) == (code, access, None)
    assert outcome.status == status
    assert outcome.retrieved_at == NOW


@pytest.mark.parametrize("status", [200, 203])
def test_a_body_is_to_be_parsed(status: int) -> None:
    """The rules decide; the digest is of the bytes as received."""
    outcome = judge(_fetch(status=status, body=BODY, is_truncated=True, content_type="text/html"))
    assert (outcome.code, outcome.access, outcome.body) == ("robots_rules", None, BODY)
    assert (outcome.is_truncated, outcome.is_cached, outcome.digest) == (True, False, sha256(BODY))
    assert outcome.retry_after is None


@pytest.mark.parametrize(
    ("error", "code", "access"),
    [
        *((error, "robots_unreachable", "deny") for error in ("timeout", "dns", "tls", "connection", "something")),
        *((error, "robots_unreachable", "deny") for error in ("truncated", "undecodable")),
        *((error, "robots_redirect", "defer") for error in ("too_many_redirects", "redirect_loop")),
        ("hop_refused", "robots_redirect", "deny"),
        ("site_pause", "robots_busy", "defer"),
    ],
)
def test_an_error_beats_the_status(error: str, code: str, access: str) -> None:
    """A good status does not help where the transfer failed."""
    outcome = judge(_fetch(status=200, body=BODY, error=error))
    assert (outcome.code, outcome.access, outcome.error) == (code, access, error)
    assert (outcome.retry_after is None) == (error == "hop_refused")


def test_five_hops_are_followed_and_six_defer() -> None:
    """RFC 9309 section 2.3.1.2 and PC-10."""
    assert judge(_fetch(status=200, body=BODY, hops=("u",) * 5)).code == "robots_rules"
    outcome = judge(_fetch(status=200, body=BODY, hops=("u",) * 6))
    assert (outcome.code, outcome.access) == ("robots_redirect", "defer")


def test_an_older_copy_serves_while_unreachable() -> None:
    """It keeps its own date, and the authority is asked again by the schedule."""
    outcome = judge(_fetch(status=503, cached_body=BODY, cached_age_s=90_000.0, cached_is_truncated=True))
    assert (outcome.code, outcome.access, outcome.body) == ("robots_rules", None, BODY)
    assert (outcome.is_cached, outcome.is_truncated) == (True, True)
    assert outcome.retrieved_at == NOW - timedelta(seconds=90_000)
    assert outcome.retry_after == 300


@pytest.mark.parametrize(
    "values",
    [
        {"cached_age_s": UNREACHABLE_LIFETIME_S + 1.0},
        {"cached_age_s": None},
        {"cached_age_s": 10.0, "unreachable_for_s": UNREACHABLE_LIFETIME_S + 1.0},
    ],
)
def test_a_copy_that_is_too_old_or_of_unknown_age_denies(values: dict[str, Any]) -> None:
    """After 30 days the disallow stays."""
    outcome = judge(_fetch(error="timeout", cached_body=BODY, **values))
    assert (outcome.code, outcome.access) == ("robots_unreachable", "deny")


def test_no_older_copy_for_an_answer() -> None:
    """A refusal, a wait or a strange success is an answer: the copy is not used instead."""
    for status in (202, 206, 302, 401, 403, 404, 429):
        assert judge(_fetch(status=status, cached_body=BODY, cached_age_s=1.0)).body is None


def test_not_modified_needs_a_copy() -> None:
    """304 renews the copy at hand; the next attempt is due after the lifetime."""
    outcome = judge(_fetch(status=304, cached_body=BODY, cached_age_s=LIFETIME_S + 5.0))
    assert (outcome.code, outcome.body, outcome.is_cached) == ("robots_rules", BODY, True)
    assert outcome.retry_after is None
    assert judge(RobotsFetch(requested="u", status=304, cached_body=BODY)).retrieved_at is None


def test_retry_schedule() -> None:
    """5 minutes, 30 minutes, 2 hours, then hourly (R3.3); the site's own wait counts where it is longer."""
    assert [retry_delay(failures) for failures in (0, 1, 2, 3, 4, 5, 99)] == [300, 300, 1800, 7200, 3600, 3600, 3600]
    assert judge(_fetch(status=429, failures=2)).retry_after == 1800
    assert judge(_fetch(status=429, failures=2, retry_after_s=5000.0)).retry_after == 5000
    assert judge(_fetch(status=503, failures=3, retry_after_s=5.0)).retry_after == 7200
    assert judge(_fetch(status=403, retry_after_s=5.0)).retry_after is None


FETCHES = st.builds(
    RobotsFetch,
    requested=st.text(max_size=9),
    status=st.none() | st.integers(-5, 700),
    error=st.none() | st.sampled_from(["timeout", "redirect_loop", "hop_refused", "x"]),
    hops=st.lists(st.text(max_size=3), max_size=8).map(tuple),
    content_type=st.none() | st.text(max_size=9),
    body=st.binary(max_size=20),
    is_truncated=st.booleans(),
    retry_after_s=st.none() | st.floats(0, 1e6),
    failures=st.integers(-1, 9),
    retrieved_at=st.none() | st.datetimes(min_value=datetime(2020, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the strategy adds the zone
    cached_body=st.none() | st.binary(max_size=20),
    cached_age_s=st.none() | st.floats(0, 1e7),
    cached_is_truncated=st.booleans(),
    unreachable_for_s=st.none() | st.floats(0, 1e7),
)


@given(FETCHES)
def test_every_fetch_has_an_outcome_and_replays(fetch: RobotsFetch) -> None:
    """Stored evidence gives the same outcome; only 2xx without a body, and 4xx, allow without rules."""
    outcome = judge(fetch)
    assert (outcome.access is None) == (outcome.body is not None)
    if outcome.access is RobotsAccess.ALLOW:
        assert fetch.error is None
        assert fetch.status == 204 or 400 <= (fetch.status or 0) < 500
    facts = json.loads(json.dumps(fetch.to_facts()))
    bodies = {sha256(body): body for body in (fetch.body, fetch.cached_body) if body is not None}
    again = RobotsFetch.from_facts(facts, bodies)
    assert again == fetch
    assert judge(again) == outcome


def test_evidence_with_a_missing_or_changed_body_is_damaged() -> None:
    """Replay never decides on other bytes than the crawl did."""
    facts = _fetch(status=200, body=BODY).to_facts()
    for bodies in ({}, {sha256(BODY): b"User-agent: *\nAllow: /\n"}):
        with pytest.raises(DamagedStateError, match="missing from the evidence or was changed"):
            RobotsFetch.from_facts(facts, bodies)
