"""Codes of the manifest in words for the public; what they mean to the crawler is in ``policy``."""

from __future__ import annotations

from crawler.optout.robots.outcome import RobotsCode
from crawler.policy.barriers import BarrierAction, BarrierKind
from crawler.policy.reasons import REASONS

BARRIERS = {
    BarrierKind.CAPTCHA: "Captcha or another challenge",
    BarrierKind.LOGIN: "Login page",
    BarrierKind.PAYWALL_HARD: "Paywall",
    BarrierKind.PAYWALL_METERED: "Metered paywall",
    BarrierKind.HTTP_401: "Asks for credentials (401)",
    BarrierKind.HTTP_402: "Asks for payment (402)",
    BarrierKind.HTTP_403: "Refuses access (403)",
    BarrierKind.HTTP_407: "A proxy asks for credentials (407)",
    BarrierKind.HTTP_429: "Too many requests (429)",
    BarrierKind.HTTP_451: "Unavailable for legal reasons (451)",
    BarrierKind.DRM: "Digital rights management",
}
ACTIONS = {
    BarrierAction.BODY_DROPPED: "The answer was not kept",
    BarrierAction.NOT_FOLLOWED: "Not followed",
    BarrierAction.ASKED_LATER: "Asked again later",
}
NOT_ASKED = "not asked"
"""Of the query ``summary-robots``."""


def barrier(code: str) -> str:
    """What stood in the way; a code that is not known stays as it is."""
    return {str(kind): words for kind, words in BARRIERS.items()}.get(code, code)


def action(code: str | None) -> str | None:
    """What was done."""
    return {str(kind): words for kind, words in ACTIONS.items()}.get(code or "", code)


def outcome(code: str) -> str:
    """What asking for robots.txt came to."""
    if code == NOT_ASKED:
        return "Not asked: the URL was refused before."
    if code == RobotsCode.RULES:
        return "robots.txt was read and holds rules."  # which may close the URL: the next column counts that
    return REASONS[code].sentence if code in REASONS else code


def urls(number: int) -> str:
    """A number of URLs."""
    return f"{number:,} URL{'' if number == 1 else 's'}"
