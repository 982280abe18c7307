"""RSL: duties by name, whose documents are asked for, bounds, and that nothing grants by accident."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout.interface import HtmlHead, MediaFile, ResponseHead, SiteFile
from crawler.optout.media.embedded import Embedded
from crawler.optout.readers.rsl import DOCUMENTS_LIMIT, NAMED_LIMIT, Declared, RslReader, mentions_rsl
from crawler.optout.robots.groups import parse
from crawler.optout.rsl.document import NAMESPACE, PARTS_LIMIT, UnusableError, extract, read_contents, read_hosted
from crawler.optout.statement import Preference, Question, Reference, RobotsRecords, Source, Use
from crawler.values.digest import sha256
from crawler.values.html import scan
from crawler.values.url import canonicalise
from tests.shared import shared_path

READER = RslReader()
URL = canonicalise("https://site.example/a")
ROBOTS_URL = canonicalise("https://site.example/robots.txt")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token="ExampleBot")  # noqa: S106 - a product token
PERMITS = '<permits type="usage">ai-train</permits>'


def _document(licences: str, attributes: str = 'url="/"') -> bytes:
    return f'<rsl xmlns="{NAMESPACE}"><content {attributes}>{licences}</content></rsl>'.encode()


def _robots(text: str, token: str | None = None) -> RobotsRecords:
    return RobotsRecords(file=parse(text.encode()), source=replace(SOURCE, url=ROBOTS_URL), token=token)


def _declared(**changes: object) -> Reference:
    (reference,) = READER.read_robots(_robots("License: https://site.example/l.xml")).references
    return replace(reference, **changes)  # type: ignore[arg-type] # fields of the dataclass


def _file(body: bytes, reference: Reference | None) -> SiteFile:
    return SiteFile(source=SOURCE, path="x", content_type=None, body=body, reference=reference)


@pytest.mark.parametrize(
    ("licences", "duties"),
    [
        (f'<license>{PERMITS}<payment type="attribution"/></license>', ("attribution",)),
        (f'<license>{PERMITS}<payment type="inference"/><reporting type="audit"/></license>', ("payment", "reporting")),
        (f"<license>{PERMITS}<payment><custom>/ask</custom></payment></license>", ("contract",)),
        (f'<license>{PERMITS}<payment><accepts type="a/b"/></payment></license>', ("payment",)),
        (f'<license>{PERMITS}<payment type="barter"/><reporting/></license>', ()),
        (
            "".join(
                f'<license>{PERMITS}<payment type="{kind}"/></license>' for kind in ("crawl", "contribution", "barter")
            ),
            ("contribution",),
        ),
    ],
)
def test_duties_have_names(licences: str, duties: tuple[str, ...]) -> None:
    """The lightest offer speaks; a duty without a name leaves none that could be declared met."""
    (said,) = READER.read_site_file(_file(_document(licences), _declared())).about(QUESTION)
    assert (said.preference, said.duties) == (Preference.CONDITIONAL, duties)


@pytest.mark.parametrize(
    ("terms", "country", "preference"),
    [
        ('<permits type="geo">DE</permits>', "DE", Preference.ALLOWED),
        ('<permits type="geo">EU</permits>', "DE", Preference.ALLOWED),
        ('<permits type="geo">DE EU</permits>', None, Preference.RESERVED),
        ('<prohibits type="geo">US</prohibits>', "DE", Preference.ALLOWED),
        ('<prohibits type="geo">US</prohibits>', None, Preference.RESERVED),
        ('<prohibits type="user">education</prohibits>', None, Preference.ALLOWED),
    ],
)
def test_an_operator_without_a_stated_country(terms: str, country: str | None, preference: Preference) -> None:
    """No offer by country is its own, and what any country is denied is denied to it."""
    body = _document(f"<license>{PERMITS}{terms}</license>")
    said = READER.read_site_file(_file(body, _declared())).about(replace(QUESTION, country=country))
    assert [one.preference for one in said] == [preference]


def test_a_server_asks_for_a_token() -> None:
    """Even where the licence is free."""
    body = _document(f"<license>{PERMITS}</license>", 'url="/" server="https://lic.example"')
    (said,) = READER.read_site_file(_file(body, _declared())).about(QUESTION)
    assert (said.duties, said.value) == (("licence-token",), f"<license>{PERMITS}")


def test_statements_name_their_line() -> None:
    """The element, rebuilt, and where it stands in the document."""
    body = _document('<license>\n<prohibits type="usage">ai-all\n search</prohibits></license>')
    (said,) = READER.read_site_file(_file(body, _declared())).about(QUESTION)
    assert (said.value, said.position) == ('<prohibits type="usage">ai-all search</prohibits>', 2)


GROUPS = "User-agent: A\nLicense: https://x.example/a\n\nUser-agent: *\nAllow: /\nLicense: https://x.example/all\n"


def test_documents_for_others_are_not_asked_for() -> None:
    """Where it is known who asks; whoever else asks is told of a licence that nobody read."""
    reading = READER.read_robots(_robots(GROUPS, QUESTION.token))
    assert [one.url for one in reading.references] == ["https://x.example/all"]
    assert reading.about(QUESTION) == ()
    (said,) = reading.about(replace(QUESTION, token="A"))  # noqa: S106 - a product token
    assert (said.preference, said.value) == (Preference.CONDITIONAL, "License: https://x.example/a")
    assert len(READER.read_robots(_robots(GROUPS)).references) == 2
    other = READER.read_robots(_robots("User-agent: A\nLicense: https://x.example/a\nAllow: /\n", QUESTION.token))
    assert (other.references, other.about(QUESTION)) == ((), ())


def test_documents_are_few() -> None:
    """More than one carrier may ask for is a condition."""
    lines = "".join(f"License: https://x.example/{number}\n" for number in range(DOCUMENTS_LIMIT + 2))
    reading = READER.read_robots(_robots(lines))
    assert len(reading.references) == DOCUMENTS_LIMIT
    assert [one.preference for one in reading.about(QUESTION)] == [Preference.CONDITIONAL] * 2
    assert len(reading.problems) == 2


def test_records_are_bounded() -> None:
    """Many records are some conditions, and those behind the limit are one of them."""
    lines = "".join(f"License: https://x.example/{number}\n" for number in range(NAMED_LIMIT * 3))
    said = READER.read_robots(_robots(lines)).about(QUESTION)
    assert len(said) == NAMED_LIMIT + 1 - DOCUMENTS_LIMIT
    others = "User-agent: A\nAllow: /\n" + lines + "User-agent: *\nAllow: /\n"
    assert READER.read_robots(_robots(others)).about(QUESTION) == ()
    page = '<link rel=license type="application/rsl+xml" href="x:">' * (NAMED_LIMIT + 9)
    reading = READER.read_html(HtmlHead(source=SOURCE, page=scan(page.encode(), content_type=None)))
    assert len(reading.about(QUESTION)) == NAMED_LIMIT + 1


def test_two_spellings_of_one_document() -> None:
    """It is asked for once, binds whom either record binds, and grants only where both could."""
    text = "User-agent: A\nLicense: https://site.example/l\nAllow: /\n\nUser-agent: *\nLicense: /l\nAllow: /\n"
    (reference,) = READER.read_robots(_robots(text)).references
    reading = READER.read_site_file(_file(_document(f"<license>{PERMITS}</license>"), reference))
    assert reading.about(QUESTION) == reading.about(replace(QUESTION, token="A")) == ()  # noqa: S106 - a product token
    body = _document('<license><prohibits type="usage">all</prohibits></license>')
    assert len(READER.read_site_file(_file(body, reference)).about(QUESTION)) == 1


def test_a_document_nobody_declared_only_restricts() -> None:
    """A reference that was not made here, or none at all."""
    plain = Reference(url="https://site.example/l.xml", protocol="rsl", source=SOURCE, scope="x")
    for reference in (plain, None):
        assert READER.read_site_file(_file(_document(f"<license>{PERMITS}</license>"), reference)).about(QUESTION) == ()
    body = _document('<license><prohibits type="usage">all</prohibits></license>')
    assert [one.preference for one in READER.read_site_file(_file(body, None)).about(QUESTION)] == [Preference.RESERVED]
    assert [one.preference for one in READER.read_unfetched(plain).about(QUESTION)] == [Preference.CONDITIONAL]


def test_a_page_without_licences_costs_nothing() -> None:
    """Silence, so that nothing is asked again for each URL."""
    assert READER.read_html(HtmlHead(source=SOURCE, page=scan(b"<p>x", content_type="text/html"))).references == ()


def test_inline_problems_are_handed_on() -> None:
    """A broken inline document is told of, beside the documents that are linked."""
    markup = (
        b'<head><script type="application/rsl+xml"><x</script><link rel=license type="application/rsl+xml" href=//>'
    )
    reading = READER.read_html(HtmlHead(source=SOURCE, page=scan(markup, content_type="text/html")))
    assert len(reading.problems) == 2
    assert reading.soft == ()
    assert {one.rule for one in reading.about(QUESTION)} == {"PC-11"}


HOSTILE = {
    "deep": b"<a>" * 10_000,
    "deep in the namespace": f'<rsl xmlns="{NAMESPACE}">'.encode() + b"<terms>" * 10_000,
    "entities": b'<!DOCTYPE a [<!ENTITY a "' + b"a" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">]><rsl>&b;</rsl>',
    "external": b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    "attributes": f'<rsl xmlns="{NAMESPACE}" '.encode()
    + b" ".join(b"a%d=''" % number for number in range(90_000))
    + b"/>",
    "namespaces": b"<rsl " + b" ".join(b"xmlns:a%d='b'" % number for number in range(50_000)) + b"/>",
    "contents": _document("<license/></content><content>" * 40_000 + "<license/>"),
    "licences": _document("<license/>" * 100_000),
    "text": _document("<license><permits>" + "a " * 500_000 + "</permits></license>"),
    "nul": b"\0" * 1_000_000,
    "utf-16": ("<?xml version='1.0' encoding='utf-16'?><rsl/>" + " " * 400_000).encode("utf-16"),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_documents_are_bounded(name: str) -> None:
    """A condition, within bounds that leave room for a tracer."""
    started = process_time()
    said = READER.read_site_file(_file(HOSTILE[name][: 1 << 20], _declared())).about(QUESTION)
    assert process_time() - started < 5
    assert {one.preference for one in said} <= {Preference.CONDITIONAL}
    assert said or name == "attributes"


def test_parts_are_counted() -> None:
    """One more than the limit makes the document unusable; as many are read."""
    one = f"<content url='/b*c'><license>{PERMITS}</license></content>"
    body = f'<rsl xmlns="{NAMESPACE}">' + one * (PARTS_LIMIT // 2)
    assert len(read_contents((body + "</rsl>").encode())) == PARTS_LIMIT // 2
    with pytest.raises(UnusableError, match="contents and licences"):
        read_contents((body + one + "</rsl>").encode())


PARTS = st.lists(
    st.sampled_from(
        [
            f'<rsl xmlns="{NAMESPACE}">',
            '<content url="/">',
            '<content url="">',
            "<license>",
            PERMITS,
            '<permits type="usage">',
            '<prohibits type="usage">',
            "ai-train",
            "all ",
            ",",
            "</permits>",
            "</prohibits>",
            '<payment type="free"/>',
            "</license>",
            "</content>",
            "</rsl>",
            "<!DOCTYPE a>",
            "<!-- -->",
            "\0",
            "&amp;",
        ]
    )
).map(lambda parts: "".join(parts).encode())


@given(PARTS | st.binary(), st.sampled_from(Use))
def test_any_bytes_give_an_answer(body: bytes, use: Use) -> None:
    """Nothing raises; a grant needs the token in a document that conforms."""
    said = READER.read_site_file(_file(body, _declared())).about(replace(QUESTION, use=use))
    if any(one.preference is Preference.ALLOWED for one in said):
        assert b"<permits type=" in body
        assert use in {Use.TRAIN_GENAI, Use.TRAIN_OTHER}
        assert read_contents(body)


@given(st.text(), st.text())
def test_any_carrier_gives_an_answer(text: str, value: str) -> None:
    """Records, header fields and pages of whatever content."""
    robots = READER.read_robots(_robots(f"License: {value}\nUser-agent: {text}\nLicense: {text}"))
    link = f'<{text}>; rel=license; type="application/rsl+xml", {value}'
    head = READER.read_response_head(ResponseHead(source=SOURCE, status=200, headers=(("Link", link),)))
    kind = 'type="application/rsl+xml"'
    page = f'<link rel=license {kind} href="{text}"><script {kind}>{value}</script>'
    html = READER.read_html(HtmlHead(source=SOURCE, page=scan(page.encode("utf-8", "replace"), content_type=None)))
    for reading in (robots, head, html):
        assert {one.preference for one in reading.about(QUESTION)} <= {Preference.CONDITIONAL}
        assert all(isinstance(one, Declared) for one in reading.references)


@given(
    st.permutations(["<license>" + PERMITS + "</license>", "<license/>", '<license><payment type="crawl"/></license>'])
)
def test_one_more_prohibition_always_reserves(licences: list[str]) -> None:
    """Whatever else is offered, in whatever order."""
    body = _document("".join([*licences, '<license><prohibits type="usage">ai-train</prohibits></license>']))
    said = READER.read_site_file(_file(body, _declared())).about(QUESTION)
    assert [one.preference for one in said] == [Preference.RESERVED]


def test_real_documents() -> None:
    """Documents that sites publish are read without a fall; most do not conform in every detail."""
    rows = [json.loads(line) for line in shared_path("data/optouts/optouts.jsonl").read_text("utf-8").splitlines()]
    documents = [row["body"] for row in rows if row["kind"] == "rsl.xml"]
    assert documents
    for body in documents:
        READER.read_site_file(_file(body.encode(), _declared())).about(QUESTION)


FEED = f"""<?xml version="1.0"?>
<rss version="2.0" xmlns:rsl="{NAMESPACE}"><channel><title>Secret text of the feed</title>
<item><link>https://site.example/a</link>

