"""Whom a record of another protocol in robots.txt speaks to (PC-4, PC-24): us, everybody, or another agent.

RFC 9309 says whose group a record is in; the project's rule says what is still heard from other places.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.optout.robots.groups import Record, RobotsFile


class Place(Enum):
    """Where a record stands, as seen by one product token."""

    OURS = "ours"
    """In the group that was selected for us."""
    GLOBAL = "global"
    """Before the first user-agent line."""
    TRAILING = "trailing"
    """Behind all groups and parted from them by a blank line; by grammar the last group's, by intent everybody's."""
    OTHERS = "others"
    """In a group that speaks to other agents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A record and where it stands."""

    record: Record
    place: Place


def place(file: RobotsFile, records: Iterable[Record], token: str) -> tuple[Placed, ...]:
    """Say for each record where it stands; where leniency chose our group, the strict choice is ours as well."""
    selections = (file.group_for(token), file.group_for(token, is_strict=True))
    placed = []
    for record in records:
        if any(selection.owns(record) for selection in selections):
            found = Place.OURS
        elif record.group is None:
            found = Place.GLOBAL
        else:
            found = Place.TRAILING if record.is_apart else Place.OTHERS
        placed.append(Placed(record=record, place=found))
    return tuple(placed)


def is_named(file: RobotsFile, token: str) -> bool:
    """Whether the file has a group of our own."""
    return file.named_group(token) is not None
