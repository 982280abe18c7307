"""Sites of the demo that reserve rights, one for each carrier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.demo.media import PLUS_PROHIBITED, TDM_RESERVED, jpeg, pdf, png
from crawler.demo.site import PRODUCT_TOKEN, Answer, Site, kept, left, never_asked, page, plain

if TYPE_CHECKING:
    from crawler.demo.site import Place

RESERVED = ("optout_reserved",)

_OPEN_ROBOTS = "User-agent: *\nAllow: /\n"


def rights_sites(place: Place) -> tuple[Site, ...]:
    """Sites that say no, or no to a part."""
    return (
        _closed(),
        _news(),
        _publisher(),
        _magazine(),
        _headers(),
        _metas(),
        _gallery(),
        _papers(),
        *_robots_records(place),
        *_text_files(),
    )


def _closed() -> Site:
    return Site(
        host="closed.test",
        lesson="robots.txt closes the whole site.",
        answers={
            "/robots.txt": plain("User-agent: *\nDisallow: /\n"),
            "/": page("Closed", "Nobody should read this line."),
            "/from-a-redirect": page("Closed", "Nor this one."),
            "/from-a-refresh": page("Closed", "Nor this."),
        },
        expected=(
            *left("/", reasons=("robots_disallow",), may_be_asked=False),
            *never_asked("/from-a-redirect", "/from-a-refresh"),
        ),
    )


def _news() -> Site:
    robots = (
        "User-agent: *\nDisallow: /\n\n"
        f"User-agent: {PRODUCT_TOKEN}\nDisallow: /archive/\nAllow: /archive/open-letter$\nDisallow: /*?print=\n"
    )
    return Site(
        host="news.test",
        lesson="A group of robots.txt for this crawler closes the archive, but one letter in it is open.",
        answers={
            "/robots.txt": plain(robots),
            "/": page(
                "Morning news",
                "Two cats were seen on the town hall.",
                "/archive/",
                "/archive/open-letter",
                "/today",
                "/today?print=1",
            ),
            "/today": page("Today", "The cats came down by themselves."),
            "/archive/": page("Archive", "All old cats."),
            "/archive/open-letter": page("An open letter", "Dear cats, please use the stairs."),
        },
        expected=(
            *kept("/", "/today", "/archive/open-letter"),
            *left("/archive/", "/today?print=1", reasons=("robots_disallow",), may_be_asked=False),
        ),
    )


def _publisher() -> Site:
    return Site(
        host="publisher.test",
        lesson="tdmrep.json reserves text and data mining for the whole site.",
        protocol="tdmrep",
        answers={
            "/robots.txt": plain(_OPEN_ROBOTS),
            "/.well-known/tdmrep.json": plain(
                '[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://publisher.test/policy.json"}]\n',
                "application/json",
            ),
            "/": page("Collected works", "Volume one of many.", "/volume-1"),
            "/volume-1": page("Volume one", "It begins with a storm."),
        },
        seeds=("/", "/volume-1"),
        expected=left("/", "/volume-1", reasons=RESERVED),
    )


def _magazine() -> Site:
    return Site(
        host="magazine.test",
        lesson="tdmrep.json reserves one folder; the rest is open.",
        protocol="tdmrep",
        answers={
            "/robots.txt": plain(_OPEN_ROBOTS),
            "/.well-known/tdmrep.json": plain(
                '[{"location": "/features/", "tdm-reservation": 1}, {"location": "/", "tdm-reservation": 0}]\n',
                "application/json",
            ),
            "/": page("The long read", "Notices are free, features are not.", "/notices", "/features/lighthouse"),
            "/notices": page("Notices", "The library closes at five."),
            "/features/lighthouse": page("The last keeper", "For forty years he counted ships."),
        },
        expected=(
            *kept("/", "/notices", reasons=("statement_allowed",)),
            *left("/features/lighthouse", reasons=RESERVED),
        ),
    )


def _headers() -> Site:
    return Site(
        host="headers.test",
        lesson="Reservations in response headers: X-Robots-Tag and tdm-reservation, page by page.",
        protocol="robots-meta",
        answers={
            "/robots.txt": plain(_OPEN_ROBOTS),
            "/": page("Notebook", "Some pages carry a note on the cover.", "/sketch", "/essay", "/index"),
            "/sketch": page("Sketch", "Drawn in a train.", headers=(("X-Robots-Tag", "noai, noimageai"),)),
            "/essay": page("Essay", "On waiting.", headers=(("tdm-reservation", "1"),)),
            "/index": page("Index", "A to Z.", headers=(("X-Robots-Tag", "otherbot: noai"),)),
        },
        expected=(*kept("/", "/index"), *left("/sketch", "/essay", reasons=RESERVED)),
    )


def _metas() -> Site:
    tdm = '<meta name="tdm-reservation" content="1">'
    named = f'<meta name="{PRODUCT_TOKEN}" content="noai">'
    return Site(
        host="metas.test",
        lesson="Reservations in the HTML of single pages.",
        protocol="robots-meta",
        answers={
            "/robots.txt": plain(_OPEN_ROBOTS),
            "/": page("Poems", "Four of them.", "/spring", "/summer", "/autumn", "/winter"),
            "/spring": page("Spring", "Mud and song.", head='<meta name="robots" content="index, NoAI">'),
            "/summer": page("Summer", "Dust and shade.", head=tdm),
            "/autumn": page("Autumn", "Smoke and apples.", head=named),
            "/winter": page("Winter", "Ice.", head='<!-- <meta name="robots" content="noai"> -->'),
        },
        expected=(*kept("/", "/winter"), *left("/spring", "/summer", "/autumn", reasons=RESERVED)),
    )


def _gallery() -> Site:
    picture = Answer(headers=(("Content-Type", "image/jpeg"),), body=jpeg(PLUS_PROHIBITED))
    drawing = Answer(headers=(("Content-Type", "image/png"),), body=png(24, PLUS_PROHIBITED))
    return Site(
        host="gallery.test",
        lesson="Images whose own metadata (IPTC/PLUS in XMP) prohibit training of generative models.",
        protocol="plus-xmp",
        answers={
            "/": page("Gallery", 'The page is open. <img src="/photo.jpg" alt="">', "/photo.jpg", "/drawing.png"),
            "/photo.jpg": picture,
            "/drawing.png": drawing,
        },
        seeds=("/", "/photo.jpg", "/drawing.png"),
        expected=(
            *kept("/"),
            *left("/photo.jpg", "/drawing.png", reasons=(*RESERVED, "media_type_not_wanted")),
        ),
    )


def _papers() -> Site:
    paper = Answer(headers=(("Content-Type", "application/pdf"),), body=pdf("On rope", TDM_RESERVED))
    return Site(
        host="papers.test",
        lesson="A PDF that carries a TDM reservation in its metadata.",
        # TDMRep's own reader may know the web's carriers only; XMP packets are read where PLUS is read.
        protocol="plus-xmp",
        answers={"/": page("Papers", "The list is open, the paper is not.", "/rope.pdf"), "/rope.pdf": paper},
        seeds=("/", "/rope.pdf"),
        expected=(*kept("/"), *left("/rope.pdf", reasons=(*RESERVED, "media_type_not_wanted"))),
    )


def _robots_records(place: Place) -> tuple[Site, ...]:
    licence = (
        '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
        '<permits type="usage">search</permits><prohibits type="usage">ai-train</prohibits>'
        "</license></content></rsl>\n"
    )
    records = (
        (
            "signals.test",
            "content-signals",
            "Content-Signal",
            "User-agent: *\nContent-Signal: search=yes, ai-train=no\n",
        ),
        ("usage.test", "aipref", "Content-Usage", "User-agent: *\nContent-Usage: train-ai=n, search=y\n"),
        ("licence.test", "rsl", "License", f"License: {place('licence.test/rsl.xml')}\n\nUser-agent: *\n"),
        (
            "draft.test",
            "disallow-ai-training",
            "DisallowAITraining",
            "User-agent: *\nDisallowAITraining: /\n",
        ),
        (
            "tokens.test",
            "ai-tokens",
            "groups of AI crawlers",
            "User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n\nUser-agent: *\n",
        ),
    )
    return tuple(
        Site(
            host=host,
            lesson=f"robots.txt lets everyone in, and reserves training by its {name}.",
            protocol=protocol,
            answers={
                "/robots.txt": plain(f"{robots}Allow: /\n"),
                "/": page("House rules", "Come in and read, but learn it by heart only if you are a person."),
                "/rsl.xml": plain(licence, "application/rsl+xml"),
            },
            expected=left("/", reasons=RESERVED),
        )
        for host, protocol, name, robots in records
    )


def _text_files() -> tuple[Site, ...]:
    files = (
        ("aitxt.test", "ai-txt", "/ai.txt", "User-Agent: *\nDisallow: /\n"),
        ("trust.test", "trust-txt", "/trust.txt", "member=https://harbour.test/\ndatatrainingallowed=no\n"),
    )
    return tuple(
        Site(
            host=host,
            lesson=f"The file {path} reserves training for the whole site.",
            protocol=protocol,
            answers={
                "/robots.txt": plain(_OPEN_ROBOTS),
                path: plain(text),
                "/": page("Bakery", "Rolls at six, cakes at noon."),
            },
            expected=left("/", reasons=RESERVED),
        )
        for host, protocol, path, text in files
    )
