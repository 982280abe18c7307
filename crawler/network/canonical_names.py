"""Names at the end of a chain of CNAME records, as the system's resolver tells them with its addresses.

They decide nothing: a site behind an alias of a listed host is a candidate for a person.
"""

from __future__ import annotations

import socket
from threading import Lock
from typing import TYPE_CHECKING, Any

from twisted.internet._resolver import GAIResolver

if TYPE_CHECKING:
    from collections.abc import Callable

WAITING = 10_000
"""Names at most that nobody has asked for yet."""


class CanonicalNames:
    """Stands for ``socket.getaddrinfo`` and keeps the canonical name of each answer; called from look-up threads."""

    def __init__(self, getaddrinfo: Callable[..., Any] = socket.getaddrinfo) -> None:
        self._getaddrinfo = getaddrinfo
        self._names: dict[str, str] = {}
        self._lock = Lock()

    def __call__(self, host: str, port: int | None, family: int = 0, kind: int = 0) -> Any:
        """As ``socket.getaddrinfo``, as far as Twisted's resolver asks it."""
        answers = self._getaddrinfo(host, port, family, kind, 0, socket.AI_CANONNAME)
        name = answers[0][3].rstrip(".").lower() if answers else ""
        if name and name != host.lower():
            with self._lock:
                if len(self._names) < WAITING:
                    self._names[host] = name
        return answers

    def take(self, host: str) -> str | None:
        """Canonical name that the last look-up of the host brought, if it was another one; told once."""
        with self._lock:
            return self._names.pop(host, None)

    def around(self, reactor: Any, upstream: Any) -> Any:
        """The resolver to ask: one through us where it would be the system's, else ``upstream`` as it is."""
        if type(upstream) is not GAIResolver:
            return upstream
        return GAIResolver(reactor, reactor.getThreadPool, self)  # type: ignore[arg-type] # Twisted passes four arguments, by place
