"""Signed heads: each one signed by a key that was to be believed then, over the very leaves, and following the last."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crawler.audit.checks.interface import Finding
from crawler.provenance.checkpoint import TEST_DOMAIN, Step, hash_base64
from crawler.provenance.leaf import leaf_hash
from crawler.provenance.merkle import RightEdge, root_of
from crawler.provenance.signed_note import VerifierKey
from crawler.provenance.statement import Envelope
from crawler.storage.crawl_head import last_heads, origin_of
from crawler.storage.layout import (
    ATTESTATIONS,
    CHECKPOINTS,
    CRAWL_HEAD,
    checkpoint_name,
    consistency_name,
    envelope_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.audit.evidence import Evidence, SignedHead
    from crawler.audit.log_files import WorkerLog

NOBODY = "nobody vouches for the key {label}: give --trust FILE with its line, received by another way than the crawl"


class Heads:
    """See the module."""

    id = "heads"
    sentence = "every signed head is over the leaves of the log, follows the one before, and is signed by a trusted key"

    def run(self, evidence: Evidence) -> Iterator[Finding]:
        """Check all heads of all workers, and the head over workers."""
        for path, why in sorted(evidence.bad_heads.items()):
            yield Finding(check=self.id, file=path, problem=f"is no checkpoint: {why}")
        for path, why in sorted(evidence.bad_rotations.items()):
            yield Finding(check=self.id, file=path, problem=why)
        yield from _own_keys(evidence)
        for worker, log in evidence.logs.items():
            heads = evidence.heads.get(worker, [])
            if not heads and not any(f"/{worker}-" in path for path in evidence.bad_heads):
                evidence.undecided.append(f"worker {worker}: nobody signed the log")
            yield from _numbers(evidence, worker, heads)
            for head in heads:
                yield from check_signature(evidence, self.id, head.path, head, _time_of(log, head))
            yield from _trees(evidence, log, heads)
            yield from _steps(evidence, worker, heads)
        yield from _crawl_heads(evidence)


def check_signature(
    evidence: Evidence, check: str, path: str, head: SignedHead, moment: datetime | None
) -> Iterator[Finding]:
    """Who signed a head, and whether that key was to be believed then."""
    labels = [one.label for one in head.note.signatures]
    known = [key for label in labels if (key := evidence.trust.find(label) or offered_key(evidence, label)) is not None]
    if not known:
        yield Finding(
            check=check, file=path, problem=f"is signed by {', '.join(labels)}, a key that nothing here names"
        )
        return
    for key in known:
        if not head.note.is_signed_by(key):
            yield Finding(check=check, file=path, problem=f"the signature of {key.label} does not fit")
        elif not evidence.trust.knows(key) and evidence.is_trust_given:
            yield Finding(
                check=check, file=path, problem=f"is signed by {key.label}, which the trust file does not name"
            )
        elif not evidence.trust.knows(key):
            _once(evidence.undecided, NOBODY.format(label=key.label))
        elif moment is not None and not evidence.trust.believes(key, moment):
            problem = f"{key.label} was not valid at {moment.isoformat()}, when the last leaf was written"
            yield Finding(check=check, file=path, problem=problem, seq=head.checkpoint.size - 1)


def offered_key(evidence: Evidence, label: str) -> VerifierKey | None:
    """The key as the folder itself has it: enough to see that a signature fits, never to believe it."""
    key_id = label.rpartition("+")[2]
    for path in evidence.names(ATTESTATIONS):
        if path.endswith(f"-key-{key_id}.vkey"):
            try:
                key = VerifierKey.parse(evidence.read(path).decode().strip())
            except (OSError, ValueError):
                continue
            if key.label == label:
                return key
    return None


def _own_keys(evidence: Evidence) -> Iterator[Finding]:
    for path in evidence.names(ATTESTATIONS):
        if path.endswith(".vkey"):
            try:
                key = VerifierKey.parse(evidence.read(path).decode().removesuffix("\n"))
            except (OSError, ValueError) as error:
                yield Finding(check="heads", file=path, problem=f"is no verifier key: {error}")
                continue
            if not path.endswith(f"-key-{key.id}.vkey"):
                yield Finding(check="heads", file=path, problem=f"holds the key {key.label}")


def _numbers(evidence: Evidence, worker: str, heads: list[SignedHead]) -> Iterator[Finding]:
    there = {head.number for head in heads}
    bad = {path.partition("/")[2] for path in evidence.bad_heads}
    for number in range(1, max(there, default=0) + 1):
        name = checkpoint_name(worker, number)
        if number not in there and name not in bad:
            yield Finding(check="heads", file=f"{CHECKPOINTS}/{name}", problem="is missing")
    steps = {f"{CHECKPOINTS}/{consistency_name(worker, number)}" for number in there}
    for path in evidence.names(CHECKPOINTS):
        if path.endswith(".consistency") and path.startswith(f"{CHECKPOINTS}/{worker}-") and path not in steps:
            problem = "belongs to no checkpoint; the last checkpoint is missing"
            if evidence.has_ended or path != f"{CHECKPOINTS}/{consistency_name(worker, max(there, default=0) + 1)}":
                yield Finding(check="heads", file=path, problem=problem)


def _time_of(log: WorkerLog, head: SignedHead) -> datetime | None:
    told = log.times.get(head.checkpoint.size)
    try:
        return None if told is None else datetime.fromisoformat(told)
    except ValueError:
        return None


def _trees(evidence: Evidence, log: WorkerLog, heads: list[SignedHead]) -> Iterator[Finding]:
    """Roots, origins and sizes."""
    abandoned = {entry.body.get("old_origin"): entry for entry in log.of_type("origin_changed")}
    origins = {entry.body.get("origin") for entry in log.of_type("crawl_start", "restart", "origin_changed")}
    edge = RightEdge()
    good = 0
    for head in sorted(heads, key=lambda one: one.checkpoint.size):
        told = head.checkpoint
        gone = abandoned.get(told.origin)
        if told.origin not in origins and gone is None and told.size <= len(log.hashes):
            yield Finding(check="heads", file=head.path, problem=f"its origin {told.origin} is in no entry of the log")
        if told.size > len(log.hashes):
            if gone is not None:
                evidence.notes.append(f"{head.path} was signed before a backup was restored; the log says so")
            elif log.problems:
                pass  # what is missing is named already
            elif evidence.has_ended or (log.entries and log.of_type("stop", "crawl_end")[-1:] == log.entries[-1:]):
                problem = f"{told.size} leaves were signed, {len(log.hashes)} are there: the end of the log is missing"
                yield Finding(
                    check="heads", file=log.path_of(len(log.hashes) - 1), problem=problem, seq=len(log.hashes)
                )
            else:
                _once(
                    evidence.undecided, f"{head.path}: {told.size} leaves are signed, only {len(log.hashes)} are here"
                )
            continue
        edge.extend(log.hashes[edge.size : told.size])
        if edge.root() == told.root:
            good = told.size
        elif gone is None or told.size > int(gone.body.get("old_size", 0)):
            yield _wrong_root(log, head, good)
        else:
            evidence.notes.append(f"{head.path} was signed before a backup was restored; the log says so")
    yield from _last(evidence, log, heads)


def _wrong_root(log: WorkerLog, head: SignedHead, good: int) -> Finding:
    """Name the place where the tree stops being what was signed."""
    problem = (
        f"leaves from seq {good} to {head.checkpoint.size - 1} are not those that {head.path} signs"
        f" (root {hash_base64(head.checkpoint.root)})"
    )
    return Finding(check="heads", file=log.path_of(good), problem=problem, seq=good)


def _last(evidence: Evidence, log: WorkerLog, heads: list[SignedHead]) -> Iterator[Finding]:
    covered = max((head.checkpoint.size for head in heads), default=0)
    if not heads or covered >= len(log.hashes):
        return
    told = evidence.crawl.get("evidence")
    if evidence.has_ended and not (isinstance(told, dict) and told.get("unsigned")):
        problem = f"{len(log.hashes)} leaves are there, only {covered} are signed: the last checkpoint is missing"
        yield Finding(check="heads", file=heads[-1].path, problem=problem, seq=covered)
    else:
        evidence.undecided.append(f"worker {log.worker}: leaves from seq {covered} on are not signed yet")


def _steps(evidence: Evidence, worker: str, heads: list[SignedHead]) -> Iterator[Finding]:
    """Consistency proofs between heads of the same origin."""
    for before, head in zip([None, *heads], heads, strict=False):
        path = f"{CHECKPOINTS}/{consistency_name(worker, head.number)}"
        follows = before is not None and before.checkpoint.origin == head.checkpoint.origin
        if not follows or before is None:
            if path in evidence.sizes and (before is None or before.number == head.number - 1):
                yield Finding(check="heads", file=path, problem="proves nothing: no head of this origin goes before")
            continue
        if before.checkpoint.size >= head.checkpoint.size:
            yield Finding(check="heads", file=head.path, problem=f"is not larger than {before.path}")
            continue
        if path not in evidence.sizes:
            yield Finding(check="heads", file=path, problem="is missing")
            continue
        if before.number != head.number - 1:
            continue
        try:
            step = Step.parse(evidence.read(path))
            ends = (step.origin, step.old_size, step.old_root, step.size, step.root)
            old, new = before.checkpoint, head.checkpoint
            if ends != (new.origin, old.size, old.root, new.size, new.root):
                raise ValueError(f"does not lead from {before.path} to {head.path}")  # noqa: TRY301 - reported below
            step.check()
        except (OSError, ValueError) as error:
            yield Finding(check="heads", file=path, problem=str(error))


def _crawl_heads(evidence: Evidence) -> Iterator[Finding]:
    """Heads over several workers: leaves of the newest are their last checkpoints, of others those of their time."""
    heads = evidence.heads.get(CRAWL_HEAD, [])
    yield from _numbers(evidence, CRAWL_HEAD, heads)
    for head in heads:
        yield from check_signature(evidence, "heads", head.path, head, None)
        if head is heads[-1] and evidence.has_ended:
            names = [one.path for worker, own in evidence.heads.items() if worker != CRAWL_HEAD for one in own]
        else:
            names = _listed(evidence, head.number)
        last = last_heads(name.partition("/")[2] for name in names if name.startswith(f"{CHECKPOINTS}/"))
        octets = {one.path: one.octets for own in evidence.heads.values() for one in own}
        leaves = [leaf_hash(octets.get(f"{CHECKPOINTS}/{name}", b"")) for name in last.values()]
        if names and (head.checkpoint.size, head.checkpoint.root) != (len(leaves), root_of(leaves)):
            yield Finding(check="heads", file=head.path, problem="is not over the last checkpoints of the workers")
        domain, _, rest = head.checkpoint.origin.partition("/")
        crawl_id = rest.rpartition("/")[0].partition(".")[0]
        if head.checkpoint.origin != origin_of(domain, crawl_id, head.number):
            problem = f"has the origin {head.checkpoint.origin}, which is none of the head {head.number} of a crawl"
            yield Finding(check="heads", file=head.path, problem=problem)


def _listed(evidence: Evidence, number: int) -> list[str]:
    """Files that the signed list names which belongs to a head over several workers; none where it cannot be read."""
    try:
        return list(Envelope.parse(evidence.read(f"{ATTESTATIONS}/{envelope_name(CRAWL_HEAD, number)}")).files)
    except (OSError, ValueError):
        return []  # named when the lists are checked


def _once(texts: list[str], text: str) -> None:
    if text not in texts:
        texts.append(text)


def is_test_origin(origin: str) -> bool:
    """Whether a log says that test hosts may have been visited."""
    return origin.startswith(f"{TEST_DOMAIN}/")


def is_joint(evidence: Evidence) -> bool:
    """Whether several workers wrote the crawl, by what it says of itself or by its heads."""
    told = evidence.crawl.get("evidence")
    origin = told.get("origin") if isinstance(told, dict) else None
    return CRAWL_HEAD in evidence.heads or str(origin).endswith(f"/{CRAWL_HEAD}")
