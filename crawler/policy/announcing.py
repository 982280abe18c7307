"""What the public is told of a crawler and its rules (Measure 1.3), as JSON values; and the keys that shape it.

Made of the policy and the readers alone, so that a crawl at its start and ``publish`` make the same. Agreements and
exceptions are counted, not told: they name other parties.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from crawler.optout.registry import READERS, SITE_FILES
from crawler.optout.robots.outcome import LIFETIME_S, UNREACHABLE_LIFETIME_S
from crawler.optout.robots.specifications import SPECIFICATIONS
from crawler.policy.document import Publication

if TYPE_CHECKING:
    from crawler.policy.document import CrawlPolicy
    from crawler.values.strict_toml import Table

_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/(?:[!$-&(-;=@-Z_a-z~]+/)?")
_WANTED = (
    "write an address that begins with https://, names no user, and ends with /; a host in other letters as xn--..."
)
_ORIGIN = re.compile(r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")


def publication(table: Table) -> Publication:
    """``[publication]``."""
    address = table.text("address", "")
    if address and not _ADDRESS.fullmatch(address):
        table.mistake("address", f"is {address!r}; {_WANTED}")
        address = ""
    ranges = []
    for text in table.texts("ip_ranges"):
        try:
            ranges.append(str(ipaddress.ip_network(text)))
        except ValueError as error:
            table.mistake("ip_ranges", f"{text!r}: {error}; write for example 192.0.2.0/28 or 2001:db8::/56")
    names = table.texts("reverse_dns")
    for name in names:
        if not _NAME.fullmatch(name):
            table.mistake("reverse_dns", f"{name!r} is no host name in lower case, like crawl.example.org")
    agent = table.text("signature_agent", "")
    if agent and not _ORIGIN.fullmatch(agent):
        table.mistake("signature_agent", f"is {agent!r}; write an origin without a path: https://crawl.example.org")
        agent = ""
    found = Publication(
        site=table.text("site", ""),
        address=address,
        ip_ranges=tuple(ranges),
        reverse_dns=names,
        signature_agent=agent,
    )
    table.finish()
    return found


def crawler_settings(policy: CrawlPolicy, *, software: str) -> dict[str, Any]:
    """All that is public of one configuration. Its digest changes with every octet of the files that decide."""
    who, manners, limits = policy.identity, policy.politeness, policy.limits
    return {
        "software": software,
        "policy_version": policy.version,
        "policy_digest": policy.digest,
        "identity": {
            "crawler_id": who.crawler_id,
            "product_token": who.product_token,
            "user_agent": who.user_agent,
            "operator": who.operator,
            "contact": who.contact,
            "country": who.country,
            "on_behalf_of": who.on_behalf_of,
            "user_class": who.user_class,
        },
        "purpose": policy.purpose_name,
        "verification": {
            "ip_ranges": list(policy.publication.ip_ranges),
            "reverse_dns": list(policy.publication.reverse_dns),
            "signature_agent": policy.publication.signature_agent or None,
        },
        "robots_txt": {
            "specifications": [{"id": one.id, "holds_from": one.holds_from.isoformat()} for one in SPECIFICATIONS],
            "also_bind": list(policy.robots.also_bind),
            "cached_s": LIFETIME_S,
            "cached_while_unreachable_s": UNREACHABLE_LIFETIME_S,
            "read_bytes": limits.robots_bytes,
            "redirects": limits.robots_redirects,
        },
        "site_files": {"paths": sorted(SITE_FILES), "cached_s": LIFETIME_S, "read_bytes": limits.site_file_bytes},
        "unread": {"verdict": policy.unread.verdict.value, "retries": policy.unread.retries},
        "silence": {"profile": policy.profile.name, "verdict": policy.profile.unknown.value},
        "conditions_met": sorted(policy.conditional_met),
        "politeness": {
            "connections": manners.connections,
            "delay_s": manners.delay,
            "longest_delay_s": manners.max_delay,
        },
        "media": {"kept": sorted(policy.media.kinds), "embedded": sorted(policy.media.embedded)},
        "protocols": _protocols(policy),
        "lookups": sorted(policy.lookups),
        "agreements": len(policy.agreements),
        "exceptions": len(policy.overrides),
        "is_test": bool(policy.network.test_hosts),
    }


def _protocols(policy: CrawlPolicy) -> list[dict[str, Any]]:
    """What the register names, in its order, each with who reads it; then readers that the register leaves out."""
    readers = {one.id: one for one in READERS}
    off = {
        reader: {"from": one.valid_from.isoformat(), "to": one.valid_to.isoformat(), "reason": one.reason}
        for one in policy.protocols_off
        for reader in one.readers
    }

    def told(names: tuple[str, ...]) -> list[dict[str, Any]]:
        return [
            {
                "id": name,
                "title": readers[name].title,
                "specification": readers[name].spec_url,
                "revision": readers[name].spec_version,
                "reader": readers[name].version,
                "off": off.get(name),
            }
            for name in names
            if name in readers
        ]

    entries = [
        {
            "id": one.name,
            "title": one.title,
            "status": one.status,
            "basis": one.basis,
            "since": one.since.isoformat(),
            "readers": told(one.readers),
        }
        for one in policy.protocols
    ]
    named = {reader for one in policy.protocols for reader in one.readers}
    rest = [
        {
            "id": one.id,
            "title": one.title,
            "status": "voluntary",
            "basis": "",
            "since": None,
            "readers": told((one.id,)),
        }
        for one in READERS
        if one.id not in named
    ]
    return entries + rest
