"""Which of the addresses in a sitemap may be asked for: form and host of each, and whose pages it may list.

The protocol lets a sitemap list the pages of its own host, and of a host whose robots.txt names it (sitemaps.org,
"Sitemaps and cross submits"); further hosts count as links, so that the scope of the crawl decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.policy.decision import Decision
from crawler.policy.reasons import Check, reason_of
from crawler.values.sitemap import SitemapKind
from crawler.values.url import resolve, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crawler.values.sitemap import SitemapEntry
    from crawler.values.url import CanonicalUrl, Url

FORM = frozenset({Check.URL, Check.HOST})
"""Checks that no scope and no list changes: what they refuse is no address of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What some entries come to."""

    pages: tuple[CanonicalUrl, ...] = ()
    sitemaps: tuple[CanonicalUrl, ...] = ()
    enclosures: tuple[tuple[str, CanonicalUrl], ...] = ()
    """``image``, ``audio``, ``video`` or ``document``, and where."""
    refused: int = 0
    """Entries that are no URL to ask for: other schemes, local hosts, refused ports."""
    foreign: int = 0
    """Entries of hosts that this sitemap may not speak for and that are out of scope."""


def sift(
    entries: Iterable[SitemapEntry],
    kind: SitemapKind,
    url: CanonicalUrl,
    *,
    screen: Callable[[CanonicalUrl], Url | Decision],
    may_list: Callable[[Url], bool],
) -> Listed:
    """Sort the entries of a sitemap at ``url``.

    ``screen`` is the gate's check of form and host; what a blocklist refuses passes here, since it gets a row of its
    own. ``may_list`` answers for the host. Alternates are pages; enclosures lie wherever the feed says.
    """
    found: dict[CanonicalUrl, None] = {}
    enclosures: dict[tuple[str, CanonicalUrl], None] = {}
    refused = foreign = 0
    for entry in entries:
        for reference in (entry.url, *entry.alternates):
            target = _target(url, reference, screen)
            if target is None:
                refused += 1
            elif target in found:
                continue
            elif may_list(split(target)):
                found[target] = None
            else:
                foreign += 1
        for medium, reference in entry.enclosures:
            target = _target(url, reference, screen)
            if target is None:
                refused += 1
            else:
                enclosures[medium, target] = None
    is_index = kind is SitemapKind.INDEX
    return Listed(
        pages=() if is_index else tuple(found),
        sitemaps=tuple(found) if is_index else (),
        enclosures=tuple(enclosures),
        refused=refused,
        foreign=foreign,
    )


def _target(
    base: CanonicalUrl, reference: str, screen: Callable[[CanonicalUrl], Url | Decision]
) -> CanonicalUrl | None:
    try:
        target = resolve(base, reference)
    except UrlError:
        return None
    screened = screen(target)
    if isinstance(screened, Decision) and reason_of(screened.reason).check in FORM:
        return None
    return target
