"""Sitemaps and feeds of strangers: what they list, and what refuses them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.sitemap import OtherFileError, SitemapError, SitemapKind, read_sitemap

if TYPE_CHECKING:
    from crawler.values.sitemap import Sitemap


def read(body: bytes | str, *, max_bytes: int = 1 << 20, max_entries: int = 100) -> Sitemap:
    """Read with small limits."""
    return read_sitemap(body.encode() if isinstance(body, str) else body, max_bytes=max_bytes, max_entries=max_entries)


def urls(body: bytes | str, **limits: int) -> list[str]:
    """Listed references."""
    return [entry.url for entry in read(body, **limits).entries]


URLSET = (
    '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:xhtml="http://www.w3.org/1999/xhtml" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
    "<url><image:image><image:loc>https://a.test/p.jpg</image:loc></image:image>"
    "<loc>\n https://a.test/?x=1&amp;y=2 </loc>"
    "<lastmod>2026-11-01</lastmod><priority>0.5</priority>"
    '<xhtml:link rel="alternate" hreflang="de" href="https://a.test/de"/><xhtml:link rel="amphtml" href="/amp"/>'
    "</url><url><lastmod>2026</lastmod></url></urlset>"
)


def test_urlset() -> None:
    """A page with its date and its other languages; the address of an image is none of a page."""
    found = read(URLSET)
    assert (found.kind, found.nameless, found.has_more) == (SitemapKind.URLSET, 1, False)
    (entry,) = found.entries
    assert entry.url == "https://a.test/?x=1&y=2"
    assert entry.lastmod == "2026-11-01"
    assert entry.alternates == ("https://a.test/de",)


@pytest.mark.parametrize(
    ("body", "kind", "listed"),
    [
        ("<sitemapindex><sitemap><loc>a</loc></sitemap></sitemapindex>", SitemapKind.INDEX, ["a"]),
        (
            "\ufeffhttps://a.test/1\r\n\r\nhttps://a.test/2\n",
            SitemapKind.TEXT,
            ["https://a.test/1", "https://a.test/2"],
        ),
        ("", SitemapKind.TEXT, []),
        ("<rss><channel><link>/</link><item><link> a </link></item></channel></rss>", SitemapKind.RSS, ["a"]),
        ("<rss><channel><item><guid>a</guid></item></channel></rss>", SitemapKind.RSS, ["a"]),
        ("<rss><channel><item><guid isPermaLink='false'>a</guid></item></channel></rss>", SitemapKind.RSS, []),
        ("<rdf:RDF xmlns:rdf='r'><item><link>a</link></item></rdf:RDF>", SitemapKind.RSS, ["a"]),
        (
            "<feed><link href='/'/><entry><link rel='self' href='s'/><link href='a'/></entry></feed>",
            SitemapKind.ATOM,
            ["a"],
        ),
        ("<feed><entry><link/><link href='a'/><link href='b'/></entry></feed>", SitemapKind.ATOM, ["a"]),
    ],
)
def test_kinds(body: str, kind: SitemapKind, listed: list[str]) -> None:
    """Each kind is known by its content, whatever the server calls it."""
    assert read(body).kind is kind
    assert urls(body) == listed


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings(encoding: str) -> None:
    """The families of UTF are read, marked or not."""
    assert urls("<urlset><url><loc>https://a.test/ä</loc></url></urlset>".encode(encoding)) == ["https://a.test/ä"]


def test_enclosures() -> None:
    """What a feed encloses, by its type."""
    body = (
        "<rss><channel><item><link>p</link><enclosure url='a.mp3' type='audio/mpeg'/><enclosure type='audio/mpeg'/>"
        "<content xmlns='http://search.yahoo.com/mrss/' url='v.mp4' medium='video'/>"
        "<enclosure url='x' type='text/plain'/></item></channel></rss>"
    )
    (entry,) = read(body).entries
    assert entry.enclosures == (("audio", "a.mp3"), ("video", "v.mp4"))
    atom = "<feed><entry><link rel='enclosure' type='application/pdf' href='d.pdf'/></entry></feed>"
    assert read(atom).nameless == 1


def test_gzip_file_within_its_bound() -> None:
    """A packed file is unpacked; a bomb and a cut file are refused."""
    assert urls(gzip.compress(URLSET.encode())) == ["https://a.test/?x=1&y=2"]
    with pytest.raises(SitemapError, match="more than 1000 octets"):
        read(gzip.compress(b" " * 5000), max_bytes=1000)
    with pytest.raises(SitemapError, match="ends early"):
        read(gzip.compress(URLSET.encode())[:-9])


def test_number_of_entries() -> None:
    """Entries beyond the limit are left out, and the answer says so; nameless ones count."""
    entry = "<url><loc>a</loc></url>"
    assert not read(f"<urlset>{entry * 3}</urlset>", max_entries=3).has_more
    assert read(f"<urlset>{entry * 4}</urlset>", max_entries=3).has_more
    assert len(read(f"<urlset>{entry * 4}</urlset>", max_entries=3).entries) == 3
    assert read(f"<urlset>{'<url/>' * 4}</urlset>", max_entries=3).has_more
    assert read("http://a.test/\n" * 4, max_entries=3).has_more


def test_number_of_references() -> None:
    """Alternates and enclosures are bounded all together, however few entries they stand in."""
    link = "<link rel='alternate' href='b'/>"
    found = read(f"<urlset><url><loc>a</loc>{link * 9}</url></urlset>", max_entries=2)
    assert (len(found.entries[0].alternates), found.has_more) == (8, True)
    enclosure = "<enclosure url='b' type='image/png'/>"
    found = read(f"<rss><item><link>a</link>{enclosure * 9}</item></rss>", max_entries=2)
    assert (len(found.entries[0].enclosures), found.has_more) == (8, True)


def test_long_text_is_cut() -> None:
    """A reference of a megabyte costs no megabyte."""
    (entry,) = read(
        f"<urlset><url><loc>{'x' * 10**6}&amp;{'y' * 10**6}</loc></url></urlset>", max_bytes=1 << 22
    ).entries
    assert len(entry.url) == 4096


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<!DOCTYPE u [<!ENTITY a 'x'>]><urlset><url><loc>&a;</loc></url></urlset>", "line 1: a DOCTYPE is not read"),
        ("<urlset>\n<url><loc>&a;</loc></url></urlset>", "line 2: undefined entity"),
        ("<urlset><url><loc>a</loc></url>", "line 1: no element found"),
        ("<urlset>" + "<a>" * 100, "line 1: deeper than 64 elements"),
        ("<?xml version='1.0' encoding='no-such'?><urlset/>", "unknown encoding: no-such"),
        ("x" * 2000, "longer than 1500 octets"),
    ],
)
def test_refused(body: str, problem: str) -> None:
    """Hostile and malformed files are errors with the line, never an empty list."""
    with pytest.raises(SitemapError) as found:
        read(body, max_bytes=1500)
    assert str(found.value) == problem


@pytest.mark.parametrize("body", ["<html><a href='x'>x</a></html>", "just a sentence: no list", "no colon"])
def test_other_files(body: str) -> None:
    """What is neither sitemap nor feed is told apart from a broken one."""
    with pytest.raises(OtherFileError):
        read(body)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"<urlset>{text}</urlset>".encode()))
def test_anything_is_read_or_refused(body: bytes) -> None:
    """Any octets make a list or the one kind of error."""
    try:
        found = read(body, max_entries=3)
    except SitemapError:
        return
    assert len(found.entries) <= 3
