"""Makes all documents of one version of the policy and keeps them in the archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler import __version__
from crawler.blocklists.catalog import CATALOG
from crawler.errors import UsageError
from crawler.reports.copyright_policy import archive
from crawler.reports.copyright_policy.document import CopyrightPolicy, PolicySummary, policy_facts, public_facts
from crawler.reports.copyright_policy.inputs import read_inputs
from crawler.reports.copyright_policy.rendering import FORMATS, render
from crawler.storage.list_files import find_files
from crawler.storage.policies import shipped_folder
from crawler.storage.policy_folder import read_folder
from crawler.storage.suffixes import bundled_suffixes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from crawler.reports.copyright_policy.archive import Version
    from crawler.reports.copyright_policy.document import Crawls


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be rendered, and where its versions are kept."""

    policies: Path
    blocklists: Path
    archive: Path
    crawls: Crawls
    today: date
    """UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A version with all of its documents."""

    documents: Mapping[str, bytes]
    """``copyright-policy.html`` and so on."""
    version: Version
    place: Path
    is_new: bool
    is_test: bool


def make(job: Job) -> Made:
    """Render and keep. Raises DocumentError, DocumentRefusedError, UsageError, DamagedStateError, StorageError."""
    folder = read_folder(job.policies)
    given = read_inputs(
        folder, _catalog(job.blocklists), tool_version=__version__, today=job.today, suffixes=bundled_suffixes()
    )
    facts = policy_facts(given, job.crawls, archive.versions(job.archive))
    version = archive.Version(
        dated=archive.dated(job.archive, facts.digest, job.today),
        digest=facts.digest,
        sources_digest=folder.digest,
        policy_version=given.policy.version,
        policy_digest=given.policy.digest,
        lists=tuple(one.id for one in given.catalog.lists),
        software=f"clearcrawl/{__version__}",
    )
    templates = {**read_folder(shipped_folder()).templates, **folder.templates}
    documents = {
        f"{report.id}.{kind}": render(report, body, kind, dated=version.dated, templates=templates)
        for report, body in ((CopyrightPolicy(), facts), (PolicySummary(), public_facts(facts)))
        for kind in FORMATS
    }
    is_new = archive.known(job.archive, facts.digest) is None
    kept = {**documents, archive.CATALOG: given.catalog_file}
    place = archive.add(job.archive, version, documents=kept, sources=folder.files)
    return Made(documents=documents, version=version, place=place, is_new=is_new, is_test=bool(facts.body["is_test"]))


def _catalog(folder: Path) -> bytes:
    found = find_files(folder, [CATALOG]).get(CATALOG) if folder.is_dir() else None
    if found is None:
        raise UsageError(f"{folder / CATALOG}: no such file; name the folder of blocklists: --blocklists DIR")
    return found.content
