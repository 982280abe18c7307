"""What an origin had said by a moment, compiled again from the looks in the log and the bytes in the WARC files."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from crawler.audit.kept import Look, stored_file
from crawler.audit.replay.state import UnreplayableError
from crawler.errors import ClearcrawlError
from crawler.optout.collect import CarrierReadings, read_document
from crawler.optout.site_file import SiteFileOutcome
from crawler.optout.statement import Unread
from crawler.policy.decision import Decision
from crawler.policy.site import DOCUMENTS, ROBOTS_PATH, SITE_FILE_PATHS, compile_site, not_asked
from crawler.values.url import CanonicalUrl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from crawler.optout.statement import Reference
    from crawler.policy.gate import Gate
    from crawler.policy.site import SiteKnowledge, StoredFile
    from crawler.storage.reading import CrawlReader

SITES_KEPT = 4_096
"""Compiled sites in memory."""


class _Looks:
    """The looks at one file, by the moment of their answer."""

    __slots__ = ("looks", "moments")

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.moments: list[datetime] = []

    def add(self, look: Look) -> None:
        at = bisect_right(self.moments, look.retrieved_at)
        self.looks.insert(at, look)
        self.moments.insert(at, look.retrieved_at)

    def before(self, moment: datetime) -> Look | None:
        at = bisect_right(self.moments, moment)
        return self.looks[at - 1] if at else None


class Sites:
    """One per crawl folder."""

    def __init__(self, reader: CrawlReader) -> None:
        self._reader = reader
        self._looks: dict[str, dict[str, _Looks]] = {}
        self._compiled: OrderedDict[tuple[object, ...], SiteKnowledge | UnreplayableError] = OrderedDict()
        self._at: OrderedDict[tuple[str, int], tuple[datetime, datetime | None, SiteKnowledge]] = OrderedDict()

    def note(self, entry: Mapping[str, Any]) -> None:
        """Take in a look, the body of a ``site_file`` entry."""
        look = Look(entry=entry["body"], seq=entry["seq"])
        by_path = self._looks.setdefault(entry["body"]["origin"], {})
        by_path.setdefault(look.path, _Looks()).add(look)

    def of(self, origin: str, moment: datetime, gate: Gate, *, robots_at: datetime | None = None) -> SiteKnowledge:
        """All that was known of an origin at a moment. Raises ``UnreplayableError``.

        ``robots_at``: when the copy of robots.txt was read that the row names; what was in memory may be older than
        what the log holds by then.
        """
        if robots_at is not None:
            return self._find(origin, self._until(origin, robots_at), gate)
        held = self._at.get((origin, id(gate)))
        if held is not None and held[0] <= moment and (held[1] is None or moment < held[1]):
            return held[2]
        site = self._find(origin, moment, gate)
        moments = sorted({at for looks in self._looks[origin].values() for at in looks.moments})
        at = bisect_right(moments, moment)
        self._at[origin, id(gate)] = (moments[at - 1], moments[at] if at < len(moments) else None, site)
        if len(self._at) > SITES_KEPT:
            self._at.popitem(last=False)
        return site

    def _until(self, origin: str, robots_at: datetime) -> datetime:
        """The last moment before another copy of robots.txt was read."""
        looks = self._looks.get(origin, {}).get(ROBOTS_PATH)
        moments = [] if looks is None else looks.moments
        at = bisect_right(moments, robots_at)
        return moments[at] - timedelta(microseconds=1) if at < len(moments) else datetime.max.replace(tzinfo=UTC)

    def _find(self, origin: str, moment: datetime, gate: Gate) -> SiteKnowledge:
        by_path = self._looks.get(origin, {})
        robots = by_path[ROBOTS_PATH].before(moment) if ROBOTS_PATH in by_path else None
        if robots is None:
            raise UnreplayableError("no_site_files", f"the log holds no look at robots.txt of {origin} before that")
        looks = [by_path[path].before(moment) if path in by_path else None for path in SITE_FILE_PATHS]
        found = [look for look in looks if look is not None]
        if len(found) < len(SITE_FILE_PATHS):
            raise UnreplayableError("no_site_files", f"the log does not hold a look at every site file of {origin}")
        key = (id(gate), robots.seq, *(look.seq for look in found), origin)
        site = self._compiled.get(key)
        if site is None:
            site = self._compiled[key] = self._compile(origin, robots, found, moment, gate)
            if len(self._compiled) > SITES_KEPT:
                self._compiled.popitem(last=False)
        if isinstance(site, UnreplayableError):
            raise site
        return site

    def _compile(
        self, origin: str, robots: Look, found: list[Look], moment: datetime, gate: Gate
    ) -> SiteKnowledge | UnreplayableError:
        try:
            files = [self._stored(look) for look in found]
            site = compile_site(origin, self._stored(robots), files, gate.policy, moment)
            return self._with_documents(site, moment, gate)
        except UnreplayableError as error:
            return error
        except (ClearcrawlError, ValueError, KeyError) as error:
            return UnreplayableError("site_file_lost", f"{origin}: {error}")

    def _stored(self, look: Look) -> StoredFile:
        try:
            return stored_file(self._reader, look)
        except (ClearcrawlError, ValueError, KeyError) as error:
            raise UnreplayableError("site_file_lost", f"{look.path}, log entry {look.seq}: {error}") from error

    def _with_documents(self, site: SiteKnowledge, moment: datetime, gate: Gate) -> SiteKnowledge:
        """Read what the site files refer to, as the crawl did."""
        references = site.carriers.references
        carriers, tries = site.carriers, site.unread_tries
        for reference in references[:DOCUMENTS]:
            stored = self._document(reference, moment, gate)
            carriers += _read(reference, stored)
            tries = max(tries, stored.failures)
        for reference in references[DOCUMENTS:]:
            unread = Unread(protocol=reference.protocol, why="too_many_documents", url=reference.url, blocks=True)
            carriers += CarrierReadings(unread=(unread,))
        return replace(site, carriers=carriers, unread_tries=tries)

    def documents(self, references: Iterable[Reference], moment: datetime, gate: Gate) -> CarrierReadings:
        """What the documents say that a page refers to. Raises ``UnreplayableError``."""
        found = CarrierReadings()
        for reference in references:
            found += _read(reference, self._document(reference, moment, gate))
        return found

    def _document(self, reference: Reference, moment: datetime, gate: Gate) -> StoredFile:
        screened = gate.screen(reference.url, today=moment.date())
        if isinstance(screened, Decision):
            return not_asked(reference.url, CanonicalUrl(reference.url), "refused", moment)
        looks = self._looks.get(screened.origin, {}).get(screened.text)
        look = None if looks is None else looks.before(moment)
        if look is None:
            raise UnreplayableError("no_document", f"the log holds no look at {screened.text} before that")
        return self._stored(look)


def _read(reference: Reference, stored: StoredFile) -> CarrierReadings:
    return read_document(reference, SiteFileOutcome.from_json(stored.facts, stored.body))
