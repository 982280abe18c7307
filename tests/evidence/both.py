"""Both verifiers over the same crawl: they have to agree (reliability R6.13)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.audit import verifying
from tests.evidence.second import second_verifier

if TYPE_CHECKING:
    from crawler.audit.verifying import Verification
    from crawler.provenance.trust import Trust


def verify(root: Path, trust: Trust, *, is_trust_given: bool = True, are_stamps_demanded: bool = False) -> Verification:
    """Verify with both; answer what the first says, after comparing exit status and the files that are named."""
    first = verifying.verify(root, trust, is_trust_given=is_trust_given, are_stamps_demanded=are_stamps_demanded)
    with tempfile.TemporaryDirectory() as folder:
        believed = Path(folder) / "trust.txt"
        believed.write_text(trust.text())
        second = second_verifier().verify(root, believed if is_trust_given else None, stamps=are_stamps_demanded)
    said = f"first {first.as_json()}\nsecond {second.findings} {second.undecided}"
    assert int(first.code) == second.code, said
    if first.findings:
        assert {one.file for one in first.findings} & {one["file"] for one in second.findings}, said
    return first
