"""Access barriers: each kind from its documented marker, none from an ordinary page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.barriers import (
    EVIDENCE_LIMIT,
    BarrierAction,
    BarrierKind,
    find_barrier,
    is_login,
    is_paywall,
)
from crawler.policy.paywalls import paywall_mark
from crawler.policy.reasons import REASONS
from crawler.values.html import Meta, Script, scan
from crawler.values.url import parse
from tests.policy.samples import page

URL = parse("https://example.com/article")
LOGIN_PAGE = (
    b"<title>Sign in</title><form><input name=u><input type=password></form><script>" + b"x" * 5000 + b"</script>"
)
ARTICLE = b"<title>News</title><form><input type=password></form><p>" + b"A long story. " * 200


def barrier(status: int = 200, headers: Any = (), **fields: Any) -> tuple[str, str, str, str] | None:
    """Kind, action, reason and evidence of what was found."""
    found = find_barrier(url=URL, status=status, headers=headers, **fields)
    return None if found is None else (found.kind, found.action, found.reason, found.evidence)


@pytest.mark.parametrize("status", [200, 204, 301, 404, 410, 500, 503, 418])
def test_no_barrier(status: int) -> None:
    """Success, redirects, missing pages and broken servers are no barrier."""
    assert barrier(status, [("Server", "x")], page=page(title="Hello"), body=b"<p>x") is None


@pytest.mark.parametrize(
    ("status", "headers", "evidence"),
    [
        (401, [("WWW-Authenticate", "License")], "status 401; WWW-Authenticate: License"),
        (402, [("crawler-price", "USD 0.01")], "status 402; crawler-price: USD 0.01"),
        (402, [], "status 402"),
        (403, [("crawler-error", "CrawlerForbidden")], "status 403; crawler-error: CrawlerForbidden"),
        (407, [("Proxy-Authenticate", "Basic")], "status 407; Proxy-Authenticate: Basic"),
        (451, [("Link", "<https://x>; rel=blocked-by")], "status 451"),
    ],
)
def test_status_refuses(status: int, headers: list[tuple[str, str]], evidence: str) -> None:
    """Each refusing status is a kind of its own, with what the site asks for."""
    assert barrier(status, headers) == (f"http_{status}", "body_dropped", f"http_{status}", evidence)


def test_too_many_requests_is_asked_later() -> None:
    """429 waits as long as the site says."""
    found = find_barrier(url=URL, status=429, headers=[("Retry-After", "120")], retry_after=120.0)
    assert found is not None
    assert (found.kind, found.action, found.retry_after) == (BarrierKind.HTTP_429, BarrierAction.ASKED_LATER, 120.0)


@pytest.mark.parametrize(
    ("status", "headers", "title", "links", "is_challenge"),
    [
        (403, [("CF-Mitigated", "challenge")], "", 0, True),
        (200, [("cf-mitigated", "Challenge ")], "", 0, True),
        (202, [("x-amzn-waf-action", "challenge")], "", 0, True),
        (405, [("x-amzn-waf-action", "captcha")], "", 0, True),
        (429, [("x-vercel-mitigated", "challenge")], "", 0, True),
        (200, [("cf-mitigated", "block")], "", 0, False),
        (200, [("cf-cache-status", "challenge")], "", 0, False),
        (403, [], "Just a moment...", 50, True),
        (503, [], "Attention Required! | Cloudflare", 50, True),
        (200, [], "Just a moment...", 2, True),
        (200, [], "Just a moment...", 50, False),
        (200, [], "Just a moment, please: an essay", 2, False),
    ],
)
def test_challenge(status: int, headers: list[tuple[str, str]], title: str, links: int, *, is_challenge: bool) -> None:
    """A documented header says it at any status; a title only on a page that offers nothing else."""
    found = barrier(status, headers, page=page(title=title, hyperlinks=tuple(f"/{n}" for n in range(links))))
    assert (found is not None and found[:3] == ("captcha", "body_dropped", "challenge")) is is_challenge


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://example.com/login", True),
        ("https://example.com/users/sign_in?return=/article", True),
        ("https://example.com/wp-login.php", True),
        ("https://example.com/Account/Login.aspx", True),
        ("https://login.example.com/", True),
        ("https://accounts.example.org/v3/x", True),
        ("https://example.com/oauth2/authorize", True),
        ("https://example.com/de/anmelden/", True),
        ("https://example.com/blog/login-security", False),
        ("https://example.com/authors/x", False),
        ("https://blogin.example.com/", False),
        ("https://example.com/?next=login", False),
    ],
)
def test_login_words(target: str, *, expected: bool) -> None:
    """Whole path segments and the first host label tell a login page; parts of words do not."""
    assert is_login(parse(target)) is expected
    found = barrier(302, redirect=parse(target))
    assert found == (("login", "not_followed", "login_redirect", parse(target).text) if expected else None)


def test_login_page_that_moves() -> None:
    """A hop from one login page to another is no barrier of its own: it was asked for."""
    hop = find_barrier(
        url=parse("https://example.com/login"), status=301, headers=(), redirect=parse("https://example.com/login/")
    )
    assert hop is None


@pytest.mark.parametrize(("body", "expected"), [(LOGIN_PAGE, True), (ARTICLE, False), (b"", True)])
def test_login_form(body: bytes, *, expected: bool) -> None:
    """A password field is a barrier where hardly any text stands around it; scripts are no text."""
    found = barrier(page=page(title="Sign in", has_password_field=True), body=body)
    assert found == (("login", "body_dropped", "login_form", "password field; title: Sign in") if expected else None)


def test_evidence_is_bounded() -> None:
    """However long the marker, the evidence is short."""
    found = find_barrier(url=URL, status=401, headers=[("WWW-Authenticate", "x" * 10_000)])
    assert found is not None
    assert len(found.evidence) == EVIDENCE_LIMIT


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ('{"isAccessibleForFree": false}', 'JSON-LD "isAccessibleForFree": false'),
        ('{"isAccessibleForFree": "False"}', 'JSON-LD "isAccessibleForFree": "False"'),
        ('{"@graph": [{}, {"isAccessibleForFree": "no"}]}', 'JSON-LD "isAccessibleForFree": "no"'),
        ('[{"hasPart": {"isAccessibleForFree": [false]}}]', 'JSON-LD "isAccessibleForFree": [false]'),
        ('{"schema:isAccessibleForFree": 0}', 'JSON-LD "schema:isAccessibleForFree": 0'),
        (
            '{"http://schema.org/isAccessibleForFree": [{"@value": false}]}',
            'JSON-LD "http://schema.org/isAccessibleForFree": [{"@value": false}]',
        ),
        (
            '{"isAccessibleForFree": "https://schema.org/False"}',
            'JSON-LD "isAccessibleForFree": "https://schema.org/False"',
        ),
        ('{"isAccessibleForFree": false,}', 'JSON-LD isAccessibleForFree": false'),
        ('{"isAccessibleForFree": true}', None),
        ('{"isAccessibleForFree": true,}', None),
        ('{"isAccessibleForFree": "True"}', None),
        ('{"isAccessibleForFree": null}', None),
        ('{"isAccessibleForFree": 1.5}', None),
        ('{"isAccessibleForFree": {"@type": "x"}}', None),
        ('{"text": "isAccessibleForFree"}', None),
        ('{"free": false}', None),
        ("[" * 100_000 + "isAccessibleForFree", None),
        ('{"a": [' + "0," * 60_000 + '0], "b": {"c": {"isAccessibleForFree": false}}}', None),
    ],
)
def test_paywall_json_ld(text: str, evidence: str | None) -> None:
    """Only a negative value speaks, wherever it stands and however it is spelled."""
    block = Script(type="Application/LD+JSON; charset=utf-8", text=text, index=0)
    found = barrier(page=page(scripts=(Script(type="application/rsl+xml", text=text, index=1), block)))
    assert found == (None if evidence is None else ("paywall_hard", "body_dropped", "paywall", evidence))


@pytest.mark.parametrize(
    ("tier", "kind"), [("metered", "paywall_metered"), (" Locked", "paywall_hard"), ("free", None), ("", None)]
)
def test_paywall_content_tier(tier: str, kind: str | None) -> None:
    """The content tier of a page tells a metered paywall from a hard one."""
    meta = Meta(name="article:content_tier", attribute="property", content=tier, index=0, markup="<meta ...>")
    other = Meta(name="description", attribute="name", content="locked", index=1, markup="<meta>")
    found = barrier(page=page(metas=(other, meta)))
    assert found == (None if kind is None else (kind, "body_dropped", "paywall", "<meta ...>"))


def test_order_of_barriers() -> None:
    """A challenge says more than its status, a status more than the page, a form more than mark-up."""
    walled = page(
        has_password_field=True,
        scripts=(Script(type="application/ld+json", text='{"isAccessibleForFree": false}', index=0),),
    )
    assert barrier(403, [("cf-mitigated", "challenge")], page=walled) == (
        "captcha",
        "body_dropped",
        "challenge",
        "cf-mitigated: challenge",
    )
    assert (barrier(403, page=walled) or ())[0] == "http_403"
    assert (barrier(200, page=walled) or ())[2] == "login_form"
    found = find_barrier(url=URL, status=200, headers=(), page=walled, body=ARTICLE)
    assert is_paywall(found)
    assert not is_paywall(None)


def test_real_markup() -> None:
    """The same through the HTML scan: a login page, and an article behind mark-up."""
    form = scan(LOGIN_PAGE, content_type="text/html")
    assert (barrier(page=form, body=LOGIN_PAGE) or ())[2] == "login_form"
    body = b'<html><script type="application/ld+json">{"isAccessibleForFree":"False"}</script><p>teaser'
    assert (barrier(page=scan(body, content_type="text/html"), body=body) or ())[2] == "paywall"


@given(st.text(max_size=300))
def test_any_block_is_read_without_an_error(text: str) -> None:
    """Whatever stands in a data block, the answer is a mark or none."""
    block = Script(type="application/ld+json", text=f'{{"isAccessibleForFree": {text}', index=0)
    mark = paywall_mark(page(scripts=(block,)))
    assert mark is None or "isAccessibleForFree" in mark.evidence


def test_every_kind_has_its_reason() -> None:
    """Whatever reason a barrier names stands in the table."""
    for kind in BarrierKind:
        if kind.startswith("http_"):
            assert REASONS[kind].check.title == "status"
    assert {"challenge", "login_redirect", "login_form", "paywall"} <= REASONS.keys()
