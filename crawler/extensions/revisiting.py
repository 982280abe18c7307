"""The event loop's side of a re-crawl: what earlier crawls know of a URL, and their copy of it where a 304 came.

Every look at the disk happens in a thread. What may be sent is decided in ``policy.revalidation``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawler.policy.response import Head, joined
from crawler.policy.revalidation import conditions
from crawler.values.coding import codings_of, decode
from crawler.values.http_head import head_fields

if TYPE_CHECKING:
    from crawler.extensions.visit import Visit
    from crawler.storage.previous import Previous
    from crawler.storage.stored_copies import StoredHead
    from crawler.values.url import Url

UNUSABLE = "stored_copy_unusable"
"""Reason after which a URL is asked for without a condition."""


class Revisiting:
    """One per worker, on the event loop; without earlier crawls it does nothing."""

    def __init__(self, previous: Previous | None, *, user_agent: str, page_bytes: int) -> None:
        self._previous = previous
        self._user_agent = user_agent
        self._page_bytes = page_bytes

    async def find(self, visit: Visit) -> None:
        """Note the newest row of the URL."""
        if self._previous is not None:
            visit.before = await asyncio.to_thread(self._previous.find, visit.url.text)

    async def prepare(self, visit: Visit) -> None:
        """Make the request of an admitted visit conditional where a checked copy can stand for the page.

        After a 304 that could not be used the URL is asked for without a condition.
        """
        previous, before = self._previous, visit.before
        was_unusable = visit.claim.why is not None and visit.claim.why.startswith(UNUSABLE)
        if previous is None or before is None or not before.is_page or was_unusable:
            return
        copy = await asyncio.to_thread(previous.copy, visit.url.text, before, user_agent=self._user_agent)
        if copy is None:
            return
        stored = tuple(_head(visit.url, head) for head in copy.heads)
        visit.conditions = conditions(joined(stored), is_same_agent=copy.is_same_agent)
        if visit.conditions:
            visit.copy, visit.stored = copy, stored

    async def read(self, visit: Visit) -> bytes | None:
        """Body of the stored copy after a 304, decoded; ``None`` where it cannot be had any more."""
        previous, copy = self._previous, visit.copy
        if previous is None or copy is None:
            return None
        visit.payload = await asyncio.to_thread(previous.payload, copy.digest)
        if visit.payload is None:
            return None
        values = (value for name, value in head_fields(visit.payload.http_head) if name.lower() == b"content-encoding")
        codings = codings_of(values)
        if not codings or not visit.payload.body:
            return visit.payload.body
        decoded = await asyncio.to_thread(decode, visit.payload.body, codings, self._page_bytes)
        return decoded.body if decoded.code is None else None

    def close(self) -> None:
        """Let go of the earlier crawls."""
        if self._previous is not None:
            self._previous.close()


def _head(url: Url, stored: StoredHead) -> Head:
    return Head(
        url=url,
        status=stored.status,
        fields=head_fields(stored.octets),
        digest=stored.digest,
        retrieved_at=stored.retrieved_at,
    )
