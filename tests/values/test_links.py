"""The links of a page are those that Scrapy's LinkExtractor finds, in canonical spelling."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor

from crawler.errors import UrlError
from crawler.values.html import scan
from crawler.values.links import base_url, embedded, frames, outlinks, refresh
from crawler.values.url import canonicalise
from tests.shared import shared_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.values.url import CanonicalUrl

URL = canonicalise("https://site.example/dir/page.html?q")
HTML = "text/html; charset=utf-8"
EXTRACTOR = LinkExtractor(deny_extensions=[])


def _links(body: bytes) -> tuple[CanonicalUrl, ...]:
    return outlinks(scan(body, content_type=HTML), URL)


def _scrapy(body: bytes, url: str) -> list[str]:
    response = HtmlResponse(url, body=body, headers={"Content-Type": HTML})
    found = []
    for link in EXTRACTOR.extract_links(response):
        try:
            found.append(canonicalise(link.url))
        except UrlError:
            continue
    return list(dict.fromkeys(found))


PAGES = {
    "order-and-duplicates": b"<a href=b>1</a><area href=/c><a href=b>2</a><a href=../d>3</a>",
    "fragments": b"<a href=#x>1</a><a href=a#x>2</a><a href=a#y>3</a><a href=''>4</a>",
    "schemes": b"<a href=javascript:1><a href=mailto:a@b><a href=tel:1><a href=data:,x><a href=ftp://h/x><a href=HTTP://H/x>",
    "nofollow": b"<a rel=nofollow href=/n>x</a>",
    "base": b"<base href=//other.example/b/><a href=x>1</a><a href=/y>2</a>",
    "relative-base": b"<base href=sub/><a href=x>1</a>",
    "blanks": b"<a href=' /a '>1</a><a href='/b\n/c'>2</a><a href='\t'>3</a>",
    "query": b"<a href=?a=1&amp;b=2>1</a><a href='?a b'>2</a>",
    "encoded": "<a href='/ä?ö=%e4'>1</a>".encode(),
    "unclosed": b"<a href=/a><a href=/b><p><a href=/c",
    "comments": b"<!-- <a href=/no>x</a> --><a href=/yes>x</a>",
    "uppercase": b"<A HREF=/a>x</A>",
    "other-elements": b"<link href=/l><img src=/i><form action=/f><iframe src=/f></iframe><a name=x>y</a>",
    "ports-and-hosts": b"<a href=https://site.example:443/x>1</a><a href=https://SITE.example/x>2</a><a href=http://h:99999/>3</a>",
}


@pytest.mark.parametrize("name", PAGES)
def test_agreement_with_scrapy(name: str) -> None:
    """Same links, same order."""
    assert list(_links(PAGES[name])) == _scrapy(PAGES[name], URL)


def _real_pages() -> Iterator[tuple[str, bytes]]:
    for archive in sorted(shared_path("data/sites").glob("*.tar.zst")):
        with (
            pa.input_stream(archive, compression="zstd") as content,
            tarfile.open(fileobj=content, mode="r|") as folder,
        ):
            for number, member in enumerate(folder):
                if number % 10 == 0 and member.isfile() and ".html" in member.name:
                    file = folder.extractfile(member)
                    assert file is not None
                    yield member.name, file.read()


def test_agreement_with_scrapy_on_real_pages() -> None:
    """The same on pages of real sites, as sets: Scrapy looks for the base in the first 4 KB only."""
    different, pages = [], 0
    for name, body in _real_pages():
        url = canonicalise(f"https://{name}")
        pages += 1
        ours = set(outlinks(scan(body, content_type=HTML), url))
        if ours != set(_scrapy(body, url)):
            different.append(name)
    assert different == []
    assert pages > 100


def test_base_that_cannot_be_asked_for() -> None:
    """Such a base is none."""
    page = scan(b"<base href=ftp://x/><a href=y>1</a>", content_type=HTML)
    assert base_url(page, URL) == URL
    assert outlinks(page, URL) == ("https://site.example/dir/y",)


def test_query_in_the_encoding_of_the_page() -> None:
    """As browsers and Scrapy write it; the path is UTF-8 in any case."""
    page = scan("<meta charset=latin-1><a href='/ä?ä'>x</a>".encode("latin-1"), content_type=None)
    assert outlinks(page, URL) == ("https://site.example/%C3%A4?%E4",)


def test_frames_and_images() -> None:
    """What the page embeds is kept apart from what it links to."""
    page = scan(b"<iframe src=/f></iframe><img src=/i><img src=data:,x><a href=/a>x</a>", content_type=HTML)
    assert outlinks(page, URL) == ("https://site.example/a",)
    assert frames(page, URL) == ("https://site.example/f",)
    assert embedded(page, URL) == (("image", "https://site.example/i"),)


def test_embedded_media() -> None:
    """Sound, films and documents by element; what an object shows by the ending of its name."""
    markup = (
        b"<picture><source srcset=/p1><img src=/p2></picture><audio src=/s1><source src=/s2><source></audio>"
        b"<video src=/v1 poster=/p3><source src=/v2></video><embed src=/o.pdf><object data=/o></object>"
        b"<object data=/o.SVG?x.pdf></object>"
    )
    found = embedded(scan(markup, content_type=HTML), URL)
    assert found == (
        *(("image", f"https://site.example/{name}") for name in ("p1", "p2", "p3")),
        *(("audio", f"https://site.example/{name}") for name in ("s1", "s2")),
        *(("video", f"https://site.example/{name}") for name in ("v1", "v2")),
        ("document", "https://site.example/o.pdf"),
        ("document", "https://site.example/o"),
        ("image", "https://site.example/o.SVG?x.pdf"),
    )


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0;url=/x", "https://site.example/x"),
        ("0;url=javascript:1", None),
        ("5", None),
        ("5;url=page.html?q#top", None),
    ],
)
def test_refresh(content: str, target: str | None) -> None:
    """A refresh to the page itself, or to nowhere we would ask, is none."""
    page = scan(f'<meta http-equiv=refresh content="{content}">'.encode(), content_type=HTML)
    assert refresh(page, URL) == target
