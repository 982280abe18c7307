"""The dated lines of legal: overrides, agreements, and the status of each protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.optout.registry import READERS
from crawler.optout.statement import Use
from crawler.policy.document import PURPOSE_NAMES, Agreement, Override, ProtocolEntry, ProtocolOff
from crawler.policy.reasons import LIFTABLE, REASONS
from crawler.policy.scope import scope_problem, url_scope_problem

if TYPE_CHECKING:
    from datetime import date

    from crawler.values.host import Suffixes
    from crawler.values.strict_toml import Table

USES = {name: Use(use) for use, name in PURPOSE_NAMES.items()}
"""Purpose as the files spell it, to the use that statements speak of."""

_READER_IDS = tuple(reader.id for reader in READERS)

STATUSES = ("mandatory", "agreed", "candidate", "voluntary")


def overrides(tables: tuple[Table, ...], suffixes: Suffixes | None) -> tuple[Override, ...]:
    """Read ``[[override]]``; one that is not complete is a mistake and lifts nothing."""
    found = [_override(table, suffixes) for table in tables]
    return tuple(one for one in found if one is not None)


def _override(table: Table, suffixes: Suffixes | None) -> Override | None:
    scope = table.text("scope")
    problem = scope_problem(scope, suffixes) if scope else None
    if problem:
        table.mistake("scope", problem)
    lifts = table.texts("lifts")
    if not lifts:
        table.mistake("lifts", "is empty; name the reason codes that no longer refuse here")
    for code in lifts:
        if code not in LIFTABLE:
            why = "cannot be lifted" if code in REASONS else "is no reason code"
            table.mistake("lifts", f"{code!r} {why}; these can: {', '.join(sorted(LIFTABLE))}")
    reason, document, decided_by = table.text("reason"), table.text("document"), table.text("decided_by")
    table.require("valid_from", "valid_to")
    first, last = _days(table)
    table.finish()
    if first is None or last is None:
        return None
    return Override(
        scope=scope,
        lifts=lifts,
        reason=reason,
        document=document,
        decided_by=decided_by,
        valid_from=first,
        valid_to=last,
    )


def agreements(tables: tuple[Table, ...]) -> tuple[Agreement, ...]:
    """Read ``[[agreement]]``."""
    return tuple(_agreement(table) for table in tables)


def _agreement(table: Table) -> Agreement:
    scope = table.text("scope")
    problem = url_scope_problem(scope) if scope else None
    if problem:
        table.mistake("scope", problem)
    permits = table.texts("permits", options=tuple(USES))
    if not permits:
        table.mistake("permits", f"is empty; name the purposes: {', '.join(USES)}")
    first, last = _days(table)
    found = Agreement(
        scope=scope,
        permits=frozenset(USES[name] for name in permits),
        ref=table.text("ref"),
        valid_from=first,
        valid_to=last,
    )
    table.finish()
    return found


def protocols(root: Table) -> tuple[tuple[ProtocolEntry, ...], tuple[ProtocolOff, ...]]:
    """Read protocols.toml: one table a protocol, in the order of the file, and those that do not count for a while."""
    entries: list[ProtocolEntry] = []
    off: list[ProtocolOff] = []
    seen: dict[str, str] = {}
    for name in root.names():
        table = root.table(name)
        title, basis, day = table.text("title"), table.text("basis"), table.day("since")
        table.require("since")
        status = table.choice("status", STATUSES)
        readers = table.texts("readers", options=_READER_IDS)
        for reader in readers:
            if seen.setdefault(reader, name) != name:
                table.mistake("readers", f"{reader!r} belongs to [{seen[reader]}] already")
        if "off" in table:
            switched = _off(table.table("off"), readers, is_mandatory=status == "mandatory")
            off += [] if switched is None else [switched]
        table.finish()
        if day is not None:
            entries.append(
                ProtocolEntry(name=name, title=title, status=status, basis=basis, since=day, readers=readers)
            )
    return tuple(entries), tuple(off)


def _off(table: Table, readers: tuple[str, ...], *, is_mandatory: bool) -> ProtocolOff | None:
    if is_mandatory:
        table.mistake("", "a mandatory protocol always counts; remove this table")
    reason, document, decided_by = table.text("reason"), table.text("document"), table.text("decided_by")
    table.require("valid_from", "valid_to")
    first, last = _days(table)
    table.finish()
    if first is None or last is None:
        return None
    return ProtocolOff(
        readers=readers,
        reason=reason,
        document=document,
        decided_by=decided_by,
        valid_from=first,
        valid_to=last,
    )


def _days(table: Table) -> tuple[date | None, date | None]:
    first, last = table.day("valid_from"), table.day("valid_to")
    if first is not None and last is not None and first > last:
        table.mistake("valid_to", f"is {last}, before valid_from ({first})")
    return first, last
