"""Words of a list made entries, and the guard rails that every list passes before it is loaded (R7.5).

What a line looks like is the business of ``formats``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import chain, islice
from typing import TYPE_CHECKING

from crawler.blocklists.interface import Entry, EntryKind, Finding, Run
from crawler.blocklists.keys import key_of
from crawler.blocklists.lines import NAME_OCTETS, LineFormat
from crawler.blocklists.names import NameTable
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
_MARKUP = re.compile(rb"\s*<(?:!doctype\b|!--|\?xml\b|[a-z][a-z0-9]*[\s/>])", re.IGNORECASE)
_FOREIGN = (
    (b"\x1f\x8b", "gzip data; unpack it first"),
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data; unpack it first"),
    (b"BZh", "bzip2 data; unpack it first"),
    (b"\xfd7zXZ", "xz data; unpack it first"),
    (b"%PDF-", "a PDF page; its names have to be written into a list that a person accepts"),
    (b"\xff\xfe\0\0", "text in UTF-32; save it as UTF-8"),
    (b"\xff\xfe", "text in UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16; save it as UTF-8"),
)
_PATH_START = re.compile(r"[^/\s]+/[^\s]*")
_WITH_PORT = re.compile(r"(?:[^\s/:\[\]]+\.[^\s/:\[\]]+|\[[^\s/\]]+\]):\d{1,5}")
_NO_RANGE = re.compile(r"(?:[\d.]+|\[?[0-9a-f]*:[0-9a-f:.]+\]?)/-?\d+", re.IGNORECASE)
"""Written as a range of addresses; one that cannot be is no URL either."""
_SHORT = re.compile(r"[0-9a-fx.]+", re.IGNORECASE)
_SHOWN = 80
_BOM = b"\xef\xbb\xbf"
_BLOCK, _LEAST_BLOCK = 1024, 16
"""Lines that are looked at together, and so few that each is read for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What an entry must not cover."""

    is_suffix: Callable[[str], bool]
    """Whether a host is a public suffix, private section included."""
    protected: Collection[str] = frozenset()
    """Names of ``protected.txt`` with all their parents, see ``protected_names``."""
    rules: Collection[str] | None = None
    """All hosts that ``is_suffix`` knows by name; without them names are asked about one by one."""
    wildcards: Collection[str] = frozenset()
    """Parents of which every child may be a suffix."""


def read_list(
    lines: Iterable[bytes], form: BlocklistFormat, guards: Guards, *, may_be_empty: bool = False
) -> Iterator[Entry | Finding]:
    """Read a list in order, its entries checked; the list counts only if no finding is an error."""
    for item in read_runs(lines, form, guards, may_be_empty=may_be_empty):
        if isinstance(item, Run):
            for number, name in enumerate(item.names, start=item.first):
                yield Entry(EntryKind.DOMAIN, name.decode("ascii"), number)
        else:
            yield item


def read_runs(
    lines: Iterable[bytes], form: BlocklistFormat, guards: Guards, *, may_be_empty: bool = False
) -> Iterator[Run | Entry | Finding]:
    """Read the same as ``read_list``, with lines that are one plain name each taken together."""
    is_empty = True
    stream = iter(lines)
    head = _head(stream)
    if head and (problem := _foreign(head[-1])) is not None:
        yield error(None, problem)
        return
    lines = parted(chain(head, stream), head)
    for item in _blocks(lines, form, guards) if isinstance(form, LineFormat) else form.read(lines):
        if isinstance(item, Entry):
            problem = _problem(item, guards)
            if problem is not None:
                item = error(item.line, problem)  # noqa: PLW2901 - the finding takes the entry's place
        is_empty = is_empty and isinstance(item, Finding) and not item.is_error
        yield item
    if is_empty and not may_be_empty:
        yield error(None, "has no entries; an empty list is never taken for a good one")


def with_repetitions(items: Iterable[Entry | Finding]) -> Iterator[Entry | Finding]:
    """Leave a note behind every entry that stands there twice, and where the list contradicts itself."""
    seen = NameTable()
    excepted_at: dict[str, int] = {}
    for item in items:
        yield item
        if isinstance(item, Entry):
            if not seen.add(key_of(item), 0, item.line):
                before = seen.get(key_of(item))
                yield note(item.line, f"{item.value} stands there already, in line {before[1] if before else 0}")
            if item.value in excepted_at:
                yield note(
                    item.line, f"contradicts line {excepted_at[item.value]}, which excepts {item.value}: it is blocked"
                )
        elif item.excepts is not None and item.line is not None:
            excepted_at.setdefault(item.excepts, item.line)
            if (blocked := seen.get(item.excepts)) is not None:
                yield note(item.line, f"contradicts line {blocked[1]}, which blocks {item.excepts}: it stays blocked")


def _blocks(lines: Iterable[bytes], form: LineFormat, guards: Guards) -> Iterator[Run | Entry | Finding]:
    """Take lines by the thousand; a block with anything unusual in it is halved until the rest is read one by one."""
    stream, first = iter(lines), 1
    look = _Look(form, guards)
    while block := list(islice(stream, _BLOCK)):
        yield from look.at(block, first)
        first += len(block)


class _Look:
    """Tells whether all lines of a block are plain names with which nothing is wrong."""

    def __init__(self, form: LineFormat, guards: Guards) -> None:
        self._form = form
        self._is_quick = guards.rules is not None
        self._bad = frozenset(name.encode() for name in (*(guards.rules or ()), *guards.protected))
        self._parents = frozenset(name.encode() for name in guards.wildcards)

    def at(self, block: list[bytes], first: int) -> Iterator[Run | Entry | Finding]:
        names = self._names(block) if self._is_quick else None
        if names is not None:
            yield Run(first, names)
        elif len(block) <= _LEAST_BLOCK:
            yield from self._form.read(block, first)
        else:
            half = len(block) // 2
            yield from self.at(block[:half], first)
            yield from self.at(block[half:], first + half)

    def _names(self, block: list[bytes]) -> list[bytes] | None:
        names: list[bytes] = self._form.plain.findall(b"".join(block))
        if (
            len(names) == len(block)
            and max(map(len, names)) <= NAME_OCTETS
            and self._bad.isdisjoint(names)
            and self._parents.isdisjoint([name[name.index(b".") + 1 :] for name in names])
            and b"xn--" not in b"\n".join(names)
        ):
            return names
        return None


def parted(lines: Iterable[bytes], head: list[bytes]) -> Iterable[bytes]:
    """Part lines at CR alone, as old Macs and Excel on new ones write, where the ``head`` of the list says so."""
    if not head or b"\r" not in head[-1].rstrip(b"\r\n"):
        return lines
    return chain.from_iterable(line.splitlines(keepends=True) for line in lines)


def _head(stream: Iterator[bytes]) -> list[bytes]:
    """Take the lines up to the first one that is not blank."""
    head = []
    for line in stream:
        head.append(line)
        if line.removeprefix(_BOM).strip():
            break
    return head


def _foreign(line: bytes) -> str | None:
    """What the file is, if its first line with anything in it is that of another kind of file."""
    if _MARKUP.match(line.removeprefix(_BOM)):
        return "is a page in HTML or XML, not a list; was the address right, is a login needed?"
    return next((f"is no list but {kind}" for magic, kind in _FOREIGN if line.startswith(magic)), None)


def protected_names(entries: Iterable[Entry | Finding]) -> frozenset[str]:
    """Names of ``protected.txt``, each with ``www.`` in front, and all parents, which would cover the name as well."""
    names: set[str] = set()
    for item in entries:
        if isinstance(item, Entry) and item.kind is EntryKind.DOMAIN:
            labels = item.value.split(".")
            names.update(".".join(labels[start:]) for start in range(len(labels)))
            names.add(f"www.{item.value}")
    return frozenset(names)


def one_word(
    text: str, number: int, entry: Callable[[str, int], Iterator[Entry | Finding]]
) -> Iterator[Entry | Finding]:
    """Read a line that has to be one word."""
    words = text.split()
    if len(words) > 1:
        yield error(number, "has more than one word; is this list in another format?")
    elif not text.strip("*."):
        yield error(number, "covers every name there is")
    else:
        yield from entry(text, number)


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
    if _NO_RANGE.fullmatch(name):
        yield error(line, f"{shown(name)} is no range of addresses")
        return
    try:
        if _PATH_START.fullmatch(name) or _WITH_PORT.fullmatch(name):
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
        if _SHORT.fullmatch(name):
            yield note(line, f"{shown(name)} counts as the address {host}")
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


def excepted(word: str, line: int) -> Iterator[Finding]:
    """Note that the list itself would let a name pass."""
    try:
        name: str | None = canonical_host(word)
    except UrlError:
        name = None
    yield Finding(
        line=line,
        problem=f"the list excepts {shown(word)}; it stays blocked unless exceptions.toml says otherwise",
        is_error=False,
        excepts=name,
    )


def shown(word: str) -> str:
    """Quote a word of a stranger for a message."""
    text = for_terminal(word)
    return f'"{text}"' if len(text) <= _SHOWN else f'"{text[:_SHOWN]}..."'


def _as_url(word: str) -> Url:
    return parse(word if "://" in word else f"http://{word}")


def _network(word: str) -> IPv4Network | IPv6Network | None:
    """Read a network or an address in its usual spelling; one that is mapped into IPv6 becomes that of IPv4."""
    if (word[-1:].isalpha() and ":" not in word) or "%" in word:
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
