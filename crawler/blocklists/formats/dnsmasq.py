"""dnsmasq configuration: ``server=/example.com/``, ``local=/.../`` and ``address=/.../ADDRESS`` block a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.blocklists.lines import LineFormat, plain_line
from crawler.blocklists.reading import domain_entry, error, excepted, note, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.blocklists.interface import Entry, Finding

_RULE = re.compile(r"(server|local|address)\s*=\s*/(.*)/([^/]*)")
_OPTION = re.compile(r"[a-z0-9-]+(?:\s*=.*)?")


class Dnsmasq(LineFormat):
    """The format ``dnsmasq``."""

    id = "dnsmasq"
    title = "dnsmasq configuration, server=/example.com/"
    plain = plain_line(
        rb"(?:(?:server|local)(?==/[^/\n]*/\r?$)|address(?==/[^/\n]*/(?:0\.0\.0\.0|127\.0\.0\.1|::|#)?\r?$))=/",
        rb"/[^\n]*",
    )
    comment = ""
    usual = re.compile(r"(?:server|local|address)\s*=\s*/.*/[^/]*|(?:ipset|nftset)=/.*|[a-z]+(?:-[a-z]+)*=[^/;,|\s].*")

    def rule(self, text: str, number: int) -> Iterator[Entry | Finding]:
        """A rule may name several domains; one that sends them to another server blocks nothing."""
        text = re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()
        match = _RULE.fullmatch(text)
        if match is None:
            if _OPTION.fullmatch(text):
                yield note(number, f"{shown(text)} blocks no name; not taken over")
            elif text:
                yield error(number, f"{shown(text)} is no line of a dnsmasq configuration")
            return
        option, names, target = match.groups()
        is_exception = option != "address" and target == "#"
        for name in names.split("/"):
            if is_exception:
                yield from excepted(name, number)
            elif option != "address" and target:
                yield note(number, f"sends {shown(name)} to the server {shown(target)}; that blocks nothing")
            elif not name.strip("*.#"):
                yield error(number, "covers every name there is")
            else:
                yield from domain_entry(name.removeprefix("*.").removeprefix("."), number)
