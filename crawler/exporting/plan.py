"""What an export is to give, and the one name of it: the same plan over the same crawls gives the same octets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler import __version__
from crawler.provenance.leaf import canonical
from crawler.provenance.removal_index import RemovalIndex
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.exporting.selection import Source
    from crawler.values.digest import Digest

PART_OCTETS = 256 << 20
PART_DOCUMENTS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """The options of one export."""

    crawls: tuple[Path, ...]
    out: Path
    format: str
    """A key of ``formats.FORMATS``."""
    is_text: bool = False
    """Extracted text in place of the bodies."""
    is_unique: bool = False
    """Of documents with the same payload only the first."""
    part_octets: int = PART_OCTETS
    """A part ends with the document that reaches this many octets of content or text."""
    part_documents: int = PART_DOCUMENTS
    removals: RemovalIndex = field(default_factory=lambda: RemovalIndex(()))
    """What has to stay out, although the crawls still hold it."""
    removals_digests: tuple[Digest, ...] = ()
    """Of the lists that ``removals`` was made of."""

    def identity(self, sources: Sequence[Source], extractor: str | None) -> dict[str, str]:
        """What makes two exports the same, by topic."""
        crawls = [[source.reader.crawl.crawl_id, *source.digests] for source in sources]
        return {
            "crawls": sha256(canonical(crawls)),
            "format": f"{self.format}, {'text' if self.is_text else 'content'}",
            "duplicates": "first only" if self.is_unique else "all",
            "parts": f"{self.part_octets} octets, {self.part_documents} documents",
            "removals": ", ".join(self.removals_digests) or "none",
            "versions": ", ".join(filter(None, (f"clearcrawl {__version__}", extractor))),
        }
