"""Opens ``blocklists/``: checks digests and ages, and makes the snapshot that the gate asks (R2.5).

Only what is in force on the day counts; anything wrong with a list keeps the crawl from starting. What a list says is
read in ``crawler.blocklists``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.blocklists.catalog import CATALOG, read_catalog
from crawler.errors import DocumentError, Mistake, UsageError
from crawler.storage.list_compiling import COMPILED, COMPILED_FROM, compiled, key_of
from crawler.storage.list_digests import remember, remembered
from crawler.storage.list_files import LIST_LIMIT, LOCAL, PROTECTED, ListFile, find_files, names_of
from crawler.storage.list_loading import MISTAKES_SHOWN, exceptions_in, guards_of, load, own_guards
from crawler.storage.list_marks import marks_of
from crawler.values.digest import sha256
from crawler.values.toml_lines import line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from crawler.blocklists.catalog import ListRecord
    from crawler.blocklists.exceptions import ListException
    from crawler.blocklists.matcher import Matcher
    from crawler.policy.document import Blocklists
    from crawler.storage.list_loading import Loaded
    from crawler.storage.list_marks import Mark
    from crawler.storage.suffixes import BundledSuffixes
    from crawler.values.digest import Digest

__all__ = [
    "FOLDER",
    "LIST_LIMIT",
    "LOCAL",
    "MISTAKES_SHOWN",
    "PROTECTED",
    "ListFile",
    "ListInForce",
    "OpenedBlocklists",
    "digest_of",
    "files_of",
    "guards_of",
    "open_blocklists",
    "open_contents",
    "own_guards",
    "read_contents",
    "strangers",
]

FOLDER = "lists"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListInForce:
    """What was loaded of one list."""

    record: ListRecord | None
    """``None`` for ``local.txt``, the operator's own."""
    id: str
    digest: Digest
    entries: int
    """Different entries that no earlier list holds."""
    notes: int
    """Lines that were understood with a remark, e.g. a URL read as its host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedBlocklists:
    """The snapshot in force."""

    matcher: Matcher
    digest: Digest
    """Column ``lists_digest``: of the names and digests of all files."""
    lists: tuple[ListInForce, ...]
    warnings: tuple[str, ...]
    """For people: lists that grow old, are due for review, or are outside of their dates."""
    files: tuple[ListFile, ...]
    """In the order of the digest; the crawl keeps a copy of each under its digest."""
    exceptions: tuple[ListException, ...] = ()
    """Those in force on the day."""
    marks: tuple[Mark, ...] = ()
    """Of the folder, taken before it was read; none where no folder was."""


def open_blocklists(folder: Path, *, today: date, ages: Blocklists, suffixes: BundledSuffixes) -> OpenedBlocklists:
    """Open a folder of lists for a crawl that starts today.

    Large lists are asked in a table that is built once, in ``.compiled`` of the folder. Raises ``UsageError`` where the
    folder or a file cannot be read, ``DocumentError`` with every mistake: of the catalog, of bytes that differ from
    their digest, of entries, and of a list last checked before the refuse age.
    """
    marks = marks_of(folder)
    files = _find(folder)
    catalog = files[CATALOG].content
    records = read_catalog(catalog)
    opened = _open(files, records, today, suffixes, folder)
    old = _too_old(records, catalog, today, ages)
    if old:
        raise DocumentError(old)
    warnings = [*_ageing(records, today, ages), *opened.warnings, *strangers(folder, records)]
    return replace(opened, warnings=tuple(warnings), marks=marks)


def read_contents(folder: Path) -> dict[str, bytes]:
    """Bytes of the catalog and of every file that it makes part of the snapshot, by name; what is missing is left out.

    Raises ``UsageError`` where there is no catalog or a file cannot be read, ``DocumentError`` for a wrong catalog.
    """
    return {name: file.content for name, file in _find(folder).items()}


def files_of(contents: Mapping[str, bytes]) -> tuple[ListFile, ...]:
    """The files of a snapshot, in the order of its digest."""
    names = names_of(read_catalog(contents[CATALOG]))
    return tuple(ListFile.of_bytes(name, contents[name]) for name in names if name in contents)


def digest_of(files: Iterable[tuple[Digest, str]]) -> Digest:
    """Digest of a snapshot from digest and name of each file."""
    return sha256("".join(f"{digest} {name}\n" for digest, name in files).encode())


def open_contents(contents: Mapping[str, bytes], *, today: date, suffixes: BundledSuffixes) -> OpenedBlocklists:
    """Make the same of bytes that were kept, e.g. in a finished crawl; ``contents`` goes by name, ages do not count."""
    files = {file.name: file for file in files_of(contents)}
    return _open(files, read_catalog(contents[CATALOG]), today, suffixes)


def _find(folder: Path) -> dict[str, ListFile]:
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; name one that holds {CATALOG}, or make one with clearcrawl init")
    catalog = find_files(folder, [CATALOG]).get(CATALOG)
    if catalog is None:
        raise UsageError(f"{folder / CATALOG}: no such file; a folder of blocklists has a catalog, be it empty")
    known = remembered(folder / COMPILED)
    files = find_files(folder, names_of(read_catalog(catalog.content)), known)
    remember(folder / COMPILED, files.values(), known)
    return files


def _open(
    files: Mapping[str, ListFile],
    records: Sequence[ListRecord],
    today: date,
    suffixes: BundledSuffixes,
    folder: Path | None = None,
) -> OpenedBlocklists:
    """Open the files of a snapshot, in a table that is mapped where they are large and lie in a folder."""
    digest = digest_of((file.digest, file.name) for file in files.values())
    every = exceptions_in(files, records)
    exceptions = tuple(one for one in every if one.is_in_force(today))
    if folder is not None and sum(file.size for file in files.values()) >= COMPILED_FROM:
        key = key_of(digest, records, exceptions, suffixes, today=today)
        matcher, lists = compiled(folder, key, files, records, exceptions=exceptions, suffixes=suffixes, today=today)
    else:
        loading = load(files, records, exceptions, suffixes, today=today)
        matcher, lists = loading.matcher, loading.lists
    by_id = {record.id: record for record in records}
    return OpenedBlocklists(
        matcher=matcher,
        digest=digest,
        lists=tuple(
            ListInForce(
                record=by_id.get(one.list_id), id=one.list_id, digest=one.digest, entries=one.added, notes=one.notes
            )
            for one in lists
        ),
        warnings=(*_dates(records, lists, today), *_ended(every, today)),
        files=tuple(files.values()),
        exceptions=exceptions,
    )


def _dates(records: Sequence[ListRecord], lists: Sequence[Loaded], today: date) -> list[str]:
    warnings = []
    outside = {one.list_id: one.outside for one in lists}
    for record in records:
        if not record.is_in_force(today):
            warnings.append(f"{record.id}: not in force on {today}, not loaded")
        if record.review_by is not None and record.review_by < today:
            warnings.append(f"{record.id}: was to be reviewed by {record.review_by}")
        if outside.get(record.id):
            warnings.append(f"{record.id}: {outside[record.id]} entries are not in force on {today}, not loaded")
    return warnings


def _ended(exceptions: Sequence[ListException], today: date) -> list[str]:
    return [
        f"exceptions.toml: {one.entry.value} of the list {one.list_id} ended on {one.valid_to}; it is blocked again"
        for one in exceptions
        if one.valid_to is not None and one.valid_to < today
    ]


def _age(record: ListRecord, today: date) -> int | None:
    """Days since the last successful check; ``None`` for a list that is not to be updated."""
    return (today - record.last_checked).days if record.updates and record.last_checked else None


def _too_old(records: tuple[ListRecord, ...], catalog: bytes, today: date, ages: Blocklists) -> list[Mistake]:
    found = []
    for record in records:
        age = _age(record, today)
        if age is not None and age > ages.refuse_age and record.is_in_force(today):
            problem = (
                f"{record.id} was checked {age} days ago, more than the {ages.refuse_age} of [blocklists] refuse_age: "
                "check it again, or write updates = false and a review_by date if it no longer changes"
            )
            line = line_of(catalog.decode(), ("list", record.place, "last_checked"))
            found.append(
                Mistake(file=CATALOG, key=f"list[{record.place + 1}].last_checked", line=line, problem=problem)
            )
    return found


def _ageing(records: tuple[ListRecord, ...], today: date, ages: Blocklists) -> list[str]:
    return [
        f"{record.id}: last checked {age} days ago, more than the {ages.warn_age} of [blocklists] warn_age"
        for record in records
        if (age := _age(record, today)) is not None and age > ages.warn_age
    ]


def strangers(folder: Path, records: tuple[ListRecord, ...]) -> list[str]:
    """Files beside the lists that no entry of the catalog names."""
    known = {record.file for record in records}
    try:
        names = sorted(f"{FOLDER}/{path.name}" for path in (folder / FOLDER).iterdir() if not path.name.startswith("."))
    except OSError:
        return []
    return [f"{name}: not in the catalog, not loaded" for name in names if name not in known]
