"""``audit verify``: runs every check over a crawl folder, offline and without writing, and answers what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.audit.checks.registry import CHECKS
from crawler.audit.evidence import Evidence
from crawler.errors import ExitCode, UsageError
from crawler.storage.layout import CHECKPOINTS, CRAWL_FILE, LOG, MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawler.audit.checks.interface import Finding
    from crawler.provenance.trust import Trust

MOST_FINDINGS = 1000
"""Kept of one crawl; how many there were is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What verifying one folder came to."""

    root: Path
    crawl_id: str | None
    findings: tuple[Finding, ...]
    """In the order of the checks; the first one names the first bad file."""
    count: int
    """Of all findings."""
    undecided: tuple[str, ...]
    notes: tuple[str, ...]
    signers: tuple[str, ...]
    """Labels of the keys that signed."""
    files: int
    octets: int
    leaves: int
    heads: int
    records: int
    stamps: int

    @property
    def code(self) -> ExitCode:
        """0 all holds, 1 something differs, 3 cannot be decided."""
        if self.findings:
            return ExitCode.FINDINGS
        return ExitCode.INCOMPLETE if self.undecided else ExitCode.CLEAN

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "folder": str(self.root), "crawl_id": self.crawl_id, "exit_code": int(self.code),
            "result": {0: "holds", 1: "differs", 3: "undecided"}[int(self.code)],
            "findings": [
                {"check": one.check, "file": one.file, "seq": one.seq, "problem": one.problem} for one in self.findings
            ],
            "findings_in_all": self.count, "undecided": list(self.undecided), "notes": list(self.notes),
            "signers": list(self.signers), "files": self.files, "octets": self.octets, "leaves": self.leaves,
            "heads": self.heads, "records": self.records, "stamps": self.stamps,
            "checks": [{"id": check.id, "sentence": check.sentence} for check in CHECKS],
        }  # fmt: skip


def verify(
    root: Path,
    trust: Trust,
    *,
    is_trust_given: bool = True,
    are_stamps_demanded: bool = False,
    is_deep: bool = False,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> Verification:
    """Run all checks. Raises UsageError where the folder holds no crawl at all.

    ``is_trust_given``: the auditor named whom to believe, so that any other signer is a finding.
    ``are_stamps_demanded``: without a good time stamp it cannot be decided. ``is_deep``: unpack every record.
    """
    evidence = Evidence(root=root, trust=trust, is_trust_given=is_trust_given, tell=tell)
    evidence.are_stamps_demanded, evidence.is_deep = are_stamps_demanded, is_deep
    if not (root / CRAWL_FILE).exists() and not any((root / name).is_dir() for name in (LOG, MANIFEST, CHECKPOINTS)):
        raise UsageError(f"{root}: holds no crawl (no {CRAWL_FILE}); give the folder that `crawl -o` wrote")
    try:
        evidence.open()
    except OSError as error:
        raise UsageError(f"{root}: cannot be read ({error.strerror})") from error
    evidence.hash_all()
    findings: list[Finding] = []
    count = 0
    for check in CHECKS:
        for finding in check.run(evidence):
            count += 1
            if len(findings) < MOST_FINDINGS:
                findings.append(finding)
    labels = {one.label for heads in evidence.heads.values() for head in heads for one in head.note.signatures}
    return Verification(
        root=root, crawl_id=evidence.crawl.get("crawl_id"), findings=tuple(findings), count=count,
        undecided=tuple(evidence.undecided), notes=tuple(dict.fromkeys(evidence.notes)), signers=tuple(sorted(labels)),
        files=len(evidence.sizes), octets=sum(evidence.sizes.values()),
        leaves=sum(len(log.hashes) for log in evidence.logs.values()),
        heads=sum(map(len, evidence.heads.values())), records=evidence.records, stamps=evidence.stamps,
    )  # fmt: skip
