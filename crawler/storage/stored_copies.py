"""What earlier crawls answer about a URL: its newest row, the copy of its page, the octets of a body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.values.digest import sha256

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.storage.revisits import Held
    from crawler.values.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousPage:
    """The newest row of a URL over all named crawls."""

    key: bytes
    crawl: int
    """Which of the named crawls."""
    at: int
    """Microseconds since 1970: when the verdict was made."""
    is_page: bool
    """Kept then, and no redirect hop."""
    digest: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHead:
    """Head of an earlier response."""

    octets: bytes
    status: int
    retrieved_at: datetime

    @property
    def digest(self) -> Digest:
        """Of the head as received."""
        return sha256(self.octets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Octets of a body as sent, with the record that holds them."""

    held: Held
    http_head: bytes
    """Head of the response in that record: it names the content coding of the body."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCopy:
    """What a conditional request is about. The body is read again when it is needed."""

    heads: tuple[StoredHead, ...]
    """Newest first: answers without change, last the response that came with the body."""
    digest: Digest
    """Of the body as sent."""
    is_same_agent: bool
    """Whether today's User-Agent asked for it."""
