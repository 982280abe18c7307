"""What a scripted host answers: plain values, well-formed and broken ones. Nothing is sent here."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, sent exactly as described; times in seconds, sizes in octets."""

    status: int = 200
    reason: str = "Scripted"
    headers: Headers = ()
    """In this order, repeated lines kept. Framing headers are added unless they stand here."""
    body: bytes = b""
    parts: Callable[[], Iterable[bytes]] | None = None
    """Makes the body piece by piece, for bodies that do not fit into memory or never end."""
    framing: str = "length"
    """``length``, ``chunked`` or ``close`` (the end of the connection ends the body)."""
    content_length: int | None = None
    """Claimed instead of the true length."""
    raw: bytes | None = None
    """Sent instead of all the above, then the connection is closed."""
    delay: float = 0.0
    """Before the first octet."""
    body_delay: float = 0.0
    """Between head and body."""
    drip: tuple[int, float] | None = None
    """The body goes out in pieces of so many octets, with so many seconds after each."""
    cut_after: int | None = None
    """The connection is closed after so many octets of the body."""
    action: str = "answer"
    """``answer``; ``hang`` (silence until the client goes), ``close`` or ``reset`` instead of an answer."""
    keep_alive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked."""

    host: str
    """Of the Host header, lower case, without port."""
    method: str
    target: str
    """As sent."""
    headers: Headers
    body: bytes
    connection: int
    number: int
    """How many requests this host and target had before."""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.split("?", 1)[0]

    def header(self, name: str) -> str | None:
        """First value of a header, ``None`` where it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def text(
    content: str, media_type: str = "text/plain; charset=utf-8", *, status: int = 200, headers: Headers = ()
) -> Reply:
    """Answer with UTF-8 text."""
    return Reply(status=status, headers=(("Content-Type", media_type), *headers), body=content.encode())


def html(content: str, *, status: int = 200, headers: Headers = ()) -> Reply:
    """Answer with an HTML page; a fragment is put into a minimal page."""
    page = content if "<html" in content else f"<!doctype html><html><body>{content}</body></html>"
    return text(page, "text/html; charset=utf-8", status=status, headers=headers)


def redirect(location: str, status: int = 302) -> Reply:
    """Answer with a redirect."""
    return Reply(status=status, headers=(("Location", location),))


def gzipped(reply: Reply, *, is_broken: bool = False) -> Reply:
    """The same answer under gzip; broken: the second half of the coded body is missing, the framing is right."""
    coded = gzip.compress(reply.body, mtime=0)
    if is_broken:
        coded = coded[: len(coded) // 2]
    return replace(reply, headers=(*reply.headers, ("Content-Encoding", "gzip")), body=coded)
