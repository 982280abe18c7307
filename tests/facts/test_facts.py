"""Facts besides the rights: each with the rule or method that spoke, and silence where none does."""

from __future__ import annotations

import json
import tomllib
from hashlib import blake2b
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.facts import generated
from crawler.facts.category import CategoryRules
from crawler.facts.country import country_hint
from crawler.facts.similarity import CHARACTERS, distance, simhash
from crawler.optout.media.embedded import Embedded, ManifestStore, Property
from crawler.storage.site_categories import site_categories
from crawler.values.html import scan
from crawler.values.html_text import visible_text

NOTHING = (None, None)
TEXT = " ".join(f"word{number * number % 997}" for number in range(600))


@pytest.mark.parametrize(
    ("host", "markup", "header", "expected"),
    [
        ("www.example.de", "fr-FR", [], ("DE", "cctld")),
        ("example.co.uk", None, [], ("GB", "cctld")),
        ("xn--e1afmkfd.xn--p1ai", None, [], ("RU", "cctld")),
        ("example.xn--e1a4c", None, [], NOTHING),
        ("example.eu", "de-AT", [], ("AT", "markup")),
        ("example.io", "zh-Hant-TW", [], ("TW", "markup")),
        ("example.com", "en-US", ["en-us", "de-CH"], ("CH", "header")),
        ("example.com", "de", [], NOTHING),
        ("127.0.0.1", None, [], NOTHING),
        ("de", None, [], NOTHING),
    ],
)
def test_country(host: str, markup: str | None, header: list[str], expected: tuple[str | None, str | None]) -> None:
    """Country-code domains first, but not those sold as words; then regions of languages, but not tools' default."""
    assert country_hint(host, markup=markup, header=header) == expected


@pytest.mark.parametrize(
    ("host", "markup", "expected"),
    [
        ("www.example.gov.uk", "", ("government", "host:gov.uk")),
        ("en.wikipedia.org", "", ("reference", "host:wikipedia.org")),
        ("blog.example.com", "", ("blog", "label:blog")),
        ("blog.com", "", NOTHING),
        ("example.com", "<meta name=generator content='MediaWiki 1.45'>", ("reference", "generator:mediawiki")),
        ("example.com", "<meta name=x><meta name=generator content='Hand'><meta name=y>", NOTHING),
        (
            "example.com",
            "<meta property='og:type' content='x'><meta property='og:type' content='Product'>",
            ("commerce", "type:product"),
        ),
        (
            "example.com",
            '<script type="application/ld+json">{"@type": ["NewsArticle"]}</script>',
            ("news", "type:newsarticle"),
        ),
        ("example.com", '<script type="application/rsl+xml">{"@type":"Product"}</script>', NOTHING),
        ("example.com", '<script type="application/ld+json">{"@type":"Product"</script>', NOTHING),
        ("example.com", '<script type="application/ld+json">[1,{"offers":{"@type":"Product"}}]</script>', NOTHING),
        (
            "example.com",
            '<script type="application/ld+json">{"@graph":[2,{"@type":"Museum"}]}</script>',
            ("culture", "type:museum"),
        ),
        (
            "example.com",
            '<script type="application/ld+json">{"@graph":{"@type":"Museum"}}</script>',
            ("culture", "type:museum"),
        ),
    ],
)
def test_category(host: str, markup: str, expected: tuple[str | None, str | None]) -> None:
    """Host, then software, then what the page says; the rule and the date of the table are named."""
    rules = site_categories()
    page = scan(f"<html><head>{markup}</head><body></body></html>".encode(), content_type="text/html")
    category, method = rules.of_host(host)
    if category is None:
        category, method = rules.of_page(page)
    assert category == expected[0]
    assert method == (None if expected[1] is None else f"{expected[1]} {rules.date}")


