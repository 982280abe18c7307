"""Two states of blocklists side by side: entries that came and went, and whom of past crawls that touches.

A state is the bytes of a folder, a snapshot, or one version of one list. Crawls are only read.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pyarrow.compute

from crawler.blocklists.catalog import CATALOG, read_catalog
from crawler.blocklists.catalog_editing import with_changes
from crawler.blocklists.change import key_of
from crawler.blocklists.formats.ut1 import Ut1
from crawler.blocklists.interface import Entry
from crawler.blocklists.reading import Guards, read_list
from crawler.blocklists.registry import format_named
from crawler.errors import UsageError
from crawler.provenance.removals import Removal
from crawler.storage.blocklists import open_contents
from crawler.storage.reading import CrawlReader
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path
    from typing import Any

    from crawler.blocklists.catalog import ListRecord
    from crawler.blocklists.interface import Listed
    from crawler.storage.list_folder import ListFolder
    from crawler.storage.suffixes import BundledSuffixes

    Contents = Mapping[str, bytes]

_COLUMNS = ["url", "url_host_name", "ip_address", "bytes_retained", "verdict", "blocklist_entry", "erased_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDiff:
    """What became of one list."""

    id: str
    before: str | None
    """Version; ``None`` where the list was not there."""
    after: str | None
    added: list[Entry]
    removed: list[Entry]


@dataclass(slots=True, kw_only=True)
class Touched:
    """A host of a past crawl."""

    crawl_id: str
    host: str
    listed: Listed | None
    """What covers it now; ``None`` for a host that was refused and may be visited now."""
    urls: int = 0
    bytes: int = 0


@dataclass(slots=True, kw_only=True)
class Effect:
    """Whom a change touches."""

    covered: list[Touched] = field(default_factory=list)
    """Kept pages that the new state lists and the old one did not."""
    released: list[Touched] = field(default_factory=list)
    """Pages that were refused for an entry, which the new state no longer has."""


def with_version(contents: Contents, record: ListRecord, content: bytes, despite: list[str]) -> dict[str, bytes]:
    """The same state with another version of one list."""
    text = contents[CATALOG].decode()
    digest = sha256(content).removeprefix("sha256:")
    edited = with_changes(text, "list", record.id, {"sha256": digest, "despite": despite or None})
    return {**contents, CATALOG: edited.encode(), record.file: content}


def diff(before: Contents, after: Contents, *, only: str | None = None) -> list[ListDiff]:
    """Lists that differ, in the order of the new catalog; ``only`` looks at one list."""
    old = {record.id: record for record in read_catalog(before[CATALOG])}
    new = {record.id: record for record in read_catalog(after[CATALOG])}
    found = []
    for list_id in dict.fromkeys((*new, *old)):
        was, now = old.get(list_id), new.get(list_id)
        if (only is not None and list_id != only) or (was and now and was.digest == now.digest):
            continue
        keys_before = {key_of(entry) for entry in _entries(before, was)}
        keys_after = {key_of(entry) for entry in _entries(after, now)}
        found.append(
            ListDiff(
                id=list_id,
                before=was.digest if was else None,
                after=now.digest if now else None,
                added=[entry for entry in _entries(after, now) if key_of(entry) not in keys_before],
                removed=[entry for entry in _entries(before, was) if key_of(entry) not in keys_after],
            )
        )
    return found


def effect(before: Contents, after: Contents, crawls: list[Path], *, today: date, suffixes: BundledSuffixes) -> Effect:
    """Hosts of the crawls that the change touches, by crawl and host. Raises as ``CrawlReader.open`` does."""
    old = open_contents(before, today=today, suffixes=suffixes).matcher
    new = open_contents(after, today=today, suffixes=suffixes).matcher
    found = Effect()
    for crawl in crawls:
        with CrawlReader.open(crawl) as reader:
            covered: dict[str, Touched] = {}
            released: dict[str, Touched] = {}
            for row in _rows(reader):
                names = [row["url"], *([row["ip_address"]] if row["ip_address"] else [])]
                was, listed = _first(old, names), _first(new, names)
                if row["verdict"] == "allow" and listed is not None and was is None:
                    _count(covered, reader.crawl.crawl_id, row, listed)
                elif row["blocklist_entry"] is not None and listed is None and was is not None:
                    _count(released, reader.crawl.crawl_id, row, None)
        found.covered += sorted(covered.values(), key=lambda each: each.host)
        found.released += sorted(released.values(), key=lambda each: each.host)
    return found


def removals_of(touched: list[Touched], since: str) -> list[Removal]:
    """What has to go: one line for each entry and crawl."""
    found: dict[tuple[str, str], Removal] = {}
    for each in touched:
        if each.listed is None:
            continue
        key = (each.crawl_id, each.listed.entry)
        before = found.get(key)
        found[key] = Removal(
            kind=_kind(each.listed.entry),
            value=each.listed.entry,
            reason="blocklist",
            basis=f"{each.listed.list_id} {each.listed.list_digest} line {each.listed.line}",
            since=since,
            crawl_id=each.crawl_id,
            urls=each.urls + ((before.urls or 0) if before else 0),
        )
    return [found[key] for key in sorted(found)]


def versions_of(folder: ListFolder, record: ListRecord) -> tuple[bytes, bytes]:
    """Versions to compare when nobody names them: in force and waiting, else the one before and the one in force."""
    waiting = folder.waiting(record.id)
    in_force = folder.content(record)
    if waiting is not None:
        return in_force, waiting
    earlier = [line.get("before") for line in folder.history() if line.get("list") == record.id]
    before = next((digest for digest in reversed(earlier) if digest and digest != record.digest), None)
    content = folder.version(before) if before else None
    if content is None:
        raise UsageError(f"{record.id}: no other version is kept; name one with --from DIGEST")
    return content, in_force


def _entries(contents: Contents, record: ListRecord | None) -> Iterator[Entry]:
    if record is None:
        return
    if record.file not in contents:
        for name, form in Ut1().members.items():
            items = read_list(
                io.BytesIO(contents.get(f"{record.file}/{name}", b"")), form, Guards(is_suffix=lambda _name: False),
                may_be_empty=True,
            )  # fmt: skip
            yield from (item for item in items if isinstance(item, Entry))
        return
    items = read_list(
        io.BytesIO(contents[record.file]),
        format_named(record.format, record.columns),
        Guards(is_suffix=lambda _name: False),
    )
    seen: set[int] = set()
    for item in items:
        if isinstance(item, Entry) and key_of(item) not in seen:
            seen.add(key_of(item))
            yield item


def _rows(reader: CrawlReader) -> Iterator[dict[str, Any]]:
    """Rows that may be touched, published or not; one that is published just now is seen once."""
    condition = pyarrow.compute.field("verdict").isin(["allow", "deny"]) & pyarrow.compute.field("erased_at").is_null()
    yield from reader.unpublished().filter(condition).select(_COLUMNS).to_pylist()
    for batch in reader.dataset().scanner(columns=_COLUMNS, filter=condition).to_batches():
        yield from batch.to_pylist()


def _first(matcher: Any, names: list[str]) -> Listed | None:
    return next((listed for name in names if (listed := matcher.find(name)) is not None), None)


def _count(touched: dict[str, Touched], crawl_id: str, row: dict[str, Any], listed: Listed | None) -> None:
    host = row["url_host_name"]
    found = touched.setdefault(host, Touched(crawl_id=crawl_id, host=host, listed=listed))
    found.urls += 1
    found.bytes += row["bytes_retained"] or 0


def _kind(entry: str) -> str:
    try:
        ip_network(entry)
    except ValueError:
        return "path" if "/" in entry else "domain"
    return "network"
