"""Whether the folder holds a crawl of this format, and nothing that does not belong to one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.audit.checks.interface import Finding
from crawler.storage.layout import BAG_FILES, BAG_README, CRAWL_FILE, FORMAT_VERSION
from crawler.storage.stamp_files import STAMP_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.audit.evidence import Evidence

_W = r"[a-z][a-z0-9]{0,15}"
_AUTHORITY = r"[a-z0-9][a-z0-9-]{0,31}"
_N = r"\d{6,}(-e[1-9]\d*)?"
KNOWN = re.compile(
    "|".join(
        [
            *map(re.escape, (CRAWL_FILE, BAG_README, *BAG_FILES)),
            rf"log/{_W}-{_N}\.jsonl\.gz",
            rf"manifest/{_W}-{_N}\.parquet",
            rf"index/{_W}-{_N}\.cdxj\.gz",
            rf"warc/{_W}-(pages|evidence)-\d{{6,}}\.warc\.gz(\.open)?",
            r"(policies|blocklists)/sha256-[0-9a-f]{64}",
            rf"checkpoints/{_W}-\d{{6,}}\.(checkpoint|consistency)",
            rf"timestamps/({STAMP_NAME}|{_AUTHORITY}\.roots\.pem)",
            rf"attestations/{_W}-(\d{{6,}}\.dsse\.json|key-[0-9a-f]{{8}}\.(vkey|rotation))",
        ]
    ),
    re.ASCII,
)


class Names:
    """See the module."""

    id = "names"
    sentence = "the folder holds a crawl of this format and no foreign file"

    @staticmethod
    def run(evidence: Evidence) -> Iterator[Finding]:
        """Answer what does not belong here."""
        if not evidence.crawl:
            yield Finding(check="names", file=CRAWL_FILE, problem="is missing, or is no description of a crawl")
        elif evidence.crawl.get("format") != FORMAT_VERSION:
            told = evidence.crawl.get("format")
            problem = f"format {told!r}, but this version reads format {FORMAT_VERSION}"
            yield Finding(check="names", file=CRAWL_FILE, problem=problem)
        for path in sorted(evidence.odd):
            yield Finding(check="names", file=path, problem="is no regular file")
        for path in sorted(evidence.sizes):
            if not KNOWN.fullmatch(path):
                yield Finding(check="names", file=path, problem="is foreign: no crawl has a file of that name")
            elif path.endswith(".open") and evidence.has_ended:
                yield Finding(check="names", file=path, problem="is still open, though the crawl has ended")
        for path, why in sorted(evidence.unreadable.items()):
            yield Finding(check="names", file=path, problem=f"cannot be read: {why}")
