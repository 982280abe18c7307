"""From carriers to the statements on one question; nothing is lost on the way, and nothing unread is silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.collect import (
    NOTHING,
    collect,
    read_document,
    read_head,
    read_html,
    read_media,
    read_site,
    reserve_for_media,
)
from crawler.optout.interface import HtmlHead, MediaFile, OptOutReader, ResponseHead, SiteFile
from crawler.optout.media.embedded import Embedded
from crawler.optout.registry import READERS, SITE_FILES
from crawler.optout.robots.groups import parse
from crawler.optout.site_file import SiteFileOutcome
from crawler.optout.statement import (
    SILENCE,
    Carrier,
    Layer,
    Preference,
    Problem,
    Question,
    Reference,
    RobotsRecords,
    Silence,
    Source,
    Use,
)
from crawler.values.digest import sha256
from crawler.values.html import scan
from crawler.values.url import canonicalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.optout.statement import (
        Reading,
        Statement,
    )

URL = canonicalise("https://site.example/a")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
AGENT = "ExampleBot"
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token=AGENT, media_type="text/html")
TDMREP = "/.well-known/tdmrep.json"
RESERVING = b'[{"location": "/", "tdm-reservation": 1}]'


def _outcome(
    path: str, status: int | None = 404, error: str | None = None, body: bytes | None = None
) -> SiteFileOutcome:
    return SiteFileOutcome(
        path=path,
        url=canonicalise(f"https://site.example{path}"),
        status=status,
        error=error,
        content_type=None,
        body=body,
        retrieved_at=SOURCE.retrieved_at,
    )


def _site(**answers: SiteFileOutcome) -> list[SiteFileOutcome]:
    given_paths = {one.path for one in answers.values()}
    return [*answers.values(), *(_outcome(path) for path in SITE_FILES if path not in given_paths)]


def _head(*headers: tuple[str, str]) -> ResponseHead:
    return ResponseHead(source=SOURCE, status=200, headers=headers)


def _html(markup: bytes) -> HtmlHead:
    return HtmlHead(source=SOURCE, page=scan(markup, content_type=None))


def test_site_files_follow_from_the_readers() -> None:
    """Each registered path knows its readers."""
    assert {path: [one.id for one in readers] for path, readers in SITE_FILES.items()}[TDMREP] == ["tdmrep"]
    assert all(reader in READERS for readers in SITE_FILES.values() for reader in readers)


def test_absent_files_block_nothing_and_are_recorded() -> None:
    """404 everywhere: no statement, nothing unread, and every look is on record."""
    found = collect(QUESTION, read_site(None, _site()))
    assert (found.statements, found.unread) == ((), ())
    assert {one.path for one in found.outcomes} == set(SITE_FILES)


def test_a_file_that_reserves() -> None:
    """The statement carries the protocol, the literal rule and the digest of the file."""
    found = collect(QUESTION, read_site(None, _site(tdm=_outcome(TDMREP, 200, None, RESERVING))))
    (statement,) = found.statements
    assert (statement.protocol, statement.preference, statement.layer) == (
        "tdmrep",
        Preference.RESERVED,
        Layer.LOCATION,
    )
    assert (statement.value, statement.position) == ('{"location": "/", "tdm-reservation": 1}', 1)
    assert statement.source.digest == sha256(RESERVING)


def test_unread_files_block() -> None:
    """5xx, time-out and a file nobody asked for hold the verdict back; a fetch that robots.txt forbids does not."""
    for outcome, why, blocks in (
        (_outcome(TDMREP, 503), "5xx", True),
        (_outcome(TDMREP, None, "timeout"), "timeout", True),
        (_outcome(TDMREP, None, "disallowed_by_robots"), "disallowed_by_robots", False),
    ):
        found = collect(QUESTION, read_site(None, _site(tdm=outcome)))
        assert [(one.protocol, one.why, one.blocks) for one in found.unread] == [("tdmrep", why, blocks)]
        assert found.statements == ()
    forgotten = read_site(None, []).unread
    assert {(one.url, one.why, one.blocks) for one in forgotten} == {(path, "not_asked", True) for path in SITE_FILES}


def test_soft_404_is_absent() -> None:
    """PC-9: a page in the place of the file states nothing and blocks nothing."""
    found = collect(QUESTION, read_site(None, _site(tdm=_outcome(TDMREP, 200, None, b"<html>" + RESERVING))))
    assert (found.statements, found.unread) == ((), ())


def test_order_of_carriers_is_the_protocols_own() -> None:
    """TDMRep's later carrier replaces its earlier one; other protocols' statements stay beside it."""
    carriers = (
        read_site(None, _site(tdm=_outcome(TDMREP, 200, None, RESERVING)))
        + read_head(_head(("TDM-Reservation", "0"), ("X-Robots-Tag", "noai")))
        + read_html(_html(b"<title>x</title>"))
    )
    found = collect(QUESTION, carriers)
    assert {(one.protocol, one.preference, one.carrier) for one in found.statements} == {
        ("tdmrep", Preference.ALLOWED, Carrier.RESPONSE_HEAD),
        ("robots-meta", Preference.RESERVED, Carrier.RESPONSE_HEAD),
    }


def test_inherited_reservation_is_not_set_aside() -> None:
    """PC-31: a reservation at an earlier hop stands beside a later 0; other uses' are left out."""
    (reserved,) = collect(QUESTION, read_head(_head(("tdm-reservation", "1")))).statements
    other = replace(reserved, use=Use.SEARCH)
    found = collect(QUESTION, read_head(_head(("tdm-reservation", "0"))), [reserved, other])
    assert [one.preference for one in found.statements] == [Preference.ALLOWED, Preference.RESERVED]


