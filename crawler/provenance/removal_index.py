"""Asks removal lists about a row of a crawl: which entry names its URL, its host or a parent, its path, its address.

Domains, paths and networks match as entries of blocklists do; a URL matches as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.blocklists.interface import Entry, EntryKind
from crawler.blocklists.matcher import Matcher
from crawler.values.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from crawler.provenance.removals import Removal

_NO_LIST = Digest("")


class RemovalIndex:
    """Entries of lists that ``read_removals`` has checked. What names one crawl is asked about that crawl alone."""

    def __init__(self, removals: Iterable[Removal]) -> None:
        """Of entries that say the same, the first answers."""
        self._removals = tuple(removals)
        self._scopes: dict[str | None, _Scope] = {}
        for number, removal in enumerate(self._removals):
            self._scopes.setdefault(removal.crawl_id, _Scope()).add(number, removal)

    def __len__(self) -> int:
        return len(self._removals)

    def about_row(self, row: Mapping[str, Any], url: str | None = None) -> Removal | None:
        """Find the first entry that names the row, by its ``url``, ``url_host_name``, ``ip_address``, ``crawl_id``.

        ``url``: the exact one, where the row's may be redacted; without it only the row's own is compared.
        """
        for crawl_id in (None, row["crawl_id"]):
            scope = self._scopes.get(crawl_id)
            number = None if scope is None else scope.find(row, url)
            if number is not None:
                return self._removals[number]
        return None


class _Scope:
    """Entries for one crawl, or for all."""

    def __init__(self) -> None:
        self._urls: dict[str, int] = {}
        self._matcher = Matcher()
        self._matcher.open_list("removals", _NO_LIST)

    def add(self, number: int, removal: Removal) -> None:
        if removal.kind == "url":
            self._urls.setdefault(removal.value, number)
        else:
            self._matcher.add(Entry(EntryKind(removal.kind), removal.value, number))

    def find(self, row: Mapping[str, Any], url: str | None) -> int | None:
        spelt = row["url"] if url is None else url
        if spelt in self._urls:
            return self._urls[spelt]
        asked = [spelt] if row["ip_address"] is None else [spelt, row["ip_address"]]
        found = next((listed for name in asked if (listed := self._matcher.find(name)) is not None), None)
        return None if found is None else found.line
