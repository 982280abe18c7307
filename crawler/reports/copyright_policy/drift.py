"""Whether crawls ran under what is written: policy, lists and configuration, by their own records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.audit.kept import History, policy_in_force
from crawler.blocklists.catalog import CATALOG, read_whole
from crawler.errors import DamagedStateError, DocumentError
from crawler.policy.differences import differences
from crawler.storage.policies import open_contents
from crawler.storage.reading import CrawlReader
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from crawler.audit.database import Database
    from crawler.policy.document import CrawlPolicy
    from crawler.reports.copyright_policy.archive import Version
    from crawler.reports.copyright_policy.inputs import Inputs

MOST_KEYS = 8
_SAID = """
SELECT DISTINCT crawl_id, policy_digest, product_token, user_agent, crawler_id, purpose, origin FROM manifest
WHERE erased_at IS NULL ORDER BY ALL"""
_OF_IDENTITY = ("product_token", "user_agent", "crawler_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Under which policy a crawl ran, and how that relates to what is written."""

    crawl_id: str
    policy_digest: str
    policy_version: str
    is_written: bool
    """Whether it is the policy of this document; else it is a version of the archive."""
    dated: str | None
    """Of that version."""


@dataclass(slots=True, kw_only=True)
class Drift:
    """What comparing came to."""

    runs: list[Run]
    problems: list[str]
    """Each names the crawl, what it ran under, and what is written."""


def find_drift(folders: Sequence[Path], database: Database, given: Inputs, versions: Collection[Version]) -> Drift:
    """Compare all crawls with the written policy and its earlier versions. Raises DamagedStateError."""
    found = Drift(runs=[], problems=[])
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in database.rows(_SAID):
        rows.setdefault(row["crawl_id"], []).append(row)
    for folder in folders:
        with CrawlReader.open(folder) as reader:
            history = History.read(reader, ())
            ids = [reader.crawl.crawl_id, *(str(one["crawl_id"]) for one in reader.crawl.earlier)]
            found.problems += _description(reader, history)
            for crawl_id in ids:
                _of_rows(reader, history, rows.get(crawl_id, []), found)
            for digest in history.policies:
                _of_policy(reader, _kept(reader, history, digest), given, versions, found)
            for digest in history.lists:
                found.problems += _of_lists(reader, history.lists[digest], given, versions)
    return found


def _description(reader: CrawlReader, history: History) -> Iterator[str]:
    """crawl.json against the log."""
    crawl, details = reader.crawl, reader.crawl.details
    for key, known in (("policy_digest", history.policies), ("lists_digest", history.lists)):
        if details.get(key) not in known:
            told = ", ".join(known) or "none"
            yield f"{crawl.crawl_id}: crawl.json names {key} {details.get(key)}, its log {told}"
    config = details.get("config")
    if config is not None and sha256(json.dumps(config, sort_keys=True).encode()) != details.get("config_digest"):
        named = details.get("config_digest")
        yield f"{crawl.crawl_id}: crawl.json names config_digest {named}, which is not that of its config"


def _of_rows(reader: CrawlReader, history: History, rows: list[dict[str, Any]], found: Drift) -> None:
    """Rows against the policy that they name, from the bytes that the crawl kept."""
    for row in rows:
        digest = row["policy_digest"]
        if digest not in history.policies:
            told = ", ".join(history.policies) or "none"
            found.problems.append(f"{row['crawl_id']}: rows name the policy {digest}, the log of the crawl {told}")
            continue
        policy = _kept(reader, history, digest)
        said = {name: getattr(policy.identity, name) for name in _OF_IDENTITY}
        said |= {"purpose": policy.purpose_name, "origin": policy.origin}
        for name, value in said.items():
            if row[name] is not None and row[name] != value:
                found.problems.append(
                    f"{row['crawl_id']}: rows say {name} {row[name]!r}, the policy that they name says {value!r}"
                )


def _kept(reader: CrawlReader, history: History, digest: str) -> CrawlPolicy:
    return policy_in_force(reader, history, digest, reader.crawl.software).policy


def _of_policy(
    reader: CrawlReader, kept: CrawlPolicy, given: Inputs, versions: Collection[Version], found: Drift
) -> None:
    digest = kept.digest
    earlier = next((one for one in versions if one.policy_digest == digest), None)
    is_written = digest == given.policy.digest
    crawl_id = reader.crawl.crawl_id
    found.runs.append(
        Run(
            crawl_id=crawl_id, policy_digest=digest, policy_version=kept.version, is_written=is_written,
            dated=None if is_written or earlier is None else earlier.dated,
        )
    )  # fmt: skip
    if is_written or earlier is not None:
        return
    tool = reader.crawl.software.removeprefix("clearcrawl/")
    written = open_contents(given.folder.settings, tool_version=tool, suffixes=bundled_suffixes()).policy
    keys = differences(kept, written)
    told = "; ".join(f"{one.key} {one.old!r} in the crawl, {one.new!r} written" for one in keys[:MOST_KEYS])
    more = f"; and {len(keys) - MOST_KEYS} keys more" if len(keys) > MOST_KEYS else ""
    found.problems.append(
        f"{crawl_id}: ran under the policy {digest} (version {kept.version!r}), the written policy is "
        f"{given.policy.digest} (version {given.policy.version!r}): {told or 'the same values, other text'}{more}"
    )


def _of_lists(
    reader: CrawlReader, names: Mapping[str, str], given: Inputs, versions: Collection[Version]
) -> Iterator[str]:
    """Which lists were loaded against which are written; a list that came in later could not be."""
    try:
        kept = read_whole(reader.kept("blocklists", names[CATALOG])).lists
    except (KeyError, DocumentError) as error:
        raise DamagedStateError(f"{reader.root}: its catalog of blocklists cannot be read ({error})") from error
    crawl = reader.crawl
    loaded = {one.id for one in kept}
    written = {one.id for one in given.catalog.lists if str(one.retrieved_at) <= (crawl.ended_at or "9")[:10]}
    if loaded == written or loaded == {one.id for one in given.catalog.lists}:
        return
    if any(loaded == set(one.lists) for one in versions):
        return
    yield (f"{crawl.crawl_id}: crawled with the lists {_listed(loaded)}, the written catalog has {_listed(written)}")


def _listed(ids: set[str]) -> str:
    return ", ".join(sorted(ids)) or "none"
