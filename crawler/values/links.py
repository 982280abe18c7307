"""From the references of a page to canonical URLs: what Scrapy's LinkExtractor finds, without building its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.values.media_type import kind_of_name
from crawler.values.url import resolve, resolve_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.values.html import HtmlPage
    from crawler.values.url import CanonicalUrl


def base_url(page: HtmlPage, url: CanonicalUrl) -> CanonicalUrl:
    """URL that the references of a page are relative to; a ``base`` that is no URL to ask for does not count."""
    if page.base is None:
        return url
    try:
        return resolve(url, page.base, encoding=page.charset)
    except UrlError:
        return url


def outlinks(page: HtmlPage, url: CanonicalUrl) -> tuple[CanonicalUrl, ...]:
    """Targets of ``a`` and ``area`` in document order, each once, ``rel=nofollow`` included.

    ``url`` is where the page was found. Fragments are dropped; what is not http or https, or has no canonical form,
    is left out. The page holds at most ``HtmlLimits.links`` references.
    """
    return _resolved(page.hyperlinks, page, url)


def frames(page: HtmlPage, url: CanonicalUrl) -> tuple[CanonicalUrl, ...]:
    """Documents that the page embeds, in the same manner."""
    return _resolved(page.frames, page, url)


def embedded(page: HtmlPage, url: CanonicalUrl) -> tuple[tuple[str, CanonicalUrl], ...]:
    """What the page embeds, in the same manner: ``image``, ``audio``, ``video`` or ``document``, and where it lies.

    What ``embed`` and ``object`` show is told apart by the ending of its name.
    """
    found = [("image", one) for one in _resolved(page.images, page, url)]
    found += [("audio", one) for one in _resolved(page.sounds, page, url)]
    found += [("video", one) for one in _resolved(page.videos, page, url)]
    found += [(kind_of_name(one) or "document", one) for one in _resolved(page.objects, page, url)]
    return tuple(found)


def refresh(page: HtmlPage, url: CanonicalUrl) -> CanonicalUrl | None:
    """Target of a meta refresh that leads elsewhere."""
    if page.refresh is None:
        return None
    found = _resolved((page.refresh,), page, url)
    return found[0] if found and found[0] != url else None


def _resolved(references: Sequence[str], page: HtmlPage, url: CanonicalUrl) -> tuple[CanonicalUrl, ...]:
    return resolve_each(base_url(page, url), references, encoding=page.charset) if references else ()