<rsl:content url="https://site.example/a" server="https://l.example/?a&amp;b"><rsl:license>
<rsl:permits type="usage">ai-train
search</rsl:permits><rsl:prohibits type="geo">FR</rsl:prohibits></rsl:license></rsl:content></item>
<item><rsl:rsl><rsl:content url="/b"><rsl:license><rsl:prohibits type="usage">all</rsl:prohibits>
</rsl:license></rsl:content></rsl:rsl></item></channel></rss>"""


def test_extract_of_a_feed() -> None:
    """Only the RSL elements are left, on their lines, and say the same as the feed."""
    body = FEED.encode()
    kept = extract(body)
    assert b"Secret" not in kept
    assert read_hosted(kept) == read_contents(kept)
    lines = [one.line for one in read_hosted(kept)]
    assert lines == [one.line for one in read_hosted(body)] == [5, 8]
    told = [[(one.url, one.licences[0].duties) for one in read_hosted(document)] for document in (kept, body)]
    assert told[0] == told[1]


@pytest.mark.parametrize("body", [f"<rss>{NAMESPACE}", f"<!DOCTYPE a><rss xmlns:r='{NAMESPACE}'/>"])
def test_extract_of_what_is_no_feed(body: str) -> None:
    """What cannot be read stays a condition that nobody can meet."""
    kept = extract(body.encode())
    assert mentions_rsl(kept)
    media = MediaFile(source=SOURCE, content_type="text/xml", embedded=Embedded(documents=(kept,)))
    assert [one.preference for one in READER.read_media(media).about(QUESTION)] == [Preference.CONDITIONAL]


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (f'<r:rsl xmlns:r="{NAMESPACE}"/>', []),
        (f'<r:license xmlns:r="{NAMESPACE}"><r:prohibits type="usage">all</r:prohibits></r:license>', ["reserved"]),
        (f'<r:license xmlns:r="{NAMESPACE}">https://site.example/l.xml</r:license>', ["conditional"]),
        (f'<r:permits xmlns:r="{NAMESPACE}" type="usage">all</r:permits>', ["conditional"]),
        (f'<r:content xmlns:r="{NAMESPACE}" url="https://other.example/"><r:license>{{}}</r:license></r:content>', []),
        (f"<!-- {NAMESPACE} -->", []),
    ],
)
def test_embedded(element: str, expected: list[str]) -> None:
    """Elements inside the metadata of a file are about that file, however little stands around them."""
    document = f'<x xmlns:y="z">{element.format("")}</x>'.encode()
    media = MediaFile(source=SOURCE, content_type="image/jpeg", embedded=Embedded(documents=(document,)))
    assert [one.preference for one in READER.read_media(media).about(QUESTION)] == expected


def test_embedded_restricts_wherever_the_file_is() -> None:
    """A content of another address still restricts, and grants nothing but at its own address."""
    for terms, expected in ((PERMITS, "conditional"), ('<prohibits type="usage">all</prohibits>', "reserved")):
        document = _document(f"<license>{terms}</license>", 'url="https://elsewhere.example/file"')
        media = MediaFile(source=SOURCE, content_type="image/jpeg", embedded=Embedded(documents=(document,)))
        assert [one.preference for one in READER.read_media(media).about(QUESTION)] == [expected]


def test_document_under_a_page_type_only_restricts() -> None:
    """Served as HTML it is read, since it says itself what it is; it grants nothing."""
    for terms, expected in ((PERMITS, []), ('<prohibits type="usage">all</prohibits>', ["reserved"])):
        body = _document(f"<license>{terms}</license>")
        file = SiteFile(source=SOURCE, path=str(URL), content_type="text/html", body=body, reference=_declared())
        assert [one.preference for one in READER.read_site_file(file).about(QUESTION)] == expected
