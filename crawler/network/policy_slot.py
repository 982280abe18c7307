"""What the network rooms may know of the policy in force, for each running crawler.

Set by the add-on before the engine starts. A crawler without an entry dials nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from scrapy.crawler import Crawler

    from crawler.network.exchange import Exchange
    from crawler.policy.document import Limits
    from crawler.values.address import TestHosts
    from crawler.values.dialling import Refused


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkRules:
    """Rules that hold at the moment a connection is opened."""

    test_hosts: TestHosts
    """The only way past the address check (R4.5)."""
    refuse: Callable[[str, str], str | None]
    """Asked with host and address for each request: a clause that says which blocklist entry covers the address, or
    ``None``. An exception refuses."""
    limits: Limits
    pause: Callable[[], Awaitable[None] | None] = lambda: None
    """Asked before a request is dialled and before it is written: what it has to wait for, since other rules are about
    to come into force, or ``None``."""
    recheck: Callable[[Exchange], Refused | None] = lambda _exchange: None
    """Asked after ``pause``, directly before a request is dialled and before it is written: why it must not be sent
    any longer, or ``None``. An exception refuses."""
    bypassed: Callable[[str], None] = lambda _detail: None
    """Told of every request that reached the handler without the gate's verdict; it is refused in any case."""
    aliased: Callable[[str, str], None] = lambda _host, _name: None
    """Told of a host whose look-up ended at another name (CNAME); nothing follows from it for the request."""
    sign: Callable[[str], Sequence[tuple[str, str]]] | None = None
    """Fields that prove who asks, for a request to this authority; asked directly before the request is written."""
    http2: bool = False
    """Whether HTTP/2 is offered over TLS; needs the extra ``http2``."""


_rules: WeakKeyDictionary[Crawler, NetworkRules] = WeakKeyDictionary()


def set_rules(crawler: Crawler, rules: NetworkRules) -> None:
    """Put rules in force for this crawler; a second call replaces them for every request not yet sent."""
    _rules[crawler] = rules


def rules_of(crawler: Crawler) -> NetworkRules | None:
    """Rules of this crawler, ``None`` where nobody set any."""
    return _rules.get(crawler)


def only_rules() -> NetworkRules | None:
    """The rules of this process for callers that belong to no crawler; ``None`` unless there is exactly one set."""
    found = {id(rules): rules for rules in _rules.values()}
    return next(iter(found.values())) if len(found) == 1 else None
