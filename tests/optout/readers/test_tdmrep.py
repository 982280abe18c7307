"""TDMRep: what only many rules and arbitrary values can show; the rest is in the vectors."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.interface import ResponseHead, SiteFile
from crawler.optout.readers.tdmrep import RULE_LIMIT, TdmRepReader
from crawler.optout.statement import Preference, Question, Source, Use
from crawler.values.digest import sha256
from crawler.values.url import canonicalise

READER = TdmRepReader()
FILE = canonicalise("https://site.example/.well-known/tdmrep.json")
SOURCE = Source(url=FILE, digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
AGENT = "ExampleBot"
QUESTION = Question(url=canonicalise("https://site.example/a"), use=Use.TRAIN_GENAI, token=AGENT)


def _read(document: Any) -> tuple[Preference, ...]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    reading = READER.read_site_file(
        SiteFile(source=SOURCE, path="/.well-known/tdmrep.json", content_type=None, body=body)
    )
    return tuple(one.preference for one in reading.about(QUESTION))


def _rule(location: str, value: Any) -> dict[str, Any]:
    return {"location": location, "tdm-reservation": value}


def test_many_rules() -> None:
    """Behind the limit a reservation covers the whole origin, and a grant covers nothing."""
    others = [_rule(f"/{number}", 1) for number in range(RULE_LIMIT)]
    assert _read([*others, _rule("/elsewhere", 1)]) == (Preference.RESERVED,)
    assert _read([*others, _rule("/", 0)]) == ()


def test_position_is_the_line_of_the_rule() -> None:
    """The evidence shows the rule as written, and where."""
    body = b'[\n  {"location": "/x", "tdm-reservation": 0},\n\n  {"location": "/",\n   "tdm-reservation": 1}\n]'
    reading = READER.read_site_file(SiteFile(source=SOURCE, path="/x", content_type=None, body=body))
    (statement,) = reading.about(QUESTION)
    assert (statement.position, statement.value) == (4, '{"location": "/",\n   "tdm-reservation": 1}')


def test_policies_are_recorded_and_oddities_told() -> None:
    """A policy changes nothing; a rule that states nothing is a problem with its line."""
    body = b'[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://p.example/"},\n{"location": "/"}]'
    reading = READER.read_site_file(SiteFile(source=SOURCE, path="/x", content_type=None, body=body))
    assert [one.value for one in reading.soft] == ["tdm-policy: https://p.example/"]
    assert [one.line for one in reading.problems] == [2]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["0", "1", "no", "false"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON_VALUES, st.sampled_from(["tdm-reservation", "TDM-Reservation", "tdm_reservation"]))
def test_only_the_number_zero_grants(value: Any, key: str) -> None:
    """Whatever else stands there, in whatever spelling, never grants (PC-8)."""
    is_proper = type(value) is int and value == 0 and key == "tdm-reservation"
    assert (Preference.ALLOWED in _read([{"location": "/", key: value}])) is is_proper


@given(JSON_VALUES)
def test_a_wrapped_zero_never_grants(document: Any) -> None:
    """Nor does any other shape of file."""
    assert Preference.ALLOWED not in _read(document)


@given(st.text())
def test_only_zero_grants_in_a_header(value: str) -> None:
    """Header values likewise."""
    head = ResponseHead(source=SOURCE, status=200, headers=(("tdm-reservation", value),))
    found = READER.read_response_head(head).about(QUESTION)
    assert (Preference.ALLOWED in {one.preference for one in found}) is (value.strip(" \t\n\r\f") == "0")


@given(st.lists(st.tuples(st.sampled_from(["/", "/a", "/b", "*a$"]), st.sampled_from([0, 1, 2])), max_size=6))
def test_one_more_matching_reservation_reserves_in_front(rules: list[tuple[str, int]]) -> None:
    """A reservation as first rule that matches is never outweighed by what follows (PC-7)."""
    assert _read([_rule("/a", 1), *(_rule(*rule) for rule in rules)]) == (Preference.RESERVED,)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b"[" + b"9" * 100_000 + b"]", b'"\\ud800"', b"\xff\xfe["]
)
def test_json_bombs(body: bytes) -> None:
    """Deep, long and broken files state nothing."""
    assert _read(body) == ()
