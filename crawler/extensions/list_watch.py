"""Keeps the blocklists of a running crawl the ones of its folder: what changes there holds for every request not sent.

The folder is looked at off the event loop every ``INTERVAL``, and its catalog directly before each request, so that
nothing leaves between a change and the moment it is in force. A state that cannot be opened is logged and not used.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.blocklists.catalog import CATALOG
from crawler.errors import ClearcrawlError
from crawler.extensions.opening import details_of_lists
from crawler.storage.blocklists import open_blocklists
from crawler.storage.entries import Event
from crawler.storage.list_building import ANY_AGE, build_apart
from crawler.storage.list_marks import mark_of, marks_of
from crawler.values.dialling import Refused
from crawler.values.url import CanonicalUrl, split

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date

    from crawler.extensions.opening import Parts
    from crawler.network.exchange import Exchange
    from crawler.storage.blocklists import OpenedBlocklists
    from crawler.storage.list_marks import Mark
    from crawler.storage.store import CrawlStore
    from crawler.values.digest import Digest

INTERVAL = 1.0
"""Seconds between two looks at the folder."""
_ATTEMPTS = 3
"""Openings of a folder that keeps changing meanwhile, before the next look has to do."""

logger = logging.getLogger(__name__)


class ListWatch:
    """One per worker. Lives on the event loop; opens lists in a thread."""

    def __init__(self, parts: Parts) -> None:
        self._gate = parts.gate
        self._writer = parts.writer
        self._suffixes = parts.suffixes
        self._folder = parts.plan.blocklists
        self._catalog = str(self._folder / CATALOG)
        self._details = parts.details
        self._marks: tuple[Mark, ...] = parts.lists.marks
        self._marks_read = self._marks
        self._day = parts.opened_on
        self._opening: asyncio.Task[None] | None = None
        self._polling: asyncio.Task[None] | None = None
        self._tell: Callable[[Digest, Digest], None] = lambda _lists, _config: None

    def start(self, tell: Callable[[Digest, Digest], None]) -> None:
        """Begin to look; ``tell`` hears the digests of lists and configuration when other lists come into force."""
        self._tell = tell
        self._polling = asyncio.ensure_future(self._poll())

    def stop(self) -> None:
        """Look no more; the lists in force stay."""
        for task in (self._polling, self._opening):
            if task is not None:
                task.cancel()

    def pause(self) -> Awaitable[None] | None:
        """What a request has to wait for: the opening of lists that have changed; ``None`` where they have not."""
        if self._opening is None and mark_of(self._catalog) == self._marks[0]:
            return None
        return self._refresh()

    def recheck(self, exchange: Exchange) -> Refused | None:
        """Why a request must not be sent any longer: an entry covers it that was not in force when it was admitted."""
        url = split(CanonicalUrl(exchange.url))
        refused = self._gate.screen_again(url, exchange.decision, today=datetime.now(UTC).date())
        return None if refused is None else Refused(refused.reason, refused.detail)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            marks = await asyncio.to_thread(marks_of, self._folder)
            if marks != self._marks or datetime.now(UTC).date() != self._day:
                await self._refresh()

    async def _refresh(self) -> None:
        """Open what the folder holds now, or wait for whoever is doing so. Raises nothing of the lists."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
            self._opening.add_done_callback(self._opened)
        await asyncio.shield(self._opening)

    def _opened(self, _: asyncio.Task[None]) -> None:
        self._opening = None

    async def _open(self) -> None:
        for _ in range(_ATTEMPTS):
            today = datetime.now(UTC).date()
            found = await asyncio.to_thread(self._read, today)
            if isinstance(found, str):
                marks = await asyncio.to_thread(marks_of, self._folder)
                if marks != self._marks_read:
                    continue  # it was read while somebody wrote it
                self._refuse(found)
            elif found.digest != self._gate.lists.digest or today != self._day:
                await self._put_in_force(found, today)
            self._marks, self._day = self._marks_read, today
            return

    def _read(self, today: date) -> OpenedBlocklists | str:
        """Open the folder in this thread; a text says why it cannot be. A large list is built by another process."""
        self._marks_read = marks_of(self._folder)
        try:
            build_apart(self._folder, today)
            return open_blocklists(self._folder, today=today, ages=ANY_AGE, suffixes=self._suffixes)
        except ClearcrawlError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new state, the present one stays in force
            return f"{type(error).__name__}: {error}"

    async def _put_in_force(self, lists: OpenedBlocklists, today: date) -> None:
        """Keep the bytes, log the change, then ask the new lists: no row names what the folder does not explain."""

        def keep(store: CrawlStore) -> None:
            for file in lists.files:
                store.keep("blocklists", file.content)

        before = self._gate.lists.digest
        config = {name: value for name, value in self._details["config"].items() if name != "lists"}
        self._details = {**self._details, **details_of_lists(config, lists)}
        await self._writer.call(keep)
        body = {"before": before, "digest": lists.digest, "opened_on": today.isoformat(), "details": self._details}
        self._writer.event(Event(type="lists", body=body))
        await self._writer.flush()
        self._tell(lists.digest, self._details["config_digest"])
        self._gate.use_lists(lists.matcher, lists.digest)
        logger.warning("other blocklists are in force: %s (before: %s)", lists.digest, before)

    def _refuse(self, problem: str) -> None:
        """Say that the folder holds what cannot be used; the lists in force stay."""
        in_force = self._gate.lists.digest
        self._writer.event(Event(type="lists_refused", body={"in_force": in_force, "problem": problem[:4096]}))
        logger.error("the changed blocklists cannot be used, %s stay in force: %s", in_force, problem)
