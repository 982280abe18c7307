"""DisallowAITraining: many rules; the rest is in the vectors."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.optout.readers.disallow_ai_training import RULE_LIMIT, DisallowAiTrainingReader
from crawler.optout.robots.groups import parse
from crawler.optout.statement import Preference, Question, RobotsRecords, Source, Use
from crawler.values.digest import sha256
from crawler.values.url import canonicalise

AGENT = "ExampleBot"
URL = canonicalise("https://site.example/a")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token=AGENT)


def test_many_rules() -> None:
    """A rule behind the limit covers every path, so that a question stays cheap and nothing is lost."""
    for count, said in ((RULE_LIMIT, set()), (RULE_LIMIT + 2, {Preference.RESERVED})):
        lines = "\n".join(f"DisallowAITraining: /x{number}" for number in range(count))
        robots = RobotsRecords(file=parse(f"User-agent: *\nAllow: /\n{lines}\n".encode()), source=SOURCE)
        assert {one.preference for one in DisallowAiTrainingReader().read_robots(robots).about(QUESTION)} == said
