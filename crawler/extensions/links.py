"""Which links of a kept page go to the frontier: within scope and depth, and not known for certain already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.extensions.plan import Scope
from crawler.storage.entries import NewUrl, Via
from crawler.values.links import outlinks, refresh
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from crawler.extensions.plan import CrawlPlan
    from crawler.extensions.visit import Visit
    from crawler.policy.gate import Gate
    from crawler.values.url import CanonicalUrl

REMEMBERED: Final = 65_536
"""URLs per generation that are known to be in the frontier; the journal decides about the rest."""


class Links:
    """Turns links into frontier entries. One per worker, on the event loop."""

    def __init__(self, plan: CrawlPlan, gate: Gate) -> None:
        self._plan = plan
        self._gate = gate
        self._deepest = gate.policy.traps.depth if plan.max_depth is None else plan.max_depth
        self._young: set[str] = set()
        self._old: set[str] = set()

    def of_page(self, visit: Visit) -> list[NewUrl]:
        """Entries for the links of a page, and for the target of its meta refresh."""
        page = visit.page
        if page is None:
            return []
        found: list[NewUrl] = []
        target = refresh(page, visit.url.text)
        if target is not None and self.may_redirect(visit, target):
            found += self._entries(visit, [target], via=Via.REFRESH, depth=visit.new.depth)
        if visit.new.depth < self._deepest:
            found += self.entries(visit, outlinks(page, visit.url.text))
        return found

    def entries(self, visit: Visit, urls: Iterable[CanonicalUrl]) -> list[NewUrl]:
        """Entries for links one step further, within the scope of the crawl."""
        return self._entries(visit, urls, via=Via.LINK, depth=visit.new.depth + 1)

    def may_redirect(self, visit: Visit, target: CanonicalUrl) -> bool:
        """Whether a hop stays in scope; a seed may lead anywhere, since it is what the operator asked for."""
        if visit.new.depth == 0 or self._plan.scope is Scope.ANY:
            return True
        url = split(target)
        return url.host == visit.url.host or (self._plan.scope is Scope.DOMAIN and self._gate.lane(url) == visit.lane)

    def _entries(self, visit: Visit, urls: Iterable[CanonicalUrl], *, via: Via, depth: int) -> list[NewUrl]:
        now = datetime.now(UTC)
        scope = self._plan.scope
        is_hop = via is Via.REFRESH
        prefix = visit.url.text[: len(visit.url.text) - len(visit.url.target)] + "/"
        found: list[NewUrl] = []
        for text in urls:
            if text in self._young or text in self._old:
                continue
            if text.startswith(prefix):
                lane = visit.lane
            else:
                url = split(text)
                lane = visit.lane if url.host == visit.url.host else self._gate.lane(url)
                if not is_hop and (
                    (scope is Scope.HOST and url.host != visit.url.host)
                    or (scope is Scope.DOMAIN and lane != visit.lane)
                ):
                    continue
            self._remember(text)
            found.append(
                NewUrl(
                    url=text,
                    lane=lane,
                    depth=depth,
                    via=via,
                    referrer=visit.url.text,
                    chain=(*visit.new.chain, visit.url.text) if is_hop else (),
                    discovered_at=now,
                )
            )
        return found

    def _remember(self, text: str) -> None:
        """Keep two generations, so that memory is bounded and what is seen often stays."""
        self._young.add(text)
        if len(self._young) >= REMEMBERED:
            self._old, self._young = self._young, set()
