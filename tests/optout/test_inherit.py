"""Only what restricts follows a URL, and it survives being stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.inherit import inherit, statements_from_json, statements_to_json
from crawler.optout.statement import DUTIES, Carrier, Layer, Preference, Source, Statement, Use
from crawler.values.digest import sha256
from crawler.values.url import CanonicalUrl

SOURCES = st.builds(
    Source,
    url=st.text().map(CanonicalUrl),
    digest=st.binary().map(sha256),
    retrieved_at=st.integers(0, 10**9).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=s)),
)
STATEMENTS = st.builds(
    Statement,
    protocol=st.text(),
    use=st.sampled_from(Use),
    preference=st.sampled_from(Preference),
    carrier=st.sampled_from(Carrier),
    layer=st.sampled_from(Layer),
    value=st.text(),
    position=st.none() | st.integers(),
    rule=st.text(),
    source=SOURCES,
    reader_version=st.text(),
    duties=st.lists(st.sampled_from(DUTIES)).map(tuple),
)


@given(st.lists(STATEMENTS).map(tuple))
def test_round_trip(statements: tuple[Statement, ...]) -> None:
    """What is stored with a waiting URL comes back as it was."""
    assert statements_from_json(statements_to_json(statements)) == statements


@given(st.lists(STATEMENTS))
def test_no_grant_is_inherited(statements: list[Statement]) -> None:
    """PC-29, PC-31: reservations and conditions each once, never a grant."""
    found = inherit([*statements, *statements])
    assert all(one.preference is not Preference.ALLOWED for one in found)
    assert len(set(found)) == len(found)
    assert set(found) == {one for one in statements if one.preference is not Preference.ALLOWED}


@pytest.mark.parametrize("text", ["", "5", "{}x", "[5]", "[{}]", '{"a": 1}'])
def test_damaged(text: str) -> None:
    """Anything else is told as such."""
    with pytest.raises(ValueError, match=r"statements|Expecting|Extra"):
        statements_from_json(text)
