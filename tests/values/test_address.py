"""Addresses that may be dialled, and test names."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.address import TestHosts, is_dialable, pattern_problem, refused_address

REFUSED = {
    "127.0.0.1": "loopback",
    "10.0.0.1": "not globally reachable",
    "100.64.0.1": "not globally reachable",
    "169.254.169.254": "link-local",
    "192.0.2.1": "not globally reachable",
    "240.0.0.1": "not globally reachable",
    "255.255.255.255": "not globally reachable",
    "0.0.0.0": "unspecified",  # noqa: S104 - an address to refuse, nothing is bound
    "224.0.0.1": "multicast",
    "192.88.99.1": "6to4 relay",
    "::": "unspecified",
    "::1": "loopback",
    "fe80::1": "link-local",
    "fd00::1": "not globally reachable",
    "ff02::1": "multicast",
    "fec0::1": "site-local",
    "::127.0.0.1": "IPv4-compatible",
    "::8.8.8.8": "IPv4-compatible",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b::808:808": "NAT64",
    "64:ff9b:1::1": "local-use NAT64",
    "2002:7f00:1::": "6to4",
    "2001:0:1::1": "Teredo",
    "2001:db8::1": "not globally reachable",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:224.0.0.1": "multicast",
    "2606:4700::1%eth0": "scoped to an interface",
    "localhost": "not an IP address",
    "127.1": "not an IP address",
    "": "not an IP address",
}


@pytest.mark.parametrize(("address", "why"), REFUSED.items())
def test_refused(address: str, why: str) -> None:
    """Each kind of address that R4.1 excludes is refused by name."""
    assert refused_address(address) == why
    assert not is_dialable(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "2001:4860:4860::8888"])
def test_dialable(address: str) -> None:
    """Public addresses are dialled, as text and as value."""
    assert is_dialable(address)
    assert is_dialable(ip_address(address))


@given(st.one_of(st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 2**128 - 1).map(IPv6Address)))
def test_never_wider_than_the_registries(address: IPv4Address | IPv6Address) -> None:
    """Nothing is dialled that ``ipaddress`` does not count as global; mapped addresses are judged by the inner one."""
    if is_dialable(address):
        inner = getattr(address, "ipv4_mapped", None) or address
        assert inner.is_global
        assert not inner.is_multicast


def test_test_hosts() -> None:
    """The longest pattern wins; ``*`` stands for one or more labels; other hosts are ordinary."""
    hosts = TestHosts({"*.test": "127.0.0.1", "*.b.test": "127.0.0.2", "one.test": "127.0.0.3", "*.x.example": "::1"})
    assert hosts.address_of("a.test") == hosts.address_of("c.d.test") == "127.0.0.1"
    assert hosts.address_of("a.b.test") == "127.0.0.2"
    assert hosts.address_of("b.test") == "127.0.0.1"
    assert hosts.address_of("one.test") == "127.0.0.3"
    assert hosts.address_of("y.x.example") == "::1"
    assert hosts.address_of("test") is None
    assert hosts.address_of("x.example") is None
    assert hosts.address_of("atest") is None
    assert TestHosts({}).address_of("a.test") is None


def test_pattern_problems() -> None:
    """A line of the map that is neither name nor pattern, or whose address is none, is named with what to write."""
    assert pattern_problem("*.test", "127.0.0.1") is None
    assert pattern_problem("localhost", "::1") is None
    for pattern in ("*", "*test", "a.*.test", "Test", "", "a..test", "*.", "a b"):
        problem = pattern_problem(pattern, "127.0.0.1")
        assert problem is not None
        assert f'"{pattern}"' in problem
    problem = pattern_problem("*.test", "localhost")
    assert problem is not None
    assert '"localhost"' in problem
