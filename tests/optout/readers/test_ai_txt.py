"""ai.txt of Spawning: bounds, evidence, and that it only ever reserves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.interface import SiteFile
from crawler.optout.readers.ai_txt import RULES_LIMIT, AiTxtReader
from crawler.optout.statement import SILENCE, Preference, Question, Source, Use
from crawler.values.digest import sha256
from crawler.values.url import canonicalise
from tests.shared import shared_path

READER = AiTxtReader()
URL = canonicalise("https://site.example/a.jpg")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token="ExampleBot")  # noqa: S106 - a product token


def _file(body: bytes) -> SiteFile:
    return SiteFile(source=SOURCE, path="/ai.txt", content_type=None, body=body)


def test_the_rule_is_the_evidence() -> None:
    """Line and text of the Disallow that wins."""
    reading = READER.read_site_file(_file(b"User-Agent: *\nDisallow: /b\nDisallow: *.JPG\n"))
    (said,) = reading.about(QUESTION)
    assert (said.value, said.position, said.rule) == ("Disallow: *.JPG", 3, "PC-14")
    assert reading.about(replace(QUESTION, url=canonicalise("https://site.example/c"))) == ()


def test_rules_are_bounded() -> None:
    """A Disallow behind the limit covers everything, an Allow nothing."""
    many = "User-Agent: *\n" + "Allow: /b\n" * RULES_LIMIT
    for last, states in (("Disallow: /c", [Preference.RESERVED]), ("Allow: /c", [])):
        reading = READER.read_site_file(_file((many + last).encode()))
        assert [one.preference for one in reading.about(QUESTION)] == states


HOSTILE = {
    "groups": b"User-Agent: *\nDisallow: /a\n" * 40_000,
    "wildcards": b"User-Agent: *\n" + b"Disallow: " + b"*a" * 500_000,
    "many wildcards": b"User-Agent: *\n" + (b"Disallow: /" + b"*a" * 50 + b"b\n") * 9_000,
    "a list": b"User-Agent: *\nDisallow: " + b"*.a," * 250_000,
    "one line": b"User-Agent: *" * 80_000,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_are_bounded(name: str) -> None:
    """A mebibyte and a long URL; the bound leaves room for a tracer."""
    question = replace(QUESTION, url=canonicalise("https://site.example/" + "a" * 2000))
    started = process_time()
    READER.read_site_file(_file(HOSTILE[name][: 1 << 20])).about(question)
    assert process_time() - started < 5


LINES = st.lists(
    st.sampled_from(
        [
            "User-Agent: *",
            "User-Agent: ExampleBot",
            "Allow: /",
            "Disallow: /",
            "Disallow: *.jpg",
            "Allow: *.jpg",
            "*",
            ":",
        ]
    )
).map(lambda lines: "\n".join(lines).encode())


@given(LINES | st.binary(), st.sampled_from(Use), st.text())
def test_it_only_reserves(body: bytes, use: Use, media_type: str) -> None:
    """Any bytes, any question."""
    said = READER.read_site_file(_file(body)).about(replace(QUESTION, use=use, media_type=media_type))
    assert {one.preference for one in said} <= {Preference.RESERVED}


@given(LINES)
def test_one_more_line_keeps_the_reservation(body: bytes) -> None:
    """A Disallow of the same pattern wins over whatever an Allow says."""
    text = body + b"\nUser-Agent: *\nUser-Agent: ExampleBot\nDisallow: *.jpg\n"
    assert READER.read_site_file(_file(text)).about(QUESTION)


def test_real_files_of_that_name() -> None:
    """A profile for readers of another kind is no opt-out, and neither is llms.txt."""
    rows = [json.loads(line) for line in shared_path("data/optouts/optouts.jsonl").read_text("utf-8").splitlines()]
    bodies = [row["body"] for row in rows if row["kind"] in {"ai.txt", "llms.txt"}]
    assert bodies
    assert {READER.read_site_file(_file(body.encode())) for body in bodies} == {SILENCE}
