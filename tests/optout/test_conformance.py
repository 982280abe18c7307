"""What a vector gives becomes carriers; what it does not give does not exist."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from crawler.optout.conformance import build, documents_of
from crawler.optout.interface import OptOutReader
from crawler.optout.site_file import Found
from crawler.optout.statement import Reference, Silence, Use

if TYPE_CHECKING:
    from crawler.optout.statement import Reading, RobotsRecords

GIVEN = {"url": "https://site.example/a", "purpose": "train-genai", "user_agent": "ExampleBot"}


def test_question() -> None:
    """Defaults are those of the schema; the media type is given, or a header's, or a page's."""
    question = build(GIVEN).question
    assert (question.use, question.user_class, question.country, question.media_type) == (
        Use.TRAIN_GENAI,
        "commercial",
        "DE",
        None,
    )
    question = build(GIVEN | {"operator": {"user_class": "education", "geo": "FR"}, "html": ""}).question
    assert (question.user_class, question.country, question.media_type) == ("education", "FR", "text/html")
    assert build(GIVEN | {"headers": [["Content-Type", "Image/PNG; x=y"]]}).question.media_type == "image/png"
    assert build(GIVEN | {"content_type": "application/pdf", "html": ""}).question.media_type == "application/pdf"


@pytest.mark.parametrize(
    ("robots", "lines"),
    [
        ({}, None),
        ({"robots_txt": "A: 1"}, 1),
        ({"robots_fetch": {"status": 200, "body": "A: 1\nA: 2"}}, 2),
        ({"robots_fetch": {"body_parts": [["A: 1\n", 3], ["A: 2", 1]]}}, 4),
        ({"robots_fetch": {"body_b64": b64encode(b"A: 1").decode()}}, 1),
        ({"robots_fetch": {"status": 404, "body": "A: 1"}}, None),
        ({"robots_fetch": {"error": "timeout"}}, None),
    ],
)
def test_robots(robots: dict[str, Any], lines: int | None) -> None:
    """Only the body of a 200 answer is parsed."""
    found = build(GIVEN | robots).robots
    assert (None if found is None else len(found.file.records("a"))) == lines


def test_site_files() -> None:
    """What is not listed is absent; an error is unread."""
    outcomes = build(GIVEN | {"well_known": {"/.well-known/tdmrep.json": {"error": "timeout"}}}).carriers.outcomes
    found = {one.path: one.found for one in outcomes}
    assert found.pop("/.well-known/tdmrep.json") is Found.UNREAD
    assert set(found.values()) <= {Found.ABSENT}


class _Naming(OptOutReader):
    id = "naming"
    title = spec_url = spec_version = version = ""

    def read_robots(self, robots: RobotsRecords) -> Reading:
        named = (record.value for record in robots.file.records("license"))
        return Silence(
            references=tuple(
                Reference(url=url, protocol=self.id, source=robots.source, scope="global") for url in named
            )
        )


def test_documents() -> None:
    """Documents come from elsewhere, or from the origin itself; others answer 404."""
    given = GIVEN | {
        "robots_txt": "License: https://other.example/l\nLicense: https://site.example/m\nLicense: https://x.example/",
        "external": {"https://other.example/l": "x"},
        "well_known": {"/m": {"status": 500}},
    }
    built = build(given, readers=[_Naming()])
    assert [one.found for one in built.carriers.outcomes] == [Found.READ, Found.UNREAD, Found.ABSENT]
    assert documents_of((), {}).outcomes == ()
