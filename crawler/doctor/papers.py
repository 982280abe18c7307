"""Policies, blocklists, keys, the published site, the register and a crawl's folder: whether they can be used today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler import __version__
from crawler.complaints.case import cases_of
from crawler.complaints.clock import Targets, reminders
from crawler.complaints.reading import LOG
from crawler.complaints.register import Register
from crawler.doctor.findings import Finding, State
from crawler.errors import ClearcrawlError, DocumentError
from crawler.policy.reading import missing_identity, notes
from crawler.signing.identity import request_keys, thumbprint
from crawler.signing.key_folder import KeyFolder, default_folder
from crawler.storage.announcements import UNPUBLISHED, announced
from crawler.storage.blocklists import open_blocklists
from crawler.storage.crawl_file import read_crawl_file
from crawler.storage.layout import CRAWL_FILE, Folder
from crawler.storage.lock import is_locked
from crawler.storage.policies import open_policy
from crawler.storage.profiles import open_profiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.policy.document import CrawlPolicy
    from crawler.storage.suffixes import BundledSuffixes

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things lie."""

    folder: Path
    policies: Path
    blocklists: Path


def open_crawl_policy(places: Places, suffixes: BundledSuffixes) -> tuple[CrawlPolicy | None, list[Finding]]:
    """The policy, where it can be read, and what there is to say of it."""
    try:
        policy = open_policy(places.policies, tool_version=__version__, suffixes=suffixes).policy
    except ClearcrawlError as error:
        mistakes = error.mistakes if isinstance(error, DocumentError) else (error,)
        more = f" and {len(mistakes) - _SHOWN} more" if len(mistakes) > _SHOWN else ""
        told = "; ".join(str(one) for one in mistakes[:_SHOWN]) + more
        advice = f"clearcrawl policy lint {places.policies} names them all"
        return None, [Finding(part="policy", state=State.PROBLEM, told=told, advice=advice)]
    found = [Finding(part="policy", state=State.FINE, told=f"{places.policies}, version {policy.version}")]
    missing = missing_identity(policy.identity)
    if missing:
        told = f"not filled in: {', '.join(missing)}; only test hosts may be asked"
        advice = "clearcrawl init DIR --operator ... --contact ... --token ..."
        found.append(Finding(part="identity", state=State.WARNING, told=told, advice=advice))
    else:
        found.append(Finding(part="identity", state=State.FINE, told=policy.identity.user_agent))
    for note in notes(policy, datetime.now(UTC).date()):
        if note.key != "identity":
            is_due = "expired" in note.text
            advice = "look at that line of the policy" if is_due else ""
            state = State.WARNING if is_due else State.NOTE
            found.append(Finding(part="policy", state=state, told=f"{note.key}: {note.text}", advice=advice))
    return policy, found


def papers(places: Places, policy: CrawlPolicy, suffixes: BundledSuffixes) -> Iterator[Finding]:
    """Everything besides the policy itself."""
    yield from _lists(places, policy, suffixes)
    yield from _keys(policy)
    yield _announcement(places, policy)
    yield from _register(places)
    yield from _crawl(places.folder)


def _lists(places: Places, policy: CrawlPolicy, suffixes: BundledSuffixes) -> Iterator[Finding]:
    today = datetime.now(UTC).date()
    try:
        lists = open_blocklists(places.blocklists, today=today, ages=policy.blocklists, suffixes=suffixes)
    except ClearcrawlError as error:
        advice = (
            "clearcrawl blocklist lint names every mistake; clearcrawl blocklist update brings old lists up to date"
        )
        yield Finding(part="blocklists", state=State.PROBLEM, told=str(error).split("\n")[0], advice=advice)
        return
    entries = sum(one.entries for one in lists.lists)
    yield Finding(part="blocklists", state=State.FINE, told=f"{len(lists.lists)} lists with {entries} entries")
    for warning in lists.warnings:
        yield Finding(part="blocklists", state=State.WARNING, told=warning, advice="clearcrawl blocklist update")


