"""Robots directives: how a header line is divided, and that nothing ever grants."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.interface import HtmlHead, ResponseHead
from crawler.optout.readers.robots_meta import RobotsMetaReader, sections
from crawler.optout.readers.unlisted import UnlistedReader
from crawler.optout.statement import Preference, Question, Source, Use
from crawler.values.digest import sha256
from crawler.values.html import HtmlPage, Meta
from crawler.values.url import canonicalise

URL = canonicalise("https://site.example/a")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
AGENT = "ExampleBot"
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token=AGENT)


@pytest.mark.parametrize(
    ("value", "divided"),
    [
        ("", []),
        ("noai", [("", "noai")]),
        ("NoAI noml;noindex", [("", "noai"), ("", "noml"), ("", "noindex")]),
        ("noai, Bot: nofollow , noml", [("", "noai"), ("bot", "nofollow"), ("bot", "noml")]),
        ("a: x, *: y, robots: z", [("a", "x"), ("", "y"), ("", "z")]),
        ("bot:", []),
        (": noai", [("", ":"), ("", "noai")]),
        ("max-snippet: 0, noai", [("", "max-snippet:"), ("", "0"), ("", "noai")]),
        ("max-image-preview: none, noai", [("", "noai")]),
    ],
)
def test_sections(value: str, divided: list[tuple[str, str]]) -> None:
    """Agents cover the list up to the next one; directives with a value are no agents."""
    assert list(sections(value)) == divided


@given(st.text(), st.text())
def test_never_a_grant(name: str, content: str) -> None:
    """Neither reader has a positive value."""
    meta = Meta(name=name, attribute="name", content=content, index=0, markup="")
    page = HtmlPage(
        charset="utf-8",
        lang=None,
        title="",
        base=None,
        metas=(meta,),
        links=(),
        scripts=(),
        hyperlinks=(),
        images=(),
        refresh=None,
        has_password_field=False,
        is_truncated=False,
    )
    head = ResponseHead(source=SOURCE, status=200, headers=(("X-Robots-Tag", content), (name, content)))
    for reader in (RobotsMetaReader(), UnlistedReader()):
        said = reader.read_html(HtmlHead(source=SOURCE, page=page)).about(QUESTION)
        said += reader.read_response_head(head).about(QUESTION)
        assert {one.preference for one in said} <= {Preference.RESERVED}


@pytest.mark.parametrize("value", ["a" + " " * 100_000, ":" * 100_000, "a:" * 50_000, "noai," * 20_000])
def test_long_lines(value: str) -> None:
    """A line as long as a client may accept is read in linear time."""
    started = time.process_time()
    list(sections(value))
    assert time.process_time() - started < 2
