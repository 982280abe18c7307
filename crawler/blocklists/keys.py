"""One spelling for all that an entry may cover, and the spellings to look up for a question, the nearest first."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from crawler.blocklists.interface import EntryKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from crawler.blocklists.interface import Entry

BITS = {4: 32, 6: 128}
_CUT = re.compile(r"[/?]")


def key_of(entry: Entry) -> str:
    """Key of an entry: a host, ``host/path``, or a network as ``@version/length/first address``."""
    if entry.kind is not EntryKind.NETWORK:
        return entry.value
    network = ip_network(entry.value)
    return _network_key(network.version, network.prefixlen, int(network.network_address))


def entry_text(key: str) -> str:
    """What the entry of a key says, as ``Entry.value``."""
    if not key.startswith("@"):
        return key
    version, length, first = key[1:].split("/")
    return str((IPv4Network if version == "4" else IPv6Network)((int(first, 16), int(length))))


def path_marker(host: str) -> str:
    """Key that says that a host has entries with a path; no entry is spelled like that."""
    return f"{host}/"


def host_keys(host: str) -> Iterator[str]:
    """Yield a name and its parents, down to the last label."""
    yield host
    dot = host.find(".")
    while dot >= 0:
        yield host[dot + 1 :]
        dot = host.find(".", dot + 1)


def path_keys(host: str, target: str) -> Iterator[str]:
    """Yield the path of a URL with its query, and whatever ends before a ``/`` or ``?`` of it; the longest first."""
    path = target[1:]
    if path:
        yield f"{host}/{path}"
    for cut in reversed([match.start() for match in _CUT.finditer(path)]):
        if cut:
            yield f"{host}/{path[:cut]}"


def address_keys(text: str, lengths: Mapping[int, Collection[int]]) -> Iterator[str]:
    """Yield the networks of the lengths given, by IP version, that hold an address; the narrowest first.

    An address mapped into IPv6 counts as the IPv4 address inside. Raises ``ValueError`` for what is no address.
    """
    address = ip_address(text)
    inner = getattr(address, "ipv4_mapped", None)
    if inner is not None:
        address = inner
    number, version = int(address), address.version
    for length in sorted(lengths[version], reverse=True):
        free = BITS[version] - length
        yield _network_key(version, length, number >> free << free)


def lifted_keys(entry: Entry) -> Iterator[str]:
    """Yield the keys of all entries that cover everything that the entry covers: itself and what is around it."""
    if entry.kind is EntryKind.NETWORK:
        network = ip_network(entry.value)
        lengths = {4: range(1, network.prefixlen + 1), 6: range(1, network.prefixlen + 1)}
        yield from address_keys(str(network.network_address), lengths)
        return
    host, _, path = entry.value.partition("/")
    if path:
        yield from path_keys(host, f"/{path}")
    yield from host_keys(host)


def _network_key(version: int, length: int, first: int) -> str:
    return f"@{version}/{length}/{first:x}"