def test_a_rule_about_an_unknown_category_is_refused() -> None:
    """A misspelt category would vanish from every document."""
    table = tomllib.loads(
        "date = '2026-01-01'\n[categories]\n[suffixes]\ngov = 'goverment'\n[labels]\n[generators]\n[types]"
    )
    with pytest.raises(ValueError, match="goverment"):
        CategoryRules.read(table)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("", NOTHING),
        (
            "<meta property='Iptc4xmpExt:DigitalSourceType' content='http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'>",
            (True, "meta:digitalSourceType"),
        ),
        ("<meta name=digitalSourceType content='digitalCapture/'>", (False, "meta:digitalSourceType")),
        ("<meta name=digitalSourceType content='17'>", NOTHING),
        (
            '<script type="application/ld+json">[{"n": 1, "digitalSourceType": ["AlgorithmicMedia", 3]}]</script>',
            (True, "json-ld:digitalSourceType"),
        ),
        ('<script type="application/ld+json">{"digitalSourceType": </script>', NOTHING),
    ],
)
def test_a_page_that_says_who_made_it(markup: str, expected: tuple[bool | None, str | None]) -> None:
    """IPTC's terms in meta elements and JSON-LD; anything else is silence."""
    page = scan(f"<html><head>{markup}</head><body></body></html>".encode(), content_type="text/html")
    assert generated.of_page(page) == expected


def test_a_file_that_says_who_made_it() -> None:
    """XMP first, then C2PA; what is uncertain does not speak, and depth is bounded."""

    def xmp(value: str, *, is_certain: bool = True) -> Property:
        return Property(namespace="x", name="DigitalSourceType", value=value, packet=0, line=1, is_certain=is_certain)

    deep: object = {"digitalSourceType": "algorithmicMedia"}
    assert generated.of_file(Embedded(properties=(xmp("algorithmicMedia"),))) == (True, "xmp:DigitalSourceType")
    assert generated.of_file(Embedded(properties=(xmp("algorithmicMedia", is_certain=False),))) == NOTHING
    store = ManifestStore(report=json.dumps({"manifests": deep}))
    assert generated.of_file(Embedded(store=store)) == (True, "c2pa:digitalSourceType")
    assert generated.of_file(Embedded(store=ManifestStore(report=None))) == NOTHING
    for _ in range(40):
        deep = [deep]
    assert generated.of_file(Embedded(store=ManifestStore(report=json.dumps(deep)))) == NOTHING


def test_the_hash_is_the_documented_one() -> None:
    """``simhash64/1`` gives these values for ever; another algorithm gets another name."""
    assert simhash("") is None
    assert simhash(" \n") is None
    assert [
        simhash(text) for text in ("one", "The quick brown fox", "the  QUICK brown\nfox", "東京は日本の首都です")
    ] == GOLDEN


GOLDEN = ["c915768baaddf234", "e024e05820201153", "e024e05820201153", "80822c3404061034"]


def test_near_duplicates_differ_in_few_bits() -> None:
    """A changed word moves few bits, another text many, what stands behind the bound none."""
    words = TEXT.split()
    base = simhash(TEXT)
    assert base is not None
    near = simhash(" ".join([*words[:100], "changed", *words[101:]]))
    far = simhash(" ".join(f"other{word}" for word in words))
    assert near is not None
    assert far is not None
    assert distance(base, near) <= 8 < distance(base, far)
    long = "a b c " * CHARACTERS
    assert simhash(long) == simhash(long + "more")


@given(st.text(max_size=300))
def test_any_text_has_a_hash_or_no_words(text: str) -> None:
    """Never raises; case and ASCII white space do not count."""
    found = simhash(text)
    assert found is None or len(found) == 16
    assert simhash(f"\t{text}\n") == found


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=3), min_size=1, max_size=1400))
def test_a_bit_is_set_where_most_features_have_it(words: list[str]) -> None:
    """The steps of the algorithm one by one give the same hash."""
    octets = [word.encode() for word in words]
    last = max(len(octets) - 2, 1)
    starts = [start for start in range(last) if crc32(octets[start]) % 8 == 0]
    if len(starts) < 16:
        starts = list(range(last))
    hashes = [blake2b(b" ".join(octets[start : start + 3]), digest_size=8).digest() for start in starts[:128]]
    numbers = [int.from_bytes(one, "little") for one in hashes]
    bits = [sum(number >> bit & 1 for number in numbers) > len(numbers) // 2 for bit in range(64)]
    assert simhash(" ".join(words)) == f"{sum(one << bit for bit, one in enumerate(bits)):016x}"


def test_visible_text() -> None:
    """Programs, navigation and the head are left out; the charset is that of the page."""
    body = (
        "<html><head><title>t</title></head><body><nav>n</nav><p>caf\u00e9</p><script>s</script><p>b</p></body></html>"
    )
    assert visible_text(body.encode("latin-1"), "cp1252").split() == ["caf\u00e9", "b"]
    assert visible_text(body.encode(), "utf-8").split() == ["caf\u00e9", "b"]
    assert visible_text(b"", "utf-8") == ""
