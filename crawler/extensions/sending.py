"""Makes the requests that leave, with who we are on every one of them, and sends site files."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

from scrapy import Request

from crawler.network.exchange import EXCHANGE_KEY, Exchange
from crawler.network.failures import AddressRefusedError, NameUnknownError
from crawler.network.handler import handler_of
from crawler.policy.decision import Verdict
from crawler.policy.gate import RequestKind
from crawler.policy.site import Reply
from crawler.policy.waiting import read_retry_after
from crawler.values.coding import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from scrapy.crawler import Crawler

    from crawler.extensions.tally import Tally
    from crawler.extensions.visit import Visit
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.policy.gate import Gate
    from crawler.policy.politeness import Politeness
    from crawler.values.url import Url

VISIT_KEY = "clearcrawl_visit"
"""Key of ``request.meta`` under which a page's visit travels; site files have none."""
LONGEST_SLEEP = 0.1


class Sending:
    """One per worker, on the event loop."""

    def __init__(
        self,
        *,
        crawler: Crawler,
        gate: Gate,
        politeness: Politeness,
        resolve: Callable[[str], Awaitable[tuple[str, ...]]],
        tally: Tally,
        longest_wait: float,
        has_own_slots: bool = False,
    ) -> None:
        """``has_own_slots``: site files never queue behind pages in Scrapy's slots, where a project's pages wait."""
        self._has_own_slots = has_own_slots
        self._crawler = crawler
        self._gate = gate
        self._politeness = politeness
        self._resolve = resolve
        self._tally = tally
        self._longest_wait = longest_wait
        agent = gate.policy.identity.user_agent
        self._headers = {"User-Agent": agent, "Accept": "*/*", "Accept-Encoding": ACCEPTED}
        self._fields = _as_fields(self._headers)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Held by the request for a site file whose turn is next in its lane."""
        self.in_flight: set[Exchange] = set()
        """What a stop may have to cut off."""
        self.site_requests: WeakSet[Request] = WeakSet()
        """Requests for site files; a copy of one is somebody else's."""
        self._is_open = True
        self._site_files = 0
        """Requests for site files that are under way."""
        self._ended = asyncio.Event()
        """Set with each of them that ends."""

    def close(self) -> None:
        """Send no further site file: whoever waits to send one, or is cut off, is cancelled and has no outcome."""
        self._is_open = False

    async def ended(self) -> None:
        """Wait until no request for a site file is under way; what came back has been handed over by then."""
        while self._site_files:
            self._ended.clear()
            await self._ended.wait()

    def page(self, visit: Visit) -> Request:
        """Make the request of an admitted visit whose turn was taken."""
        assert visit.exchange is not None  # noqa: S101 - only admitted visits come here
        return self._request(visit.exchange, {VISIT_KEY: visit}, visit.conditions)

    def bare_page(self, visit: Visit) -> Exchange:
        """The same without a request, where nobody but our handler would look at it."""
        assert visit.exchange is not None  # noqa: S101 - as above
        self._ready(visit.exchange, visit.conditions)
        return visit.exchange

    def answered(self, exchange: Exchange, lane: str, address: str | None) -> None:
        """Note how a request ended, for whoever waits for the same site."""
        self.in_flight.discard(exchange)
        if exchange.was_turned_away:
            self._politeness.turned_away(lane, address, time.monotonic())
            return
        self._politeness.answered(
            lane,
            address,
            time.monotonic(),
            latency=exchange.latency or 0.0,
            status=exchange.status,
            retry_after=retry_after_of(exchange),
        )

    async def site_file(
        self, url: Url, kind: RequestKind, limit: int, robots: RobotsAnswer | None
    ) -> tuple[Exchange, Reply]:
        """Send one request for a site file when its turn has come; failures are part of the reply.

        Raises CancelledError where the crawl stops first: that says nothing about the site.
        """
        decision = self._gate.admit(url, today=datetime.now(UTC).date(), kind=kind, robots=robots)
        exchange = Exchange(
            url=url.text, decision=decision, max_bytes=limit, keeps_beginning=kind is RequestKind.ROBOTS
        )
        if decision.verdict is not Verdict.ALLOW:
            exchange.error, exchange.error_detail = decision.reason, decision.detail
            return exchange, Reply(retrieved_at=datetime.now(UTC), error=decision.reason)
        lane = self._gate.lane(url)
        try:
            address = None if self._gate.is_test_host(url.host) else (await self._resolve(url.host))[0]
        except (AddressRefusedError, NameUnknownError) as error:
            exchange.error, exchange.error_detail = error.code, str(error)
            return exchange, Reply(retrieved_at=datetime.now(UTC), error=error.code)
        wait = await self._turn(lane, address)
        if wait:
            exchange.error, exchange.error_detail = "site_pause", f"{wait:.0f} s"
            return exchange, Reply(retrieved_at=datetime.now(UTC), error="site_pause", retry_after=wait)
        if not self._is_open:
            raise asyncio.CancelledError
        body = b""
        exchange.on_sent = lambda: self._politeness.written(lane, address, time.monotonic())
        self._site_files += 1
        try:
            await self._download(exchange, url)
            body = exchange.body  # as it came over the wire, whatever middlewares made of the response
        except Exception as error:  # noqa: BLE001 - becomes the recorded outcome of the file
            exchange.error = exchange.error or "internal_error"
            exchange.error_detail = exchange.error_detail or repr(error)
        finally:
            self.answered(exchange, lane, address)
            self._site_files -= 1
            self._ended.set()
        if exchange.was_cancelled and not self._is_open:
            raise asyncio.CancelledError
        return exchange, reply_of(exchange, body)

    async def _turn(self, lane: str, address: str | None) -> float:
        """Wait for the turn of one request and take it; answers 0, or the seconds of a pause that is too long.

        The requests of a lane come in the order of their asking, so that one of them watches the clock and not all.
        """
        turns = self._turns.get(lane)
        if turns is None:
            turns = self._turns[lane] = asyncio.Lock()
        async with turns:
            while (wait := self._politeness.take(lane, address, time.monotonic())) > 0:
                if self._longest_wait < wait < inf:
                    return wait
                await asyncio.sleep(LONGEST_SLEEP if wait == inf else wait)
        return 0.0

    async def _download(self, exchange: Exchange, url: Url) -> None:
        """Hand the request for a site file to the engine; where all slots are our own, straight to the handler."""
        if not self._has_own_slots:
            self._ready(exchange)
            await handler_of(self._crawler, url.scheme).fetch(exchange)
            return
        # A project's retries, redirects and slots are kept away from it.
        apart = {"dont_retry": True, "dont_redirect": True, "handle_httpstatus_all": True}
        request = self._request(exchange, {"download_slot": f"clearcrawl {url.origin}", **apart})
        engine = self._crawler.engine
        assert engine is not None  # noqa: S101 - the crawl runs
        # Its middlewares see it on its way, and change nothing of it.
        exchange.fields = self._fields
        self.site_requests.add(request)
        await engine.download_async(request)

    def _request(
        self, exchange: Exchange, meta: dict[str, object], further: tuple[tuple[str, str], ...] = ()
    ) -> Request:
        self._tally.requests += 1
        self.in_flight.add(exchange)
        headers = {**self._headers, **dict(further)}
        return Request(exchange.url, headers=headers, meta={EXCHANGE_KEY: exchange, **meta}, dont_filter=True)

    def _ready(self, exchange: Exchange, further: tuple[tuple[str, str], ...] = ()) -> None:
        """Give an exchange all that the handler wants."""
        self._tally.requests += 1
        self.in_flight.add(exchange)
        exchange.fields = _as_fields({**self._headers, **dict(further)}) if further else self._fields


def _as_fields(headers: Mapping[str, str]) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    return tuple((name.encode(), (value.encode(),)) for name, value in headers.items())


def reply_of(exchange: Exchange, body: bytes) -> Reply:
    """Say what an exchange means to whoever asked for a site file."""
    at = exchange.finished_at or datetime.now(UTC)
    if exchange.error is not None:
        return Reply(retrieved_at=at, status=None, error=exchange.error)
    return Reply(
        retrieved_at=at,
        status=exchange.status,
        location=_text(exchange, b"location"),
        content_type=_text(exchange, b"content-type"),
        body=body,
        is_truncated=exchange.is_cut,
        retry_after=retry_after_of(exchange),
    )


def retry_after_of(exchange: Exchange) -> float | None:
    """Seconds that the site asked to wait."""
    value = _text(exchange, b"retry-after")
    return None if value is None else read_retry_after(value, exchange.finished_at or datetime.now(UTC))


def _text(exchange: Exchange, name: bytes) -> str | None:
    values = exchange.field_values(name)
    return values[-1].decode("utf-8", "surrogateescape") if values else None
