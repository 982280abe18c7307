"""Hosts files: a null address and the names that are to lead nowhere."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from crawler.blocklists.lines import LineFormat, plain_line
from crawler.blocklists.reading import domain_entry, error, note, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.blocklists.interface import Entry, Finding

_STANDARD = frozenset(
    {
        "localhost", "localhost.localdomain", "local", "localdomain", "broadcasthost", "loopback", "0.0.0.0",  # noqa: S104 - a word of the files, nothing is bound
        "ip6-localhost", "ip6-loopback", "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters",
        "ip6-allhosts",
    }
)  # fmt: skip
"""Names that every hosts file gives to the machine itself; they are no entries."""


class Hosts(LineFormat):
    """The format ``hosts``."""

    id = "hosts"
    title = "Hosts file, 0.0.0.0 example.com"
    plain = plain_line(rb"(?:0\.0\.0\.0|127\.0\.0\.1)[ \t]++")
    usual = re.compile(r"[0-9A-Fa-f.:]*[.:][0-9A-Fa-f.:]*(?:%\w+)?(?:\s+[^\s/]+)+")

    def rule(self, text: str, number: int) -> Iterator[Entry | Finding]:
        """An address, then names; an address that is none of nothing blocks as well, with a note."""
        first, *names = text.split()
        try:
            address = ip_address(first.partition("%")[0])
        except ValueError:
            yield error(number, f"{shown(first)} is no address; a line of a hosts file is an address and names")
            return
        if not names:
            yield error(number, "has an address and no name; is this list in another format?")
        wanted = [name for name in names if name.lower() not in _STANDARD]
        if wanted and not (address.is_loopback or address.is_unspecified):
            yield note(number, f"leads to {address} instead of nowhere; the names count as blocked")
        for name in wanted:
            yield from domain_entry(name, number)
