"""What the signed log says of a URL: that it has rows, with their proofs, or that it has none, by reading all leaves.

The log is read once, every head is checked, and only leaves that a signed head covers count.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.audit.checks.heads import Heads
from crawler.audit.evidence import Evidence
from crawler.audit.log_files import WorkerLog, read_log
from crawler.errors import ExitCode, UsageError
from crawler.provenance.checkpoint import LeafProof
from crawler.provenance.leaf import ROW_TYPES
from crawler.provenance.merkle import inclusion_proof
from crawler.storage.layout import CRAWL_FILE
from crawler.values.redaction import SECRET_NAMES, redact
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from crawler.audit.checks.interface import Finding
    from crawler.audit.evidence import SignedHead
    from crawler.provenance.trust import Trust
    from crawler.values.url import CanonicalUrl

_HIDDEN = re.compile(r"REDACTED:[0-9a-f]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf that was looked for."""

    worker: str
    seq: int
    line: bytes
    """Leaf data as in the log, without the LF."""

    @property
    def entry(self) -> Mapping[str, Any]:
        """The leaf as JSON."""
        found: dict[str, Any] = json.loads(self.line)
        return found


@dataclass(slots=True, kw_only=True)
class SignedLog:
    """All logs of a folder, read whole; ``findings`` say what of it does not hold."""

    evidence: Evidence
    leaves: list[Leaf] = field(default_factory=list)
    """Those that were looked for, in order."""
    findings: list[Finding] = field(default_factory=list)
    _open: tuple[str, list[bytes]] | None = None
    """The log file that was asked for last."""

    def head_of(self, worker: str) -> SignedHead | None:
        """The newest signed head of a worker's log."""
        heads = self.evidence.heads.get(worker, [])
        return heads[-1] if heads else None

    def line_of(self, worker: str, seq: int) -> bytes | None:
        """Leaf data of any leaf in ``log/``; ``None`` for one that only the journal holds."""
        start = 0
        for path, end in self.evidence.logs[worker].ends:
            if seq < end:
                if self._open is None or self._open[0] != path:
                    self._open = (path, gzip.decompress(self.evidence.read(path)).split(b"\n"))
                return self._open[1][seq - start]
            start = end
        return None

    def proof_of(self, leaf: Leaf) -> LeafProof | None:
        """That the leaf is under the newest head; ``None`` where no head covers it."""
        head, log = self.head_of(leaf.worker), self.evidence.logs[leaf.worker]
        if head is None or not leaf.seq < head.checkpoint.size <= len(log.hashes):
            return None
        proof = inclusion_proof(leaf.seq, log.hashes[: head.checkpoint.size])
        return LeafProof(index=leaf.seq, proof=tuple(proof), checkpoint=head.octets)


