"""The tables of crawl-policy.toml: keys, defaults and bounds (design.md sections 5 and 6, reliability R4.7).

One function a table; each notes its mistakes and answers a whole value all the same.
"""

from __future__ import annotations

import ipaddress
import re
import textwrap
from typing import TYPE_CHECKING

from crawler.optout.lookup import LOOKUPS
from crawler.optout.statement import DUTIES
from crawler.policy.decision import Verdict
from crawler.policy.document import (
    Blocklists,
    Facts,
    Identity,
    Limits,
    Media,
    Network,
    Politeness,
    Profile,
    Robots,
    Timestamps,
    Traps,
    UnreadRule,
)
from crawler.policy.scope import url_scope_problem
from crawler.values.address import pattern_problem

if TYPE_CHECKING:
    from crawler.values.strict_toml import Table

PLACEHOLDER_TOKEN = "clearcrawl-test"  # noqa: S105 - a product token, not a secret
"""Stands in where the policy names no token; with it, only test hosts may be asked."""

MEDIA_KINDS = ("image", "audio", "video", "document")
USER_CLASSES = ("commercial", "non-commercial", "education", "government", "personal")

_TOKEN = re.compile(r"[A-Za-z_-]{1,64}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CRAWLER_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_CONTACT = re.compile(r"(?:https?://|mailto:)[!-'*-~]+")
_AUTHORITY = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_WEB = re.compile(r"https?://[!-~]+")
_AGENT = re.compile(r"[ -~]*")

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


def identity(table: Table, *, tool_version: str) -> Identity:
    """``[identity]``; the user agent is made of token, version and contact unless it is written out."""
    token = table.text("product_token", "") or PLACEHOLDER_TOKEN
    if not _TOKEN.fullmatch(token):
        table.mistake("product_token", f"is {token!r}; only letters, '_' and '-' (RFC 9309 section 2.2.1), at most 64")
    contact = table.text("contact", "")
    if contact and not _CONTACT.fullmatch(contact):
        table.mistake("contact", f"is {contact!r}; write an address that begins with https:// or mailto:")
        contact = ""
    made = f"{token}/{tool_version} (+{contact})" if contact else f"{token}/{tool_version}"
    country = table.text("country", "") or None
    if country is not None and not _COUNTRY.fullmatch(country):
        table.mistake("country", f"is {country!r}; write the two capital letters of ISO 3166-1, like DE")
    crawler_id = table.text("crawler_id", "") or token.lower().replace("_", "-").strip("-") or "crawler"
    if not _CRAWLER_ID.fullmatch(crawler_id):
        table.mistake("crawler_id", f"is {crawler_id!r}; lower-case letters, digits and '-', at most 63")
    found = Identity(
        operator=table.text("operator", "").strip(),
        contact=contact,
        product_token=token,
        user_agent=_user_agent(table, token, made),
        crawler_id=crawler_id,
        country=country,
        user_class=table.choice("user_class", USER_CLASSES, "commercial"),
        on_behalf_of=table.text("on_behalf_of", "").strip() or None,
    )
    table.finish()
    return found


def _user_agent(table: Table, token: str, made: str) -> str:
    agent = table.text("user_agent", "") or made
    if not _AGENT.fullmatch(agent):
        table.mistake("user_agent", "holds characters that a header cannot carry; write plain ASCII")
    elif token.lower() not in agent.lower():
        table.mistake("user_agent", f"does not contain the product token {token!r} (R3.7)")
    else:
        return agent
    return made


def profiles(table: Table) -> dict[str, Profile]:
    """``[profiles.NAME]``; the two that ship are there even when the file leaves them out."""
    found = {
        "reservation": Profile(name="reservation", unknown=Verdict.ALLOW, licence_duties=False),
        "consent": Profile(name="consent", unknown=Verdict.DENY, licence_duties=True),
    }
    for name in table.names():
        one = table.table(name)
        one.require("unknown")
        found[name] = Profile(
            name=name,
            unknown=Verdict(one.choice("unknown", ("deny", "allow"), "deny")),
            licence_duties=one.flag("licence_duties", default=False),
        )
        one.finish()
    return found


def conditional_met(table: Table) -> frozenset[str]:
    """``[conditional] met``: duties that the operator fulfils; a paywall is none of them."""
    met = table.texts("met")
    for duty in met:
        if duty == "paywall":
            table.mistake("met", '"paywall" is never met by declaration; only an agreement covers such pages')
        elif duty not in DUTIES:
            known = ", ".join(name for name in DUTIES if name != "paywall")
            table.mistake("met", f"{duty!r} is no duty; known are: {known}")
    table.finish()
    return frozenset(met) - {"paywall"}


def unread(table: Table) -> UnreadRule:
    """``[unread]``."""
    found = UnreadRule(
        verdict=Verdict(table.choice("verdict", ("deny", "defer"), "deny")),
        retries=table.integer("retries", 3, least=0, most=20),
    )
    table.finish()
    return found


def politeness(table: Table) -> Politeness:
    """``[politeness]``."""
    found = Politeness(
        connections=table.integer("connections", 1, least=1, most=64),
        delay=table.number("delay", 1.0, least=0, most=86_400),
        max_delay=table.number("max_delay", 300.0, least=1, most=86_400),
    )
    if found.delay > found.max_delay:
        table.mistake("delay", f"is {found.delay:g}, above max_delay ({found.max_delay:g}): no host would ever be due")
    table.finish()
    return found


def limits(table: Table) -> Limits:
    """``[limits]``; robots.txt is never read shorter than the 500 KiB of RFC 9309 section 2.5."""
    found = Limits(
        page_bytes=table.integer("page_bytes", 10 * MIB, least=KIB, most=GIB),
        media_bytes=table.integer("media_bytes", 50 * MIB, least=KIB, most=16 * GIB),
        site_file_bytes=table.integer("site_file_bytes", 2 * MIB, least=64 * KIB, most=64 * MIB),
        robots_bytes=table.integer("robots_bytes", 2 * MIB, least=500 * KIB, most=16 * MIB),
        robots_cache_bytes=table.integer("robots_cache_bytes", 128 * MIB, least=16 * MIB, most=16 * GIB),
        sitemap_bytes=table.integer("sitemap_bytes", 50 * MIB, least=KIB, most=GIB),
        sitemap_entries=table.integer("sitemap_entries", 50_000, least=1, most=1_000_000),
        sitemap_files=table.integer("sitemap_files", 500, least=0, most=10_000),
        sitemap_depth=table.integer("sitemap_depth", 3, least=0, most=10),
        connect_timeout=table.number("connect_timeout", 10.0, least=0.1, most=600),
        first_byte_timeout=table.number("first_byte_timeout", 20.0, least=0.1, most=600),
        total_timeout=table.number("total_timeout", 60.0, least=0.1, most=3_600),
        header_lines=table.integer("header_lines", 100, least=10, most=1_000),
        header_bytes=table.integer("header_bytes", 64 * KIB, least=4 * KIB, most=MIB),
        header_line_bytes=table.integer("header_line_bytes", 16 * KIB, least=KIB, most=MIB),
        content_codings=table.integer("content_codings", 2, least=0, most=5),
        html_depth=table.integer("html_depth", 256, least=32, most=1_024),
        links_per_page=table.integer("links_per_page", 5_000, least=0, most=100_000),
        url_bytes=table.integer("url_bytes", 2_048, least=64, most=2_048),
        redirects=table.integer("redirects", 10, least=0, most=20),
        robots_redirects=table.integer("robots_redirects", 5, least=0, most=5),
        host_share=table.number("host_share", 0.25, least=0.01, most=1),
        wait_at_end=table.number("wait_at_end", 900.0, least=0, most=31_536_000),
        free_space_bytes=table.integer("free_space_bytes", GIB, least=0, most=2**50),
        free_space_share=table.number("free_space_share", 0.05, least=0, most=0.9),
        memory_mb=table.integer("memory_mb", 2_048, least=128, most=2**20),
    )
    table.finish()
    return found


def traps(table: Table) -> Traps:
    """``[traps]``."""
    found = Traps(
        depth=table.integer("depth", 20, least=0, most=10_000),
        pages_per_domain=table.integer("pages_per_domain", 20_000, least=1, most=10**9),
        repeated_segments=table.integer("repeated_segments", 4, least=2, most=1_000),
        similar_urls=table.integer("similar_urls", 500, least=1, most=10**9),
    )
    table.finish()
    return found


def media(table: Table) -> Media:
    """``[media]``; nothing embedded is asked for unless the file says so."""
    kinds = frozenset(table.texts("kinds", options=MEDIA_KINDS) if "kinds" in table else MEDIA_KINDS)
    embedded = table.texts("embedded", options=MEDIA_KINDS)
    for kind in embedded:
        if kind not in kinds:
            table.mistake("embedded", f"{kind!r} is not among kinds, so it would be asked for and not kept")
    table.finish()
    return Media(kinds=kinds, embedded=frozenset(embedded))


def facts(table: Table) -> Facts:
    """``[facts]``."""
    found = Facts(tokenizer=table.text("tokenizer", ""))
    table.finish()
    return found


def network(table: Table) -> Network:
    """``[network]``; a test host maps to loopback or to a private network, never to the public internet."""
    hosts = table.table("test_hosts")
    found: dict[str, str] = {}
    for pattern in hosts.names():
        address = hosts.text(pattern)
        problem = pattern_problem(pattern, address)
        if problem is not None:
            hosts.mistake(pattern, problem)
        elif not _is_private(address):
            hosts.mistake(pattern, f"maps to {address!r}; write a loopback or private address, like 127.0.0.1")
        else:
            found[pattern] = address
    hosts.finish()
    ports = table.integers("ports", (80, 443), least=1, most=65_535)
    if not ports:
        table.mistake("ports", "names no port; write for example [80, 443]")
    read = Network(
        ports=ports,
        test_hosts=found,
        cookies=table.flag("cookies", default=False),
        http2=table.flag("http2", default=False),
    )
    table.finish()
    return read


def _is_private(text: str) -> bool:
    """Whether a test host may live there; link-local is not among them, since cloud metadata lives there."""
    address = ipaddress.ip_address(text)
    return address.is_loopback or (
        address.is_private and not address.is_link_local and not address.is_unspecified and not address.is_multicast
    )


def lookups(table: Table) -> dict[str, str]:
    """``[lookups]``: address of the bridge to a look-up service, by its slot."""
    found: dict[str, str] = {}
    for reader in LOOKUPS:
        address = table.text(reader.id, "", limit=1_000)
        if address:
            problem = url_scope_problem(address.partition("?")[0])
            if problem is not None:
                table.mistake(reader.id, f"is {address!r}; write an absolute address: {problem}")
            found[reader.id] = address
    table.finish()
    return found


def robots(table: Table) -> Robots:
    """``[robots]``."""
    tokens = table.texts("also_bind")
    for token in tokens:
        if not _TOKEN.fullmatch(token):
            table.mistake("also_bind", f"{token!r} is no product token; only letters, '_' and '-'")
    table.finish()
    return Robots(also_bind=tokens)


def timestamps(table: Table) -> Timestamps:
    """``[timestamps]``; each authority has an address and the roots at which its chain may end."""
    interval = table.integer("interval", 3600, least=60, most=3600)
    named = table.table("authorities")
    urls: dict[str, str] = {}
    roots: dict[str, str] = {}
    for name in named.names():
        one = named.table(name)
        one.require("url")
        urls[name] = one.text("url", "")
        roots[name] = "".join(map(_pem, one.texts("roots")))
        if not _AUTHORITY.fullmatch(name):
            named.mistake(name, "a name has lower-case letters, digits and '-', at most 32")
        if not _WEB.fullmatch(urls[name]):
            one.mistake("url", f"is {urls[name]!r}; write an address that begins with https:// or http://")
        if not roots[name]:
            one.mistake("roots", "names no certificate; write each one as the base64 of its DER, in one line")
        one.finish()
    named.finish()
    table.finish()
    return Timestamps(interval=interval, urls=urls, roots=roots)


def _pem(encoded: str) -> str:
    lines = "\n".join(textwrap.wrap(encoded, 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def blocklists(table: Table) -> Blocklists:
    """``[blocklists]``."""
    found = Blocklists(
        warn_age=table.integer("warn_age", 7, least=1, most=3_650),
        refuse_age=table.integer("refuse_age", 30, least=1, most=3_650),
    )
    if found.warn_age > found.refuse_age:
        table.mistake("warn_age", f"is {found.warn_age}, above refuse_age ({found.refuse_age})")
    table.finish()
    return found
