"""Hostile inputs for every text reader, made from a seed: words of its grammar, good documents with damage, octets.

``Target.run`` reads one input and asks about it; it raises ``AssertionError`` for a promise that does not hold. The
same targets serve the sample in the tests and ``benchmarks/fuzz.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.optout.conformance import RETRIEVED_AT
from crawler.optout.interface import HtmlHead, MediaFile, ResponseHead, SiteFile
from crawler.optout.media.embedded import ManifestStore, packet_of
from crawler.optout.media.opening import describe
from crawler.optout.registry import READERS
from crawler.optout.robots.groups import parse
from crawler.optout.statement import VALUE_LIMIT, Partial, Preference, Question, RobotsRecords, Source, Use
from crawler.values.digest import sha256
from crawler.values.html import scan
from crawler.values.url import canonicalise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from crawler.optout.interface import OptOutReader
    from crawler.optout.statement import Reading

URL = canonicalise("https://site.example/a/b.html?q=1")
SOURCE = Source(url=URL, digest=sha256(b""), retrieved_at=RETRIEVED_AT)
QUESTION = Question(url=URL, use=Use.TRAIN_GENAI, token="ExampleBot", media_type="text/html")  # noqa: S106 - a product token
QUESTIONS = (QUESTION, replace(QUESTION, use=Use.SEARCH), replace(QUESTION, use=Use.AI_INPUT, token="CCBot"))  # noqa: S106
WORDS_LIMIT = 14
DAMAGES_LIMIT = 4
_OCTETS, _WORDS = 0, (1, 2)
OCTETS_LIMIT = 160

COMMON = (
    "\n", "\n", "\r\n", "\r", " ", "\t", ":", "=", ",", ";", "#", "*", "/", "$", "?", "%", "%2F", '"', "'", "(", ")",
    "\ufeff", "\x00", "\x0b", "\x85", "\u2028", "é", "\U0001f600", "y", "n", "yes", "no", "1", "0", "true", "deny",
    "allow", "-", "_", "0" * 20, "a" * 60,
)  # fmt: skip
ROBOTS = (
    "User-agent: *\n", "User-agent: GPTBot\n", "User-agent: ExampleBot\n", "user-agent:CCBot, ExampleBot/2\n",
    "User-agent: __usage_ai-training\n", "User-agent:\n", "Disallow: /\n", "Disallow: /*/b.html$\n", "Disallow:\n",
    "Allow: /a/\n", "Allow: *\n", "DisallowAITraining: /a\n", "Content-Usage: train-ai=n\n", "Content-Usage: ",
    "/a/ train-ai=y\n", "train-ai", "genai", "ai-use", "search", "Content-Signal: ai-train=no\n", "Content-Signal: ",
    "ai-train=yes", "use=reference", "License: https://site.example/l.xml\n", "License: ", "Crawl-delay: 5\n",
    "Sitemap: x\n", "# ",
)  # fmt: skip
XML = (
    "<", ">", "</", "/>", "<!--", "-->", "<![CDATA[", "]]>", "<?xml version='1.0'?>", "<!DOCTYPE a>", "&amp;",
    "&#0;", "&x;",
    "<a>", "</a>", "xmlns='https://rslstandard.org/rsl'",
)  # fmt: skip
RSL = (
    "<rsl xmlns='https://rslstandard.org/rsl'>", "</rsl>", "<content url='/'>", "<content url=''>", "<content>",
    "</content>",
    "<license>", "</license>", "<permits type='usage'>", "</permits>", "<prohibits type='usage'>", "</prohibits>",
    "all",
    "ai-train", "search ", "<payment type='training'/>", "<payment/>", "<reporting/>",
    "<permits type='geo'>DE</permits>",
    "<prohibits type='user'>commercial</prohibits>", "<odd/>", *XML,
)  # fmt: skip
XMP = (
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:p='http://ns.useplus.org/ldf/xmp/1.0/'>",
    "</rdf:RDF>", " xmlns:t='http://www.w3.org/ns/tdmrep/'", "<rdf:Description>", "</rdf:Description>",
    "<p:DataMining>", "</p:DataMining>", "<p:DataMining rdf:resource='DMI-PROHIBITED'/>", "DMI-PROHIBITED",
    "http://ns.useplus.org/ldf/vocab/DMI-ALLOWED", "<t:reservation>1</t:reservation>", "<rdf:Bag><rdf:li>",
    "</rdf:li></rdf:Bag>", "<rdf:Description p:DataMining='Prohibited'/>", *XML,
)  # fmt: skip
JSON = ("{", "}", "[", "]", ",", ":", '"', "null", "true", "false", "1e999", "-", "\\u0000", "\\ud800", "NaN", "[" * 40)
TDMREP = (
    '"location"',
    '"/"',
    '"/a/*"',
    '"tdm-reservation"',
    '"tdm-policy"',
    "0",
    "1",
    "1.0",
    '[{"location":"/",',
    "}]",
    *JSON,
)
AI_JSON = ('"specVersion":"1.0"', '"site":{}', '"policies":', '{"training":"deny"}', '{"training":"allow"}',
    '"agents":',
           '"trainingPaths":{"allow":["/**"]}', '"ExampleBot"', *JSON)  # fmt: skip
C2PA = ('"active_manifest":"a"', '"manifests":{"a":', '"assertions":[', '{"label":"cawg.training-mining","data":',
        '{"entries":{"cawg.ai_generative_training":{"use":"', "notAllowed", "allowed", "constrained", '"}}}',
        '"validation_state":"Valid"', *JSON)  # fmt: skip
LICENCE = (
    "<a rel=license href=", "<link rel='license' href='", "https://creativecommons.org/publicdomain/zero/1.0/", "'>",
    ">",
    "<meta name=dcterms.license content=", "<script type=application/ld+json>", '{"license":"', '"}', "</script>",
    '{"isAccessibleForFree":false}', '{"@graph":[', "]}", *XML, *JSON,
)  # fmt: skip
METAS = (
    "<meta name=robots content='", "<meta name=GPTBot content=", "noai", "noimageai", "noml", "noindex,", "none",
    "'>", ">",
    "<meta name=tdm-reservation content=", "<meta name=ai-train content=", "no", "1", "<!--", "-->", "<script>",
    "</script>", *XML,
)  # fmt: skip
ROBOTS_TAG = ("noai", "noml", "none", "noindex", "GPTBot:", "examplebot: ", "googlebot:", "unavailable_after: ",
              "25 Jun 2030 15:00:00 GMT", "max-snippet: 0", ", ", *COMMON)  # fmt: skip
AI_TXT = (
    "User-Agent: *\n", "Disallow: /\n", "Disallow: *.html\n", "Disallow: *", ".jpg", "Allow: /a\n",
    "Spec-Version: 1.0\n",
    "Site-Name: x\n", "Site-URL: y\n", "Training: deny\n", "Training: ", "conditional\n", "Training-Allow: /a/**\n",
    "Training-Deny: ", "Agent: ExampleBot\n", "  Training: allow\n", "**", "/**/", *COMMON,
)  # fmt: skip
TRUST = ("datatrainingallowed=no\n", "datatrainingallowed=", "yes\n", "member=x\n", "#", *COMMON)
LINK = ("<https://site.example/l.xml>", "; rel=license", '; rel="license"', "; type=application/rsl+xml", ", ", "<",
    ">",
        '\\"', *COMMON)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One carrier of one reader."""

    reader: OptOutReader
    carrier: str
    words: Sequence[str]
    document: str
    """One that says something, to be damaged."""
    read: Callable[[OptOutReader, bytes], Reading]

    @property
    def name(self) -> str:
        """Reader and carrier."""
        return f"{self.reader.id} {self.carrier}"

    def make(self, random: Random) -> bytes:
        """Make the next input: of six, one is plain octets, two are words, three a document with words and damage."""
        kind = random.randrange(6)
        if kind == _OCTETS:
            return random.randbytes(random.randrange(OCTETS_LIMIT))
        text = "".join(random.choices(self.words, k=random.randrange(1, WORDS_LIMIT)))
        if kind in _WORDS:
            return text.encode("utf-8", "surrogatepass")
        at = random.randrange(len(self.document) + 1)
        put_in = random.choice(self.words) if random.randrange(2) else ""
        octets = f"{self.document[:at]}{put_in}{self.document[at:]}".encode("utf-8", "surrogatepass")
        return damaged(octets, random) if random.randrange(4) else octets

    def run(self, octets: bytes) -> int:
        """Read the input and ask about it; the number of statements. Raises on a broken promise."""
        reading = self.read(self.reader, octets)
        if isinstance(reading, Partial):
            assert reading.why
        said = [one for question in QUESTIONS for one in reading.about(question)]
        for one in said:
            assert one.protocol == self.reader.id
            assert isinstance(one.preference, Preference)
            assert len(one.value) <= VALUE_LIMIT
        assert all(len(problem.text) < VALUE_LIMIT for problem in reading.problems)
        return len(said)


