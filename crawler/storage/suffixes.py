"""The Public Suffix List, from the snapshot that tldextract ships; its code, 15 MiB with all it imports, stays out.

Nothing is downloaded and no cache folder is written: the same version gives the same answers everywhere.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import idna

from crawler.errors import DamagedStateError
from crawler.values.digest import sha256
from crawler.values.host import Host, HostForm, form_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from crawler.values.digest import Digest

HOSTS_REMEMBERED = 65_536
_PRIVATE = "// ===BEGIN PRIVATE DOMAINS==="
_VERSION = re.compile(rb"^// VERSION: (\d{4}-\d\d-\d\d)", re.MULTILINE)


class _Parts(NamedTuple):
    suffix: str
    registry_suffix: str
    registered_domain: str | None


class BundledSuffixes:
    """``Suffixes`` with the private section; names under no listed suffix follow the rule ``*``.

    Hosts are canonical. Answers are remembered for the last ``HOSTS_REMEMBERED`` hosts.
    """

    digest: Digest
    """Of the bytes of the snapshot."""
    version: date
    """Day on which the list was published."""

    def __init__(self) -> None:
        snapshot = _snapshot()
        match = _VERSION.search(snapshot)
        if match is None:
            raise DamagedStateError("the Public Suffix List of the installed tldextract names no version: reinstall it")
        self.digest = sha256(snapshot)
        self.version = date.fromisoformat(match[1].decode())
        registries, _, private = snapshot.decode().partition(_PRIVATE)
        self._registry_rules = _rules_in(registries)
        self._rules = self._registry_rules | _rules_in(private)
        self._wildcards = frozenset(rule[2:] for rule in self._rules if rule.startswith("*."))
        self._parts = lru_cache(maxsize=HOSTS_REMEMBERED)(self._look_up)

    def registered_domain(self, host: str) -> str | None:
        """Return the domain under the public suffix; ``None`` for an address and for a suffix itself."""
        parts = self._parts(host)
        return parts and parts.registered_domain

    def suffix(self, host: str) -> str | None:
        """Return the public suffix, of the private section too (``github.io``); ``None`` for an address."""
        parts = self._parts(host)
        return parts and parts.suffix

    def registry_suffix(self, host: str) -> str | None:
        """Return the suffix under which a registry sells names (``io``); ``None`` for an address."""
        parts = self._parts(host)
        return parts and parts.registry_suffix

    def is_suffix(self, host: str) -> bool:
        """Tell whether a host is a public suffix itself or a bare label; cheap, for lists of millions of names."""
        parent = host.partition(".")[2]
        if not parent or host in self._rules:
            return True
        return parent in self._wildcards and f"!{host}" not in self._rules

    @property
    def rules(self) -> frozenset[str]:
        """Hosts that are named as suffixes, or as an exception to one; with the parents below, all but bare labels."""
        return self._rules

    @property
    def wildcard_parents(self) -> frozenset[str]:
        """Hosts of which every child is a suffix unless an exception says otherwise."""
        return self._wildcards

    def _look_up(self, host: str) -> _Parts | None:
        if form_of(Host(host)) is not HostForm.NAME:
            return None
        suffix = _suffix(host, self._rules)
        labels = suffix.count(".") + 2
        domain = ".".join(host.split(".")[-labels:])
        return _Parts(suffix, _suffix(host, self._registry_rules), domain if domain != suffix else None)


def _suffix(host: str, rules: AbstractSet[str]) -> str:
    """Public suffix of a name: the longest rule that fits counts, an exception before all; else the last label.

    https://github.com/publicsuffix/list/wiki/Format#algorithm
    """
    name = host
    while True:
        parent = name.partition(".")[2]
        if not parent or name in rules:
            return name
        if f"*.{parent}" in rules:
            return parent if f"!{name}" in rules else name
        name = parent


def _snapshot() -> bytes:
    """Octets of the list. Raises DamagedStateError where it is not there."""
    package = find_spec("tldextract")  # which imports nothing
    for place in (package and package.submodule_search_locations) or ():
        with suppress(OSError):
            return Path(place, ".tld_set_snapshot").read_bytes()
    raise DamagedStateError("the Public Suffix List that tldextract ships is missing: reinstall it")


def _rules_in(text: str) -> frozenset[str]:
    """Rules of a part of the list: the first word of each line that is no comment."""
    words = (line.split(maxsplit=1)[0] for line in text.splitlines() if line.strip() and not line.startswith("//"))
    return frozenset(map(_ascii_rule, words))


def _ascii_rule(rule: str) -> str:
    """Spell a rule in A-labels, as canonical hosts are; ``*.`` and ``!`` stay."""
    if rule.isascii():
        return rule
    return ".".join(label if label.isascii() else idna.alabel(label).decode("ascii") for label in rule.split("."))


@cache
def bundled_suffixes() -> BundledSuffixes:
    """Load the list once for the process (some 40 ms)."""
    return BundledSuffixes()