def test_media_inherits_from_its_page() -> None:
    """PC-29: noai, noimageai and trainers' sections of the page bind its images; grants and other protocols do not."""
    page = read_head(_head(("tdm-reservation", "1"), ("X-Robots-Tag", "noimageai"))) + read_html(
        _html(
            b"<meta name=robots content=noimageai><meta name=GPTBot content=noindex>"
            b"<meta name=tdm-reservation content=0>"
        )
    )
    assert {(one.protocol, one.carrier, one.rule) for one in reserve_for_media(page, QUESTION, "image")} == {
        ("robots-meta", Carrier.RESPONSE_HEAD, "strict"),
        ("robots-meta", Carrier.HTML_HEAD, "strict"),
        ("robots-meta", Carrier.HTML_HEAD, "PC-13"),
    }
    video = reserve_for_media(page, QUESTION, "video")
    assert [one.rule for one in video] == ["PC-13"]


def test_problems_and_soft_directives_are_handed_on() -> None:
    """What was odd, and what was recorded without being a statement; directives to others are left out."""
    carriers = read_head(
        _head(("tdm-reservation", "maybe"), ("tdm-policy", "/p"), ("X-Robots-Tag", "noindex, bingbot: noarchive"))
    )
    found = collect(QUESTION, carriers)
    assert [(protocol, problem.text) for protocol, problem in found.problems] == [
        ("tdmrep", "neither 0 nor 1: tdm-reservation: maybe")
    ]
    assert [(one.protocol, one.value) for one in found.soft] == [
        ("tdmrep", "tdm-policy: /p"),
        ("robots-meta", "noindex"),
    ]


class _Broken(OptOutReader):
    id = "broken"
    title = spec_url = spec_version = version = ""
    site_files = ("/broken",)

    def read_response_head(self, head: ResponseHead) -> Reading:
        raise RuntimeError(head.status)

    def read_site_file(self, file: SiteFile) -> Reading:
        return _BrokenReading(problems=(Problem(line=None, text=file.path),))


class _BrokenReading(Silence):
    def about(self, question: Question) -> tuple[Statement, ...]:
        raise RecursionError(question.url)


def test_a_reader_that_raises_blocks() -> None:
    """Its carrier is unread, whether it breaks on reading or on being asked."""
    reader = _Broken()
    carriers = read_head(_head(), readers=[reader]) + read_site(
        None, [_outcome("/broken", 200, None, b"x")], readers=[reader]
    )
    assert [(one.why, one.blocks) for one in collect(QUESTION, carriers).unread] == [
        ("internal_error: RuntimeError", True),
        ("internal_error: RecursionError", True),
    ]


class _Naming(OptOutReader):
    """Names a document in robots.txt and says what its presence and its absence mean."""

    id = "naming"
    title = spec_url = spec_version = version = ""

    def read_robots(self, robots: RobotsRecords) -> Reading:
        named = [
            Reference(url="https://site.example/terms", protocol=self.id, source=robots.source, scope=record.name)
            for record in robots.file.records("license")
        ]
        return Silence(references=tuple(named))

    def read_site_file(self, file: SiteFile) -> Reading:
        assert file.reference is not None
        return Silence(problems=(Problem(line=None, text=f"read {file.reference.scope}"),))

    def read_unfetched(self, reference: Reference) -> Reading:
        return Silence(problems=(Problem(line=None, text=f"unfetched {reference.scope}"),))


