"""The interface of look-up services: what is asked, what an answer says, and what is unread."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crawler.optout.collect import CarrierReadings, collect, read_document, refer_to_lookups
from crawler.optout.lookup import LOOKUPS, STATEMENTS_LIMIT
from crawler.optout.site_file import SiteFileOutcome
from crawler.optout.statement import Layer, Preference, Question, Source, Use
from crawler.values.digest import sha256
from crawler.values.url import canonicalise

AT = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = Source(url=canonicalise("https://site.example/a?b=c&d"), digest=sha256(b"page"), retrieved_at=AT)
QUESTION = Question(url=PAGE.url, use=Use.TRAIN_GENAI, token="ExampleBot")  # noqa: S106 - a product token
ADDRESSES = {"tdm-ai": "https://bridge.example/look-up"}


def referred() -> CarrierReadings:
    """The slot is on and the page has been fetched."""
    return refer_to_lookups(ADDRESSES, PAGE, "text/html")


def answered(status: int | None = 200, body: bytes = b"{}", error: str | None = None) -> CarrierReadings:
    """The service was asked."""
    (reference,) = referred().references
    outcome = SiteFileOutcome(
        path=reference.url,
        url=canonicalise(reference.url),
        status=status,
        error=error,
        content_type="application/json",
        body=body if status == 200 else None,
        retrieved_at=AT,
        digest=sha256(body),
    )
    return read_document(reference, outcome)


def of(*statements: object) -> CarrierReadings:
    """An answer with these statements."""
    return answered(body=json.dumps({"statements": statements}).encode())


def test_request() -> None:
    """Address, digest and type of the file, behind what the address has; only slots that are on are asked."""
    (reference,) = referred().references
    assert reference.url == (
        "https://bridge.example/look-up?url=https%3A%2F%2Fsite.example%2Fa%3Fb%3Dc%26d"
        f"&digest=sha256%3A{sha256(b'page').removeprefix('sha256:')}&type=text%2Fhtml"
    )
    assert refer_to_lookups({}, PAGE, None) == CarrierReadings()
    (other,) = refer_to_lookups({"iscc": "https://b.example/?k=1"}, PAGE, None).references
    assert other.url.startswith("https://b.example/?k=1&url=https")


def test_address_that_cannot_be_asked() -> None:
    """It is unread and holds back, as if the service had failed."""
    found = refer_to_lookups({"iscc": "https://b.example/" + "a" * 3_000}, PAGE, None)
    assert [(one.protocol, one.why, one.blocks) for one in found.unread] == [("iscc", "refused", True)]
    assert found.problems


def test_statements() -> None:
    """Each becomes a statement with the answer as evidence; a permission is recorded and never counts."""
    entry = {"use": "train-genai", "preference": "reserved", "evidence": "e"}
    found = of(entry, entry | {"use": "search", "preference": "conditional"}, entry | {"preference": "allowed"})
    assert found.unread == ()
    collected = collect(QUESTION, found)
    (said,) = collected.statements
    assert (said.protocol, said.preference, said.layer) == ("tdm-ai", Preference.RESERVED, Layer.ASSET)
    assert json.loads(said.value) == entry
    assert said.source.url.startswith("https://bridge.example/")
    assert [one.preference for one in collect(replace(QUESTION, use=Use.SEARCH), found).statements] == ["conditional"]
    assert len(collected.soft) == 1


@pytest.mark.parametrize("readings", [of(), answered(404), answered(410)], ids=["empty", "404", "410"])
def test_nothing_registered(readings: CarrierReadings) -> None:
    """No statement, and nothing holds back."""
    assert readings.unread == ()
    assert collect(QUESTION, readings).statements == ()


@pytest.mark.parametrize(
    "readings",
    [
        answered(500),
        answered(403),
        answered(429),
        answered(204),
        answered(None, error="timeout"),
        answered(None, error="refused"),
        answered(None, error="disallowed_by_robots"),
        answered(body=b"<html><body>Welcome</body></html>"),
        answered(body=b"not json"),
        answered(body=b"[" * 100_000),
        answered(body=b"[]"),
        answered(body=b'{"statements": {}}'),
        of("x"),
        of({"use": "train-genai"}),
        of({"use": "train-genai", "preference": "perhaps"}),
        of({"use": 1, "preference": "allowed"}),
        of(*[{"use": "train-genai", "preference": "conditional"}] * (STATEMENTS_LIMIT + 1)),
    ],
)
def test_everything_else_is_unread(readings: CarrierReadings) -> None:
    """It holds the verdict back; what it reserves besides still counts."""
    assert [(one.protocol, one.blocks) for one in readings.unread] == [("tdm-ai", True)]


def test_slots() -> None:
    """Each has a name of its own and a row in the documents."""
    assert [one.id for one in LOOKUPS] == ["do-not-train", "tdm-ai", "iscc", "open-rights-data-exchange"]
