"""What only the network can tell, and only when asked for: look-ups, reverse DNS, the clock of the own site."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from crawler.doctor.findings import Finding, State
from crawler.errors import UrlError
from crawler.fetching import DNS_TIMEOUT, Fetcher, system_addresses
from crawler.policy.decision import Decision
from crawler.values.address import TestHosts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawler.policy.document import CrawlPolicy
    from crawler.policy.gate import Gate

T = TypeVar("T")

MOST_ADDRESSES = 64
"""Of all networks, whose names are asked for."""
LATE, WRONG = 5.0, 60.0
"""Seconds between two clocks: worth a look, and wrong."""


def not_asked(policy: CrawlPolicy) -> Iterator[Finding]:
    """Say what --online would look at."""
    if policy.publication.ip_ranges:
        told = f"{', '.join(policy.publication.ip_ranges[:4])}: names were not asked for"
        yield Finding(part="reverse DNS", state=State.UNKNOWN, told=told, advice="--online asks")


def outside(policy: CrawlPolicy, gate: Gate) -> Iterator[Finding]:
    """Ask. Requests go to the operator's own addresses alone, and through the gate."""
    own = [
        one for one in (policy.publication.address, policy.identity.contact) if one.startswith(("http://", "https://"))
    ]
    hosts = dict.fromkeys(urlsplit(one).hostname or "" for one in own)
    for host in filter(None, hosts):
        yield _look_up(host, policy)
    if own:
        yield _site_clock(own[0], policy, gate)
    else:
        told = "the policy names no page of the operator to compare with"
        yield Finding(part="clock", state=State.UNKNOWN, told=told, advice="fill in [identity] contact with a page")
    yield from reverse_names(policy, names_of=_names_of, addresses_of=system_addresses)


def _look_up(host: str, policy: CrawlPolicy) -> Finding:
    if TestHosts(policy.network.test_hosts).address_of(host) is not None:
        return Finding(part="resolver", state=State.NOTE, told=f"{host} is a test host")
    found = system_addresses(host)
    if found:
        return Finding(part="resolver", state=State.FINE, told=f"{host} is {', '.join(found[:4])}")
    advice = "check the resolver, and the name in the policy"
    return Finding(part="resolver", state=State.PROBLEM, told=f"{host}: no address", advice=advice)


def _site_clock(address: str, policy: CrawlPolicy, gate: Gate) -> Finding:
    now = datetime.now(UTC)
    try:
        url = gate.screen(address, today=now.date())
    except UrlError as error:
        return Finding(part="clock", state=State.UNKNOWN, told=f"{address}: {error}", advice="mend the address")
    if isinstance(url, Decision):
        return Finding(
            part="clock", state=State.WARNING, told=f"{address} may not be asked: {url.reason}", advice="look at it"
        )
    fetcher = Fetcher(
        user_agent=policy.identity.user_agent, limits=policy.limits, test_hosts=TestHosts(policy.network.test_hosts)
    )
    fetched = fetcher.fetch(url.text, max_bytes=0, method="HEAD", wants_body=lambda _: False)
    ended = datetime.now(UTC)
    dates = fetched.field_values(b"date")
    if fetched.error is not None or not dates:
        told = f"{address}: {fetched.error or 'no Date'} {fetched.error_detail}".rstrip()
        return Finding(part="clock", state=State.WARNING, told=told, advice="your own page should answer site owners")
    try:
        theirs = parsedate_to_datetime(dates[-1].decode("latin-1")).astimezone(UTC)
    except (ValueError, TypeError):
        return Finding(
            part="clock", state=State.UNKNOWN, told=f"{address}: its Date cannot be read", advice="ask another"
        )
    # Date has whole seconds, and the answer took its time: the difference is at least what is left of both.
    apart = max((theirs - ended).total_seconds(), (fetched.started_at - theirs).total_seconds() - 1.0, 0.0)
    told = f"{apart:.0f} s apart from {url.host}"
    if apart <= LATE:
        return Finding(part="clock", state=State.FINE, told=told)
    state = State.PROBLEM if apart > WRONG else State.WARNING
    return Finding(part="clock", state=state, told=told, advice="set one of the clocks; run an NTP client")


def reverse_names(
    policy: CrawlPolicy,
    *,
    names_of: Callable[[str], list[str] | None],
    addresses_of: Callable[[str], list[str]],
) -> Iterator[Finding]:
    """Whether each address names a host of the policy, and that host names the address: what a site owner checks."""
    wanted, ranges = policy.publication.reverse_dns, policy.publication.ip_ranges
    if not ranges:
        yield Finding(part="reverse DNS", state=State.NOTE, told="the policy names no [publication] ip_ranges")
        return
    if not wanted:
        advice = "name the hosts in [publication] reverse_dns"
        yield Finding(
            part="reverse DNS", state=State.WARNING, told="the policy names no names for its addresses", advice=advice
        )
        return
    addresses = [str(one) for text in ranges for one in islice(_hosts(text), MOST_ADDRESSES)][:MOST_ADDRESSES]
    wrong = [f"{one}: {problem}" for one in addresses if (problem := _problem(one, wanted, names_of, addresses_of))]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""  # noqa: PLR2004 - as many as are shown
        advice = f"set PTR and address records so that each address leads to a name below {', '.join(wanted)} and back"
        yield Finding(part="reverse DNS", state=State.PROBLEM, told="; ".join(wrong[:3]) + more, advice=advice)
        return
    told = f"{len(addresses)} addresses lead to a name below {', '.join(wanted)} and back"
    yield Finding(part="reverse DNS", state=State.FINE, told=told)


def _hosts(text: str) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    yield from ipaddress.ip_network(text).hosts()


def _problem(
    address: str,
    wanted: tuple[str, ...],
    names_of: Callable[[str], list[str] | None],
    addresses_of: Callable[[str], list[str]],
) -> str | None:
    names = names_of(address)
    if names is None:
        return "no answer, or no name"
    plain = [name.rstrip(".").lower() for name in names]
    ours = [name for name in plain if any(name == one or name.endswith(f".{one}") for one in wanted)]
    if not ours:
        return f"is called {', '.join(plain[:2])}, not one of {', '.join(wanted)}"
    parsed = ipaddress.ip_address(address)
    for name in ours:
        if any(ipaddress.ip_address(one.partition("%")[0]) == parsed for one in addresses_of(name)):
            return None
    return f"{ours[0]} does not lead back to it"


def _names_of(address: str) -> list[str] | None:
    """Names by the system's resolver, within ``DNS_TIMEOUT``."""
    return _in_time(lambda: _asked(address))


def _asked(address: str) -> list[str] | None:
    try:
        name, aliases, _ = socket.gethostbyaddr(address)
    except OSError:
        return None
    return [name, *aliases]


def _in_time(ask: Callable[[], T]) -> T | None:
    answers: queue.SimpleQueue[T] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(ask()), daemon=True, name="look-up").start()
    try:
        return answers.get(timeout=DNS_TIMEOUT)
    except queue.Empty:
        return None
