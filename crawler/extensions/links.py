"""Which links of a kept page go to the frontier: within scope and depth, and not known for certain already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.extensions.plan import Scope
from crawler.optout.collect import reserve_for_media
from crawler.optout.inherit import statements_to_json
from crawler.policy.questions import question_of
from crawler.policy.sections import MEDIA_KINDS
from crawler.storage.entries import NewUrl, Role, Via
from crawler.values.links import embedded, outlinks, refresh
from crawler.values.media_type import kind_of_name
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from crawler.extensions.plan import CrawlPlan
    from crawler.extensions.visit import Visit
    from crawler.policy.gate import Gate
    from crawler.values.html import HtmlPage
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
        """Entries for the links of a page, for the target of its meta refresh, and for what it embeds."""
        page = visit.page
        if page is None or visit.new.role is not Role.PAGE:
            return []
        found: list[NewUrl] = []
        target = refresh(page, visit.url.text)
        if target is not None and self.may_redirect(visit, target):
            found += self._entries(visit, [target], via=Via.REFRESH, depth=visit.new.depth)
        if visit.new.depth < self._deepest:
            found += self.entries(visit, outlinks(page, visit.url.text))
        return found + self._media(visit, page)

    def entries(self, visit: Visit, urls: Iterable[CanonicalUrl]) -> list[NewUrl]:
        """Entries for links one step further, within the scope of the crawl."""
        return self._entries(visit, urls, via=Via.LINK, depth=visit.new.depth + 1)

    def may_redirect(self, visit: Visit, target: CanonicalUrl) -> bool:
        """Whether a hop stays in scope.

        A seed may lead anywhere, since it is what the operator asked for, and so may what a page embeds or a
        robots.txt names, wherever it lies.
        """
        if visit.new.depth == 0 or visit.new.role is not Role.PAGE or self._plan.scope is Scope.ANY:
            return True
        url = split(target)
        return url.host == visit.url.host or (self._plan.scope is Scope.DOMAIN and self._gate.lane(url) == visit.lane)

    def _media(self, visit: Visit, page: HtmlPage) -> list[NewUrl]:
        """Entries for images, sound, video and documents that the page embeds, on any host, as the policy wants them.

        They carry the reservations of the page that bind them (PC-29).
        """
        wanted = self._gate.policy.media.embedded
        if not wanted:
            return []
        now = datetime.now(UTC)
        inherited = {kind: self._inherited(visit, kind) for kind in wanted}
        return [
            NewUrl(
                url=target,
                lane=self._gate.lane(split(target)),
                depth=visit.new.depth + 1,
                via=Via.MEDIA,
                role=Role.MEDIA,
                referrer=visit.url.text,
                inherited=inherited[kind],
                discovered_at=now,
            )
            for kind, target in embedded(page, visit.url.text)
            if kind in wanted
        ]

    def _inherited(self, visit: Visit, kind: str) -> str | None:
        if not any(reader.binds_media_of_page for reader, _ in visit.carriers.reads):
            return None
        question = question_of(visit.url, self._gate.policy)
        reserved = reserve_for_media(visit.carriers, question, kind)
        return statements_to_json(reserved) if reserved else None

    def _entries(self, visit: Visit, urls: Iterable[CanonicalUrl], *, via: Via, depth: int) -> list[NewUrl]:
        now = datetime.now(UTC)
        scope = self._plan.scope
        is_hop = via is Via.REFRESH
        prefix = visit.url.text[: len(visit.url.text) - len(visit.url.target)] + "/"
        found: list[NewUrl] = []
        reserved = {kind: said for kind in MEDIA_KINDS if (said := self._inherited(visit, kind)) is not None}
        for text in urls:
            if not reserved and (text in self._young or text in self._old):
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
            inherited = reserved.get(kind_of_name(text) or "") if reserved else None
            if inherited is None:
                self._remember(text)
            found.append(
                NewUrl(
                    url=text,
                    lane=lane,
                    depth=depth,
                    via=via,
                    referrer=visit.url.text,
                    chain=(*visit.new.chain, visit.url.text) if is_hop else (),
                    inherited=inherited,
                    discovered_at=now,
                )
            )
        return found

    def _remember(self, text: str) -> None:
        """Keep two generations, so that memory is bounded and what is seen often stays."""
        self._young.add(text)
        if len(self._young) >= REMEMBERED:
            self._old, self._young = self._young, set()
