"""Time stamps: each answer fits its question, its head, and a root that somebody named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.audit.checks.interface import Finding
from crawler.signing.stamps import MISSING, certificates, check_stamp, is_available, is_valid_at, root_digest
from crawler.storage.layout import TIMESTAMPS
from crawler.storage.stamp_files import StampFile, before, chains, stamped_octets
from crawler.storage.stamping import unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.x509 import Certificate

    from crawler.audit.evidence import Evidence, SignedHead


class Stamps:
    """See the module."""

    id = "stamps"
    sentence = "every time stamp is over its head, by an authority whose root was named, and renewed in time if at all"

    def run(self, evidence: Evidence) -> Iterator[Finding]:
        """Check all answers; questions without one are told."""
        names = [path.partition("/")[2] for path in evidence.names(TIMESTAMPS)]
        for name in names:
            if name.endswith((".tsq", ".tsr")) and StampFile.parse(name) is None:
                yield Finding(check=self.id, file=f"{TIMESTAMPS}/{name}", problem="is no name of a time stamp")
        pending = unanswered(names)
        if pending:
            evidence.notes.append(f"{len(pending)} time stamps are pending, {TIMESTAMPS}/{pending[0]} first")
            if evidence.are_stamps_demanded:
                evidence.undecided.append("time stamps are pending")
        found = chains(names)
        if found and not is_available():
            evidence.undecided.append(MISSING)
            return
        heads_in_force: dict[str, bool] = {}
        for chain in found.values():
            moments: dict[StampFile, datetime] = {}
            for stamp in chain:
                yield from _check(evidence, stamp, chain, moments)
            head = chain[-1].head
            if chain[-1] in moments:
                heads_in_force[head] = _is_in_force(evidence, chain[-1]) or heads_in_force.get(head, False)
        if evidence.are_stamps_demanded:
            evidence.undecided += _missing(evidence, heads_in_force)


def _missing(evidence: Evidence, heads_in_force: Mapping[str, bool]) -> Iterator[str]:
    """Why stamps that are demanded are not enough."""
    for head, is_good in heads_in_force.items():
        if not is_good:
            yield f"{head}: the certificates behind every stamp over it have ended"
    if not evidence.stamps:
        yield "a time stamp is demanded, and there is none"


def _check(
    evidence: Evidence, stamp: StampFile, chain: list[StampFile], moments: dict[StampFile, datetime]
) -> Iterator[Finding]:
    """One answer; ``moments`` are those of the good ones."""
    path = f"{TIMESTAMPS}/{stamp.reply}"
    head = _head_of(evidence, stamp)
    if head is None or f"{TIMESTAMPS}/{stamp.request}" not in evidence.sizes:
        yield Finding(check="stamps", file=path, problem="belongs to no checkpoint or question of this folder")
        return
    try:
        roots = certificates(evidence.read(f"{TIMESTAMPS}/{stamp.roots}"))
    except (OSError, ValueError) as error:
        yield Finding(check="stamps", file=f"{TIMESTAMPS}/{stamp.roots}", problem=f"holds no certificates: {error}")
        return
    try:
        earlier = before(stamp, chain)
        octets = stamped_octets(stamp, earlier, evidence.read)
        moment = _moment(evidence, stamp, octets, roots)
        if earlier:
            _check_renewal(evidence, earlier[0], moment, moments)
    except (OSError, ValueError) as error:
        yield Finding(check="stamps", file=path, problem=str(error))
        return
    evidence.stamps += 1
    moments[stamp] = moment
    yield from _judge(evidence, stamp, octets, moment, roots)
    if not stamp.turn:
        yield from _judge_signer(evidence, path, head, moment)


def _moment(evidence: Evidence, stamp: StampFile, octets: bytes, roots: list[Certificate]) -> datetime:
    reply, request = (evidence.read(f"{TIMESTAMPS}/{name}") for name in (stamp.reply, stamp.request))
    return check_stamp(reply, request, octets, roots)


def _check_renewal(
    evidence: Evidence, earlier: StampFile, moment: datetime, moments: Mapping[StampFile, datetime]
) -> None:
    """Raise ValueError where a renewal at that moment does not carry the earlier stamp on."""
    roots = certificates(evidence.read(f"{TIMESTAMPS}/{earlier.roots}"))
    if earlier not in moments:
        raise ValueError(f"renews {earlier.reply}, which proves nothing")
    if moment < moments[earlier]:
        raise ValueError(f"was stamped at {moment.isoformat()}, before {earlier.reply}, which it renews")
    if not is_valid_at(evidence.read(f"{TIMESTAMPS}/{earlier.reply}"), roots, moment):
        raise ValueError(f"renews {earlier.reply} at {moment.isoformat()}, when the certificates behind that had ended")


def _is_in_force(evidence: Evidence, stamp: StampFile) -> bool:
    """Whether the certificates behind the newest stamp of a chain hold today."""
    roots = certificates(evidence.read(f"{TIMESTAMPS}/{stamp.roots}"))
    is_good = is_valid_at(evidence.read(f"{TIMESTAMPS}/{stamp.reply}"), roots, datetime.now(UTC))
    if not is_good:
        evidence.notes.append(
            f"{TIMESTAMPS}/{stamp.reply}: the certificates behind it have ended, and nobody renewed it"
        )
    return is_good


def _judge(
    evidence: Evidence, stamp: StampFile, octets: bytes, moment: datetime, roots: list[Certificate]
) -> Iterator[Finding]:
    """Whether the root is one that the auditor believes."""
    path = f"{TIMESTAMPS}/{stamp.reply}"
    named = dict(evidence.trust.roots)
    trusted = [root for root in roots if (span := named.get(root_digest(root))) is not None and span.covers(moment)]
    if named and not trusted:
        yield Finding(check="stamps", file=path, problem=f"no root that the trust file names was valid at {moment}")
    elif named:
        try:
            _moment(evidence, stamp, octets, trusted)
        except (OSError, ValueError) as error:
            yield Finding(check="stamps", file=path, problem=f"by the roots of the trust file: {error}")
    else:
        text = "time stamps end at roots that the crawl brought itself: name them in the trust file (tsa-root)"
        if text not in evidence.notes:
            evidence.notes.append(text)
        if evidence.are_stamps_demanded and text not in evidence.undecided:
            evidence.undecided.append(text)


def _judge_signer(evidence: Evidence, path: str, head: SignedHead, moment: datetime) -> Iterator[Finding]:
    """Whether the head was stamped while its key was valid, and not before the crawl's own clock."""
    for signature in head.note.signatures:
        key = evidence.trust.find(signature.label)
        spans = [one.span for one in evidence.trust.keys if one.key == key]
        if key is not None and spans and all(span.until is not None and moment >= span.until for span in spans):
            problem = f"the head was stamped at {moment.isoformat()}, when {key.label} was no longer valid"
            yield Finding(check="stamps", file=path, problem=problem)
    log = evidence.logs.get(path.partition("/")[2].partition("-")[0])
    told = None if log is None else log.times.get(head.checkpoint.size)
    if told is not None and datetime.fromisoformat(told).timestamp() > moment.timestamp() + 1:
        evidence.notes.append(f"{path}: stamped {moment.isoformat()}, before the clock of the crawl said {told}")


def _head_of(evidence: Evidence, stamp: StampFile) -> SignedHead | None:
    return next((head for head in evidence.heads.get(stamp.worker, []) if head.number == stamp.number), None)
