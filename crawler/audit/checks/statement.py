"""The signed list of all files: by whom, over which files, for which head."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from crawler.audit.checks.heads import NOBODY, is_joint, offered_key
from crawler.audit.checks.interface import Finding
from crawler.provenance.checkpoint import hash_base64
from crawler.provenance.statement import Envelope
from crawler.storage.layout import (
    ATTESTATIONS,
    BAG_FILES,
    BAG_README,
    CRAWL_FILE,
    CRAWL_HEAD,
    ENVELOPE_ENDING,
    number_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.audit.evidence import Evidence


class Statement:
    """See the module."""

    id = "statement"
    sentence = "the signed list of files names every file, and every file is as it says"

    def run(self, evidence: Evidence) -> Iterator[Finding]:
        """Check every envelope; the newest one of the worker, or of the crawl where there are several, is complete."""
        newest: dict[str, tuple[int, str]] = {}
        for path in evidence.names(ATTESTATIONS):
            name = path.partition("/")[2]
            worker = name.partition("-")[0]
            number = number_of(name, worker, ENVELOPE_ENDING)
            if number is not None:
                newest[worker] = max(newest.get(worker, (0, "")), (number, path))
        lead = CRAWL_HEAD if is_joint(evidence) else "w0"
        last = {newest[lead][1]} if lead in newest else {path for _, path in newest.values()}
        for path in evidence.names(ATTESTATIONS):
            if path.endswith(ENVELOPE_ENDING):
                yield from self._envelope(evidence, path, is_newest=path in last)
        told = evidence.crawl.get("evidence")
        if evidence.has_ended and isinstance(told, dict) and evidence.heads:
            number = told.get("checkpoint")
            wanted = f"{ATTESTATIONS}/{lead}-{number or 0:06d}{ENVELOPE_ENDING}" if isinstance(number, int) else ""
            if wanted and wanted not in evidence.sizes and told.get("unsigned"):
                evidence.undecided.append("the list of files is not signed: the signer was away")
            elif wanted and wanted not in evidence.sizes:
                yield Finding(check=self.id, file=wanted, problem="is missing: the list of files is not signed")

    def _envelope(self, evidence: Evidence, path: str, *, is_newest: bool) -> Iterator[Finding]:
        try:
            envelope = Envelope.parse(evidence.read(path))
        except (OSError, ValueError) as error:
            yield Finding(check=self.id, file=path, problem=str(error))
            return
        yield from self._signature(evidence, path, envelope)
        yield from self._head(evidence, path, envelope)
        gone = {
            str(change["old"]["name"])
            for log in evidence.logs.values()
            for entry in log.of_type("erasure")
            for change in entry.body.get("files", ())
        }
        for name, digest in sorted(envelope.files.items()):
            if (not is_newest or not evidence.has_ended) and (name == CRAWL_FILE or name in gone):
                continue
            if name not in evidence.sizes:
                yield Finding(check=self.id, file=name, problem=f"is missing; {path} names it")
            elif evidence.digests.get(name) not in {digest, None}:
                yield Finding(check=self.id, file=name, problem=f"is not the file that {path} signs")
        if is_newest and evidence.has_ended:
            left = set(evidence.sizes) - set(envelope.files) - {*BAG_FILES, BAG_README, path}
            for name in sorted(left):
                yield Finding(check=self.id, file=name, problem=f"is not in the list that {path} signs")

    def _signature(self, evidence: Evidence, path: str, envelope: Envelope) -> Iterator[Finding]:
        key = evidence.trust.find(envelope.keyid)
        if key is None:
            key = offered_key(evidence, envelope.keyid)
            if key is None:
                problem = f"is signed by {envelope.keyid}, a key that nothing here names"
                yield Finding(check=self.id, file=path, problem=problem)
                return
            told = NOBODY.format(label=key.label)
            if evidence.is_trust_given:
                problem = f"is signed by {key.label}, which the trust file does not name"
                yield Finding(check=self.id, file=path, problem=problem)
            elif told not in evidence.undecided:
                evidence.undecided.append(told)
        if not envelope.is_signed_by(key):
            yield Finding(check=self.id, file=path, problem=f"the signature of {key.label} does not fit")

    def _head(self, evidence: Evidence, path: str, envelope: Envelope) -> Iterator[Finding]:
        told = envelope.predicate.get("checkpoint")
        name = path.partition("/")[2]
        worker = name.partition("-")[0]
        number = number_of(name, worker, ENVELOPE_ENDING)
        head = next((one for one in evidence.heads.get(worker, []) if one.number == number), None)
        if head is None or not isinstance(told, dict):
            yield Finding(check=self.id, file=path, problem="belongs to no checkpoint of this folder")
            return
        wanted = {
            "name": head.path, "size": head.checkpoint.size, "root": hash_base64(head.checkpoint.root),
            "sha256": hashlib.sha256(head.octets).hexdigest(),
        }  # fmt: skip
        if told != wanted or envelope.predicate.get("origin") != head.checkpoint.origin:
            yield Finding(check=self.id, file=path, problem=f"is not about {head.path} as it is")
