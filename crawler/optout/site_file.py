"""What became of asking an origin for one of its files, and what that means (opt-outs.md section 1, PC-9, PC-30).

/robots.txt has a table of its own (robots/outcome.py). Absent and not fetched are recorded as explicitly as found.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from crawler.optout.statement import Source
from crawler.values.digest import Digest, sha256
from crawler.values.url import CanonicalUrl

if TYPE_CHECKING:
    from typing import Any


class Found(StrEnum):
    """What a look at a site file came to."""

    READ = "read"
    """There is a file; the readers have seen it."""
    ABSENT = "absent"
    """The site answered that there is none: 204 or a 4xx status."""
    SOFT_404 = "soft_404"
    """A page for people was sent with a success status; counts as absent (PC-9)."""
    NOT_FETCHED = "not_fetched"
    """We did not ask, because robots.txt or the gate refused; counts as absent (PC-30)."""
    UNREAD = "unread"
    """There may be a file that we could not see: holds the verdict back."""


NOT_ASKED = frozenset({"disallowed_by_robots", "refused"})
"""Values of ``error`` that say that no request was sent."""

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?+[\x00-\x20]*+"
    rb"(?:(?:<!--(?:[^-]|-(?!->))*+-->|<\?[^>]*+>)[\x00-\x20]*+)*+"
    rb"<(?:!doctype[\x00-\x20]++html|html|head|body)\b",
    re.IGNORECASE,
)
_MARKUP_START = re.compile(rb"(?:\xef\xbb\xbf)?[\x00-\x20]*<")
_OK, _NO_CONTENT, _NON_AUTHORITATIVE = 200, 204, 203
_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS = 408, 429
_CLIENT_ERROR, _SERVER_ERROR, _BEYOND = 400, 500, 600


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFileOutcome:
    """One look at one file. ``body`` is what the readers saw; it is not part of the JSON form."""

    path: str
    """As registered, e.g. ``/.well-known/tdmrep.json``; the absolute URL for a referred document."""
    url: CanonicalUrl
    """What was asked for."""
    status: int | None
    """Of the last answer; ``None`` where there was none."""
    error: str | None
    """Class of what went wrong (``timeout``, ``dns``, ``tls``, ``too_large`` ...) or one of ``NOT_ASKED``."""
    hops: tuple[str, ...] = ()
    """Redirect targets in order."""
    content_type: str | None
    body: bytes | None
    """After content decoding; ``None`` unless the status is 200 or 203."""
    retrieved_at: datetime
    digest: Digest | None = None
    """Of the body."""

    @property
    def is_referred(self) -> bool:
        """Whether another carrier named it: such a document says itself what it is, whatever type it is served as."""
        return not self.path.startswith("/")

    @property
    def found(self) -> Found:
        """Classify the outcome; anything unforeseen is ``UNREAD``, never absent."""
        if self.error is not None:
            return Found.NOT_FETCHED if self.error in NOT_ASKED else Found.UNREAD
        status = self.status
        if status in {_OK, _NON_AUTHORITATIVE} and self.body is not None:
            content_type = None if self.is_referred else self.content_type
            return Found.SOFT_404 if is_page(self.body, content_type) else Found.READ
        # A server that is busy has not said that there is no file: seven requests in a row easily meet such a limit.
        if status is None or status in {_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS}:
            return Found.UNREAD
        return Found.ABSENT if status == _NO_CONTENT or _CLIENT_ERROR <= status < _SERVER_ERROR else Found.UNREAD

    @property
    def why(self) -> str:
        """Code of the reason for a file that was not read; empty where it was."""
        if self.found is Found.READ:
            return ""
        if self.found is Found.SOFT_404:
            return "soft_404"
        if self.error is not None:
            return self.error
        if self.status is None:
            return "network"
        return "5xx" if _SERVER_ERROR <= self.status < _BEYOND else str(self.status)

    @property
    def source(self) -> Source:
        """The bytes that were read; those of an empty body where there was none."""
        return Source(url=self.url, digest=self.digest or sha256(self.body or b""), retrieved_at=self.retrieved_at)

    def to_json(self) -> str:
        """Everything but the body, with sorted keys."""
        return json.dumps(
            {
                "path": self.path,
                "url": self.url,
                "status": self.status,
                "error": self.error,
                "hops": list(self.hops),
                "content_type": self.content_type,
                "retrieved_at": self.retrieved_at.isoformat(),
                "digest": self.digest,
                "found": self.found.value,
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str, body: bytes | None) -> SiteFileOutcome:
        """Take back what ``to_json`` gave; ``found`` is judged anew. Raises ``ValueError`` on anything else."""
        try:
            fields: dict[str, Any] = json.loads(text)
            return cls(
                path=fields["path"],
                url=CanonicalUrl(fields["url"]),
                status=fields["status"],
                error=fields["error"],
                hops=tuple(fields["hops"]),
                content_type=fields["content_type"],
                body=body,
                retrieved_at=datetime.fromisoformat(fields["retrieved_at"]),
                digest=None if fields["digest"] is None else Digest(fields["digest"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the outcome of a site file: {error!r}") from error


def is_page(body: bytes, content_type: str | None) -> bool:
    """Whether a body is a page for people instead of the file that was asked for (PC-9).

    Plain lines under a wrong media type are still the file, as for robots.txt (RFC 9309 section 2.3.1.1).
    """
    essence = (content_type or "").partition(";")[0].strip().lower()
    if essence in _HTML_TYPES and _MARKUP_START.match(body):
        return True
    return _HTML_START.match(body) is not None
