"""Which addresses a connection to a host may use: the rule of R4.1 around any resolver.

Asks nobody: the answers of the resolver come in as values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.values.address import refused_address
from crawler.values.host import HostForm, canonical_host, form_of, refused_host

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.values.address import TestHosts
    from crawler.values.host import Host


@dataclass(frozen=True, slots=True)
class Refused:
    """The host may not be dialled; ``code`` is one of ``policy.reasons``."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Dialable:
    """A host that may be dialled as far as its text tells."""

    name: Host
    addresses: tuple[str, ...]
    """Known without a resolver: a literal, or the address of a test host. Empty where the name is to be looked up."""


def before_lookup(host: str, test_hosts: TestHosts) -> Dialable | Refused:
    """Judge the host by its text. Literals are read as the C library reads them; test hosts pass."""
    try:
        name = canonical_host(f"[{host}]" if ":" in host and not host.startswith("[") else host)
    except UrlError as error:
        return Refused("address_refused", f"{host!r}: {error}")
    pinned = test_hosts.address_of(name)
    if pinned is not None:
        return Dialable(name, (pinned,))
    refused = refused_host(name)
    is_name = form_of(name) is HostForm.NAME
    if refused is not None:
        return Refused("host_refused" if is_name else "address_refused", refused)
    return Dialable(name, () if is_name else (name,))


def after_lookup(name: str, answers: Sequence[str]) -> Refused | None:
    """All answers must be addresses that may be dialled, else the host is refused."""
    if not answers:
        return Refused("dns_error", f"{name} has no address")
    for address in answers:
        why = refused_address(address)
        if why is not None:
            return Refused("address_refused", f"{name} resolves to {address}, which is {why}")
    return None


def listed(name: str, addresses: Sequence[str], refuse: Callable[[str, str], str | None]) -> Refused | None:
    """Ask the blocklists about every address; a question that fails is a refusal (R2.4)."""
    for address in addresses:
        try:
            entry = refuse(name, address)
        except Exception as error:  # noqa: BLE001 - becomes a recorded refusal
            return Refused("internal_error", f"{name}: the blocklists could not be asked: {error!r}")
        if entry is not None:
            return Refused("blocklist", f"{name} at {address}: {entry}")
    return None
