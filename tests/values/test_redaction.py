"""Secrets do not leave in URLs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.redaction import SECRET_NAMES, redact
from tests.shared import shared_path


@pytest.mark.parametrize(
    "text",
    [
        "http://u:HIDEME@one.test/",
        "http://HIDEME@one.test/",
        "http://u:p@HIDEME@one.test/",
        "http://one.test/?token=HIDEME",
        "http://one.test/?a=1&access_token=x=HIDEME",
        "http://one.test/?userToken=HIDEME",
        "http://one.test/?X-Amz-Signature=HIDEME&b=1",
        "http://one.test/?a%5Btoken%5D=HIDEME",
        "http://one.test/?x/token=HIDEME",
        "http://one.test/?APIKey=HIDEME",
        "http://one.test/?PHPSESSID=HIDEME",
        "http://one.test/p;jsessionid=HIDEME",
        "http://one.test/#access_token=HIDEME",
        "http://one.test/?next=http%3A%2F%2Fa.test%2F%3Fsig%3DHIDEME",
        "http://one.test/?next=http%3A%2F%2Fu:HIDEME@a.test%2F",
        "<GET http://one.test/?password=HIDEME> failed",
        "http://one.test/?token=\ud800HIDEME",
    ],
)
def test_redacted(text: str) -> None:
    """The secret is gone, the digits depend on the crawl's secret, and a second pass changes nothing."""
    shown = redact(text, SECRET_NAMES, b"one")
    assert "HIDEME" not in shown
    assert "REDACTED:" in shown
    assert redact(shown, SECRET_NAMES, b"one") == shown
    assert redact(text, SECRET_NAMES, b"two") != shown


def test_adversarial_markers() -> None:
    """The planted markers are found in nothing that is shown."""
    for case in json.loads(shared_path("vectors/adversarial/pii/cases.json").read_text(encoding="utf-8")):
        assert "HIDEME" not in redact(case["url"], SECRET_NAMES, b"secret"), case["id"]


@pytest.mark.parametrize(
    "url",
    [
        "http://one.test/?keyword=1&zipcode=2&author=me&monkey=3",
        "http://one.test/@user/token=1",
        "http://one.test/?q=100%25&u=a%20b",
        "mailto:a@b.test",
    ],
)
def test_untouched(url: str) -> None:
    """Names that only look alike, paths and other values stay."""
    assert redact(url, SECRET_NAMES, b"one") == url


def test_names_come_in_as_a_value() -> None:
    """Only the names that the operator lists count; equal values get equal digits."""
    assert redact("http://one.test/?token=1&who=2&who=2", {"who"}, b"s").startswith(
        "http://one.test/?token=1&who=REDACTED:"
    )
    first, second = redact("http://one.test/?who=2&who=2", {"who"}, b"s").partition("?")[2].split("&")
    assert first == second


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text goes through, and through again without change."""
    shown = redact(text, SECRET_NAMES, b"s")
    assert redact(shown, SECRET_NAMES, b"s") == shown
