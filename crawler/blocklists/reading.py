"""Words of a list made entries, and the guard rails that every list passes before it is loaded (R7.5).

What a line looks like is the business of ``formats``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import chain
from typing import TYPE_CHECKING

from crawler.blocklists.interface import Entry, EntryKind, Finding
from crawler.blocklists.scripts import mixed_scripts
from crawler.errors import UrlError
from crawler.values.host import HostForm, canonical_host, form_of
from crawler.values.printable import for_terminal
from crawler.values.url import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from crawler.blocklists.interface import BlocklistFormat
    from crawler.values.url import Url

_MAPPED = 96
_WIDEST = {4: 8, 6: 16}
"""A shorter prefix covers a part of the internet, not somebody on it."""
_MARKUP = re.compile(rb"\s*<(?:!doctype|!--|\?xml|html|head|body|script|meta)\b", re.IGNORECASE)
_PATH_START = re.compile(r"[^/\s]+/[^\s]*")
_SHOWN = 80
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What an entry must not cover."""

    is_suffix: Callable[[str], bool]
    """Whether a host is a public suffix, private section included."""
    protected: Collection[str] = frozenset()
    """Names of ``protected.txt`` with all their parents, see ``protected_names``."""


def read_list(
    lines: Iterable[bytes], form: BlocklistFormat, guards: Guards, *, may_be_empty: bool = False
) -> Iterator[Entry | Finding]:
    """Read a list in order, its entries checked; the list counts only if no finding is an error."""
    is_empty = True
    stream = iter(lines)
    head = _head(stream)
    if head and _MARKUP.match(head[-1].removeprefix(_BOM)):
        yield error(None, "is a page in HTML or XML, not a list; was the address right, is a login needed?")
        return
    for item in form.read(chain(head, stream)):
        if isinstance(item, Entry):
            problem = _problem(item, guards)
            if problem is not None:
                item = error(item.line, problem)  # noqa: PLW2901 - the finding takes the entry's place
        is_empty = is_empty and isinstance(item, Finding) and not item.is_error
        yield item
    if is_empty and not may_be_empty:
        yield error(None, "has no entries; an empty list is never taken for a good one")


def _head(stream: Iterator[bytes]) -> list[bytes]:
    """Take the lines up to the first one that is not blank."""
    head = []
    for line in stream:
        head.append(line)
        if line.removeprefix(_BOM).strip():
            break
    return head


def protected_names(entries: Iterable[Entry | Finding]) -> frozenset[str]:
    """Names of ``protected.txt`` and all parents of each, since an entry for a parent would cover the name as well."""
    names: set[str] = set()
    for item in entries:
        if isinstance(item, Entry) and item.kind is EntryKind.DOMAIN:
            labels = item.value.split(".")
            names.update(".".join(labels[start:]) for start in range(len(labels)))
    return frozenset(names)


def domain_entry(word: str, line: int) -> Iterator[Entry | Finding]:
    """Read a word of a domain list: a name, an address, a network; a URL counts as its host, with a note."""
    name = word
    if word.startswith(("*.", ".")) and len(word) > len("*."):
        name = word.lstrip("*").removeprefix(".")
        yield note(line, f"{shown(word)} counts as {shown(name)} and all names below it")
    if (network := _network(name)) is not None:
        if "/" in name and str(network) != name:
            yield note(line, f"{shown(name)} counts as {network}")
        yield Entry(EntryKind.NETWORK, str(network), line)
        return
    try:
        if _PATH_START.fullmatch(name):
            host = _as_url(name).host
            yield note(line, f"{shown(name)} counts as its host {host}")
        else:
            host = canonical_host(name)
    except UrlError as problem:
        yield error(line, f"{shown(word)} is no host name: {problem}")
        return
    if form_of(host) is HostForm.NAME:
        yield Entry(EntryKind.DOMAIN, host, line)
    else:
        yield Entry(EntryKind.NETWORK, str(ip_network(host)), line)


def path_entry(word: str, line: int) -> Iterator[Entry | Finding]:
    """Read a word of a URL list: ``host/path`` with or without a scheme stays a path; without a path it is a name."""
    if _network(word) is not None or not _PATH_START.fullmatch(word):
        yield from domain_entry(word, line)
        return
    try:
        url = _as_url(word)
    except UrlError as problem:
        yield error(line, f"{shown(word)} is no URL: {problem}")
        return
    if url.target == "/":
        yield from domain_entry(f"[{url.host}]" if form_of(url.host) is HostForm.IPV6 else url.host, line)
    else:
        yield Entry(EntryKind.PATH, f"{url.host}{url.target.rstrip('/')}", line)


def note(line: int | None, problem: str) -> Finding:
    """Something odd that changes nothing."""
    return Finding(line=line, problem=problem, is_error=False)


def error(line: int | None, problem: str) -> Finding:
    """Something that keeps the list from being loaded."""
    return Finding(line=line, problem=problem, is_error=True)


def shown(word: str) -> str:
    """Quote a word of a stranger for a message."""
    text = for_terminal(word)
    return f'"{text}"' if len(text) <= _SHOWN else f'"{text[:_SHOWN]}..."'


def _as_url(word: str) -> Url:
    return parse(word if "://" in word else f"http://{word}")


def _network(word: str) -> IPv4Network | IPv6Network | None:
    """Read a network or an address in its usual spelling; one that is mapped into IPv6 becomes that of IPv4."""
    if word[-1:].isalpha() and ":" not in word:
        return None
    try:
        network = ip_network(word.strip("[]"), strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network):
        inner = network.network_address.ipv4_mapped
        if inner is not None and network.prefixlen >= _MAPPED:
            return IPv4Network((inner, network.prefixlen - _MAPPED))
    return network


def _problem(entry: Entry, guards: Guards) -> str | None:
    if entry.kind is EntryKind.DOMAIN:
        return _name_problem(entry.value, guards)
    if entry.kind is EntryKind.NETWORK:
        network = ip_network(entry.value)
        if network.prefixlen < _WIDEST[network.version]:
            return f"{network} covers a part of the internet; at least /{_WIDEST[network.version]} is wanted"
    return None


def _name_problem(name: str, guards: Guards) -> str | None:
    if guards.is_suffix(name):
        kind = "a public suffix" if "." in name else "a bare label"
        return f"{name} is {kind}: it would cover the names of strangers"
    if "xn--" in name and (scripts := mixed_scripts(name)) is not None:
        return f"{name} mixes the scripts {', '.join(sorted(scripts))} in one label"
    return f"{name} is or covers a name of protected.txt" if name in guards.protected else None
