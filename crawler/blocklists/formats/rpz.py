"""Response policy zones (draft-vixie-dnsop-dns-rpz): a zone file whose owner names are what is blocked.

Names and addresses of answers are taken over; triggers by client or by name server have no meaning for a crawler.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from crawler.blocklists.interface import Entry, EntryKind, Finding
from crawler.blocklists.lines import text_of
from crawler.blocklists.reading import domain_entry, error, excepted, note, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_TYPES = frozenset({"A", "AAAA", "CNAME", "TXT", "MX", "SRV", "PTR", "DNAME"})
_FRAME = frozenset({"SOA", "NS", "RRSIG", "DNSKEY", "NSEC", "NSEC3", "NSEC3PARAM"})
_CLASS_OR_TTL = re.compile(r"IN|(?:\d+[SMHDW]?)+", re.IGNORECASE)
_USUAL = re.compile(
    r"(?:\$(?:TTL|ORIGIN|INCLUDE)\s.*|(?:\S+)?\s+(?:\d+\w*\s+)?(?:IN\s+)?(?:SOA|NS|CNAME|A|AAAA)\s+\S.*)", re.IGNORECASE
)
_PASS = frozenset({"rpz-passthru.", "rpz-tcp-only."})
_V4_LABELS = 5


class Rpz:
    """The format ``rpz``."""

    id = "rpz"
    title = "DNS response policy zone"

    def read(self, lines: Iterable[bytes]) -> Iterator[Entry | Finding]:
        """Go through a zone file; what the zone itself lets pass stays blocked, with a note."""
        zone = _Zone()
        for number, line in enumerate(lines, start=1):
            text = text_of(line, number)
            if isinstance(text, Finding):
                yield text
            else:
                yield from zone.line(text, number)
        if zone.depth:
            yield error(None, "ends inside a parenthesis; is the file cut?")

    def share(self, head: Sequence[str]) -> float:
        """Part of the lines that are records; the start of authority decides."""
        rules = [text for line in head if (text := line.partition(";")[0].rstrip())]
        if any(re.search(r"\sSOA\s|^\$(?:TTL|ORIGIN)\s", text) for text in rules):
            return 1.0
        return sum(1 for text in rules if _USUAL.fullmatch(text)) / len(rules) if rules else 0.0


class _Zone:
    """Where in the zone the reading stands."""

    def __init__(self) -> None:
        self.depth = 0
        self._apex: str | None = None
        self._origin = ""
        self._owner = ""
        self._last = ""

    def line(self, raw: str, number: int) -> Iterator[Entry | Finding]:
        text = re.sub(r'"[^"]*"', '""', raw).partition(";")[0].rstrip()
        is_inside = self.depth > 0
        self.depth = max(0, self.depth + text.count("(") - text.count(")"))
        words = text.split()
        if is_inside or not words:
            return
        if words[0].startswith("$"):
            yield from self._directive(words, number)
            return
        owner = self._owner if text[0].isspace() else words.pop(0)
        self._owner = owner
        while words and _CLASS_OR_TTL.fullmatch(words[0]):
            words.pop(0)
        if not words or (kind := words[0].upper()) not in _TYPES | _FRAME:
            yield error(number, f"{shown(text.strip())} is no record of a zone")
        elif kind in _TYPES:
            yield from self._record(self._relative(owner), words[1:], number)
        elif kind == "SOA":
            self._apex = self._full(owner)

    def _directive(self, words: list[str], number: int) -> Iterator[Finding]:
        if words[0].upper() == "$ORIGIN" and len(words) > 1:
            self._origin = self._full(words[1])
            if self._apex is None and self._origin:  # a piece of a zone, or the line above the start of authority
                self._apex = self._origin
        elif words[0].upper() != "$TTL":
            yield error(number, f"{shown(words[0])} is not followed; one file has to hold the zone")

    def _full(self, owner: str) -> str:
        """The whole name, without the dot at its end (RFC 1035 section 5.1); "" for the root and what is not told."""
        lower = owner.lower()
        if lower == "@":
            return self._origin
        if lower.endswith(".") or not self._origin:
            return lower.removesuffix(".")
        return f"{lower}.{self._origin}"

    def _relative(self, owner: str) -> str:
        name = self._full(owner)
        if name == self._apex:
            return ""
        return name.removesuffix(f".{self._apex}") if self._apex else name

    def _record(self, owner: str, data: list[str], number: int) -> Iterator[Entry | Finding]:
        if not owner:
            return
        if owner == "*":
            yield error(number, "covers every name there is")
            return
        if data and data[0].lower() in _PASS:
            yield from excepted(owner.removeprefix("*."), number)
            return
        name, _, trigger = owner.rpartition(".rpz-")
        if name and trigger == "ip":
            network = _network(name.split("."))
            if network is None:
                yield error(number, f"{shown(owner)} names no network")
            else:
                yield Entry(EntryKind.NETWORK, str(network), number)
        elif name:
            yield note(number, f"the trigger rpz-{trigger} has no meaning for a crawler; not taken over")
        elif owner != f"*.{self._last}":  # the usual pair of a name and all below it
            self._last = owner
            yield from domain_entry(owner, number)


def _network(labels: list[str]) -> IPv4Network | IPv6Network | None:
    """Read ``24.0.2.0.192`` or ``48.zz.db8.2001``: length first, then the address backwards; ``zz`` is ``::``."""
    length, *rest = labels
    rest.reverse()
    try:
        if len(labels) == _V4_LABELS and "zz" not in rest:
            return IPv4Network((".".join(rest), int(length)))
        text = ":".join("" if group == "zz" else group for group in rest)
        if "zz" in rest:
            text = f"{':' if rest[0] == 'zz' else ''}{text}{':' if rest[-1] == 'zz' else ''}"
        return IPv6Network((text, int(length)))
    except ValueError:
        return None
