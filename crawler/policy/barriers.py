"""Access barriers that a response shows: refusals by status, login, challenge, paywall mark-up (Measure 1.2, 1.2-a).

They are told apart and counted, and never got round: nothing here answers, retries or looks elsewhere. Every marker
is one that its maker documents, or a title that its product always sends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from crawler.policy.paywalls import paywall_mark
from crawler.values.html_shape import safe_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.policy.paywalls import PaywallMark
    from crawler.values.html import HtmlPage
    from crawler.values.url import Url


class BarrierKind(StrEnum):
    """Values of the column ``access_barrier``; no barrier is an absent value."""

    LOGIN = "login"
    PAYWALL_HARD = "paywall_hard"
    PAYWALL_METERED = "paywall_metered"
    CAPTCHA = "captcha"
    HTTP_401 = "http_401"
    HTTP_402 = "http_402"
    HTTP_403 = "http_403"
    HTTP_407 = "http_407"
    HTTP_429 = "http_429"
    HTTP_451 = "http_451"
    DRM = "drm"
    """For readers of media files."""


class BarrierAction(StrEnum):
    """Values of the column ``barrier_action``: what we did, which is always to stay outside."""

    BODY_DROPPED = "body_dropped"
    NOT_FOLLOWED = "not_followed"
    ASKED_LATER = "asked_later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """One barrier, with the literal marker that showed it."""

    kind: BarrierKind
    action: BarrierAction
    evidence: str
    """Header, element or target as sent, at most ``EVIDENCE_LIMIT`` characters."""
    reason: str
    """Code of ``policy.reasons``."""
    retry_after: float | None = None
    """Seconds that the site asked for; only with ``asked_later``."""


EVIDENCE_LIMIT = 512

CHALLENGE_HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("cf-mitigated", ("challenge",)),
    ("x-amzn-waf-action", ("challenge", "captcha")),
    ("x-vercel-mitigated", ("challenge",)),
)
"""Field and values by which Cloudflare, AWS WAF and Vercel mark an answer that is a challenge."""

CHALLENGE_TITLES: frozenset[str] = frozenset(
    {
        "just a moment...",
        "attention required! | cloudflare",
        "please wait... | cloudflare",
        "ddos-guard",
        "human verification",
        "pardon our interruption",
        "making sure you're not a bot!",
        "vercel security checkpoint",
        "are you a robot?",
        "robot check",
        "checking your browser before accessing",
    }
)
"""Whole titles of challenge pages; with 200 they count only on a page that offers hardly a link."""

LOGIN_SEGMENTS: frozenset[str] = frozenset(
    {
        "login",
        "log-in",
        "log_in",
        "logon",
        "signin",
        "sign-in",
        "sign_in",
        "wp-login",
        "auth",
        "oauth",
        "oauth2",
        "oidc",
        "saml",
        "saml2",
        "sso",
        "cas",
        "authorize",
        "authenticate",
        "anmelden",
        "einloggen",
        "connexion",
        "se-connecter",
        "iniciar-sesion",
        "accedi",
        "inloggen",
        "logowanie",
    }
)
"""Path segments, without an extension and in lower case, that only a login page has."""

LOGIN_LABELS: frozenset[str] = frozenset({"login", "signin", "auth", "sso", "idp", "accounts"})
"""First host labels that only a login service has."""

_CHALLENGES = dict(CHALLENGE_HEADERS)
_BY_STATUS = {status: BarrierKind(f"http_{status}") for status in (401, 402, 403, 407, 429, 451)}
_CHALLENGE_STATUSES = frozenset({403, 429, 503})
_CHALLENGE_LINKS = 10
_FORM_CHARACTERS = 1_000
"""A page that asks for a password and shows fewer visible characters than this is a login form and nothing else."""
_NOT_TEXT = ["script", "style", "noscript", "template", "option"]
_DEPTH = 256
_SPACE = re.compile(r"\s+")


def find_barrier(
    *,
    url: Url,
    status: int,
    headers: Sequence[tuple[str, str]],
    redirect: Url | None = None,
    page: HtmlPage | None = None,
    body: bytes = b"",
    visible: int | None = None,
    retry_after: float | None = None,
) -> Barrier | None:
    """Find the strongest barrier of a response: challenge, status, login, paywall, in this order.

    Call it with the head alone before the body is downloaded, and again with ``page`` and the decoded ``body``, or the
    number of its ``visible_characters`` where it is not at hand.
    ``redirect`` is the target of a redirect of any kind, ``retry_after`` what ``waiting.read_retry_after`` read.
    """
    challenge = _challenge(status, headers, page)
    if challenge is not None:
        return _barrier(BarrierKind.CAPTCHA, challenge, "challenge")
    by_status = _by_status(status, headers, retry_after)
    if by_status is not None:
        return by_status
    if redirect is not None and is_login(redirect) and not is_login(url):
        return _barrier(BarrierKind.LOGIN, redirect.text, "login_redirect", BarrierAction.NOT_FOLLOWED)
    if page is None:
        return None
    if page.has_password_field and _or_count(visible, body) < _FORM_CHARACTERS:
        return _barrier(BarrierKind.LOGIN, f"password field; title: {page.title}", "login_form")
    mark = paywall_mark(page)
    return None if mark is None else _paywall(mark)


def is_paywall(barrier: Barrier | None) -> bool:
    """Whether the barrier is mark-up about payment: a condition of use, not a refusal of access."""
    return barrier is not None and barrier.kind in {BarrierKind.PAYWALL_HARD, BarrierKind.PAYWALL_METERED}


def is_login(url: Url) -> bool:
    """Whether the URL is by its words that of a login page."""
    if url.host.partition(".")[0] in LOGIN_LABELS:
        return True
    segments = url.path.lower().split("/")
    return any(segment.partition(".")[0] in LOGIN_SEGMENTS for segment in segments)


def _challenge(status: int, headers: Sequence[tuple[str, str]], page: HtmlPage | None) -> str | None:
    for name, value in headers:
        telling = _CHALLENGES.get(name.lower())
        if telling is not None and value.strip().lower() in telling:
            return f"{name}: {value}"
    if page is None or page.title.lower() not in CHALLENGE_TITLES:
        return None
    is_bare = len(page.hyperlinks) <= _CHALLENGE_LINKS
    return f"title: {page.title}" if is_bare or status in _CHALLENGE_STATUSES else None


def _by_status(status: int, headers: Sequence[tuple[str, str]], retry_after: float | None) -> Barrier | None:
    kind = _BY_STATUS.get(status)
    if kind is None:
        return None
    told = [f"{name}: {value}" for name, value in headers if name.lower() in _TELLING]
    evidence = "; ".join([f"status {status}", *told])
    if status == 429:  # noqa: PLR2004 - Too Many Requests is a wait, not a refusal
        return _barrier(kind, evidence, kind.value, BarrierAction.ASKED_LATER, retry_after)
    return _barrier(kind, evidence, kind.value)


_TELLING = frozenset({"www-authenticate", "proxy-authenticate", "crawler-price", "crawler-error", "retry-after"})
"""Fields that say what the site asks for (RFC 9110; Cloudflare Pay per crawl)."""


def _paywall(mark: PaywallMark) -> Barrier:
    kind = BarrierKind.PAYWALL_METERED if mark.is_metered else BarrierKind.PAYWALL_HARD
    return _barrier(kind, mark.evidence, "paywall")


def _barrier(
    kind: BarrierKind,
    evidence: str,
    reason: str,
    action: BarrierAction = BarrierAction.BODY_DROPPED,
    retry_after: float | None = None,
) -> Barrier:
    return Barrier(kind=kind, action=action, evidence=evidence[:EVIDENCE_LIMIT], reason=reason, retry_after=retry_after)


def _or_count(visible: int | None, body: bytes) -> int:
    return visible_characters(body) if visible is None else visible


def visible_characters(body: bytes) -> int:
    """Characters of text without white space at the ends; only asked of pages with a password field."""
    tree = LexborHTMLParser(body[: safe_length(body, _DEPTH)])
    tree.strip_tags(_NOT_TEXT)
    return len(_SPACE.sub(" ", tree.body.text(separator=" "))) if tree.body is not None else 0
