"""The bag: every file that its manifests name is there with that digest, and no other file is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.audit.checks.interface import Finding
from crawler.provenance.statement import read_manifest
from crawler.storage.layout import BAG_FILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.audit.evidence import Evidence

MANIFEST, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"


class Bag:
    """See the module."""

    id = "bag"
    sentence = "every file of the bag is there as it was handed over"

    @staticmethod
    def run(evidence: Evidence) -> Iterator[Finding]:
        """Compare both manifests with the files."""
        present = [name for name in BAG_FILES if name in evidence.sizes]
        if not evidence.has_ended and not present:
            return
        if len(present) < len(BAG_FILES):
            for name in BAG_FILES:
                if name not in present:
                    yield Finding(check="bag", file=name, problem="is missing")
            if MANIFEST not in present:
                return
        for name in (MANIFEST, TAGS):
            if name not in present:
                continue
            try:
                told = read_manifest(evidence.read(name))
            except (OSError, ValueError) as error:
                yield Finding(check="bag", file=name, problem=f"is no manifest: {error}")
                continue
            yield from _compare(evidence, name, told)
            wanted = set(BAG_FILES[:3]) if name == TAGS else set(evidence.sizes) - set(BAG_FILES)
            for path in sorted(wanted - set(told)):
                yield Finding(check="bag", file=path, problem=f"is not in {name}")


def _compare(evidence: Evidence, name: str, told: Mapping[str, str]) -> Iterator[Finding]:
    for path, digest in sorted(told.items()):
        found = evidence.digests.get(path)
        if path not in evidence.sizes:
            yield Finding(check="bag", file=path, problem=f"is missing, or has another name; {name} has it")
        elif found is not None and found != digest:
            yield Finding(check="bag", file=path, problem=f"has SHA-256 {found}, {name} says {digest}")
