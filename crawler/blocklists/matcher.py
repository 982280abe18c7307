"""Asks all lists in force about a host, a URL or an address: exact name or parent at label borders, path, network."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from crawler.blocklists.interface import EntryKind, Listed
from crawler.blocklists.names import NameTable
from crawler.values.host import Host, HostForm, form_of
from crawler.values.url import CanonicalUrl, split

if TYPE_CHECKING:
    from crawler.blocklists.interface import Entry
    from crawler.values.digest import Digest
    from crawler.values.url import Url

_BITS = {4: 32, 6: 128}


@dataclass(frozen=True, slots=True)
class _Place:
    owner: int
    entry: str
    line: int


class Matcher:
    """Entries of the lists in the order of the catalog; where two lists hold one entry, the first answers.

    Filled once, then only asked. A host is covered by its own name or a parent (the nearest answers); a URL also by a
    path of its host; an address, literal or resolved, by the narrowest network.
    """

    def __init__(self) -> None:
        self._owners: list[tuple[str, Digest]] = []
        self._names = NameTable()
        self._paths: dict[str, list[tuple[str, _Place]]] = {}
        self._networks: dict[tuple[int, int], dict[int, _Place]] = {}

    def __len__(self) -> int:
        paths = sum(map(len, self._paths.values()))
        return len(self._names) + paths + sum(map(len, self._networks.values()))

    def open_list(self, list_id: str, digest: Digest) -> None:
        """Name the list to which the entries that follow belong."""
        self._owners.append((list_id, digest))

    def add(self, entry: Entry) -> bool:
        """Add an entry; False where an earlier one says the same."""
        owner = len(self._owners) - 1
        if entry.kind is EntryKind.DOMAIN:
            return self._names.add(entry.value, owner, entry.line)
        place = _Place(owner, entry.value, entry.line)
        if entry.kind is EntryKind.NETWORK:
            network = ip_network(entry.value)
            known = self._networks.setdefault((network.version, network.prefixlen), {})
            return known.setdefault(int(network.network_address), place) is place
        host, _, path = entry.value.partition("/")
        paths = self._paths.setdefault(host, [])
        if any(path == other for other, _ in paths):
            return False
        paths.append((path, place))
        return True

    def find(self, host_or_url: str) -> Listed | None:
        """Return the entry that covers a canonical URL, a host or an address; ``UrlError`` for a URL that is none."""
        if host_or_url.startswith(("http://", "https://")):
            return self.about_url(split(CanonicalUrl(host_or_url)))
        return self.about_host(Host(host_or_url))

    def about_url(self, url: Url) -> Listed | None:
        """Ask about host and path."""
        listed = self.about_host(url.host)
        if listed is None and url.host in self._paths:
            target = url.target[1:]
            for path, place in self._paths[url.host]:
                if target.startswith(path) and target[len(path) : len(path) + 1] in {"", "/", "?"}:
                    return self._listed(place.owner, place.entry, place.line)
        return listed

    def about_host(self, host: Host) -> Listed | None:
        """Ask about a name and its parents, or about a literal address."""
        if form_of(host) is not HostForm.NAME:
            return self.about_address(host)
        name = str(host)
        while True:
            found = self._names.get(name)
            if found is not None:
                return self._listed(found[0], name, found[1])
            _, dot, name = name.partition(".")
            if not dot:
                return None

    def about_address(self, text: str) -> Listed | None:
        """Ask about an address that was resolved; one that is mapped into IPv6 counts as the IPv4 address inside.

        Raises ``ValueError`` for what is no address.
        """
        address = ip_address(text)
        inner = getattr(address, "ipv4_mapped", None)
        if inner is not None:
            address = inner
        number, version = int(address), address.version
        for prefix in range(_BITS[version], 0, -1):
            known = self._networks.get((version, prefix))
            if known is not None:
                free = _BITS[version] - prefix
                place = known.get(number >> free << free)
                if place is not None:
                    return self._listed(place.owner, place.entry, place.line)
        return None

    def _listed(self, owner: int, entry: str, line: int) -> Listed:
        list_id, digest = self._owners[owner]
        return Listed(list_id=list_id, list_digest=digest, entry=entry, line=line)
