"""Site files of every origin: one fetch shared by all who wait, kept across restarts, bounded in memory.

What is asked and what the answers mean is ``policy.site``; here is who sends, in whose turn, and where it is kept.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from crawler.extensions.prose import ProseQueue
from crawler.extensions.records import exchange_records, failure_record, new_urn
from crawler.optout.collect import CarrierReadings, read_document
from crawler.optout.robots.outcome import RobotsAccess
from crawler.optout.site_file import SiteFileOutcome
from crawler.optout.statement import Unread
from crawler.policy.decision import Decision
from crawler.policy.gate import RequestKind
from crawler.policy.site import (
    DOCUMENTS,
    ROBOTS_PATH,
    SITE_FILE_PATHS,
    Send,
    StoredFile,
    ask,
    compile_site,
    not_asked,
    own_url,
    robots_file,
    robots_rules,
    site_file,
)
from crawler.storage.entries import AttemptOutcome, Event, Intent, IntentOutcome, SiteFileEntry, WarcKind
from crawler.values.url import CanonicalUrl

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crawler.extensions.tally import Tally
    from crawler.extensions.writer import Writer
    from crawler.network.exchange import Exchange
    from crawler.optout.robots.access import RobotsAnswer, RobotsRules
    from crawler.optout.statement import Reference
    from crawler.policy.gate import Gate
    from crawler.policy.site import Asked, Reply, SiteKnowledge
    from crawler.storage.entries import RecordDraft
    from crawler.values.url import Url

    Sender = Callable[[Url, RequestKind, int, RobotsAnswer | None], Awaitable[tuple[Exchange, Reply]]]

DOCUMENTS_KEPT = 1024
"""Documents in memory; the journal holds them all."""


class SiteFiles:
    """The cache of one worker. Everybody who waits for an origin gets the same result (R3.2)."""

    def __init__(self, gate: Gate, writer: Writer, send: Sender, tally: Tally) -> None:
        self._gate = gate
        self._tally = tally
        self._policy = gate.policy
        self._writer = writer
        self._send = send
        self._known: OrderedDict[str, tuple[SiteKnowledge, float]] = OrderedDict()
        self._octets = 0
        self._tasks: dict[str, asyncio.Task[SiteKnowledge]] = {}
        self._robots_tasks: dict[str, asyncio.Task[StoredFile]] = {}
        self._documents: OrderedDict[str, tuple[StoredFile, float]] = OrderedDict()
        self._document_tasks: dict[str, asyncio.Task[StoredFile]] = {}
        self.prose = ProseQueue(writer)
        """What people have to read; pages bring more of it."""

    def known(self, origin: str) -> SiteKnowledge | None:
        """What is at hand and still holds (R3.3: the monotonic clock rules within a run)."""
        found = self._known.get(origin)
        if found is None or found[1] <= time.monotonic():
            return None
        self._known.move_to_end(origin)
        return found[0]

    async def of(self, url: Url) -> SiteKnowledge:
        """Read the site files of the URL's origin, or wait for whoever is reading them."""
        origin = url.origin
        found = self.known(origin)
        if found is not None:
            return found
        task = self._tasks.get(origin)
        if task is None:
            task = self._tasks[origin] = asyncio.ensure_future(self._load(origin))
            task.add_done_callback(lambda _: self._tasks.pop(origin, None))
        return await asyncio.shield(task)

    async def document(self, reference: Reference) -> CarrierReadings:
        """Read a document that a carrier refers to, e.g. a licence; one that may not be asked for is read as unfetched.

        It obeys the robots.txt of its own origin, like every site file (PC-30), and is kept as evidence.
        """
        return _read(reference, await self._document(reference))

    async def _document(self, reference: Reference) -> StoredFile:
        screened = self._gate.screen(reference.url, today=datetime.now(UTC).date())
        if isinstance(screened, Decision):
            return not_asked(reference.url, CanonicalUrl(reference.url), "refused", datetime.now(UTC))
        name = screened.text
        found = self._documents.get(name)
        if found is not None and found[1] > time.monotonic():
            self._documents.move_to_end(name)
            return found[0]
        task = self._document_tasks.get(name)
        if task is None:
            task = self._document_tasks[name] = asyncio.ensure_future(self._load_document(screened))
            task.add_done_callback(lambda _: self._document_tasks.pop(name, None))
        return await asyncio.shield(task)

    async def _load_document(self, url: Url) -> StoredFile:
        robots = await self._robots(url.origin)
        rules, kept = robots_rules(robots, self._policy), await self._stored(url.origin, url.text)
        stored = await self._file(url.origin, url.target, robots, rules, kept, name=url.text)
        self._documents[url.text] = (stored, time.monotonic() + stored.holds_for(datetime.now(UTC)))
        if len(self._documents) > DOCUMENTS_KEPT:
            self._documents.popitem(last=False)
        return stored

    async def stored(self, origin: str) -> SiteKnowledge | None:
        """What the journal holds of an origin, however old; never asks the network."""
        robots = await self._stored(origin, ROBOTS_PATH)
        if robots is None:
            return None
        now = datetime.now(UTC)
        kept = await self._stored_of(origin)
        files = [
            kept.get(path) or not_asked(path, own_url(origin, path).text, "refused", now) for path in SITE_FILE_PATHS
        ]
        return compile_site(origin, robots, files, self._policy, now)

    async def _load(self, origin: str) -> SiteKnowledge:
        robots = await self._robots(origin)
        rules = robots_rules(robots, self._policy)
        kept = await self._stored_of(origin)
        # All at once: the site's politeness, not their number, says how many are under way.
        files = await asyncio.gather(
            *(self._file(origin, path, robots, rules, kept.get(path)) for path in SITE_FILE_PATHS)
        )
        now = datetime.now(UTC)
        site = compile_site(origin, robots, files, self._policy, now, rules)
        site = await self._with_documents(site)
        self._keep(site)
        return site

    async def _with_documents(self, site: SiteKnowledge) -> SiteKnowledge:
        """Read what the site files refer to as part of the site."""
        references = site.carriers.references
        carriers, tries, expires_in = site.carriers, site.unread_tries, site.expires_in
        for reference in references[:DOCUMENTS]:
            stored = await self._document(reference)
            carriers += _read(reference, stored)
            tries, expires_in = max(tries, stored.failures), min(expires_in, stored.holds_for(datetime.now(UTC)))
        for reference in references[DOCUMENTS:]:
            unread = Unread(protocol=reference.protocol, why="too_many_documents", url=reference.url, blocks=True)
            carriers += CarrierReadings(unread=(unread,))
        return replace(site, carriers=carriers, unread_tries=tries, expires_in=expires_in)

    def _keep(self, site: SiteKnowledge) -> None:
        old = self._known.pop(site.origin, None)
        self._octets += site.cost - (old[0].cost if old else 0)
        self._known[site.origin] = (site, time.monotonic() + site.expires_in)
        self._tally.origins += old is None
        while self._octets > self._policy.limits.robots_cache_bytes and len(self._known) > 1:
            _, (dropped, _) = self._known.popitem(last=False)
            self._octets -= dropped.cost

    async def _robots(self, origin: str) -> StoredFile:
        task = self._robots_tasks.get(origin)
        if task is None:
            task = self._robots_tasks[origin] = asyncio.ensure_future(self._load_robots(origin))
            task.add_done_callback(lambda _: self._robots_tasks.pop(origin, None))
        return await asyncio.shield(task)

    async def _load_robots(self, origin: str) -> StoredFile:
        earlier = await self._stored(origin, ROBOTS_PATH)
        if earlier is not None and _is_fresh(earlier):
            return earlier
        asked, records, attempt = await self._ask(origin, ROBOTS_PATH)
        stored = robots_file(asked, earlier)
        self._save(origin, stored, records, attempt, _first_outcome(asked))
        self._writer.event(
            Event(type="robots", body={"origin": origin, "outcome": stored.to_json(), "digest": stored.digest})
        )
        if stored.body is not None and stored.digest is not None:
            self.prose.robots(origin, stored.body, stored.digest)
        return stored

    async def _file(
        self,
        origin: str,
        path: str,
        robots: StoredFile,
        rules: RobotsRules,
        earlier: StoredFile | None,
        *,
        name: str | None = None,
    ) -> StoredFile:
        """Ask for a site file unless a kept outcome still holds; ``name`` is its key where it is no registered path."""
        url = own_url(origin, path)
        name = name or path
        if earlier is not None and _is_fresh(earlier):
            return earlier
        if rules.answer(url).access is not RobotsAccess.ALLOW:
            return self._disallowed(origin, name, url, robots)
        asked, records, attempt = await self._ask(origin, path, rules)
        if asked.error == "disallowed_by_robots":
            return self._disallowed(origin, name, url, robots)
        stored = site_file(name, asked, earlier)
        self._save(origin, stored, records, attempt, _first_outcome(asked))
        return stored

    def _disallowed(self, origin: str, path: str, url: Url, robots: StoredFile) -> StoredFile:
        stored = not_asked(path, url.text, "disallowed_by_robots", datetime.now(UTC), robots=robots)
        self._save(origin, stored)
        return stored

    async def _ask(
        self, origin: str, path: str, rules: RobotsRules | None = None
    ) -> tuple[Asked, tuple[RecordDraft, ...], int]:
        """Drive ``policy.site.ask``; answers with the records of every hop and the first attempt's id."""
        today = datetime.now(UTC).date()
        limits = self._policy.limits
        asking = ask(
            origin,
            path,
            screen=lambda raw: self._gate.screen(raw, today=today),
            redirects=limits.robots_redirects,
        )
        kind = RequestKind.ROBOTS if path == ROBOTS_PATH else RequestKind.SITE_FILE
        limit = limits.robots_bytes if path == ROBOTS_PATH else limits.site_file_bytes
        records: list[RecordDraft] = []
        first_attempt = 0
        answer: Reply | RobotsRules
        try:
            wanted = next(asking)
            while True:
                if isinstance(wanted, Send):
                    attempt = await self._writer.intend(Intent(url=wanted.url.text))
                    self._tally.site_requests += 1
                    robots = None if rules is None else rules.answer(wanted.url)
                    exchange, answer = await self._send(wanted.url, kind, limit, robots)
                    records += _records(exchange)
                    first_attempt = self._end(attempt, first_attempt, exchange)
                else:
                    answer = rules = robots_rules(await self._robots(wanted.url.origin), self._policy)
                wanted = asking.send(answer)
        except StopIteration as end:
            return end.value, tuple(records), first_attempt

    def _end(self, attempt: int, first: int, exchange: Exchange) -> int:
        """End the attempts of hops at once; the first one ends with the file that it was sent for."""
        if not first:
            return attempt
        outcome = AttemptOutcome.OK if exchange.error is None else AttemptOutcome.FAILED
        self._writer.intent_outcome(IntentOutcome(attempt_id=attempt, attempt=outcome, detail=exchange.error or ""))
        return first

    async def _stored(self, origin: str, path: str) -> StoredFile | None:
        return _kept(await self._writer.call(lambda store: store.get_site_file(origin, path)))

    async def _stored_of(self, origin: str) -> dict[str, StoredFile | None]:
        """Read what is kept of all site files but robots.txt in one turn of the writer."""
        return await self._writer.call(
            lambda store: {path: _kept(store.get_site_file(origin, path)) for path in SITE_FILE_PATHS}
        )

    def _save(
        self,
        origin: str,
        stored: StoredFile,
        records: tuple[RecordDraft, ...] = (),
        attempt: int | None = None,
        outcome: AttemptOutcome = AttemptOutcome.OK,
    ) -> None:
        self._writer.site_file(
            SiteFileEntry(
                origin=origin,
                path=stored.path,
                outcome=stored.to_json(),
                digest=stored.digest,
                body=stored.body,
                retrieved_at=stored.retrieved_at,
                expires_at=stored.retrieved_at + timedelta(seconds=stored.lifetime),
                attempt_id=attempt,
                attempt=outcome,
                records=records,
            )
        )


def _read(reference: Reference, stored: StoredFile) -> CarrierReadings:
    return read_document(reference, SiteFileOutcome.from_json(stored.facts, stored.body))


def _kept(entry: SiteFileEntry | None) -> StoredFile | None:
    if entry is None:
        return None
    return StoredFile.from_json(entry.outcome, path=entry.path, retrieved_at=entry.retrieved_at, body=entry.body)


def _first_outcome(asked: Asked) -> AttemptOutcome:
    """How the first request for a file ended: with an answer, unless nothing followed it."""
    return AttemptOutcome.FAILED if asked.reply.error is not None and not asked.hops else AttemptOutcome.OK


def _is_fresh(stored: StoredFile) -> bool:
    return stored.holds_for(datetime.now(UTC)) > 0


def _records(exchange: Exchange) -> tuple[RecordDraft, ...]:
    if exchange.error is not None or not exchange.head:
        return (failure_record(exchange, new_urn()),)
    return exchange_records(exchange, WarcKind.EVIDENCE, new_urn())
