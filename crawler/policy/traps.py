"""Where an endless site ends (``[traps]``): depth, pages of a domain, repeating segments, URLs made by counting."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crawler.policy.facts import Refusal

if TYPE_CHECKING:
    from crawler.policy.document import Traps
    from crawler.values.url import Url

CODE = "trap_limit"


def find_trap(url: Url, traps: Traps, *, depth: int, pages_of_domain: int, alike: int = 0) -> Refusal | None:
    """Say which limit the URL is beyond.

    ``pages_of_domain`` counts the pages of its lane asked for so far, ``alike`` those that differ from it only in query
    or digits and brought what another of them had brought.
    """
    if depth > traps.depth:
        return Refusal(code=CODE, detail=f"depth {depth} is above [traps] depth = {traps.depth}")
    if pages_of_domain >= traps.pages_per_domain:
        detail = f"{pages_of_domain} pages of the domain reach [traps] pages_per_domain = {traps.pages_per_domain}"
        return Refusal(code=CODE, detail=detail)
    if alike >= traps.similar_urls:
        detail = f"{alike} URLs that differ only in query or digits brought the same content ([traps] similar_urls)"
        return Refusal(code=CODE, detail=detail)
    repeated = repeated_segment(url, traps.repeated_segments)
    if repeated is not None:
        detail = f"path segment {repeated!r} stands {traps.repeated_segments} times ([traps] repeated_segments)"
        return Refusal(code=CODE, detail=detail)
    return None


def repeated_segment(url: Url, times: int) -> str | None:
    """Find a path segment that stands at least so many times in the path, side by side or not; empty ones count not."""
    if url.target.count("/") < times:
        return None
    counts = Counter(url.path.split("/"))
    del counts[""]
    if not counts:
        return None
    segment, count = counts.most_common(1)[0]
    return segment if count >= times else None
