"""What can be said of a folder of blocklists for people: each list with origin, version and age, and all that is due.

Nothing is changed, and nothing keeps the report from being made but a catalog that cannot be read.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.blocklists.catalog import CATALOG, read_whole
from crawler.blocklists.exceptions import EXCEPTIONS, read_exceptions
from crawler.blocklists.formats.ut1 import Ut1
from crawler.blocklists.interface import Entry
from crawler.blocklists.reading import protected_names, read_list, with_repetitions
from crawler.blocklists.registry import format_named
from crawler.errors import DocumentError
from crawler.storage.blocklists import (
    LOCAL,
    MISTAKES_SHOWN,
    PROTECTED,
    guards_of,
    own_guards,
    read_contents,
    strangers,
)
from crawler.storage.list_files import ListFile, folder_digest, member_names
from crawler.storage.list_loading import LOCAL_ID
from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from crawler.blocklists.catalog import Catalog, ListRecord
    from crawler.blocklists.interface import BlocklistFormat
    from crawler.blocklists.reading import Guards
    from crawler.policy.document import Blocklists
    from crawler.storage.suffixes import BundledSuffixes

LEVELS = ("error", "warning", "note")
"""No crawl starts; a person has something to do; good to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that lint says."""

    level: str
    file: str
    problem: str
    line: int | None = None
    list_id: str | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.problem}"


def lint(folder: Path, *, today: date, ages: Blocklists, suffixes: BundledSuffixes) -> list[Remark]:
    """Everything that is wrong, due or odd, gravest first. Raises UsageError where there is no folder or catalog."""
    try:
        contents = read_contents(folder)
    except DocumentError as error:
        return _mistakes(error)
    catalog = read_whole(contents[CATALOG])
    guards = own_guards(suffixes)
    found = _read(PROTECTED, contents.get(PROTECTED, b""), format_named("domains"), guards, None)
    protected = protected_names(
        read_list(io.BytesIO(contents.get(PROTECTED, b"")), format_named("domains"), guards, may_be_empty=True)
    )
    found += _read(LOCAL, contents.get(LOCAL, b""), format_named("domains"), guards, None)
    guards = own_guards(suffixes, protected)
    for record in catalog.lists:
        found += _of_list(record, contents, guards)
        found += [*_due(record, today, ages), *_of_signature(record, today)]
    found += _of_exceptions(contents, catalog, today)
    found += [
        Remark(level="warning", file=name, problem="is not in the catalog, not loaded")
        for name in strangers(folder, catalog.lists)
    ]
    found += [
        Remark(level="note", file=CATALOG, list_id=each.id, problem=f"{each.id} is known, and was not fetched yet")
        for each in catalog.known
    ]
    found.append(_measure(catalog, today))
    return sorted(found, key=lambda each: LEVELS.index(each.level))


def measure_sentence(catalog: Catalog, today: date) -> tuple[bool, str]:
    """Whether Measure 1.2 of the Code of Practice is served by what is in force, and what to say of it."""
    in_force = [record for record in catalog.lists if record.is_in_force(today)]
    meeting = [record.id for record in in_force if record.meets_measure]
    if meeting:
        return (
            True,
            f"Measure 1.2: findings of courts or authorities of the EU or EEA are in force: {', '.join(meeting)}",
        )
    others = ", ".join(record.id for record in in_force) or "no list at all"
    return False, (
        "Measure 1.2: no list in force is a finding of a court or authority of the EU or EEA "
        f"({others}); watch lists, lists of other countries such as the USTR's, and community lists do not meet it"
    )


def _measure(catalog: Catalog, today: date) -> Remark:
    _, sentence = measure_sentence(catalog, today)
    return Remark(level="note", file=CATALOG, problem=sentence)


def _of_list(record: ListRecord, contents: Mapping[str, bytes], guards: Guards) -> list[Remark]:
    content = contents.get(record.file)
    members = {name: contents.get(f"{record.file}/{name}") for name in Ut1().members} if record.format == "ut1" else {}
    if content is None and any(members.values()):
        digest = folder_digest(
            ListFile.of_bytes(name, contents[name]) for name in member_names(record) if name in contents
        )
        wrong = f"is {digest}, but the catalog accepted {record.digest} for {record.id}"
        return [
            *([Remark(level="error", file=record.file, list_id=record.id, problem=wrong)] * (digest != record.digest)),
            *_of_members(record, members, guards),
        ]
    if content is None:
        problem = f"no such file; the catalog names it for the list {record.id}"
    elif sha256(content) != record.digest:
        problem = f"is {sha256(content)}, but the catalog accepted {record.digest} for {record.id}"
    else:
        form = format_named(record.format, record.columns)
        return _read(record.file, content, form, guards_of(record, guards), record, may_be_empty=False)
    return [Remark(level="error", file=record.file, list_id=record.id, problem=problem)]


def _of_members(record: ListRecord, members: Mapping[str, bytes | None], guards: Guards) -> list[Remark]:
    return [
        remark
        for name, form in Ut1().members.items()
        for remark in _read(f"{record.file}/{name}", members[name] or b"", form, guards_of(record, guards), record)
    ]


def _of_exceptions(contents: Mapping[str, bytes], catalog: Catalog, today: date) -> list[Remark]:
    """What is wrong with ``exceptions.toml``, and which of its lines have ended."""
    try:
        found = read_exceptions(contents.get(EXCEPTIONS, b""), {LOCAL_ID, *(record.id for record in catalog.lists)})
    except DocumentError as error:
        return _mistakes(error)
    return [
        Remark(
            level="warning",
            file=EXCEPTIONS,
            list_id=one.list_id,
            problem=f"the exception of {one.entry.value} ended on {one.valid_to}; it is blocked again: take it out",
        )
        for one in found
        if one.valid_to is not None and one.valid_to < today
    ]


def _mistakes(error: DocumentError) -> list[Remark]:
    return [
        Remark(level="error", file=each.file, line=each.line, problem=": ".join(filter(None, (each.key, each.problem))))
        for each in error.mistakes
    ]


def _read(
    name: str,
    content: bytes,
    form: BlocklistFormat,
    guards: Guards,
    record: ListRecord | None,
    *,
    may_be_empty: bool = True,
) -> list[Remark]:
    items = with_repetitions(read_list(io.BytesIO(content), form, guards, may_be_empty=may_be_empty))
    kept: dict[bool, list[Remark]] = {True: [], False: []}
    counts = {True: 0, False: 0}
    for item in items:
        if isinstance(item, Entry):
            continue
        counts[item.is_error] += 1
        if counts[item.is_error] <= MISTAKES_SHOWN:
            level = "error" if item.is_error else "note"
            kept[item.is_error].append(
                Remark(
                    level=level, file=name, line=item.line, problem=item.problem, list_id=record.id if record else None
                )
            )
    for is_error, count in counts.items():
        if count > MISTAKES_SHOWN:
            level = "error" if is_error else "note"
            kept[is_error].append(Remark(level=level, file=name, problem=f"and {count - MISTAKES_SHOWN} lines more"))
    return kept[True] + kept[False]


def _due(record: ListRecord, today: date, ages: Blocklists) -> list[Remark]:
    found = []

    def say(level: str, problem: str) -> None:
        found.append(Remark(level=level, file=CATALOG, list_id=record.id, problem=f"{record.id}: {problem}"))

    if record.updates and record.last_checked is not None and record.is_in_force(today):
        age = (today - record.last_checked).days
        if age > ages.refuse_age:
            say(
                "error",
                f"was checked {age} days ago; beyond {ages.refuse_age} ([blocklists] refuse_age) no crawl starts",
            )
        elif age > ages.warn_age:
            say("warning", f"was checked {age} days ago, more than the {ages.warn_age} of [blocklists] warn_age")
    if record.valid_to is not None and record.valid_to < today:
        say("warning", f"has been out of force since {record.valid_to}; take it out, or correct valid_to")
    elif not record.is_in_force(today):
        say("note", f"comes into force on {record.valid_from}")
    if record.review_by is not None and record.review_by < today:
        say("warning", f"was to be reviewed by {record.review_by}")
    elif not record.updates and record.review_by is None and record.valid_to is None:
        say("note", "is not updated and has no review_by; say when somebody looks at it again")
    if record.despite:
        say("note", f"covers {', '.join(record.despite)}, which a person accepted")
    return found


def _of_signature(record: ListRecord, today: date) -> list[Remark]:
    if record.signed_until is None or record.signed_until >= today:
        return []
    problem = f"{record.id}: its publisher signed it until {record.signed_until}; ask for a newer version"
    return [Remark(level="warning", file=CATALOG, list_id=record.id, problem=problem)]
