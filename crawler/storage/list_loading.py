"""Fills a table from all lists in force, checked entry by entry, and gathers what is wrong with any of them.

Nothing is loaded half: one error anywhere, and there is no table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from crawler.blocklists.exceptions import EXCEPTIONS, read_exceptions
from crawler.blocklists.formats.ut1 import Ut1
from crawler.blocklists.interface import Entry, Run
from crawler.blocklists.matcher import Matcher
from crawler.blocklists.reading import Guards, protected_names, read_list, read_runs
from crawler.blocklists.registry import format_named
from crawler.errors import DocumentError, Mistake
from crawler.storage.list_files import LOCAL, PROTECTED, folder_digest, member_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from crawler.blocklists.catalog import ListRecord
    from crawler.blocklists.exceptions import ListException
    from crawler.blocklists.interface import BlocklistFormat, Finding
    from crawler.blocklists.matcher import Table
    from crawler.storage.list_files import ListFile
    from crawler.storage.suffixes import BundledSuffixes
    from crawler.values.digest import Digest

LOCAL_ID = "local"
MISTAKES_SHOWN = 50
"""Of one list; a file in the wrong format has one on every line."""


@dataclass(slots=True, kw_only=True)
class Loaded:
    """What was read of one list."""

    list_id: str
    digest: Digest
    owners: list[int]
    """Its numbers in the matcher: one a file."""
    added: int = 0
    """Entries that were new, as far as the table knows before it is written."""
    read: int = 0
    """Entries, with those that are not new."""
    notes: int = 0
    outside: int = 0
    """Entries outside of their own dates, which are not loaded."""


class Loading:
    """Lists in the order in which they answer. ``mistakes`` has to be empty in the end."""

    def __init__(
        self,
        files: Mapping[str, ListFile],
        exceptions: Sequence[ListException],
        suffixes: BundledSuffixes,
        *,
        today: date,
        table: Table | None = None,
    ) -> None:
        self._files = files
        self._today = today
        self._own_guards = own_guards(suffixes)
        self.matcher = Matcher(exceptions, table=table)
        self.lists: list[Loaded] = []
        self.mistakes: list[Mistake] = []
        self._guards = own_guards(suffixes, self._protected())

    def take_local(self) -> None:
        """Load the operator's own list; what it names is meant, protected or not."""
        if LOCAL in self._files:
            loaded = Loaded(list_id=LOCAL_ID, digest=self._files[LOCAL].digest, owners=[])
            self._read(loaded, self._files[LOCAL], format_named("domains"), self._own_guards, may_be_empty=True)
            self.lists.append(loaded)

    def take(self, record: ListRecord) -> None:
        """Load a list of the catalog if its bytes are those that were accepted."""
        file = self._files.get(record.file)
        members = [self._files[name] for name in member_names(record) if record.format == "ut1" and name in self._files]
        if file is None and not members:
            self._mistake(record.file, f"no such file; the catalog names it for the list {record.id}")
            return
        digest = file.digest if file is not None else folder_digest(members)
        if digest != record.digest:
            self._mistake(
                record.file,
                f"is {digest}, but the catalog accepted {record.digest}: "
                "restore the bytes, or review the new ones and write their digest into the catalog",
            )
            return
        loaded = Loaded(list_id=record.id, digest=digest, owners=[])
        guards = guards_of(record, self._guards)
        if file is not None:
            self._read(loaded, file, format_named(record.format, record.columns), guards)
        else:
            self._folder(loaded, record, members, guards)
        self.lists.append(loaded)

    def _folder(self, loaded: Loaded, record: ListRecord, members: Sequence[ListFile], guards: Guards) -> None:
        readers = Ut1().members
        before = len(self.mistakes)
        for member in members:
            reader = readers.get(member.name.rpartition("/")[2])
            if reader is not None:
                self._read(loaded, member, reader, guards, may_be_empty=True)
        if not loaded.read and len(self.mistakes) == before:
            self._mistake(record.file, "has no entries; an empty list is never taken for a good one")

    def _read(
        self, loaded: Loaded, file: ListFile, form: BlocklistFormat, guards: Guards, *, may_be_empty: bool = False
    ) -> None:
        matcher, errors = self.matcher, []
        loaded.owners.append(len(matcher.frame.owners))
        matcher.open_list(loaded.list_id, file.digest)
        with file.open() as lines:
            for item in read_runs(lines, form, guards, may_be_empty=may_be_empty):
                if isinstance(item, Run):
                    loaded.read += len(item.names)
                    loaded.added += matcher.add_run(item)
                elif isinstance(item, Entry):
                    loaded.read += 1
                    if item.is_in_force(self._today):
                        loaded.added += matcher.add(item)
                    else:
                        loaded.outside += 1
                elif item.is_error:
                    errors.append(item)
                else:
                    loaded.notes += 1
        if not file.is_unchanged():
            self._mistake(file.name, "was changed while it was read; start again")
        self._note(file.name, errors)

    def _protected(self) -> frozenset[str]:
        if PROTECTED not in self._files:
            return frozenset()
        with self._files[PROTECTED].open() as lines:
            items = list(read_list(lines, format_named("domains"), self._own_guards, may_be_empty=True))
        self._note(PROTECTED, [item for item in items if not isinstance(item, Entry) and item.is_error])
        return protected_names(items)

    def _note(self, name: str, errors: Sequence[Finding]) -> None:
        for item in islice(errors, MISTAKES_SHOWN):
            self._mistake(name, item.problem, item.line)
        if len(errors) > MISTAKES_SHOWN:
            self._mistake(name, f"and {len(errors) - MISTAKES_SHOWN} lines more")

    def _mistake(self, name: str, problem: str, line: int | None = None) -> None:
        self.mistakes.append(Mistake(file=name, key="", line=line, problem=problem))


def load(
    files: Mapping[str, ListFile],
    records: Sequence[ListRecord],
    exceptions: Sequence[ListException],
    suffixes: BundledSuffixes,
    *,
    today: date,
    table: Table | None = None,
) -> Loading:
    """Load the lists that are in force on the day. Raises DocumentError with every mistake of all of them."""
    loading = Loading(files, exceptions, suffixes, today=today, table=table)
    loading.take_local()
    for record in records:
        if record.is_in_force(today):
            loading.take(record)
    if loading.mistakes:
        raise DocumentError(loading.mistakes)
    return loading


def exceptions_in(files: Mapping[str, ListFile], records: Sequence[ListRecord]) -> tuple[ListException, ...]:
    """All exceptions of a snapshot, in force or not. Raises DocumentError."""
    if EXCEPTIONS not in files:
        return ()
    return read_exceptions(files[EXCEPTIONS].content, {LOCAL_ID, *(record.id for record in records)})


def own_guards(suffixes: BundledSuffixes, protected: Collection[str] = frozenset()) -> Guards:
    """What no entry may cover: public suffixes, and the names and parents of ``protected.txt``."""
    return Guards(
        is_suffix=suffixes.is_suffix, protected=protected, rules=suffixes.rules, wildcards=suffixes.wildcard_parents
    )


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
