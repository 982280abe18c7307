"""Makes the public site, or brings it up to date: an entry of the feed for every change, before anything else changes.

Files are made beside the site and put in their places one by one: first what nothing refers to yet, then the feed, then
the pages. Killed at any moment, every page is whole, and the next run ends what was begun.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.audit.database import Database
from crawler.errors import DamagedStateError, UsageError
from crawler.policy.reading import missing_identity
from crawler.provenance.leaf import canonical
from crawler.publishing import pages
from crawler.publishing.documents import Sources, policy_documents, training_documents
from crawler.publishing.facts import FACTS, differences, page_facts
from crawler.publishing.feed import CHANGES_PAGE, FEED, atom, entry_id
from crawler.publishing.folder import STAGE, site_folder, write
from crawler.publishing.lookup import FOLDER, forget, salt_of, settle, write_lookup
from crawler.signing.identity import directory_keys, ip_list, key_directory, request_keys, thumbprint
from crawler.storage.announcements import (
    SOFTWARE,
    STATE_FILE,
    Announcement,
    announcements_file,
    read_announcements,
    settings_digest,
)
from crawler.storage.crawl_file import read_crawl_file
from crawler.storage.layout import Folder
from crawler.storage.policies import open_policy
from crawler.storage.profiles import open_profiles
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from crawler.policy.document import CrawlPolicy
    from crawler.provenance.signed_note import VerifierKey
    from crawler.publishing.lookup import Lookup
    from crawler.reports.copyright_policy.document import Crawls

MEMORY = "700MB"
_INDEX = f"{FOLDER}/index.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be published, and where."""

    site: Path | None
    """``None``: the folder that the policy names."""
    policies: Path
    blocklists: Path
    archive: Path
    """Of versions of the copyright policy."""
    crawls: Crawls
    now: datetime
    """UTC."""
    tool_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What came of it."""

    site: Path
    entry: Announcement
    """The newest one."""
    is_new: bool
    """Whether this run announced it."""
    names: int
    """Domains that can be looked up."""
    notes: tuple[str, ...]


def open_site(job: Job) -> tuple[Path, CrawlPolicy]:
    """The folder of the site and the policy that is told. Raises UsageError, DocumentError."""
    policy = open_policy(job.policies, tool_version=job.tool_version, suffixes=bundled_suffixes()).policy
    named = policy.publication.site
    if job.site is None and not named:
        raise UsageError("name the folder of the site: -o SITE, or site in [publication] of crawl-policy.toml")
    return (job.site if job.site is not None else job.policies / named), policy


def publish(job: Job) -> Published:
    """Publish. Raises UsageError, DamagedStateError, FolderInUseError, StorageError, and as ``Database`` does."""
    place, policy = open_site(job)
    profiles = open_profiles(job.policies)
    notes = list(_notes(job, place, policy))
    keys = _request_keys(policy, job.now, notes)
    facts = page_facts(policy, profiles.provider, [thumbprint(one) for one in keys])
    with site_folder(place, outside=job.crawls.folders) as root:
        known = read_announcements(root)
        entries = _announce(root, known, facts, job.now)
        crawls = _crawls(job.crawls, entries)
        look = pages.Site(
            token=policy.identity.product_token,
            is_test=facts["crawler"]["is_test"] or any(one["is_test"] for one in crawls),
            unverified=sum(not one["is_verified"] for one in crawls),
        )
        stage = root / STAGE
        stage.mkdir()
        notes += _lost(root, crawls)
        with Database.open(job.crawls.folders, memory=MEMORY) as database:
            salt = salt_of(policy.identity.operator, policy.identity.crawler_id)
            lookup = write_lookup(database, stage / FOLDER, salt=salt)
        sources = Sources(
            policies=job.policies, blocklists=job.blocklists, archive=job.archive, profiles=profiles,
            crawls=job.crawls, today=job.now.date(), stage=stage,
        )  # fmt: skip
        documents = {
            **dict(policy_documents(look, facts, sources, notes)),
            **dict(training_documents(look, facts, sources, notes)),
            **_own(look, facts, entries, lookup, crawls),
            **_identity(root, policy, keys, job.now),
        }
        _put_versions(root, look, facts, entries[-1], is_new=len(entries) > len(known))
        _put_feed(root, facts, entries)
        _put_pages(root, lookup, documents)
    return Published(
        site=place, entry=entries[-1], is_new=len(entries) > len(known), names=lookup.index["names"], notes=tuple(notes)
    )


def _announce(root: Path, known: list[Announcement], facts: dict[str, Any], now: datetime) -> list[Announcement]:
    """The entries with one more where anything of the page is not as the newest one has it."""
    digest = sha256(canonical(facts))
    last = known[-1] if known else None
    if last is not None and last.page_digest == digest:
        return known
    number = 1 if last is None else last.number + 1
    changes = () if last is None else differences(_facts_of(root, last), facts)
    entry = Announcement(
        id=entry_id(number, digest, "" if last is None else last.id),
        number=number,
        published_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        settings_digest=settings_digest(facts["crawler"]),
        page_digest=digest,
        version=f"versions/{number:04d}-{now:%Y-%m-%d}",
        is_test=facts["crawler"]["is_test"],
        changes=changes,
    )
    return [*known, entry]


def _facts_of(root: Path, entry: Announcement) -> dict[str, Any]:
    """What a version told. Raises DamagedStateError where it is not what was announced."""
    path = root / f"{entry.version}.json"
    try:
        found = json.loads(path.read_bytes())
        facts = {name: found[name] for name in FACTS}
        is_whole = sha256(canonical(facts)) == entry.page_digest
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedStateError(f"{path}: cannot be read ({error!r}); restore the published site") from error
    if not is_whole:
        raise DamagedStateError(f"{path}: is not what entry {entry.number} announced; restore the published site")
    return facts


def _notes(job: Job, place: Path, policy: CrawlPolicy) -> Iterator[str]:
    named = policy.publication
    if not named.site or (job.policies / named.site).resolve() != place.resolve():
        yield (
            "crawls do not look for their entry here, and say unpublished: name this folder as site in [publication] "
            "of crawl-policy.toml"
        )
    if not named.address:
        yield "links of the feed are relative: name the address in [publication] of crawl-policy.toml"
    if policy.identity.country is None:
        yield "the page says that the operator's seat is not stated: write country in [identity] of crawl-policy.toml"
    if missing := missing_identity(policy.identity):
        yield f"the page names nobody: fill in [identity] {', '.join(missing)} of crawl-policy.toml"


def _lost(root: Path, crawls: list[dict[str, Any]]) -> Iterator[str]:
    """What the site told until now and tells no longer: most often a crawl was forgotten on the command line."""
    try:
        before = int(json.loads((root / _INDEX).read_bytes())["names"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if before and not crawls:
        yield f"no crawl was named: {before} domains could be looked up until now, and none can any longer"


def _crawls(given: Crawls, entries: list[Announcement]) -> list[dict[str, Any]]:
    """The crawls that are told of, each with the version that announced it."""
    numbers = {one.id: one.number for one in entries}
    failed = {one.root for one in given.checked if one.findings or one.undecided}
    found = []
    for path in given.folders:
        with Folder.descend(path) as folder:
            crawl = read_crawl_file(folder)
        announced = crawl.details.get("announced")
        entry = announced.get("entry") if isinstance(announced, dict) else None
        found.append(
            {
                "crawl_id": crawl.crawl_id,
                "started_at": crawl.started_at,
                "ended_at": crawl.ended_at,
                "is_test": crawl.is_test,
                "is_verified": path not in failed,
                "number": numbers.get(str(entry)),
            }
        )
    return found


def _own(
    look: pages.Site, facts: dict[str, Any], entries: list[Announcement], lookup: Lookup, crawls: list[dict[str, Any]]
) -> dict[str, bytes]:
    return {
        "complaint.schema.json": pages.complaint_schema(),
        "complaints.html": pages.complaints_page(look, facts),
        "lookup.js": pages.lookup_script(),
        "lookup.html": pages.lookup_page(look, facts, lookup.index, crawls),
        CHANGES_PAGE: pages.changes_page(look, entries),
        "crawler.json": pages.crawler_json(facts, entries[-1], software=SOFTWARE),
        pages.HOME: pages.crawler_page(look, facts, entries[-1], is_version=False),
    }


def _request_keys(policy: CrawlPolicy, now: datetime, notes: list[str]) -> list[VerifierKey]:
    """Keys that sign requests; the first one is made here, so that it is public before it signs."""
    if not policy.publication.signature_agent:
        return []
    folder = request_keys()
    if folder.current() is None:
        folder.first(now=now)
        notes.append("made the key that signs requests; crawl with the same folder of keys, or publish where you crawl")
    return directory_keys()


def _identity(root: Path, policy: CrawlPolicy, keys: list[VerifierKey], now: datetime) -> dict[str, bytes]:
    """The lists by which others verify requests; their time is that of the last change."""
    told = policy.publication
    found = {}
    if told.ip_ranges:
        made = ip_list(told.ip_ranges, made_at=now)
        path = root / pages.IP_FILE
        is_known = path.is_file() and _prefixes(path.read_bytes()) == _prefixes(made)
        found[pages.IP_FILE] = path.read_bytes() if is_known else made
    if told.signature_agent:
        found[pages.KEY_FILE] = key_directory(keys)
    return found


def _prefixes(content: bytes) -> object:
    try:
        return json.loads(content)["prefixes"]
    except (ValueError, KeyError, TypeError):
        return None


def _put_versions(root: Path, look: pages.Site, facts: dict[str, Any], entry: Announcement, *, is_new: bool) -> None:
    """Of an entry that is new, over what a run that was stopped may have left; later runs never write it again."""
    for ending, content in (
        ("json", pages.crawler_json(facts, entry, software=SOFTWARE)),
        ("html", pages.crawler_page(look, facts, entry, is_version=True)),
    ):
        if is_new or not (root / f"{entry.version}.{ending}").exists():
            write(root, f"{entry.version}.{ending}", content)


def _put_feed(root: Path, facts: dict[str, Any], entries: list[Announcement]) -> None:
    write(root, FEED, atom(facts, entries))
    write(root, STATE_FILE, announcements_file(entries))


def _put_pages(root: Path, lookup: Lookup, documents: dict[str, bytes]) -> None:
    """The look-up's files before what names them; what the page before named goes last."""
    try:
        before = str(json.loads((root / _INDEX).read_bytes())["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        before = ""
    settle(lookup, root)
    write(root, _INDEX, json.dumps(lookup.index, indent=1).encode() + b"\n")
    for name, content in documents.items():
        write(root, name, content)
    for name in (pages.IP_FILE, pages.KEY_FILE):
        if name not in documents:
            (root / name).unlink(missing_ok=True)
    forget(root, keep=(before, lookup.index["folder"]))
