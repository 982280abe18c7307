"""Opens ``blocklists/``: checks digests and ages, and makes the snapshot that the gate asks (R2.5).

Only what is in force on the day counts; anything wrong with a list keeps the crawl from starting. What a list says is
read in ``crawler.blocklists``.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from crawler.blocklists.catalog import CATALOG, read_catalog
from crawler.blocklists.interface import Entry
from crawler.blocklists.matcher import Matcher
from crawler.blocklists.reading import Guards, protected_names, read_list
from crawler.blocklists.registry import format_named
from crawler.errors import DocumentError, Mistake, UsageError
from crawler.values.digest import sha256
from crawler.values.toml_lines import line_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from crawler.blocklists.catalog import ListRecord
    from crawler.blocklists.interface import Finding
    from crawler.policy.document import Blocklists
    from crawler.storage.suffixes import BundledSuffixes
    from crawler.values.digest import Digest

LOCAL = "local.txt"
LOCAL_ID = "local"
PROTECTED = "protected.txt"
FOLDER = "lists"
LIST_LIMIT = 256 * 1024 * 1024
"""Octets of one list."""
MISTAKES_SHOWN = 50
"""Of one list; a file in the wrong format has one on every line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """One file exactly as it was read."""

    name: str
    """``catalog.toml``, ``local.txt``, ``protected.txt`` or ``lists/NAME``."""
    digest: Digest
    content: bytes


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


def open_blocklists(folder: Path, *, today: date, ages: Blocklists, suffixes: BundledSuffixes) -> OpenedBlocklists:
    """Open a folder of lists for a crawl that starts today.

    Raises ``UsageError`` where the folder or a file cannot be read, ``DocumentError`` with every mistake: of the
    catalog, of bytes that differ from their digest, of entries, and of a list last checked before the refuse age.
    """
    contents = read_contents(folder)
    records = read_catalog(contents[CATALOG])
    opened = open_contents(contents, today=today, suffixes=suffixes)
    old = _too_old(records, contents[CATALOG], today, ages)
    if old:
        raise DocumentError(old)
    warnings = [*_ageing(records, today, ages), *opened.warnings, *strangers(folder, records)]
    return OpenedBlocklists(
        matcher=opened.matcher, digest=opened.digest, lists=opened.lists, warnings=tuple(warnings), files=opened.files
    )