def damaged(octets: bytes, random: Random) -> bytes:
    """The octets with some cut, doubled, put in or changed."""
    found = bytearray(octets)
    for _ in range(random.randrange(1, DAMAGES_LIMIT)):
        at = random.randrange(len(found) + 1)
        match random.randrange(4):
            case 0:
                del found[at : at + random.randrange(1, 9)]
            case 1:
                found[at:at] = found[max(at - 8, 0) : at]
            case 2:
                found[at:at] = random.randbytes(random.randrange(1, 4))
            case _:
                if at < len(found):
                    found[at] = random.randrange(256)
    return bytes(found)


def _robots(reader: OptOutReader, octets: bytes) -> Reading:
    return reader.read_robots(RobotsRecords(file=parse(octets), source=SOURCE))


def _file(path: str, content_type: str | None = None) -> Callable[[OptOutReader, bytes], Reading]:
    def read(reader: OptOutReader, octets: bytes) -> Reading:
        return reader.read_site_file(SiteFile(source=SOURCE, path=path, content_type=content_type, body=octets))

    return read


def _field(name: str) -> Callable[[OptOutReader, bytes], Reading]:
    def read(reader: OptOutReader, octets: bytes) -> Reading:
        value = octets.decode("latin-1")
        headers = ((name, value[: len(value) // 2]), (name.upper(), value))
        return reader.read_response_head(ResponseHead(source=SOURCE, status=200, headers=headers))

    return read


def _html(reader: OptOutReader, octets: bytes) -> Reading:
    return reader.read_html(HtmlHead(source=SOURCE, page=scan(octets, content_type="text/html; charset=utf-8")))


def _xmp(reader: OptOutReader, octets: bytes) -> Reading:
    return reader.read_media(
        MediaFile(source=SOURCE, content_type="image/jpeg", embedded=describe([packet_of(octets)]))
    )


def _package(reader: OptOutReader, octets: bytes) -> Reading:
    embedded = describe([], package=octets)
    return reader.read_media(MediaFile(source=SOURCE, content_type="application/epub+zip", embedded=embedded))


def _report(reader: OptOutReader, octets: bytes) -> Reading:
    embedded = describe([], store=ManifestStore(report=octets.decode("utf-8", "replace")))
    return reader.read_media(MediaFile(source=SOURCE, content_type="image/jpeg", embedded=embedded))


_PACKAGE = (
    "<package xmlns='http://www.idpf.org/2007/opf' prefix='tdm: http://www.w3.org/ns/tdmrep#'>", "</package>",
    "<meta property='tdm:reservation'>1</meta>", "<meta name='tdm:reservation' content='0'/>", "<metadata>", *RSL,
)  # fmt: skip
ROBOTS_FILE = (
    "User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nContent-Signal: search=yes, ai-train=no\n"
    "Content-Usage: train-ai=n\nContent-Usage: /a/ train-ai=y\nDisallowAITraining: /a\nAllow: /\n"
    "\nLicense: https://site.example/l.xml\n"
)
PAGE = (
    "<head><meta name=robots content='noai'><meta name=GPTBot content=noindex><meta name=tdm-reservation content=1>"
    "<meta name=ai-train content=no><link rel=license href='https://creativecommons.org/publicdomain/zero/1.0/'>"
    '<script type=application/ld+json>{"@graph":[{"license":"x","isAccessibleForFree":false}]}</script></head>'
)
RSL_FILE = (
    "<rsl xmlns='https://rslstandard.org/rsl'><content url='/'><license><permits type='usage'>ai-train</permits>"
    "<prohibits type='user'>commercial</prohibits><payment type='training'/></license></content></rsl>"
)
XMP_PACKET = (
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
    "xmlns:p='http://ns.useplus.org/ldf/xmp/1.0/' xmlns:t='http://www.w3.org/ns/tdmrep/'><t:reservation>1</t:reservation>"
    "<p:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED</p:DataMining></rdf:Description></rdf:RDF>"
)
PACKAGE = (
    "<package xmlns='http://www.idpf.org/2007/opf' prefix='tdm: http://www.w3.org/ns/tdmrep#'><metadata>"
    f"<meta property='tdm:reservation'>1</meta>{RSL_FILE}</metadata></package>"
)
AI_POLICY = (
    "Spec-Version: 1.0\nSite-Name: x\nSite-URL: y\nTraining: conditional\nTraining-Allow: /a/**\nTraining-Deny: /a/b*\n"
    "\nAgent: ExampleBot\n  Training: deny\n"
)
AI_POLICY_JSON = (
    '{"specVersion":"1.0","site":{},"policies":{"training":"conditional"},"trainingPaths":{"allow":["/**"],"deny":["/a"]},'
    '"agents":{"ExampleBot":{"training":"deny"}}}'
)
STORE = (
    '{"active_manifest":"a","manifests":{"a":{"assertions":[{"label":"cawg.training-mining","data":{"entries":'
    '{"cawg.ai_generative_training":{"use":"notAllowed"},"cawg.data_mining":{"use":"allowed"}}}}]}},'
    '"validation_state":"Valid"}'
)
LINKS = (
    '<https://creativecommons.org/publicdomain/zero/1.0/>; rel="license", '
    '<https://site.example/l.xml>; rel="license"; type="application/rsl+xml"'
)
_CARRIERS: dict[str, dict[str, tuple[Sequence[str], str, Callable[[OptOutReader, bytes], Reading]]]] = {
    "ai-tokens": {"robots.txt": ((*ROBOTS, *COMMON), ROBOTS_FILE, _robots)},
    "disallow-ai-training": {"robots.txt": ((*ROBOTS, *COMMON), ROBOTS_FILE, _robots)},
    "aipref": {
        "robots.txt": ((*ROBOTS, *COMMON), ROBOTS_FILE, _robots),
        "field": (
            ("train-ai=", "ai-use=", "search=", "genai=", "bots=", "train-ai=n", *COMMON),
            "train-ai=n, search=y",
            _field("content-usage"),
        ),
    },
    "content-signals": {
        "robots.txt": ((*ROBOTS, *COMMON), ROBOTS_FILE, _robots),
        "field": (
            ("ai-train=", "search=", "ai-input=", "use=", "reference", *COMMON),
            "search=yes, ai-train=no, use=reference",
            _field("content-signal"),
        ),
    },
    "tdmrep": {
        "file": (
            TDMREP,
            '[{"location":"/a/*","tdm-reservation":1,"tdm-policy":"x"},{"location":"/","tdm-reservation":0}]',
            _file("/.well-known/tdmrep.json"),
        ),
        "field": (COMMON, "1", _field("tdm-reservation")),
        "page": (METAS, PAGE, _html),
        "xmp": (XMP, XMP_PACKET, _xmp),
        "package": (_PACKAGE, PACKAGE, _package),
    },
    "rsl": {
        "document": (RSL, RSL_FILE, _file("https://site.example/l.xml")),
        "robots.txt": ((*ROBOTS, *COMMON), ROBOTS_FILE, _robots),
        "field": (LINK, LINKS, _field("link")),
        "package": (_PACKAGE, PACKAGE, _package),
    },
    "robots-meta": {
        "page": (METAS, PAGE, _html),
        "field": (
            ROBOTS_TAG,
            "noai, GPTBot: noindex, unavailable_after: 25 Jun 2030 15:00:00 GMT",
            _field("x-robots-tag"),
        ),
    },
    "unlisted": {"page": (METAS, PAGE, _html), "field": (COMMON, "prohibited", _field("x-ai-training"))},
    "ai-txt": {"file": (AI_TXT, "User-Agent: *\nDisallow: *.html\nAllow: /x\n", _file("/ai.txt"))},
    "well-known-ai": {
        "text": (AI_TXT, AI_POLICY, _file("/.well-known/ai.txt")),
        "json": (AI_JSON, AI_POLICY_JSON, _file("/.well-known/ai.json")),
    },
    "trust-txt": {"file": (TRUST, "datatrainingallowed=no\n", _file("/trust.txt"))},
    "c2pa": {"report": (C2PA, STORE, _report)},
    "plus-xmp": {"xmp": (XMP, XMP_PACKET, _xmp)},
    "licence": {"page": (LICENCE, PAGE, _html), "field": (LINK, LINKS, _field("link"))},
}

TARGETS: dict[str, tuple[Target, ...]] = {
    reader.id: tuple(
        Target(reader=reader, carrier=carrier, words=words, document=document, read=read)
        for carrier, (words, document, read) in _CARRIERS[reader.id].items()
    )
    for reader in READERS
}
"""Reader to its carriers; a reader without any does not get past the import."""
