"""Asks all lists in force about a host, a URL or an address: exact name or parent at label borders, path, network."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from crawler.blocklists.interface import EntryKind, Listed
from crawler.blocklists.keys import (
    address_keys,
    entry_text,
    host_keys,
    key_of,
    lifted_keys,
    path_keys,
    path_marker,
)
from crawler.blocklists.names import MARKER, NameTable
from crawler.values.host import Host, HostForm, form_of
from crawler.values.url import CanonicalUrl, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crawler.blocklists.exceptions import ListException
    from crawler.blocklists.interface import Entry, Run
    from crawler.blocklists.names import Place
    from crawler.values.digest import Digest
    from crawler.values.url import Url


HOSTS_REMEMBERED = 4096
"""Answers about hosts that are at hand: a crawl asks about each many times in a row."""


class Table(Protocol):
    """Keys, each with the place of the first entry that has it: in memory, or in a file that workers share."""

    def __len__(self) -> int:
        """Keys, markers left out."""

    def get(self, key: str) -> Place | None:
        """Place of a key."""

    @property
    def nearest(self) -> Callable[[str], tuple[str, Place] | None]:
        """Looks for a name, then for its parents; the key that was found, and its place."""

    def add(self, key: str, owner: int, line: int, reference: str | None = None) -> bool:
        """Add a key; False where it is known to be there already."""

    def add_names(self, names: list[bytes], owner: int, first: int) -> int:
        """Add the names of lines that follow each other; how many are new, as far as that is known yet."""


@dataclass(slots=True)
class Frame:
    """What a matcher knows beside its table."""

    owners: list[tuple[str, Digest]] = field(default_factory=list)
    """Id and digest of each list, in order."""
    lengths: dict[int, set[int]] = field(default_factory=lambda: {4: set(), 6: set()})
    """Prefix lengths of the networks, by IP version."""
    has_paths: bool = False
    covering: dict[str, list[Place]] = field(default_factory=dict)
    """For each key that an exception may lift, its entries in all lists; the table has the first one alone."""


class Matcher:
    """Entries of the lists in the order of the catalog; where two lists hold one entry, the first answers.

    Filled once, then only asked. The nearest entry answers: the longest path, then the host, then its parents; of
    networks the narrowest. What an exception lifts is passed over for its list alone.
    """

    def __init__(
        self, exceptions: Iterable[ListException] = (), *, table: Table | None = None, frame: Frame | None = None
    ) -> None:
        """Begin with nothing, or with a table that is filled and its frame; exceptions have to be the same for both."""
        self._table: Table = NameTable() if table is None else table
        self.frame = Frame() if frame is None else frame
        self._exceptions: dict[str, list[ListException]] = {}
        for exception in exceptions:
            self._exceptions.setdefault(key_of(exception.entry), []).append(exception)
            if frame is None:
                self._watch(exception.entry)
        self._watched = frozenset(key.encode() for key in self.frame.covering)
        self._asked: dict[str, Listed | None] = {}

    def __len__(self) -> int:
        return len(self._table)

    def open_list(self, list_id: str, digest: Digest) -> None:
        """Name the list to which the entries that follow belong."""
        self.frame.owners.append((list_id, digest))
        self._asked.clear()

    def add(self, entry: Entry) -> bool:
        """Add an entry; False where an earlier one is known to say the same."""
        owner = len(self.frame.owners) - 1
        key = key_of(entry)
        if key in self.frame.covering:
            self.frame.covering[key].append((owner, entry.line, entry.reference))
        self._prepare(entry)
        return self._table.add(key, owner, entry.line, entry.reference)

    def add_run(self, run: Run) -> int:
        """Add domains of lines that follow each other; how many are new, as far as that is known yet."""
        owner = len(self.frame.owners) - 1
        if not self._watched.isdisjoint(run.names):
            for line, name in enumerate(run.names, start=run.first):
                if name in self._watched:
                    self.frame.covering[name.decode()].append((owner, line, None))
        return self._table.add_names(run.names, owner, run.first)

    def find(self, host_or_url: str) -> Listed | None:
        """Return the entry that covers a canonical URL, a host or an address; ``UrlError`` for a URL that is none."""
        return self._nearest(self._keys(host_or_url))

    def lifted(self, host_or_url: str) -> tuple[tuple[Listed, ListException], ...]:
        """Every entry that would cover the same and is lifted, with the exception; for people, not for decisions."""
        pairs = self._all(self._keys(host_or_url))
        return tuple((listed, exception) for listed, exception in pairs if exception is not None)

    def about_url(self, url: Url) -> Listed | None:
        """Ask about host and path."""
        if not self.frame.has_paths:
            return self.about_host(url.host)
        return self._nearest(self._url_keys(url))

    def about_host(self, host: Host) -> Listed | None:
        """Ask about a name and its parents, or about a literal address."""
        if host in self._asked:
            return self._asked[host]
        if not self._exceptions and _is_name(host):
            found = self._table.nearest(host)
            listed = None if found is None else self._listed(*found)
        else:
            listed = self._nearest(self._host_keys(host))
        if len(self._asked) >= HOSTS_REMEMBERED:
            self._asked.clear()
        self._asked[host] = listed
        return listed

    def about_address(self, text: str) -> Listed | None:
        """Ask about an address that was resolved; one that is mapped into IPv6 counts as the IPv4 address inside.

        Raises ``ValueError`` for what is no address.
        """
        return self._nearest(address_keys(text, self.frame.lengths))

    def _keys(self, host_or_url: str) -> Iterable[str]:
        if host_or_url.startswith(("http://", "https://")):
            return self._url_keys(split(CanonicalUrl(host_or_url)))
        return self._host_keys(Host(host_or_url))

    def _url_keys(self, url: Url) -> Iterable[str]:
        keys = self._host_keys(url.host)
        if self.frame.has_paths and self._table.get(path_marker(url.host)) is not None:
            return chain(path_keys(url.host, url.target), keys)
        return keys

    def _host_keys(self, host: Host) -> Iterator[str]:
        return host_keys(host) if _is_name(host) else address_keys(host, self.frame.lengths)

    def _nearest(self, keys: Iterable[str]) -> Listed | None:
        if self._exceptions:
            return next((listed for listed, exception in self._all(keys) if exception is None), None)
        get = self._table.get
        for key in keys:
            place = get(key)
            if place is not None:
                return self._listed(key, place)
        return None

    def _all(self, keys: Iterable[str]) -> Iterator[tuple[Listed, ListException | None]]:
        """Every entry, nearest first, each with the exception that lifts it for its list."""
        active: list[ListException] = []
        for key in keys:
            active += self._exceptions.get(key, ())
            place = self._table.get(key)
            if place is None:
                continue
            for each in self.frame.covering.get(key) or (place,):
                listed = self._listed(key, each)
                yield listed, next((one for one in active if one.list_id == listed.list_id), None)

    def _watch(self, entry: Entry) -> None:
        """Prepare for an exception: its key has to be passed, and all entries around it have to be known."""
        for key in lifted_keys(entry):
            self.frame.covering.setdefault(key, [])
        self._prepare(entry)

    def _prepare(self, entry: Entry) -> None:
        if entry.kind is EntryKind.PATH:
            self.frame.has_paths = True
            self._table.add(path_marker(entry.value.partition("/")[0]), MARKER, 0)
        elif entry.kind is EntryKind.NETWORK:
            version, length, _ = key_of(entry)[1:].split("/")
            self.frame.lengths[int(version)].add(int(length))

    def _listed(self, key: str, place: Place) -> Listed:
        owner, line, reference = place
        list_id, digest = self.frame.owners[owner]
        return Listed(list_id=list_id, list_digest=digest, entry=entry_text(key), line=line, reference=reference)


def _is_name(host: Host) -> bool:
    """Tell a name from an address; most end in a letter, and of addresses only those with colons do."""
    return (host[-1:].isalpha() and ":" not in host) or form_of(host) is HostForm.NAME
