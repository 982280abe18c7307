"""Whether somebody controls a domain: a token in a DNS TXT record, or in a file under /.well-known/ of its site.

The file is asked for through the gate, as every file of a site; a listed host is asked for neither. A domain that did
not answer proved nothing and disproved nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from crawler.complaints.case import CONTROL
from crawler.complaints.register import New
from crawler.errors import UrlError, UsageError
from crawler.optout.site_file import Found
from crawler.provenance.leaf import time_text
from crawler.values.host import canonical_host
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crawler.asking.site_files import SiteAsker
    from crawler.complaints.case import Case
    from crawler.complaints.register import Register
    from crawler.storage.notary import Sealer

LABEL = "_clearcrawl"
"""Of the TXT record, below it the domain."""
FILE = "/.well-known/clearcrawl-complaint.txt"
DNS_SECONDS = 10.0
_MOST_RECORDS = 100
_MOST_OCTETS = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What asking for a token came to."""

    domain: str
    token: str
    outcome: str
    """``proved``; ``absent``: it answered without the token; ``unread``: it gave no answer; ``refused``: not asked."""
    method: str = ""
    """``dns`` or ``file``, where it is proved."""
    detail: str = ""


def line(token: str) -> str:
    """What the record or the file has to say."""
    return f"clearcrawl-complaint={token}"


def domain_of(text: str) -> str:
    """Read a domain. Raises UsageError."""
    try:
        return canonical_host(text)
    except UrlError as error:
        raise UsageError(f"{text!r}: {error}") from error


def token_for(register: Register, case: Case, domain: str, *, sealer: Sealer, now: datetime) -> str:
    """The token of a case for a domain that the case is about; made and entered where there is none yet."""
    if case.complaint is None:
        raise UsageError(f"{case.label}: was erased")
    if not any(host == domain or host.endswith(f".{domain}") for host in case.complaint.hosts()):
        raise UsageError(f"{case.label}: is about no host of {domain}")
    for one in case.controls:
        if one.get("domain") == domain and one.get("token"):
            return str(one["token"])
    token = secrets.token_hex(16)
    _enter(register, case, Proof(domain=domain, token=token, outcome="asked"), sealer=sealer, now=now)
    return token


def prove(
    register: Register,
    case: Case,
    domain: str,
    *,
    asker: SiteAsker,
    look_up: Callable[[str], Sequence[str] | None],
    sealer: Sealer,
    now: datetime,
) -> Proof:
    """Ask DNS, then the site, and enter the outcome. ``look_up``: texts of TXT records, ``None`` without an answer."""
    token = token_for(register, case, domain, sealer=sealer, now=now)
    found = _ask(domain, token, asker=asker, look_up=look_up)
    _enter(register, case, found, sealer=sealer, now=now)
    return found


def _ask(
    domain: str, token: str, *, asker: SiteAsker, look_up: Callable[[str], Sequence[str] | None]
) -> Proof:  # fmt: skip
    wanted = line(token)
    addresses = [f"https://{domain}{FILE}", f"http://{domain}{FILE}"]
    if asker.is_refused(addresses[0]):
        detail = "the gate lets nothing of this host be asked (a blocklist?)"
        return Proof(domain=domain, token=token, outcome="refused", detail=detail)
    records = look_up(f"{LABEL}.{domain}")
    if records is not None and wanted in records[:_MOST_RECORDS]:
        return Proof(domain=domain, token=token, outcome="proved", method="dns", detail=f"TXT {LABEL}.{domain}")
    told = ["DNS: no answer" if records is None else "DNS: no such record"]
    states = []
    for address in addresses:
        outcome = asker.single(address)
        states.append(outcome.found)
        if outcome.found is Found.READ and outcome.body is not None:
            left = [hop for hop in outcome.hops if split(hop).host != domain]  # type: ignore[arg-type]  # hops are canonical
            lines = outcome.body[:_MOST_OCTETS].decode("utf-8", "replace").splitlines()
            if wanted in [one.strip() for one in lines] and not left:
                return Proof(domain=domain, token=token, outcome="proved", method="file", detail=address)
            told.append(f"{address}: {'leads to another host' if left else 'does not hold the token'}")
        else:
            told.append(f"{address}: {outcome.why or outcome.found.value}")
    is_unread = records is None or Found.UNREAD in states
    return Proof(domain=domain, token=token, outcome="unread" if is_unread else "absent", detail="; ".join(told))


def _enter(register: Register, case: Case, proof: Proof, *, sealer: Sealer, now: datetime) -> None:
    body = {"case": case.number, "at": time_text(now), "outcome": proof.outcome, "method": proof.method}
    personal = {"domain": proof.domain, "token": proof.token, "detail": proof.detail}
    register.add([New(kind=CONTROL, body=body, personal=personal)], sealer=sealer, now=now)


def require_dns() -> None:
    """Raise UsageError where the extra ``dns`` is not installed."""
    if find_spec("dns") is None:
        raise UsageError("DNS records need the extra: pip install 'clearcrawl[dns]'; --file asks the site alone")


def texts_in_dns(name: str) -> list[str] | None:
    """Texts of the TXT records of a name by the system's resolver; ``None`` where none answered.

    Raises UsageError where the extra ``dns`` is not installed.
    """
    require_dns()
    from dns import exception, resolver  # noqa: PLC0415 - an extra

    try:
        answer = resolver.resolve(name, "TXT", lifetime=DNS_SECONDS)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return []
    except (exception.DNSException, OSError):
        return None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
