"""Decisions: what a person may decide about a case, what it is linked to, and the receipt of what was removed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.complaints.case import DECIDED, OUTCOMES, RECEIPT
from crawler.complaints.handling import person, words
from crawler.complaints.likeness import is_identical
from crawler.complaints.register import New
from crawler.errors import DamagedStateError, UrlError, UsageError
from crawler.provenance.leaf import time_text
from crawler.provenance.removals import Removal, read_removals, write_removals
from crawler.values.digest import sha256
from crawler.values.url import parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crawler.blocklists.matcher import Matcher
    from crawler.complaints.case import Case
    from crawler.complaints.register import Register
    from crawler.policy.document import Agreement
    from crawler.storage.notary import Sealer

RECEIPT_FORMAT = "clearcrawl-purge-receipt/1"
"""Of ``clearcrawl purge``."""
ACTS = ("upheld", "partly_upheld")
"""Outcomes after which something is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A decision as a person asked for it."""

    outcome: str
    by: str
    reason: str
    duplicate_of: Case | None = None
    blocked: tuple[str, ...] = ()
    """Hosts or URLs that a blocklist names since."""
    agreements: tuple[str, ...] = ()
    """``ref`` of entries of agreements.toml."""
    action: str | None = None
    """What is done besides."""
    removals: bytes | None = None
    """A removal list."""
    again: bool = False
    """Whether an earlier decision may be replaced."""


def removals_of(case: Case, *, by: str, now: datetime) -> bytes:
    """Make the removal list of everything that the complaint names. Raises UsageError where it names nothing."""
    complaint = case.complaint
    if complaint is None:
        raise UsageError(f"{case.label}: was erased; what it named is not known any longer")
    named = [("url", one) for one in complaint.entries("urls")] + [
        ("domain", one) for one in complaint.entries("domains")
    ]
    if not named:
        raise UsageError(f"{case.label}: names neither URLs nor domains; ask for them first")
    removals = [
        Removal(
            kind=kind, value=value, reason="complaint", basis=f"complaint {case.label}", since=time_text(now),
            authority=f"{person(by)}, on complaint {case.label}",
        )
        for kind, value in named
    ]  # fmt: skip
    return b"".join(write_removals(removals, tool=f"clearcrawl {__version__}", made_at=time_text(now)))


def decide(
    register: Register,
    case: Case,
    wanted: Wanted,
    *,
    matcher: Matcher | None,
    known_agreements: tuple[Agreement, ...],
    sealer: Sealer,
    now: datetime,
) -> None:
    """Enter a decision. Raises UsageError with what keeps it from being one.

    ``matcher``: the blocklists in force, needed where the decision names blocked hosts.
    """
    if case.decision is not None and not wanted.again:
        raise UsageError(
            f"{case.label}: was decided as {case.outcome}; --again replaces that, and both stay in the log"
        )
    reason = words(wanted.reason, "--reason")
    _check_exception(case, wanted)
    links: dict[str, Any] = {
        "blocked": [_blocked(one, matcher) for one in wanted.blocked],
        "agreements": [_agreement(one, known_agreements) for one in wanted.agreements],
    }
    if wanted.action is not None:
        links["action"] = words(wanted.action, "--action")
    body: dict[str, Any] = {
        "case": case.number,
        "outcome": wanted.outcome,
        "by": person(wanted.by),
        "at": time_text(now),
        "blocked_count": len(wanted.blocked),
        "agreements_count": len(wanted.agreements),
    }
    if wanted.duplicate_of is not None:
        body["duplicate_of"] = wanted.duplicate_of.number
    files = []
    if wanted.removals is not None:
        entries = read_removals("removals", wanted.removals)
        if not entries:
            raise UsageError("the removal list names nothing")
        links["removals"] = sha256(wanted.removals)
        body["removals_count"] = len(entries)
        files.append(wanted.removals)
    has_links = wanted.blocked or wanted.agreements or wanted.action or wanted.removals is not None
    if wanted.outcome in ACTS and not has_links:
        raise UsageError(
            f"{wanted.outcome}: say what is done: --write-removals, --removals, --blocked, --agreement or --action"
        )
    if wanted.outcome not in ACTS and (wanted.removals is not None or wanted.blocked):
        raise UsageError(f"{wanted.outcome}: removes and blocks nothing; upheld or partly_upheld does")
    personal = {"reason": reason, **links}
    register.add([New(kind=DECIDED, body=body, personal=personal, files=files)], sealer=sealer, now=now)


def enter_receipt(register: Register, case: Case, octets: bytes, *, by: str, sealer: Sealer, now: datetime) -> int:
    """Enter the receipt of a purge; answers how many rows went. Raises UsageError where it is not that of the case."""
    if case.decision is None:
        raise UsageError(f"{case.label}: is not decided; decide it first")
    receipt = _receipt(octets)
    digest = case.decision.get("removals")
    if digest is None:
        raise UsageError(f"{case.label}: its decision names no removal list that a purge could answer")
    listed = register.file(digest)
    if listed is None:
        raise DamagedStateError(f"{register.path}: the removal list {digest} is missing; restore it")
    wanted = {(one.kind, one.value) for one in read_removals("removals", listed)}
    purged = {(one["kind"], one["value"]) for one in receipt["removals"]}
    lacking = sorted(wanted - purged)
    if lacking:
        kind, value = lacking[0]
        raise UsageError(f"the receipt does not name {kind} {value} ({len(lacking)} of {len(wanted)} are not in it)")
    body = {
        "case": case.number,
        "by": person(by),
        "at": time_text(now),
        "rows": receipt["rows"],
        "crawls": len(receipt["crawls"]),
    }
    register.add(
        [New(kind=RECEIPT, body=body, personal={"receipt": sha256(octets)}, files=[octets])], sealer=sealer, now=now
    )
    return int(receipt["rows"])


def _check_exception(case: Case, wanted: Wanted) -> None:
    if wanted.outcome not in OUTCOMES:
        raise UsageError(f"--outcome {wanted.outcome!r}: known are {', '.join(OUTCOMES)}")
    earlier = wanted.duplicate_of
    if (wanted.outcome == "duplicate") != (earlier is not None):
        raise UsageError("--outcome duplicate and --duplicate-of CASE belong together")
    if earlier is None:
        return
    if earlier.number >= case.number:
        raise UsageError(f"{case.label}: can only repeat an earlier case, not {earlier.label}")
    if earlier.decision is None:
        raise UsageError(f"{earlier.label}: is not answered yet; only what was answered may be left as a duplicate")
    if earlier.outcome == "duplicate":
        raise UsageError(f"{earlier.label}: is itself a duplicate; name the case that was answered")
    if case.complaint is None or earlier.complaint is None:
        raise UsageError(f"{case.label} and {earlier.label} cannot be compared: one of them was erased")
    if not is_identical(case.complaint, earlier.complaint):
        raise UsageError(
            f"{case.label}: is not identical to {earlier.label}: another rightsholder, or works, URLs or domains that "
            "the earlier one does not name; decide it on its own"
        )


def _blocked(text: str, matcher: Matcher | None) -> dict[str, Any]:
    try:
        asked = text if "://" in text else f"https://{text}/"
        url = parse(asked)
    except UrlError as error:
        raise UsageError(f"--blocked {text!r}: {error}") from error
    listed = None if matcher is None else matcher.find(url.text)
    if listed is None:
        raise UsageError(f"--blocked {text!r}: no blocklist in force names it; add it first (blocklists/local.txt)")
    return {"name": url.host, "list": listed.list_id, "entry": listed.entry, "digest": listed.list_digest}


def _agreement(ref: str, known: tuple[Agreement, ...]) -> str:
    if ref not in {one.ref for one in known}:
        raise UsageError(f"--agreement {ref!r}: agreements.toml has no entry with that ref")
    return ref


def _receipt(octets: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(octets)
        if found["format"] != RECEIPT_FORMAT:
            raise ValueError(f"its format is not {RECEIPT_FORMAT}")  # noqa: TRY301 - told with the others
        if found["is_dry_run"]:
            raise ValueError("it is of a dry run, which removed nothing")  # noqa: TRY301 - as above
        int(found["rows"]), len(found["crawls"])
        for one in found["removals"]:
            one["kind"], one["value"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"the receipt is none of clearcrawl purge: {error}") from error
    checked: Mapping[str, Any] = found
    return checked
