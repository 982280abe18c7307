"""Host names and literals in their one canonical spelling, and the forms that are never asked.

Knows no list of public suffixes: that comes in as a ``Suffixes``.
"""

from __future__ import annotations

import re
from enum import Enum
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NewType, Protocol
from urllib.parse import unquote_to_bytes

import idna

from crawler.errors import UrlError
from crawler.values.address import refused_address

Host = NewType("Host", str)
"""A name in lower-case ASCII without trailing dot, an IPv4 address in dotted decimal, or an IPv6 address (RFC 5952)
without brackets."""

REFUSED_SUFFIXES = ("local", "localhost", "internal", "lan", "home.arpa", "onion", "corp")
"""R4.1: names that mean something only inside a network."""

_NAME_OCTETS = 253
_IPV4_PARTS = 4
_OCTET = 256
_LABELS = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_REFUSED_NAME = re.compile(rf"(?:^|\.)(?:{'|'.join(map(re.escape, REFUSED_SUFFIXES))})$")


class HostForm(Enum):
    """How a canonical host is to be understood."""

    NAME = "name"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


class Suffixes(Protocol):
    """The Public Suffix List as a value; names under no listed suffix follow its rule ``*``."""

    def registered_domain(self, host: str) -> str | None:
        """Return the domain that someone registered; ``None`` for an address, a bare label and a public suffix."""

    def suffix(self, host: str) -> str | None:
        """Return the public suffix of a name; ``None`` for an address."""


def canonical_host(raw: str) -> Host:
    """Spell a host in its one way: UTS 46 and IDNA to ASCII, lower case, no trailing dot, addresses in numbers.

    ``raw`` is the host part of a URL as written: it may hold percent escapes, and brackets around an IPv6 address.
    An IPv4 address in any spelling of the C library becomes dotted decimal, so that the check sees what the
    connection would dial. Raises ``UrlError``: ``url_malformed`` for what is no host, ``host_refused`` for an
    address that readers understand in different ways.
    """
    if raw.startswith("["):
        return _ipv6(raw)
    name = _ascii_name(raw)
    if _NUMBER.fullmatch(name, name.rfind(".") + 1):
        return _ipv4(name)
    return Host(name)


def form_of(host: Host) -> HostForm:
    """Tell a name from an address."""
    if ":" in host:
        return HostForm.IPV6
    return HostForm.IPV4 if host[-1].isdigit() and _NUMBER.fullmatch(host, host.rfind(".") + 1) else HostForm.NAME


def refused_host(host: Host) -> str | None:
    """Why the form of the host alone forbids to ask it (R4.1), or ``None``; the code is ``host_refused``."""
    if form_of(host) is not HostForm.NAME:
        why = refused_address(host)
        return why and f"{host} is no public address: {why}"
    if "." not in host:
        return f"{host} is a name without a dot"
    match = _REFUSED_NAME.search(host)
    return match and f"{host} ends in {match.group().lstrip('.')}, which no public name does"


def lane(host: Host, suffixes: Suffixes) -> str:
    """Whose politeness budget a host shares: its registrable domain, or the host itself where there is none."""
    return suffixes.registered_domain(host) or host


def _ascii_name(raw: str) -> str:
    name = raw
    if "%" in name:
        try:
            name = unquote_to_bytes(name).decode()
        except UnicodeError:
            raise UrlError("url_malformed", "the escapes in the host are not UTF-8") from None
    name = (name.lower() if name.isascii() else _idna(name)).removesuffix(".")
    if len(name) > _NAME_OCTETS or not _LABELS.fullmatch(name):
        raise UrlError("url_malformed", "the host is not a name of 1 to 253 letters, digits, hyphens and dots")
    return name


def _idna(name: str) -> str:
    """ASCII labels are left to the common check: names with ``_`` or with hyphens at odd places resolve."""
    try:
        labels = idna.uts46_remap(name, std3_rules=False).split(".")
        return ".".join(label if label.isascii() else idna.alabel(label).decode("ascii") for label in labels)
    except UnicodeError as error:  # idna.IDNAError is one
        raise UrlError("url_malformed", f"the host is no internationalised name: {error}") from error


def _ipv4(name: str) -> Host:
    """Read as inet_aton and the URL Standard do: up to four parts, octal and hexadecimal, the last one fills up."""
    parts = name.split(".")
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        raise UrlError("host_refused", "the host ends in a number and is no IPv4 address") from None
    *heads, last = numbers
    too_large = max(heads, default=0) >= _OCTET or last >= _OCTET ** (_IPV4_PARTS - len(heads))
    if len(numbers) > _IPV4_PARTS or too_large:
        raise UrlError("host_refused", "the host is a number out of the range of IPv4 addresses")
    value = last + sum(number << 8 * (3 - place) for place, number in enumerate(heads))
    return Host(str(IPv4Address(value)))


def _number(part: str) -> int:
    if not _NUMBER.fullmatch(part):
        raise ValueError
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)


def _ipv6(raw: str) -> Host:
    try:
        address = IPv6Address(raw[1:-1]) if raw.endswith("]") else None
    except AddressValueError:
        address = None
    if address is None:
        raise UrlError("url_malformed", "the host in brackets is no IPv6 address")
    if address.scope_id is not None:
        raise UrlError("host_refused", "an IPv6 address with a zone means something only on one machine")
    if address.ipv4_mapped is not None:  # spelled in two ways by different versions of Python
        low = int(address.ipv4_mapped)
        return Host(f"::ffff:{low >> 16:x}:{low & 0xFFFF:x}")
    return Host(address.compressed)
