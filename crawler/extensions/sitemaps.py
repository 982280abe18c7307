"""Sitemaps and feeds of a crawl that asked for them: which are read, and what they bring to the frontier.

A sitemap is a URL like any other: it waits in the frontier, passes the gate, and gets its row. What it lists becomes
known together with that row.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.extensions.plan import Scope
from crawler.optout.collect import reserve_for_media
from crawler.optout.inherit import statements_to_json
from crawler.policy.facts import Refusal
from crawler.policy.questions import question_of
from crawler.policy.sitemap import Listed, sift
from crawler.storage.entries import Event, NewUrl, Role, Via
from crawler.values.links import base_url
from crawler.values.sitemap import OtherFileError, SitemapError, SitemapKind, read_sitemap
from crawler.values.url import parse, resolve, split

if TYPE_CHECKING:
    from typing import Final

    from crawler.extensions.plan import CrawlPlan
    from crawler.extensions.visit import Visit
    from crawler.extensions.writer import Writer
    from crawler.policy.gate import Gate
    from crawler.values.html import HtmlPage
    from crawler.values.sitemap import Sitemap
    from crawler.values.url import CanonicalUrl, Url

FEEDS: Final = frozenset({"application/rss+xml", "application/atom+xml"})
WITH_BODY: Final = frozenset({200, 203, 304})
"""After a 304 the body is the stored one."""
AT_ONCE: Final = 500
"""Entries that are sorted before others have their turn on the event loop."""
ORIGINS_REMEMBERED: Final = 65_536


class Sitemaps:
    """One per worker, on the event loop. Does nothing where the plan asks for no sitemaps."""

    def __init__(self, plan: CrawlPlan, gate: Gate, writer: Writer) -> None:
        self._plan = plan
        self._gate = gate
        self._limits = gate.policy.limits
        self._writer = writer
        self._named: set[str] = set()

    def beyond(self, visit: Visit) -> Refusal | None:
        """Say which limit a sitemap is beyond."""
        new, limits = visit.new, self._limits
        if new.role is not Role.SITEMAP:
            return None
        if new.depth > limits.sitemap_depth:
            detail = f"{new.depth} indexes above it, [limits] sitemap_depth = {limits.sitemap_depth}"
            return Refusal(code="sitemap_limit", detail=detail)
        before = visit.claim.sitemaps_before
        if before >= limits.sitemap_files:
            detail = f"{before} sitemaps before it for {new.site}, [limits] sitemap_files = {limits.sitemap_files}"
            return Refusal(code="sitemap_limit", detail=detail)
        return None

    def name_of_site(self, visit: Visit) -> None:
        """Put the sitemaps into the frontier that the robots.txt of a page's origin names, once."""
        origin = visit.url.origin
        is_page = visit.new.role is Role.PAGE or visit.new.via is Via.SEED
        if not self._plan.sitemaps or not is_page or visit.robots is None:
            return
        if origin in self._named:
            return
        if len(self._named) >= ORIGINS_REMEMBERED:
            self._named.clear()
        self._named.add(origin)
        robots = parse(f"{origin}/robots.txt").text
        entries = []
        for reference in visit.robots.sitemaps:
            try:
                target = resolve(robots, reference)
            except UrlError as error:
                self._note(robots, {"named": reference[:200], "problem": str(error)})
                continue
            entries.append(self._entry(target, visit.url.host, Via.ROBOTS, robots, depth=0))
        if entries:
            self._writer.add(entries)

    def _feeds_of(self, visit: Visit, page: HtmlPage) -> list[NewUrl]:
        """Feeds of its own host that a page names (``link rel=alternate``)."""
        if not self._plan.sitemaps:
            return []
        base = base_url(page, visit.url.text)
        found = []
        for link in page.links:
            if link.tag == "link" and link.type in FEEDS and "alternate" in link.rel:
                try:
                    target = split(resolve(base, link.href, encoding=page.charset))
                except UrlError:
                    continue
                if target.host == visit.url.host:
                    found.append(self._entry(target.text, visit.url.host, Via.LINK, visit.url.text, depth=0))
        return found

    def is_one(self, visit: Visit) -> bool:
        """Whether a response is to be read for what it lists: a sitemap, or a seed that may turn out to be one."""
        if visit.redirect is not None or visit.exchange is None or not visit.body or visit.page is not None:
            return False
        is_seed = self._plan.sitemaps and visit.new.via is Via.SEED
        return visit.exchange.status in WITH_BODY and (is_seed or visit.new.role is Role.SITEMAP)

    async def read(self, visit: Visit) -> Refusal | None:
        """Read a sitemap; its entries become links of the visit. Answers what refuses it."""
        limits = self._limits
        is_named = visit.new.role is Role.SITEMAP
        try:
            sitemap = await asyncio.to_thread(
                read_sitemap, visit.body, max_bytes=limits.sitemap_bytes, max_entries=limits.sitemap_entries
            )
        except SitemapError as error:
            if not is_named and isinstance(error, OtherFileError):
                return None
            self._note(visit.url.text, {"problem": str(error)})
            return Refusal(code="sitemap_refused", detail=str(error))
        if not is_named and sitemap.kind is SitemapKind.TEXT:
            return None
        listed = await self._sorted(visit, sitemap)
        visit.links += self._entries(visit, listed)
        self._note(
            visit.url.text,
            {
                "kind": sitemap.kind.value,
                "entries": len(sitemap.entries),
                "pages": len(listed.pages),
                "sitemaps": len(listed.sitemaps),
                "enclosures": len(listed.enclosures),
                "refused": listed.refused,
                "foreign": listed.foreign,
                "nameless": sitemap.nameless,
                "has_more": sitemap.has_more,
            },
        )
        return None

    def look_at_page(self, visit: Visit) -> None:
        """Take the feeds that a page names; take note of a named sitemap that turned out to be a page."""
        if visit.page is None:
            return
        if visit.new.role is Role.SITEMAP and visit.new.via is not Via.SEED:
            self._note(visit.url.text, {"problem": "a page, not a sitemap"})
        elif visit.new.role is not Role.MEDIA:
            visit.links += self._feeds_of(visit, visit.page)

    async def _sorted(self, visit: Visit, sitemap: Sitemap) -> Listed:
        today = datetime.now(UTC).date()
        site = visit.new.site or visit.url.host
        hosts = {site} if sitemap.kind is not SitemapKind.INDEX else {site, visit.url.host}
        lane = self._gate.lane(parse(f"https://{site}/"))

        def may_list(url: Url) -> bool:
            if url.host in hosts or self._plan.scope is Scope.ANY:
                return True
            return self._plan.scope is Scope.DOMAIN and self._gate.lane(url) == lane

        whole = Listed()
        for at in range(0, len(sitemap.entries), AT_ONCE):
            part = sift(
                sitemap.entries[at : at + AT_ONCE],
                sitemap.kind,
                visit.url.text,
                screen=lambda target: self._gate.screen(split(target), today=today),
                may_list=may_list,
            )
            whole = replace(
                whole,
                pages=whole.pages + part.pages,
                sitemaps=whole.sitemaps + part.sitemaps,
                enclosures=whole.enclosures + part.enclosures,
                refused=whole.refused + part.refused,
                foreign=whole.foreign + part.foreign,
            )
            await asyncio.sleep(0)
        return whole

    def _entries(self, visit: Visit, listed: Listed) -> list[NewUrl]:
        url, new = visit.url.text, visit.new
        site = new.site or visit.url.host
        now = datetime.now(UTC)
        found = [self._entry(one, site, Via.SITEMAP, url, depth=new.depth + 1) for one in listed.sitemaps]
        found += [
            NewUrl(
                url=one,
                lane=self._gate.lane(split(one)),
                depth=1,
                via=Via.SITEMAP,
                referrer=url,
                discovered_at=now,
            )
            for one in listed.pages
        ]
        wanted = self._gate.policy.media.embedded
        question = question_of(visit.url, self._gate.policy)
        for kind, one in listed.enclosures:
            if kind in wanted:
                reserved = reserve_for_media(visit.carriers, question, kind)
                found.append(
                    NewUrl(
                        url=one,
                        lane=self._gate.lane(split(one)),
                        depth=1,
                        via=Via.MEDIA,
                        role=Role.MEDIA,
                        referrer=url,
                        inherited=statements_to_json(reserved) if reserved else None,
                        discovered_at=now,
                    )
                )
        return found

    def _entry(self, url: CanonicalUrl, site: str, via: Via, referrer: CanonicalUrl, *, depth: int) -> NewUrl:
        return NewUrl(
            url=url,
            lane=self._gate.lane(split(url)),
            depth=depth,
            via=via,
            role=Role.SITEMAP,
            site=site,
            referrer=referrer,
            discovered_at=datetime.now(UTC),
        )

    def _note(self, url: str, said: dict[str, object]) -> None:
        """Put into the evidence log what a sitemap came to, so that nothing of it is ignored in silence."""
        self._writer.event(Event(type="sitemap", body={"url": url, **said}))
