"""What people do with complaints: enter, complete, acknowledge, erase. Each is one entry of the signed log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.complaints.case import ACKNOWLEDGED, RECEIVED, SUPPLEMENT, cases_of
from crawler.complaints.complaint import merged
from crawler.complaints.likeness import Earlier
from crawler.complaints.register import New
from crawler.errors import UsageError
from crawler.provenance.leaf import time_text
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.complaints.case import Case
    from crawler.complaints.complaint import Complaint
    from crawler.complaints.intake import Received
    from crawler.complaints.likeness import Alike
    from crawler.complaints.register import Register
    from crawler.storage.notary import Sealer

MOST_WORDS = 4_000
"""Characters of what a person writes into the register."""
_LEAST_REASON = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What became of one complaint that came in."""

    case: int
    complaint: Complaint
    alike: tuple[Alike, ...]
    attachments: int
    is_supplement: bool


def enter(
    register: Register, received: Sequence[Received], *, received_at: datetime, sealer: Sealer, now: datetime
) -> list[Entered]:
    """Enter complaints, each as a new case; all or none. ``received_at`` is when they came in."""
    _check_time(received_at, now)
    cases = cases_of(register.entries)
    number = max(cases, default=0)
    earlier = Earlier(one.complaint for one in received)
    for case in sorted(cases.values(), key=lambda one: one.number):
        if case.complaint is not None:
            earlier.add(case.number, case.complaint)
    found, news = [], []
    for one in received:
        number += 1
        body = {**_body(one, one.complaint, received_at), "case": number}
        news.append(New(kind=RECEIVED, body=body, personal=_personal(one), files=_files(one)))
        found.append(
            Entered(
                case=number,
                complaint=one.complaint,
                alike=tuple(earlier.alike(one.complaint)),
                attachments=len(one.attachments),
                is_supplement=False,
            )
        )
        earlier.add(number, one.complaint)
    register.add(news, sealer=sealer, now=now)
    return found


def supplement(
    register: Register, case: Case, received: Received, *, received_at: datetime, sealer: Sealer, now: datetime
) -> Entered:
    """Add what was handed in later to a case. Raises UsageError where the case takes nothing more."""
    _check_time(received_at, now)
    if received_at < case.received_at:
        raise UsageError(f"{case.label}: was received on {case.received_at:%Y-%m-%d}; an addition cannot be older")
    if case.decision is not None:
        raise UsageError(f"{case.label}: is decided; enter it as a complaint of its own")
    if case.complaint is None:
        raise UsageError(f"{case.label}: was erased; enter it as a complaint of its own")
    whole = merged(case.complaint, received.complaint)
    body = {**_body(received, whole, received_at), "case": case.number}
    register.add(
        [New(kind=SUPPLEMENT, body=body, personal=_personal(received), files=_files(received))], sealer=sealer, now=now
    )
    return Entered(
        case=case.number, complaint=whole, alike=(), attachments=len(received.attachments), is_supplement=True
    )


def acknowledge(
    register: Register, case: Case, *, at: datetime, by: str, text: str, sealer: Sealer, now: datetime
) -> None:
    """Enter that the acknowledgement was sent. Raises UsageError where it was entered before."""
    _check_time(at, now)
    if case.acknowledged_at is not None:
        raise UsageError(f"{case.label}: was acknowledged on {case.acknowledged_at:%Y-%m-%d}")
    if at < case.received_at:
        raise UsageError(f"{case.label}: was received on {case.received_at:%Y-%m-%d}, after that day")
    octets = text.encode()
    body = {"case": case.number, "at": time_text(at), "by": person(by)}
    personal = {"letter": sha256(octets)}
    register.add([New(kind=ACKNOWLEDGED, body=body, personal=personal, files=[octets])], sealer=sealer, now=now)


def erase(register: Register, case: Case, *, reason: str, by: str, sealer: Sealer, now: datetime) -> int:
    """Erase everything personal of a case; answers how many leaves went. Raises UsageError where nothing is left."""
    if not case.is_closed:
        left = "not decided; decide it first (withdrawn, where it was taken back)"
        if case.decision is not None:
            left = "decided, and its removal list waits for the receipt of a purge; enter that first"
        raise UsageError(f"{case.label}: is {left}")
    seqs = [
        entry.body["personal"]
        for entry in case.entries
        if entry.body.get("personal") is not None and not entry.is_erased
    ]
    if not seqs:
        raise UsageError(f"{case.label}: holds nothing personal any longer")
    body = {"case": case.number, "reason": words(reason, "--reason"), "by": person(by)}
    register.erase(seqs, body, sealer=sealer, now=now)
    return len(seqs)


def person(text: str) -> str:
    """Who acts: a name or a role. Raises UsageError."""
    found = text.strip()
    if not found or len(found) > 200 or not found.isprintable():  # noqa: PLR2004 - a line
        raise UsageError("--by: name the person or the role that acts, in one line")
    return found


def words(text: str, option: str) -> str:
    """A reason that a person wrote. Raises UsageError where there is none to speak of."""
    found = text.strip()
    if len(found) < _LEAST_REASON or not any(char.isspace() for char in found):
        raise UsageError(f"{option}: say why in a sentence; it is what the decision rests on")
    if len(found) > MOST_WORDS:
        raise UsageError(f"{option}: at most {MOST_WORDS} characters")
    return found


def _check_time(at: datetime, now: datetime) -> None:
    if at > now:
        raise UsageError(f"{at:%Y-%m-%d %H:%M} UTC is in the future")


def _body(received: Received, whole: Complaint, received_at: datetime) -> dict[str, Any]:
    """What stays when everything personal is erased."""
    return {
        "received_at": time_text(received_at),
        "channel": received.channel,
        "capacity": whole.text("capacity"),
        "measure": whole.text("measure"),
        "works": len(whole.entries("works")),
        "urls": len(whole.entries("urls")),
        "domains": len(whole.entries("domains")),
        "attachments": len(received.attachments),
        "is_complete": not whole.missing,
    }


def _personal(received: Received) -> dict[str, Any]:
    complaint = received.complaint
    return {
        "values": {
            name: list(value) if isinstance(value, tuple) else value for name, value in complaint.values.items()
        },
        "problems": list(complaint.problems),
        "sent_at": received.sent_at,
        "original": sha256(received.original),
        "attachments": [
            {
                "name": _safe(one.name),
                "media_type": _safe(one.media_type),
                "octets": len(one.octets),
                "digest": sha256(one.octets),
            }
            for one in received.attachments
        ],
    }


def _safe(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _files(received: Received) -> list[bytes]:
    return [received.original, *(one.octets for one in received.attachments)]