def read_contents(folder: Path) -> dict[str, bytes]:
    """Bytes of the catalog and of every file that it makes part of the snapshot, by name; what is missing is left out.

    Raises ``UsageError`` where there is no catalog or a file cannot be read, ``DocumentError`` for a wrong catalog.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; name one that holds {CATALOG}, or make one with clearcrawl init")
    contents = {
        name: content for name in (CATALOG, LOCAL, PROTECTED) if (content := _content(folder, name)) is not None
    }
    if CATALOG not in contents:
        raise UsageError(f"{folder / CATALOG}: no such file; a folder of blocklists has a catalog, be it empty")
    for record in read_catalog(contents[CATALOG]):
        content = _content(folder, record.file)
        if content is not None:
            contents[record.file] = content
    return contents


def files_of(contents: Mapping[str, bytes]) -> tuple[ListFile, ...]:
    """The files of a snapshot, in the order of its digest."""
    names = (CATALOG, LOCAL, PROTECTED, *(record.file for record in read_catalog(contents[CATALOG])))
    return tuple(
        ListFile(name=name, digest=sha256(contents[name]), content=contents[name]) for name in names if name in contents
    )


def digest_of(files: Iterable[tuple[Digest, str]]) -> Digest:
    """Digest of a snapshot from digest and name of each file."""
    return sha256("".join(f"{digest} {name}\n" for digest, name in files).encode())


def open_contents(contents: Mapping[str, bytes], *, today: date, suffixes: BundledSuffixes) -> OpenedBlocklists:
    """Make the same of bytes that were kept, e.g. in a finished crawl; ``contents`` goes by name, ages do not count."""
    records = read_catalog(contents[CATALOG])
    loading = _Loading(contents, suffixes)
    loading.take_local()
    warnings = []
    for record in records:
        if record.is_in_force(today):
            loading.take(record)
        else:
            warnings.append(f"{record.id}: not in force on {today}, not loaded")
        if record.review_by is not None and record.review_by < today:
            warnings.append(f"{record.id}: was to be reviewed by {record.review_by}")
    if loading.mistakes:
        raise DocumentError(loading.mistakes)
    files = files_of(contents)
    return OpenedBlocklists(
        matcher=loading.matcher,
        digest=digest_of((file.digest, file.name) for file in files),
        lists=tuple(loading.lists),
        warnings=tuple(warnings),
        files=files,
    )


class _Loading:
    """Fills one matcher from all lists and gathers what is wrong with any of them."""

    def __init__(self, contents: Mapping[str, bytes], suffixes: BundledSuffixes) -> None:
        self._contents = contents
        self._own_guards = own_guards(suffixes)
        self.matcher = Matcher()
        self.lists: list[ListInForce] = []
        self.mistakes: list[Mistake] = []
        entries = read_list(
            io.BytesIO(contents.get(PROTECTED, b"")), format_named("domains"), self._own_guards, may_be_empty=True
        )
        protected = list(entries)
        self._note(PROTECTED, [item for item in protected if not isinstance(item, Entry) and item.is_error])
        self._guards = own_guards(suffixes, protected_names(protected))

    def take_local(self) -> None:
        """Load the operator's own list; what it names is meant, protected or not."""
        if LOCAL in self._contents:
            self._load(None, LOCAL, "domains", self._own_guards)

    def take(self, record: ListRecord) -> None:
        """Load a list of the catalog if its bytes are those that were accepted."""
        content = self._contents.get(record.file)
        if content is None:
            self._mistake(record.file, f"no such file; the catalog names it for the list {record.id}")
        elif sha256(content) != record.digest:
            self._mistake(
                record.file,
                f"is {sha256(content)}, but the catalog accepted {record.digest}: "
                "restore the bytes, or review the new ones and write their digest into the catalog",
            )
        else:
            self._load(record, record.file, record.format, guards_of(record, self._guards))

    def _load(self, record: ListRecord | None, name: str, form: str, guards: Guards) -> None:
        content = self._contents[name]
        list_id, digest = record.id if record else LOCAL_ID, sha256(content)
        self.matcher.open_list(list_id, digest)
        added = notes = 0
        errors = []
        items = read_list(io.BytesIO(content), format_named(form), guards, may_be_empty=record is None)
        for item in items:
            if isinstance(item, Entry):
                added += self.matcher.add(item)
            elif item.is_error:
                errors.append(item)
            else:
                notes += 1
        self._note(name, errors)
        self.lists.append(ListInForce(record=record, id=list_id, digest=digest, entries=added, notes=notes))

    def _note(self, name: str, errors: list[Finding]) -> None:
        for item in islice(errors, MISTAKES_SHOWN):
            self._mistake(name, item.problem, item.line)
        if len(errors) > MISTAKES_SHOWN:
            self._mistake(name, f"and {len(errors) - MISTAKES_SHOWN} lines more")

    def _mistake(self, name: str, problem: str, line: int | None = None) -> None:
        self.mistakes.append(Mistake(file=name, key="", line=line, problem=problem))


def own_guards(suffixes: BundledSuffixes, protected: Collection[str] = frozenset()) -> Guards:
    """What no entry may cover: public suffixes, and the names and parents of ``protected.txt``."""
    return Guards(is_suffix=suffixes.is_suffix, protected=protected)


def guards_of(record: ListRecord, guards: Guards) -> Guards:
    """The guards of one list: without the names that a person accepted for it."""
    if not record.despite:
        return guards
    accepted = frozenset(record.despite)
    return replace(
        guards,
        is_suffix=lambda name: name not in accepted and guards.is_suffix(name),
        protected=frozenset(guards.protected) - accepted,
    )


def _content(folder: Path, name: str) -> bytes | None:
    path = folder / name
    try:
        with path.open("rb") as file:
            content = file.read(LIST_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > LIST_LIMIT:
        raise UsageError(f"{path}: has more than {LIST_LIMIT} octets; no list is that long")
    return content


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
