"""What a crawl kept besides its rows, found for one row: rules in force, looks at site files, each with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.errors import DamagedStateError
from crawler.optout.site_file import SiteFileOutcome
from crawler.policy.site import ROBOTS_PATH, StoredFile
from crawler.storage.blocklists import open_contents as open_lists
from crawler.storage.policies import open_contents as open_policies
from crawler.storage.suffixes import bundled_suffixes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from crawler.storage.blocklists import OpenedBlocklists
    from crawler.storage.policies import OpenedPolicy
    from crawler.storage.reading import CrawlReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a site file, as the log of the crawl holds it."""

    entry: Mapping[str, Any]
    """Body of the log entry."""
    seq: int

    @property
    def path(self) -> str:
        """As it was asked for."""
        return str(self.entry["path"])

    @property
    def digest(self) -> str | None:
        """Of the body, where there was one."""
        value = self.entry["digest"]
        return None if value is None else str(value)

    @property
    def retrieved_at(self) -> datetime:
        """When the answer was there, or the lack of one."""
        return datetime.fromisoformat(self.facts["retrieved_at"])

    @property
    def facts(self) -> Mapping[str, Any]:
        """Status, error, hops, media type."""
        found: Mapping[str, Any] = self.entry["outcome"]["facts"]
        return found

    @property
    def place(self) -> str | None:
        """Where the body lies; else where the records of the exchange do."""
        places = [self.entry["body"], *self.entry["records"]]
        first = next((place for place in places if place is not None), None)
        return None if first is None else warc_place(first["file"], first["offset"], first["length"])


@dataclass(slots=True, kw_only=True)
class History:
    """What the log says about some origins, and which rules were in force when. Read once, in order."""

    looks: dict[str, list[Look]] = field(default_factory=dict)
    """By origin, oldest first."""
    policies: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Policy digest of a run to the names and digests of its files."""
    lists: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, reader: CrawlReader, origins: Collection[str]) -> History:
        """Go through the log once. Raises DamagedStateError."""
        history = cls()
        for entry in reader.entries():
            body = entry["body"]
            if entry["type"] == "site_file" and body["origin"] in origins:
                history.looks.setdefault(body["origin"], []).append(Look(entry=body, seq=entry["seq"]))
            else:
                history.note_rules(body)
        return history

    def note_rules(self, body: Mapping[str, Any]) -> None:
        """Take in which rules came into force, if this log entry says so: that of a start does."""
        if "policy_files" in body.get("details", ()):
            details = body["details"]
            self.policies[details["policy_digest"]] = details["policy_files"]
            self.lists[details["lists_digest"]] = details["list_files"]

    def looks_before(self, origin: str, moment: datetime) -> dict[str, Look]:
        """The latest look at each file of an origin up to a moment, by path."""
        return {look.path: look for look in self.looks.get(origin, ()) if look.retrieved_at <= moment}

    def robots_look(self, origin: str, row: Mapping[str, Any]) -> Look | None:
        """The look at robots.txt on which the row rests."""
        found = [look for look in self.looks.get(origin, ()) if look.path == ROBOTS_PATH]
        digest, at, decided = row["robots_digest"], row["robots_retrieved_at"], row["decided_at"]
        exact = [look for look in found if look.retrieved_at == at and (digest is None or look.digest == digest)]
        if exact:
            return exact[-1]
        same = [look for look in found if digest is not None and look.digest == digest and look.retrieved_at <= decided]
        return same[-1] if same else None


def warc_place(file: str, offset: int, length: int) -> str:
    """Place of a record, as it can be cut out of its file."""
    return f"{file}, octets {offset} to {offset + length - 1}"


def stored_file(reader: CrawlReader, look: Look) -> StoredFile:
    """The look in the form from which the crawl read its rules. Raises DamagedStateError."""
    return StoredFile.from_json(
        json.dumps(look.entry["outcome"]),
        path=look.path,
        retrieved_at=look.retrieved_at,
        body=reader.site_file_body(dict(look.entry)),
    )


def outcome_of(reader: CrawlReader, look: Look) -> SiteFileOutcome:
    """The look at any other file than robots.txt. Raises DamagedStateError."""
    return SiteFileOutcome.from_json(json.dumps(look.facts), reader.site_file_body(dict(look.entry)))


def policy_in_force(reader: CrawlReader, history: History, digest: str, tool_version: str) -> OpenedPolicy:
    """The policy that a row names, from the bytes that were kept. Raises DamagedStateError."""
    names = history.policies.get(digest)
    if names is None:
        raise DamagedStateError(f"the log names no policy {digest}")
    contents = {name: reader.kept("policies", kept) for name, kept in names.items()}
    opened = open_policies(contents, tool_version=tool_version.removeprefix("clearcrawl/"), suffixes=bundled_suffixes())
    if opened.policy.digest != digest:
        raise DamagedStateError(f"the kept files make the policy {opened.policy.digest}, not {digest}")
    return opened


def lists_in_force(reader: CrawlReader, history: History, digest: str, day: date) -> OpenedBlocklists:
    """The blocklists that a row names, from the bytes that were kept. Raises DamagedStateError."""
    names = history.lists.get(digest)
    if names is None:
        raise DamagedStateError(f"the log names no blocklists {digest}")
    contents = {name: reader.kept("blocklists", kept) for name, kept in names.items()}
    opened = open_lists(contents, today=day, suffixes=bundled_suffixes())
    if opened.digest != digest:
        raise DamagedStateError(f"the kept files make the blocklists {opened.digest}, not {digest}")
    return opened
