"""Leaves of the evidence log: canonical JSON and hashes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.decision import Verdict
from crawler.provenance.leaf import (
    LEAF_COLUMNS,
    OUTSIDE_LEAF,
    canonical,
    hash_text,
    is_row,
    leaf_data,
    leaf_hash,
    plain,
    row_leaf,
    time_text,
)
from crawler.provenance.row import COLUMN_NAMES, StatementColumn
from tests.storage.making import NOW, row

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(JSON)
def test_canonical_equals_rfc8785(value: Any) -> None:
    """Whatever the value, the octets are those of the RFC 8785 library."""
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (1.0, b"1"), (-0.0, b"0"), (1e21, b"1e+21"), (1e-7, b"1e-7"), (0.002, b"0.002"),
        (333333333.33333329, b"333333333.3333333"),
        ({"\u20ac": 1, "\r": 2, "1": 3}, '{"\\r":2,"1":3,"€":1}'.encode()),
        ('\u000f\n\u007f\u2028/\\"', '"\\u000f\\n\u007f\u2028/\\\\\\""'.encode()),
    ],
)  # fmt: skip
def test_canonical_examples(value: Any, octets: bytes) -> None:
    """Numbers as ECMAScript writes them, keys by UTF-16 unit, the shortest escapes (RFC 8785 section 3.2)."""
    assert canonical(value) == octets


@pytest.mark.parametrize("value", [2**53, float("nan"), "\ud800", {"\ud800": 1}, {1: 2}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    """Large integers, NaN, lone surrogates and keys that are no text raise ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - the libraries word it
        canonical(value)


def test_time_is_utc_with_microseconds() -> None:
    """Any zone becomes UTC; microseconds are always written."""
    elsewhere = timezone(timedelta(hours=2))
    assert time_text(datetime(2026, 1, 31, 12, tzinfo=UTC)) == "2026-01-31T12:00:00.000000Z"
    assert time_text(datetime(2026, 1, 31, 12, 0, 0, 7, tzinfo=elsewhere)) == "2026-01-31T10:00:00.000007Z"


def test_plain_values() -> None:
    """Times, enumerations, lists and nested columns become JSON values."""
    statement = StatementColumn(
        protocol="tdmrep", use="train-genai", preference="reserved", carrier="site_file", layer="location",
        value="1", source_url="http://a.test/", evidence_digest="sha256:00", retrieved_at=NOW, reader_version="1",
    )  # fmt: skip
    assert plain([statement])[0]["retrieved_at"] == time_text(NOW)
    assert type(plain(Verdict.DENY)) is str
    assert plain(("a", None)) == ["a", None]


@pytest.mark.parametrize(("verdict", "kind"), [("allow", "fetched"), ("deny", "denied"), ("defer", "failed")])
def test_row_leaf_is_made_of_the_rows_columns(verdict: str, kind: str) -> None:
    """Type by verdict, time of the decision, and every column but those that are written beside or after it."""
    found, data = row_leaf(row("http://a.test/", verdict=verdict).columns(), seq=7, salt="ab")
    leaf = json.loads(data)
    assert found == kind == leaf["type"]
    assert (leaf["seq"], leaf["salt"], leaf["time"]) == (7, "ab", time_text(NOW))
    assert set(leaf["body"]) == set(LEAF_COLUMNS) == set(COLUMN_NAMES) - OUTSIDE_LEAF
    assert rfc8785.dumps(leaf) == data
    assert is_row(data)


@pytest.mark.parametrize("kind", ["note", "denied by", 'fetched","type":"note'])
def test_an_entry_that_is_no_row_is_told_apart(kind: str) -> None:
    """Whatever its body says: only the type at the end counts."""
    assert not is_row(leaf_data(kind, seq=1, time="", salt="", body={"type": "fetched"}))


@pytest.mark.parametrize("duration", [0.25, 3.0, 1e-9, None])
def test_row_leaf_is_canonical_with_odd_numbers(duration: float | None) -> None:
    """A number that the standard library would write otherwise is written as RFC 8785 says."""
    _, data = row_leaf(row("http://a.test/", verdict="allow", duration_s=duration).columns(), seq=0, salt="")
    assert rfc8785.dumps(json.loads(data)) == data


@pytest.mark.parametrize("duration", [0.25, 3.0])
def test_row_leaf_replaces_lone_surrogates(duration: float) -> None:
    """Text that no UTF-8 file can hold is kept readable instead of losing the row."""
    made = row("http://a.test/\ud800", verdict="deny", reasons=["é\udfff"], duration_s=duration)
    _, data = row_leaf(made.columns(), seq=0, salt="")
    body = json.loads(data)["body"]
    assert (body["url"], body["reasons"]) == ("http://a.test/\ufffd\ufffd\ufffd", ["é\ufffd\ufffd\ufffd"])


def test_number_of_a_row_too_large_for_json_is_refused() -> None:
    """Never a rounded number in the evidence."""
    with pytest.raises(ValueError):  # noqa: PT011 - the library words it
        row_leaf(replace(row("http://a.test/", verdict="deny"), bytes_fetched=2**53).columns(), seq=0, salt="")


def test_leaf_hash_has_the_leaf_prefix() -> None:
    """RFC 6962 section 2.1: SHA-256 over 0x00 and the data; the empty leaf is the published vector."""
    data = leaf_data("stop", seq=1, time="t", salt="s", body={})
    assert leaf_hash(data) == hashlib.sha256(b"\x00" + data).digest()
    assert hash_text(leaf_hash(b"")) == "sha256:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
