"""Path and query of a URL in the spelling in which rules are compared; many readers ask about the same one in a row."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from crawler.optout.robots.match import normalise_target
from crawler.values.url import split

if TYPE_CHECKING:
    from crawler.values.url import CanonicalUrl


@lru_cache(maxsize=64)
def target_of(url: CanonicalUrl) -> str:
    """Normalised target of a canonical URL."""
    return normalise_target(split(url).target)
