"""Which IP addresses a crawler may dial, and the test names that stand apart from that rule.

Only judgement: resolving and dialling are in ``crawler.network``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Address = IPv4Address | IPv6Address

_REFUSED_V4 = (
    (IPv4Network("0.0.0.0/32"), "unspecified"),
    (IPv4Network("192.88.99.0/24"), "6to4 relay"),
)
_REFUSED_V6 = (
    (IPv6Network("::/128"), "unspecified"),
    (IPv6Network("::1/128"), "loopback"),
    (IPv6Network("fec0::/10"), "site-local"),
    (IPv6Network("::/96"), "IPv4-compatible"),
    (IPv6Network("64:ff9b::/96"), "NAT64"),
    (IPv6Network("64:ff9b:1::/48"), "local-use NAT64"),
    (IPv6Network("2002::/16"), "6to4"),
    (IPv6Network("2001::/32"), "Teredo"),
)
_PATTERN = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")


def refused_address(address: Address | str) -> str | None:
    """Why the address must not be dialled (R4.1), or ``None`` where it may.

    A text that is no address is refused. An IPv4-mapped address is judged by the IPv4 address inside.
    """
    if isinstance(address, str):
        try:
            address = ip_address(address)
        except ValueError:
            return "not an IP address"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return refused_address(address.ipv4_mapped)
        if address.scope_id is not None:
            return "scoped to an interface"
    nets = _REFUSED_V4 if isinstance(address, IPv4Address) else _REFUSED_V6
    return next((name for net, name in nets if address in net), None) or _not_public(address)


def _not_public(address: Address) -> str | None:
    if address.is_multicast:
        return "multicast"
    if address.is_global:
        return None
    if address.is_loopback:
        return "loopback"
    return "link-local" if address.is_link_local else "not globally reachable"


def is_dialable(address: Address | str) -> bool:
    """Whether ``refused_address`` has nothing against the address."""
    return refused_address(address) is None


@dataclass(frozen=True, slots=True)
class TestHosts:
    """``[network] test_hosts``: names that may be dialled at the address given, past the address check."""

    __test__: ClassVar[bool] = False  # the name begins like a test class; pytest must not collect it

    patterns: Mapping[str, str]
    """``*.test`` covers every name below ``test``, a plain name only itself; checked by ``pattern_problem``."""

    def address_of(self, host: str) -> str | None:
        """Return the address for the host, by the longest pattern that covers it; ``None`` for an ordinary host."""
        if not self.patterns:
            return None
        exact = self.patterns.get(host)
        if exact is not None:
            return exact
        dot = host.find(".")
        while dot >= 0:
            address = self.patterns.get(f"*{host[dot:]}")
            if address is not None:
                return address
            dot = host.find(".", dot + 1)
        return None


def pattern_problem(pattern: str, address: str) -> str | None:
    """Say what is wrong with one line of ``test_hosts`` and what to write instead; ``None`` where it is right."""
    if not _PATTERN.fullmatch(pattern):
        return f'"{pattern}" is neither a host name in lower case nor "*." and such a name; write for example "*.test"'
    try:
        ip_address(address)
    except ValueError:
        return f'"{address}" is not an IP address; write for example "127.0.0.1"'
    return None
