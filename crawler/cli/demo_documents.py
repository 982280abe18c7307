"""The documents that the demo renders from its crawl: beside the crawl, since nothing is added to evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.reports.copyright_policy.document import Crawls
from crawler.reports.copyright_policy.making import Job, make
from crawler.storage.writing import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.audit.verifying import Verification


def write_documents(crawl: Path, verification: Verification, *, policies: Path, blocklists: Path) -> tuple[Path, ...]:
    """Write the copyright policy and its summary into ``CRAWL-documents`` and name the pages.

    Raises what rendering raises: StorageError, DocumentError, DocumentRefusedError.
    """
    folder = crawl.with_name(f"{crawl.name}-documents")
    made = make(
        Job(
            policies=policies,
            blocklists=blocklists,
            archive=folder / "archive",
            crawls=Crawls(folders=[crawl], checked=[verification]),
            today=datetime.now(UTC).date(),
        )
    )
    for name, content in made.documents.items():
        with replacing(folder / name, outside=[crawl]) as file:
            file.write(content)
    return tuple(folder / name for name in made.documents if name.endswith(".html"))