def test_documents_that_a_carrier_names() -> None:
    """A reference is handed out once, its document goes to its reader, and so does its absence."""
    readers: Sequence[OptOutReader] = [_Broken(), _Naming()]
    robots = RobotsRecords(file=parse(b"License: /terms\nLicense: /terms\n"), source=SOURCE)
    site = read_site(robots, [_outcome("/broken")], readers=readers)
    (reference,) = site.references
    texts = []
    for outcome in (
        _outcome("/terms", 200, None, b"x"),
        _outcome("/terms", 404),
        _outcome("/terms", 500),
    ):
        document = read_document(reference, outcome, readers=readers)
        texts.append(([problem.text for _, problem in document.problems], len(document.unread)))
    assert texts == [(["read license"], 0), (["unfetched license"], 0), (["unfetched license"], 1)]
    assert collect(QUESTION, site).references == (reference,)


def test_readers_say_nothing_unless_they_override() -> None:
    """The base of all readers is silent on every carrier."""
    reader = OptOutReader()
    media = MediaFile(source=SOURCE, content_type="image/png", embedded=Embedded())
    robots = RobotsRecords(file=parse(b""), source=SOURCE)
    file = SiteFile(source=SOURCE, path="/x", content_type=None, body=b"")
    reference = Reference(url=URL, protocol="x", source=SOURCE, scope="x")
    readings = (
        reader.read_robots(robots),
        reader.read_site_file(file),
        reader.read_unfetched(reference),
        reader.read_response_head(_head()),
        reader.read_html(_html(b"")),
        reader.read_media(media),
    )
    assert all(one is SILENCE for one in readings)
    assert SILENCE.about(QUESTION) == ()
    assert read_media(media) == NOTHING
    assert reader.settle(()) == ()


HEADERS = st.tuples(
    st.sampled_from(
        ["TDM-Reservation", "tdm-policy", "X-Robots-Tag", "X-AI-Training", "X-No-AI", "Link", "Content-Usage"]
    ),
    st.text() | st.sampled_from(["0", "1", "true", "noai", "GPTBot: none", "no", "n", "a: b: c, d:"]),
)
MARKUP = st.lists(
    st.text(max_size=8)
    | st.sampled_from(
        [
            "<meta name=robots content=noai>",
            "<meta name=tdm-reservation content=",
            "0>",
            "1>",
            "<meta name=ai-train content=no>",
            "<link rel=license href=x>",
            "<script type=application/ld+json>",
            '{"license": ',
            '"https://creativecommons.org/publicdomain/zero/1.0/"}',
            '{"isAccessibleForFree": false}',
            "</script>",
        ]
    )
)
USES = st.sampled_from(Use)


BODIES = st.binary() | st.lists(
    st.sampled_from(
        [
            b"User-agent: *\n",
            b"User-agent: GPTBot\n",
            b"Disallow: /",
            b"\n",
            b"Content-Signal: ai-train=yes",
            b"Content-Signal: ai-train=no",
            b"DisallowAITraining: /",
            b"datatrainingallowed=",
            b"yes",
            b"no",
            b'[{"location": "/", "tdm-reservation": ',
            b"1}]",
            b"0}]",
            b"\xff\xfe",
            b"\x00",
        ]
    )
).map(b"".join)


@given(st.lists(HEADERS), MARKUP, BODIES, USES)
def test_readers_never_raise(headers: list[tuple[str, str]], markup: list[str], body: bytes, use: Use) -> None:
    """Any carriers give an answer: none is unread for an internal error."""
    files = [_outcome(path, 200, None, body) for path in SITE_FILES]
    robots = RobotsRecords(file=parse(body), source=SOURCE)
    carriers = read_site(robots, files) + read_head(_head(*headers)) + read_html(_html("".join(markup).encode()))
    found = collect(replace(QUESTION, use=use), carriers)
    assert {one.why for one in found.unread} <= {"malformed"}
    assert all(one.use is use for one in found.statements)


@given(st.lists(HEADERS), MARKUP, st.permutations(range(2)))
def test_order_of_reading_is_irrelevant(headers: list[tuple[str, str]], markup: list[str], order: list[int]) -> None:
    """The same carriers in another order give the same statements."""
    parts = [read_head(_head(*headers)), read_html(_html("".join(markup).encode()))]
    shuffled = parts[order[0]] + parts[order[1]]
    assert set(collect(QUESTION, parts[0] + parts[1]).statements) == set(collect(QUESTION, shuffled).statements)