def _keys(policy: CrawlPolicy) -> Iterator[Finding]:
    wanted = [("key", KeyFolder(default_folder()))]
    if policy.publication.signature_agent:
        wanted.append(("request key", request_keys()))
    for part, folder in wanted:
        try:
            stored = folder.current()
        except ClearcrawlError as error:
            yield Finding(part=part, state=State.PROBLEM, told=str(error), advice="restore the key folder")
            continue
        if stored is None:
            told = f"{folder.path}: none yet"
            yield Finding(part=part, state=State.NOTE, told=told, advice="the first crawl makes one")
            continue
        name = thumbprint(stored.key) if part == "request key" else stored.key.label
        is_open = stored.protection == "unprotected"
        advice = "clearcrawl keys rotate --passphrase protects the next one" if is_open and part == "key" else ""
        yield Finding(
            part=part, state=State.NOTE if advice else State.FINE, told=f"{name}, {stored.protection}", advice=advice
        )


def _announcement(places: Places, policy: CrawlPolicy) -> Finding:
    try:
        found = announced(places.policies, policy)
    except ClearcrawlError as error:
        return Finding(part="feed", state=State.PROBLEM, told=str(error), advice="restore the published site")
    if found["entry"] != UNPUBLISHED:
        return Finding(
            part="feed", state=State.FINE, told=f"announced on {found['published_at'][:10]}: {found['entry']}"
        )
    is_wanted = bool(policy.publication.site)
    return Finding(
        part="feed",
        state=State.WARNING if is_wanted else State.NOTE,
        told=f"unpublished: {found['why']}",
        advice="clearcrawl publish announces it"
        if is_wanted
        else "name [publication] site, and run clearcrawl publish",
    )


def _register(places: Places) -> Iterator[Finding]:
    path = places.folder / "complaints"
    if not (path / LOG).is_dir():
        return
    try:
        with Register.open(path) as register:
            cases, unsigned = cases_of(register.entries), register.unsigned
        targets = Targets.of(open_profiles(places.policies).provider.rightsholders)
    except ClearcrawlError as error:
        yield Finding(
            part="complaints", state=State.PROBLEM, told=str(error).split("\n")[0], advice="restore the register"
        )
        return
    late = {one.case for one in reminders(cases.values(), targets, datetime.now(UTC).date()) if one.is_overdue}
    told = f"{len(cases)} cases, {sum(not case.is_closed for case in cases.values())} open"
    if late:
        told, advice = f"{told}, {len(late)} overdue", "clearcrawl complaints list --due"
        yield Finding(part="complaints", state=State.WARNING, told=told, advice=advice)
    elif unsigned:
        yield Finding(part="complaints", state=State.WARNING, told=f"{told}; {unsigned}", advice="look at the key")
    else:
        yield Finding(part="complaints", state=State.FINE, told=told)


def _crawl(folder: Path) -> Iterator[Finding]:
    if not (folder / CRAWL_FILE).is_file():
        return
    try:
        with Folder.descend(folder) as opened:
            crawl = read_crawl_file(opened)
    except (ClearcrawlError, OSError) as error:
        yield Finding(part="crawl", state=State.PROBLEM, told=str(error), advice="restore crawl.json")
        return
    if is_locked(folder):
        yield Finding(part="crawl", state=State.NOTE, told=f"{crawl.crawl_id} is running", advice="")
    elif crawl.ended_at is None:
        advice = f"crawl -o {folder} goes on with it"
        yield Finding(part="crawl", state=State.WARNING, told=f"{crawl.crawl_id} was interrupted", advice=advice)
    else:
        yield Finding(part="crawl", state=State.FINE, told=f"{crawl.crawl_id}: {crawl.finish_reason}")
    pending = (crawl.evidence or {}).get("unsigned")
    if pending:
        advice = "mend it and run the crawl or a purge again"
        yield Finding(part="crawl", state=State.WARNING, told=f"not signed to its end: {pending}", advice=advice)
