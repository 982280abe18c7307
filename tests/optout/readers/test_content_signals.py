"""Content Signals: what a value says, and that an answer does not depend on the URL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.interface import ResponseHead
from crawler.optout.readers.content_signals import ContentSignalsReader, signals
from crawler.optout.robots.groups import parse
from crawler.optout.statement import Preference, Question, RobotsRecords, Source, Use
from crawler.values.digest import sha256
from crawler.values.url import canonicalise

READER = ContentSignalsReader()
AGENT = "ExampleBot"
URL = canonicalise("https://site.example/a")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token=AGENT)


def test_one_answer_for_the_whole_origin() -> None:
    """Worked out once for each token and use."""
    robots = RobotsRecords(file=parse(b"User-agent: *\nContent-Signal: ai-train=no\n"), source=SOURCE)
    reading = READER.read_robots(robots)
    first = reading.about(QUESTION)
    assert [(one.value, one.position) for one in first] == [("Content-Signal: ai-train=no", 2)]
    assert reading.about(replace(QUESTION, url=canonicalise("https://site.example/b"))) is first
    assert reading.about(replace(QUESTION, use=Use.SEARCH)) == ()


PARTS = st.lists(
    st.sampled_from(["ai-train", "search", "use", "=", "yes", "no", ",", ";", " ", "YES", "allow", "true", "full", "1"])
)


@given(PARTS)
def test_only_yes_grants(parts: list[str]) -> None:
    """A grant needs the key, the sign and the word, and no semicolon anywhere."""
    value = "".join(parts)
    if any(one.preference is Preference.ALLOWED for one in signals(value)):
        assert ";" not in value
        assert "=yes" in value.replace(" ", "").lower()


@given(st.text() | PARTS.map("".join), st.sampled_from(Use))
def test_a_header_never_grants(value: str, use: Use) -> None:
    """PC-20."""
    head = ResponseHead(source=SOURCE, status=200, headers=(("Content-Signal", value),))
    said = READER.read_response_head(head).about(replace(QUESTION, use=use))
    assert {one.preference for one in said} <= {Preference.RESERVED}