def read_signed_log(root: Path, trust: Trust, wanted: Callable[[bytes], bool], *, is_trust_given: bool) -> SignedLog:
    """Read all leaves, keep the rows that are ``wanted``, check all heads. Raises UsageError without a crawl."""
    evidence = Evidence(root=root, trust=trust, is_trust_given=is_trust_given)
    try:
        evidence.open()
    except OSError as error:
        raise UsageError(f"{root}: cannot be read ({error.strerror})") from error
    if CRAWL_FILE not in evidence.sizes and not evidence.workers():
        raise UsageError(f"{root}: holds no crawl (no {CRAWL_FILE}); give the folder that `crawl -o` wrote")
    found = SignedLog(evidence=evidence)
    for worker in evidence.workers():
        log = evidence.logs[worker] = WorkerLog(worker=worker)
        for segment in read_log(evidence, worker, log):
            found.leaves += [
                Leaf(worker=worker, seq=json.loads(line)["seq"], line=line) for line in segment.rows if wanted(line)
            ]
    found.findings = list(Heads().run(evidence))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One worker's log, as far as a head signs it."""

    worker: str
    origin: str
    leaves: int
    root: str
    signers: tuple[str, ...]
    erased: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Whether a URL has no row in a crawl."""

    url: CanonicalUrl
    scans: tuple[Scan, ...]
    present: tuple[Leaf, ...]
    """Rows of the URL: then it is not absent."""
    similar: tuple[Leaf, ...]
    """Rows that hide a value where this URL has one; which of such URLs they are about, the log does not tell."""
    findings: tuple[Finding, ...]
    """What of the log does not hold."""
    undecided: tuple[str, ...]

    @property
    def code(self) -> ExitCode:
        """0 proven absent, 1 present or the log does not hold, 3 cannot be decided."""
        if self.findings or self.present:
            return ExitCode.FINDINGS
        return ExitCode.INCOMPLETE if self.undecided else ExitCode.CLEAN


def absence(root: Path, url: CanonicalUrl, trust: Trust, *, is_trust_given: bool) -> Absence:
    """Look for a URL in every signed leaf. Raises UsageError where there is no crawl."""
    host = split(url).host
    needle = f'"url":{json.dumps(url, ensure_ascii=False)}'.encode()
    like = _pattern(redact(url, SECRET_NAMES, b""))
    is_hiding = like != url

    def wanted(line: bytes) -> bool:
        return needle in line or (is_hiding and b"REDACTED:" in line and f'"url_host_name":"{host}"'.encode() in line)

    log = read_signed_log(root, trust, wanted, is_trust_given=is_trust_given)
    rows = [(leaf, leaf.entry["body"].get("url", "")) for leaf in log.leaves]
    similar = tuple(leaf for leaf, told in rows if told != url and _pattern(told) == like)
    scans = [_scan(log, worker) for worker in log.evidence.workers()]
    undecided = [*log.evidence.undecided, *_gaps(log)]
    if similar:
        undecided.append(f"{len(similar)} rows hide a value of a URL like this one")
    return Absence(
        url=url,
        scans=tuple(one for one in scans if one is not None),
        present=tuple(leaf for leaf, told in rows if told == url),
        similar=similar,
        findings=tuple(log.findings),
        undecided=tuple(undecided),
    )


def _pattern(text: str) -> str:
    return _HIDDEN.sub("REDACTED", text)


def _scan(log: SignedLog, worker: str) -> Scan | None:
    head = log.head_of(worker)
    if head is None:
        return None
    return Scan(
        worker=worker,
        origin=head.checkpoint.origin,
        leaves=head.checkpoint.size,
        root=f"sha256:{head.checkpoint.root.hex()}",
        signers=tuple(one.label for one in head.note.signatures),
        erased=len(log.evidence.logs[worker].erased),
    )


def _gaps(log: SignedLog) -> list[str]:
    """What keeps silence from being proof."""
    told = []
    for worker, read in log.evidence.logs.items():
        told += [f"{path}: {problem}" for path, _, problem in read.problems]
        head = log.head_of(worker)
        size = 0 if head is None else head.checkpoint.size
        if len(read.hashes) > size:
            told.append(f"worker {worker}: {len(read.hashes) - size} leaves are not signed yet")
        if read.erased:
            told.append(f"worker {worker}: {len(read.erased)} rows were erased; what they were about, nobody can tell")
    if not log.evidence.logs:
        told.append("there is no log")
    return told


def rows_wanted(urls: Collection[str], domains: Collection[str] = ()) -> Callable[[bytes], bool]:
    """Whether the line of a leaf is a row of one of these URLs, or of a domain with its hosts."""
    needles = [f'"url":{json.dumps(url, ensure_ascii=False)}'.encode() for url in urls]
    for domain in domains:
        needles += [f'"{name}":"{domain}"'.encode() for name in ("url_host_name", "url_host_registered_domain")]
    endings = tuple(f'"type":"{kind}"}}'.encode() for kind in ROW_TYPES.values())
    return lambda line: line.endswith(endings) and any(needle in line for needle in needles)
