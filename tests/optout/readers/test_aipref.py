"""AIPREF: what arbitrary values say, and many rules; the rest is in the vectors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.interface import ResponseHead
from crawler.optout.readers import aipref, disallow_ai_training
from crawler.optout.robots.groups import parse
from crawler.optout.statement import Preference, Question, RobotsRecords, Source, Use
from crawler.values.digest import sha256
from crawler.values.url import canonicalise

AGENT = "ExampleBot"
URL = canonicalise("https://site.example/a")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token=AGENT)

PARTS = st.lists(
    st.sampled_from(
        ["train-ai", "genai", "all", "search", "=", "y", "n", "no", ",", ";", " ", '"', "(", ")", "?0", "@1", ":", "%"]
    )
).map("".join)


@given(st.binary() | (st.text() | PARTS).map(str.encode), st.sampled_from(Use))
def test_any_value_is_read(octets: bytes, use: Use) -> None:
    """Nothing raises, and a grant needs the exact label and token."""
    said = aipref.Value(octets).about(use)
    if said is not None and said.preference is Preference.ALLOWED:
        assert said.rule == "strict"
        assert b"=y" in octets


@given(st.lists(st.text() | PARTS), st.sampled_from(Use))
def test_any_field_is_read(values: list[str], use: Use) -> None:
    """Nor do several lines; one that reserves on its own always counts."""
    head = ResponseHead(source=SOURCE, status=200, headers=tuple(("Content-Usage", value) for value in values))
    question = Question(url=URL, use=use, token=AGENT)
    found = {one.preference for one in aipref.AiprefReader().read_response_head(head).about(question)}
    alone = [aipref.Value(value.encode("latin-1", "replace")).tolerantly(use) for value in values]
    if any(one is not None for one in alone) and Preference.ALLOWED not in found:
        assert found == {Preference.RESERVED}
    assert len(found) <= 1


@pytest.mark.parametrize("label", ["Content-Usage: /x{} train-ai=n", "DisallowAITraining: /x{}"])
def test_many_rules(label: str) -> None:
    """A reservation behind the limit covers every path; a grant there covers none."""
    reader = aipref.AiprefReader() if "Usage" in label else disallow_ai_training.DisallowAiTrainingReader()
    lines = "\n".join(label.format(number) for number in range(reader_limit(label) + 2))
    robots = RobotsRecords(file=parse(f"User-agent: *\nAllow: /\n{lines}\n".encode()), source=SOURCE)
    assert {one.preference for one in reader.read_robots(robots).about(QUESTION)} == {Preference.RESERVED}
    granting = lines.replace("=n", "=y")
    if granting != lines:
        robots = RobotsRecords(file=parse(f"User-agent: *\nAllow: /\n{granting}\n".encode()), source=SOURCE)
        assert reader.read_robots(robots).about(QUESTION) == ()


def reader_limit(label: str) -> int:
    """Limit of the reader of that record."""
    return aipref.RULE_LIMIT if "Usage" in label else disallow_ai_training.RULE_LIMIT
