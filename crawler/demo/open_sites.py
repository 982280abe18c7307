"""Sites of the demo that may be taken, in several languages and encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.demo.media import jpeg, pdf, png
from crawler.demo.site import Answer, Site, kept, left, page, plain, zipped

if TYPE_CHECKING:
    from crawler.demo.site import Place

# Right-to-left text is confusing to edit in place, so the Arabic page is written as escapes.
_ARABIC_TITLE = "\u0635\u062d\u064a\u0641\u0629 \u0627\u0644\u0645\u064a\u0646\u0627\u0621"
_ARABIC_TEXT = (
    "\u0639\u0627\u062f\u062a \u0627\u0644\u0642\u0648\u0627\u0631\u0628 \u0645\u0639 \u0627\u0644\u0641\u062c\u0631 "
    "\u0648\u0647\u064a \u0645\u062d\u0645\u0644\u0629 \u0628\u0627\u0644\u0633\u0645\u0643."
)


def open_sites(place: Place) -> tuple[Site, ...]:
    """Sites without any reservation."""
    return (_harbour(place), _museum(), _commons(), _no_robots(), _shop(), *_languages())


def _harbour(place: Place) -> Site:
    return Site(
        host="harbour.test",
        lesson="Everything is open: robots.txt closes nothing and nobody reserved anything.",
        answers={
            "/robots.txt": plain(f"User-agent: *\nDisallow:\n\nSitemap: {place('harbour.test/sitemap.xml')}\n"),
            "/": page("The harbour letter", "A weekly sheet about tides, nets and small boats.", "/tides", "/nets#how"),
            "/tides": zipped(
                page("Reading the tides", "High water comes some fifty minutes later each day.", "/boats")
            ),
            "/nets": page("Mending nets", "A good knot is tied wet and pulled slowly.", "/", "/missing"),
            "/boats": page("Names of boats", "Most of them are named after somebody who waits at home."),
            "/quay": page("The old quay", "Only the sitemap knows this page."),
            "/sitemap.xml": plain(
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
                f"<url><loc>{place('harbour.test/quay')}</loc></url></urlset>\n",
                "application/xml",
            ),
        },
        expected=(
            *kept("/", "/tides", "/nets", "/boats"),
            *left("/missing", reasons=("http_unavailable",)),
        ),
    )


def _museum() -> Site:
    pictures = {
        "/gradient.png": Answer(headers=(("Content-Type", "image/png"),), body=png(32)),
        "/tile.jpg": Answer(headers=(("Content-Type", "image/jpeg"),), body=jpeg()),
        "/guide.pdf": Answer(headers=(("Content-Type", "application/pdf"),), body=pdf("A guide to the three rooms")),
    }
    return Site(
        host="museum.test",
        lesson="Images and a PDF without any reservation.",
        answers={
            "/": page("Three rooms", 'Room one is grey. <img src="/gradient.png" alt="grey">', *pictures),
            **pictures,
        },
        seeds=("/", *pictures),
        expected=kept("/"),
    )


def _commons() -> Site:
    licence = "https://creativecommons.org/licenses/by/4.0/"
    dedication = "https://creativecommons.org/publicdomain/zero/1.0/"
    return Site(
        host="commons.test",
        lesson="Texts under Creative Commons: a licence never makes a page worse than none.",
        answers={
            "/": page("Shared recipes", "Take them, say where they come from.", "/bread", "/soup"),
            "/bread": page(
                "Bread", "Flour, water, salt, and a night of rest.", head=f'<link rel="license" href="{licence}">'
            ),
            "/soup": page("Soup", "Start with onions, always.", head=f'<link rel="license" href="{dedication}">'),
        },
        expected=kept("/", "/bread", "/soup", reasons=("unknown_allowed", "statement_allowed")),
    )


def _no_robots() -> Site:
    return Site(
        host="plainpage.test",
        lesson="No robots.txt at all: 404 there means that nothing is closed (RFC 9309).",
        answers={"/": page("One page", "It was written in an afternoon and never changed.")},
        expected=kept("/"),
    )


def _shop() -> Site:
    return Site(
        host="shop.test",
        lesson="Asks for a second between requests; a soft directive (noindex) is recorded and reserves nothing.",
        answers={
            "/robots.txt": plain("User-agent: *\nCrawl-delay: 1\nDisallow: /basket\n"),
            "/": page("Buttons", "Bone, brass and beech, sold by the dozen.", "/brass", "/basket?add=1"),
            "/brass": page(
                "Brass buttons", "They want polish.", head='<meta name="robots" content="noindex, nofollow">'
            ),
            "/basket": page("Basket", "Nobody but the buyer looks in here."),
        },
        expected=(
            *kept("/", "/brass"),
            *left("/basket?add=1", reasons=("robots_disallow",), may_be_asked=False),
        ),
    )


def _languages() -> tuple[Site, ...]:
    texts = (
        (
            "zeitung.test",
            "de",
            "windows-1252",
            "Der Wetterhahn",
            "Über Nacht drehte der Wind, und früh standen alle Hähne nach Süden.",
        ),
        ("gazette.test", "en", "utf-8", "The Weathercock", "The wind turned at night, and so did every cock in town."),
        (
            "journal.test",
            "fr",
            "iso-8859-15",
            "La girouette",
            "Le vent a tourné pendant la nuit; au matin, le cœur du village sentait la mer.",
        ),
        ("shimbun.test", "ja", "shift_jis", "風見鶏", "夜のうちに風が変わり、朝には町じゅうの風見鶏が南を向いていた。"),
        ("sahifa.test", "ar", "utf-8", _ARABIC_TITLE, _ARABIC_TEXT),
    )
    return tuple(
        Site(
            host=host,
            lesson=f"An open page in {language}, encoded as {charset}.",
            answers={
                "/": page(title, text, lang=language, charset=charset),
                "/robots.txt": plain("User-agent: *\nAllow: /\n"),
            },
            expected=kept("/"),
        )
        for host, language, charset, title, text in texts
    )
