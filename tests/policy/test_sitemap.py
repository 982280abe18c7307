"""Which addresses of a sitemap may be asked for."""

from __future__ import annotations

from crawler.policy.sitemap import Listed, sift
from crawler.values.sitemap import SitemapEntry, SitemapKind
from crawler.values.url import canonicalise, split
from tests.policy.samples import TODAY
from tests.policy.test_gate import gate

BASE = canonicalise("https://good.example/maps/sitemap.xml")


def sifted(*entries: SitemapEntry, kind: SitemapKind = SitemapKind.URLSET) -> Listed:
    """Sift for a sitemap that speaks for its own host alone."""
    asked = gate()
    return sift(
        entries,
        kind,
        BASE,
        screen=lambda url: asked.screen(split(url), today=TODAY),
        may_list=lambda url: url.host in {"good.example", "bad.example"},
    )


def test_pages_of_the_host() -> None:
    """Each page once, its alternates beside it, relative ones resolved; other hosts are counted."""
    found = sifted(
        SitemapEntry(url="https://good.example/a#x", alternates=("/de/a", "https://else.example/fr/a")),
        SitemapEntry(url="HTTPS://GOOD.example/a"),
    )
    assert found == Listed(
        pages=(canonicalise("https://good.example/a"), canonicalise("https://good.example/de/a")), foreign=1
    )


def test_what_is_no_address_of_a_page() -> None:
    """Other schemes, local and private hosts and refused ports are refused; listed hosts get a row of the gate."""
    found = sifted(
        *(
            SitemapEntry(url=url)
            for url in ("file:///etc/hosts", "http://10.0.0.9/x", "https://good.example:22/", "http://bad.example/x")
        )
    )
    assert (found.refused, found.pages) == (3, (canonicalise("http://bad.example/x"),))


def test_index_lists_sitemaps() -> None:
    """Entries of an index are sitemaps."""
    found = sifted(SitemapEntry(url="/two.xml"), kind=SitemapKind.INDEX)
    assert found == Listed(sitemaps=(canonicalise("https://good.example/two.xml"),))


def test_enclosures_lie_anywhere() -> None:
    """A feed says where the sound of its entry lies; each once."""
    sound = ("audio", "https://cdn.example/a.mp3")
    found = sifted(SitemapEntry(url="/a", enclosures=(sound, sound, ("audio", "data:,x"))), kind=SitemapKind.RSS)
    assert (found.enclosures, found.refused) == ((("audio", canonicalise("https://cdn.example/a.mp3")),), 1)
