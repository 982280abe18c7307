"""Time stamps: each answer fits its question, its head, and a root that somebody named."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crawler.audit.checks.interface import Finding
from crawler.signing.stamps import MISSING, certificates, check_stamp, is_available, root_digest
from crawler.storage.layout import TIMESTAMPS, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate

    from crawler.audit.evidence import Evidence, SignedHead


class Stamps:
    """See the module."""

    id = "stamps"
    sentence = "every time stamp is over its head, by an authority whose root was named"

    def run(self, evidence: Evidence) -> Iterator[Finding]:
        """Check all answers; questions without one are told."""
        answers = [path for path in evidence.names(TIMESTAMPS) if path.endswith(".tsr")]
        questions = {path for path in evidence.names(TIMESTAMPS) if path.endswith(".tsq")}
        pending = sorted(questions - {f"{path[:-1]}q" for path in answers})
        if pending:
            evidence.notes.append(f"{len(pending)} time stamps are pending, {pending[0]} first")
            if evidence.are_stamps_demanded:
                evidence.undecided.append("time stamps are pending")
        if answers and not is_available():
            evidence.undecided.append(MISSING)
            return
        for path in answers:
            yield from self._answer(evidence, path, f"{path[:-1]}q")
        if evidence.are_stamps_demanded and not evidence.stamps:
            evidence.undecided.append("a time stamp is demanded, and there is none")

    def _answer(self, evidence: Evidence, path: str, question: str) -> Iterator[Finding]:
        head = _head_of(evidence, path)
        if head is None or question not in evidence.sizes:
            yield Finding(check=self.id, file=path, problem="belongs to no checkpoint or question of this folder")
            return
        authority = path.removesuffix(".tsr").rpartition(".")[2]
        roots_path = f"{TIMESTAMPS}/{authority}.roots.pem"
        try:
            roots = certificates(evidence.read(roots_path))
        except (OSError, ValueError) as error:
            yield Finding(check=self.id, file=roots_path, problem=f"holds no certificates: {error}")
            return
        try:
            moment = check_stamp(evidence.read(path), evidence.read(question), head.octets, roots)
        except (OSError, ValueError) as error:
            yield Finding(check=self.id, file=path, problem=str(error))
            return
        evidence.stamps += 1
        yield from _judge(evidence, path, question, head, moment, roots)


def _judge(  # noqa: PLR0917 - one stamp and all that belongs to it
    evidence: Evidence, path: str, question: str, head: SignedHead, moment: datetime, roots: list[Certificate]
) -> Iterator[Finding]:
    named = dict(evidence.trust.roots)
    trusted = [root for root in roots if (span := named.get(root_digest(root))) is not None and span.covers(moment)]
    if named and not trusted:
        yield Finding(check="stamps", file=path, problem=f"no root that the trust file names was valid at {moment}")
    elif named:
        try:
            check_stamp(evidence.read(path), evidence.read(question), head.octets, trusted)
        except (OSError, ValueError) as error:
            yield Finding(check="stamps", file=path, problem=f"by the roots of the trust file: {error}")
            return
    else:
        text = "time stamps end at roots that the crawl brought itself: name them in the trust file (tsa-root)"
        if text not in evidence.notes:
            evidence.notes.append(text)
        if evidence.are_stamps_demanded and text not in evidence.undecided:
            evidence.undecided.append(text)
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


def _head_of(evidence: Evidence, path: str) -> SignedHead | None:
    stem = path.partition("/")[2].partition(".")[0]
    worker = stem.partition("-")[0]
    number = number_of(f"{stem}.x", worker, ".x")
    return next((head for head in evidence.heads.get(worker, []) if head.number == number), None)
