"""Sites of the demo that try a crawler: unreachable rules, races, redirects, traps, large files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.demo.site import Answer, Site, kept, left, moved, never_asked, page, plain, refused

if TYPE_CHECKING:
    from crawler.demo.site import Place

PAGE_LIMIT = 1024 * 1024
"""Octets that the demo's policy accepts of a page."""
DEPTH_LIMIT = 8
"""Clicks from a seed that the demo's policy accepts."""
CHAIN = 3
TOO_LONG_CHAIN = 12
"""Hops, above ``[limits] redirects``."""
RACERS = 20

_REDIRECT = ("redirect",)


def hazard_sites(place: Place) -> tuple[Site, ...]:
    """Sites on which careless crawlers do what they should not."""
    return (
        _error_robots(),
        _dropped_robots(),
        _busy_robots(),
        _patience(),
        _race(),
        _redirects(place),
        _refresh(place),
        _calendar(),
        _corridor(),
        _warehouse(),
        _unwell(),
    )


def _error_robots() -> Site:
    return Site(
        host="broken.test",
        lesson="robots.txt answers 503 (with a permissive body): unreachable means closed.",
        answers={
            "/robots.txt": plain("User-agent: *\nAllow: /\n", status=503),
            "/": page("Broken", "Under repair since spring."),
        },
        expected=left("/", reasons=("robots_unreachable",), may_be_asked=False),
    )


def _dropped_robots() -> Site:
    return Site(
        host="silent.test",
        lesson="The connection is closed when robots.txt is asked for: closed, too.",
        answers={"/robots.txt": Answer(is_dropped=True), "/": page("Silent", "Shh.")},
        expected=left("/", reasons=("robots_unreachable",), may_be_asked=False),
    )


def _busy_robots() -> Site:
    return Site(
        host="busy.test",
        lesson="robots.txt answers 429: later, not now.",
        answers={
            "/robots.txt": refused(429, "Come back in an hour.", ("Retry-After", "3600")),
            "/": page("Busy", "A queue around the block."),
        },
        expected=left("/", reasons=("robots_busy",), may_be_asked=False),
    )


def _patience() -> Site:
    return Site(
        host="patience.test",
        lesson="Asks for a day between requests: more than the crawl waits, so the site is left for later.",
        answers={"/robots.txt": plain("User-agent: *\nCrawl-delay: 86400\n"), "/": page("Patience", "One line a day.")},
        expected=left("/", reasons=("robots_delay_too_long",), may_be_asked=False),
    )


def _race() -> Site:
    paths = tuple(f"/private/{number}" for number in range(1, RACERS + 1))
    return Site(
        host="race.test",
        lesson=f"{RACERS} closed pages are asked for at once while robots.txt takes its time: nobody slips through.",
        answers={
            "/robots.txt": Answer(
                headers=(("Content-Type", "text/plain"),), body=b"User-agent: *\nDisallow: /private/\n", delay=0.7
            ),
            **{path: page("Private", "Not for you.") for path in paths},
        },
        seeds=paths,
        expected=left(*paths, reasons=("robots_disallow",), may_be_asked=False),
    )


def _redirects(place: Place) -> Site:
    chain = {f"/chain/{hop}": moved(f"/chain/{hop + 1}" if hop < CHAIN else "/end") for hop in range(1, CHAIN + 1)}
    long = {f"/long/{hop}": moved(f"/long/{hop + 1}") for hop in range(1, TOO_LONG_CHAIN + 1)}
    return Site(
        host="redirects.test",
        lesson="Redirects: a chain with a good end, one without, a loop, and two to hosts that may not be asked.",
        answers={
            "/": page(
                "Signposts",
                "Each one points to the next.",
                "/chain/1",
                "/long/1",
                "/loop/a",
                "/to-closed",
                "/to-blocked",
            ),
            **chain,
            "/end": page("The end", "You have arrived."),
            **long,
            f"/long/{TOO_LONG_CHAIN + 1}": page("Too far", "Nobody should come here."),
            "/loop/a": moved("/loop/b"),
            "/loop/b": moved("/loop/a"),
            "/to-closed": moved(place("closed.test/from-a-redirect"), 301),
            "/to-blocked": moved(place("blocked.test/from-a-redirect"), 307),
        },
        expected=(
            *kept("/", "/end"),
            *kept(*chain, "/to-closed", "/to-blocked", reasons=_REDIRECT),
            *never_asked(f"/long/{TOO_LONG_CHAIN + 1}"),
        ),
    )


def _refresh(place: Place) -> Site:
    def refresh(target: str) -> str:
        return f'<meta http-equiv="refresh" content="0; url={target}">'

    return Site(
        host="moving.test",
        lesson="Meta refresh is a link that passes the same gate: one target is open, one is closed.",
        answers={
            "/": page("Moving", "We have moved.", "/away", head=refresh("/new")),
            "/new": page("New house", "The kettle is on."),
            "/away": page("Away", "To the neighbours.", head=refresh(place("closed.test/from-a-refresh"))),
        },
        expected=kept("/", "/new", "/away"),
    )


def _calendar() -> Site:
    months = [f"/{year}/{month:02}" for year in range(2026, 2029) for month in range(1, 13)]
    pages = {
        month: page(f"Calendar {month}", "Nothing happens in this month.", following)
        for month, following in zip(months, [*months[1:], "/2029/01"], strict=True)
    }
    return Site(
        host="calendar.test",
        lesson="An endless calendar: after so many clicks the crawl goes no deeper.",
        answers={"/": page("Calendar", "Turn the page.", months[0]), **pages},
        expected=(
            *kept("/", *months[: DEPTH_LIMIT - 1]),
            *never_asked(*months[DEPTH_LIMIT + 1 :]),
        ),
    )


def _corridor() -> Site:
    steps = ["/" + "room/" * count for count in range(1, 9)]
    return Site(
        host="corridor.test",
        lesson="A relative link that repeats a path segment for ever.",
        answers={
            "/": page("Corridor", "One door.", "room/"),
            **{step: page("Room", "Another door, just like the last.", "room/") for step in steps},
        },
        expected=(
            *kept("/", *steps[:3]),
            *left(steps[3], reasons=("trap_limit",), may_be_asked=False),
            *never_asked(*steps[4:]),
        ),
    )


def _warehouse() -> Site:
    crate = b"<p>One more crate of the same size.</p>\n"
    body = b"<!doctype html><title>Stock</title>\n" + crate * (PAGE_LIMIT * 3 // 2 // len(crate))
    head = (("Content-Type", "text/html; charset=utf-8"),)
    return Site(
        host="warehouse.test",
        lesson="Pages over the size limit, one that says so before and one that does not: no part is kept.",
        answers={
            "/": page("Warehouse", "The list is short, the files are long.", "/announced", "/unannounced"),
            "/announced": Answer(headers=head, body=body),
            "/unannounced": Answer(headers=head, body=body, is_chunked=True),
        },
        expected=(*kept("/"), *left("/announced", "/unannounced", reasons=("body_too_large",))),
    )


def _unwell() -> Site:
    return Site(
        host="unwell.test",
        lesson="A page that answers 503 and one whose connection breaks: asked again later, never taken for absent.",
        answers={
            "/": page("Unwell", "Some rooms are closed today.", "/faint", "/fever"),
            "/fever": refused(503, "Later, please.", ("Retry-After", "3600")),
            "/faint": Answer(is_dropped=True),
        },
        expected=(
            *kept("/"),
            *left("/fever", reasons=("http_busy",)),
            *left("/faint", reasons=("connection_error",)),
        ),
    )
