"""Readings remember answers that no path changes: asked again they say the same, and another question is another."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.optout.collect import collect, read_site
from crawler.optout.registry import READERS
from crawler.optout.robots.groups import parse
from crawler.optout.statement import Preference, Question, RobotsRecords, Source, Use
from crawler.values.digest import sha256
from crawler.values.url import canonicalise

FILES = {
    "no-paths": "User-agent: *\nContent-Usage: train-ai=n\nDisallowAITraining: /\nUser-agent: GPTBot\nDisallow: /\n",
    "paths": "User-agent: *\nContent-Usage: /a train-ai=n\nDisallowAITraining: /a\nUser-agent: GPTBot\nDisallow: /a\n",
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_question_has_the_same_answer(name: str) -> None:
    """Both paths are asked twice, in both orders; only rules with a path tell them apart."""
    body = FILES[name].encode()
    url = canonicalise("https://site.example/robots.txt")
    source = Source(url=url, digest=sha256(body), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
    robots = RobotsRecords(file=parse(body), source=source, token="ExampleBot")  # noqa: S106 - a product token
    site = read_site(robots, [], readers=[one for one in READERS if not one.site_files])

    def said(path: str, use: Use = Use.TRAIN_GENAI) -> set[tuple[str, Preference]]:
        question = Question(url=canonicalise(f"https://site.example{path}"), use=use, token="ExampleBot")  # noqa: S106 - as above
        return {(one.protocol, one.preference) for one in collect(question, site).statements}

    everything = {(one, Preference.RESERVED) for one in ("aipref", "disallow-ai-training", "ai-tokens")}
    other = everything if name == "no-paths" else set()
    assert [said("/a"), said("/b"), said("/b"), said("/a")] == [everything, other, other, everything]
    assert said("/a", Use.SEARCH) == set()
