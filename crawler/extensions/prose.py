"""Queues what sites say in prose about mining, the law or training, with its quote, for a person; decides nothing.

Each quote is an entry ``prose`` of the log; ``audit query prose`` makes a worksheet of them.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from crawler.optout.prose import LIMIT, in_comments, in_page, is_about_terms
from crawler.storage.entries import Event
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from crawler.extensions.visit import Visit
    from crawler.extensions.writer import Writer
    from crawler.optout.prose import ProseNote
    from crawler.values.digest import Digest

_REMEMBERED = 4096
"""Documents whose quotes are not queued again: one robots.txt serves many origins, and is read every day."""


class ProseQueue:
    """One per worker, on the event loop."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._seen: OrderedDict[tuple[str, Digest], None] = OrderedDict()

    def robots(self, origin: str, body: bytes, digest: Digest) -> None:
        """Look through the comments of a robots.txt that was just fetched."""
        if b"#" in body and self._is_new(origin, digest):
            notes = in_comments(body[:LIMIT].decode("utf-8", "replace"))
            self._queue("robots_comment", f"{origin}/robots.txt", digest, notes)

    def page(self, visit: Visit) -> None:
        """Look through a page of terms; any other page is left alone."""
        page = visit.page
        if page is None or not visit.body or not is_about_terms(visit.url.path, page.title):
            return
        digest = sha256(visit.body)
        if self._is_new(visit.url.origin, digest):
            try:
                markup = visit.body[:LIMIT].decode(page.charset, "replace")
            except LookupError:
                markup = visit.body[:LIMIT].decode("utf-8", "replace")
            self._queue("terms_page", visit.url.text, digest, in_page(markup))

    def _is_new(self, origin: str, digest: Digest) -> bool:
        key = (origin, digest)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def _queue(self, where: str, url: str, digest: Digest, notes: list[ProseNote]) -> None:
        for note in notes:
            body = {"where": where, "url": url, "line": note.line, "topics": list(note.topics)}
            self._writer.event(Event(type="prose", body={**body, "quote": note.quote, "digest": digest}))
