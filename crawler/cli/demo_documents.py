"""The documents that the demo renders from its crawl: beside the crawl, since nothing is added to evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.errors import ExitCode
from crawler.reports.copyright_policy.document import Crawls
from crawler.reports.copyright_policy.making import Job, make
from crawler.reports.training.document import summary_facts
from crawler.reports.training.formats import render
from crawler.reports.training.making import make as make_training
from crawler.storage.profiles import open_profiles
from crawler.storage.writing import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.audit.verifying import Verification


def write_documents(crawl: Path, verification: Verification, *, policies: Path, blocklists: Path) -> tuple[Path, ...]:
    """Write copyright policy, its summary and the training summary into ``CRAWL-documents``, and name the pages.

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
    pages = [folder / name for name in made.documents if name.endswith(".html")]
    return (*pages, _training_summary(crawl, verification, folder / "training-summary.html", policies=policies))


def _training_summary(crawl: Path, verification: Verification, page: Path, *, policies: Path) -> Path:
    """The page, the same as DOCX, and the domain list beside it."""
    today = datetime.now(UTC).date()
    checked = {crawl.resolve(): verification if verification.code is ExitCode.CLEAN else None}
    context = make_training(checked, open_profiles(policies), basis="fetched", today=today, output=page)
    facts = summary_facts(context)
    for path in (page, page.with_suffix(".docx")):
        with replacing(path, outside=[crawl]) as file:
            file.write(render(path, facts))
    return page
