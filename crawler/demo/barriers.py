"""Sites of the demo behind barriers: payment, login, refusal, challenge. None of them is got round."""

from __future__ import annotations

from dataclasses import replace

from crawler.demo.site import Answer, Site, kept, left, moved, never_asked, page, plain, refused

_FORM = (
    '<form method="post" action="/login"><input name="user"><input type="password" name="password">'
    "<button>Sign in</button></form>"
)


def barrier_sites() -> tuple[Site, ...]:
    """Sites that let nobody in without more."""
    return (_payment(), _members(), _legal(), _challenge(), _vault(), _blocked())


def _payment() -> Site:
    teaser = (
        '<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle", '
        '"headline": "The price of salt", "isAccessibleForFree": false}</script>'
    )
    return Site(
        host="payment.test",
        lesson="Paid content: a 402, and a teaser whose mark-up says that it is not free.",
        answers={
            "/": page("Salt weekly", "The first line is free.", "/price", "/teaser"),
            "/price": refused(402, "Ten cents, please.", ("crawler-price", "USD 0.10")),
            "/teaser": page("The price of salt", "Salt was never cheap, and", head=teaser),
        },
        expected=(
            *kept("/"),
            *left("/price", reasons=("http_402",)),
            *left("/teaser", reasons=("paywall", "optout_conditional")),
        ),
    )


def _members() -> Site:
    return Site(
        host="members.test",
        lesson="Membership: a redirect to a login page, a login form, a 401 and a 403. The crawler never logs in.",
        answers={
            "/": page("The club", "Visitors may read the notice board.", "/board", "/account", "/door", "/401", "/403"),
            "/board": page("Notice board", "Lost: one glove, left hand."),
            "/account": moved("/login?next=/account"),
            "/login": page("Sign in", _FORM),
            "/door": page("Sign in", _FORM),
            "/401": refused(401, "Who are you?", ("WWW-Authenticate", 'Basic realm="club"')),
            "/403": refused(403, "Members only."),
        },
        expected=(
            *kept("/", "/board"),
            *left("/account", reasons=("login_redirect",)),
            *left("/door", reasons=("login_form",)),
            *left("/401", reasons=("http_401",)),
            *left("/403", reasons=("http_403",)),
            *never_asked("/login?next=/account"),
        ),
    )


def _legal() -> Site:
    return Site(
        host="legal.test",
        lesson="451: a page that may not be shown for legal reasons.",
        answers={"/": refused(451, "Removed by order.", ("Link", '<https://legal.test/order>; rel="blocked-by"'))},
        expected=left("/", reasons=("http_451",)),
    )


def _challenge() -> Site:
    puzzle = page("Just a moment", "Prove that you are no robot.", headers=(("cf-mitigated", "challenge"),))
    return Site(
        host="challenge.test",
        lesson="A challenge instead of the page. It is left unsolved.",
        answers={"/robots.txt": plain("User-agent: *\nAllow: /\n"), "/": replace(puzzle, status=403)},
        expected=left("/", reasons=("challenge",)),
    )


def _vault() -> Site:
    return Site(
        host="vault.test",
        lesson="robots.txt itself is forbidden: the site shows access control, so nothing is asked.",
        answers={"/robots.txt": refused(403, "No."), "/": page("Vault", "Gold.")},
        expected=left("/", reasons=("robots_forbidden",), may_be_asked=False),
    )


def _blocked() -> Site:
    return Site(
        host="blocked.test",
        lesson="Stands on the blocklist, so that not even its robots.txt is asked for.",
        answers={"/robots.txt": plain("User-agent: *\nAllow: /\n"), "/": Answer(), "/from-a-redirect": Answer()},
        expected=(
            *left("/", reasons=("blocklist",), may_be_asked=False),
            *never_asked("/from-a-redirect"),
        ),
        is_silent=True,
    )
