"""A complaint as it was understood, and what it still lacks to be precise and substantiated (Measure 1.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from crawler.complaints.fields import BY_NAME, FIELDS, MOST_ENTRIES, Kind
from crawler.errors import UrlError
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.host import canonical_host
from crawler.values.url import canonicalise, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_PROBLEM = 60
"""Characters of a stranger's text inside a message."""
_SHOWN = 5
_SPACES = re.compile(r"\s+")
_MAILBOX = re.compile(r"[^@\s<>\"(),:;]+@[^@\s<>\"(),:;]+\.[^@\s<>\"(),:;.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Fields by name; lists are tuples, all else is text. What was not given is not there."""

    values: Mapping[str, Any]
    problems: tuple[str, ...] = ()
    """What was given and cannot be used as it stands."""

    def text(self, name: str) -> str:
        """A field of one text, empty where it was not given."""
        return str(self.values.get(name, ""))

    def entries(self, name: str) -> tuple[str, ...]:
        """A list."""
        return tuple(self.values.get(name, ()))

    @property
    def rightsholder(self) -> str:
        """Whose rights it is about: the one acted for, else the organisation, else the name; as compared."""
        found = self.text("on_behalf_of") or self.text("organisation") or self.text("name")
        return plain(found)

    @property
    def missing(self) -> tuple[str, ...]:
        """What must be asked for, one sentence each."""
        return tuple(_missing(self))

    def objects(self) -> frozenset[str]:
        """Everything that it is about: works, URLs and domains, each as compared."""
        works = {f"work {plain(one)}" for one in self.entries("works")}
        return frozenset(works | {f"at {one}" for name in ("urls", "domains") for one in self.entries(name)})

    def hosts(self) -> frozenset[str]:
        """Hosts of its URLs, and its domains."""
        return frozenset({split(one).host for one in self.entries("urls")} | set(self.entries("domains")))  # type: ignore[arg-type]  # canonical since they were read


def plain(text: str) -> str:
    """Text for a comparison: spaces and letter case do not count."""
    return _SPACES.sub(" ", text).strip().casefold()


def read(given: Mapping[str, Any]) -> Complaint:
    """Understand what was given; never refuses. Unknown fields and unusable values become problems."""
    reading = _Reading()
    for name, value in given.items():
        if name not in BY_NAME:
            reading.problem(f"{shown(name)}: no field of this form; it stays in the original")
        elif value is not None:
            reading.take(name, value)
    return Complaint(
        values={one.name: reading.values[one.name] for one in FIELDS if one.name in reading.values},
        problems=tuple(reading.problems),
    )


def merged(first: Complaint, later: Complaint) -> Complaint:
    """A complaint with what was handed in later: lists grow, other fields are replaced."""
    values = dict(first.values)
    for name, value in later.values.items():
        known = values.get(name)
        values[name] = tuple(dict.fromkeys((*known, *value))) if isinstance(known, tuple) else value
    return Complaint(values=values, problems=later.problems)


def shown(value: object) -> str:
    """A stranger's value inside a message, cut."""
    text = str(value)
    return repr(text if len(text) <= LONGEST_PROBLEM else f"{text[:LONGEST_PROBLEM]}...")


@dataclass(slots=True)
class _Reading:
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def problem(self, text: str) -> None:
        self.problems.append(text)

    def take(self, name: str, value: Any) -> None:
        asked = BY_NAME[name]
        if asked.kind is Kind.LIST:
            entries = tuple(self._entries(name, value))
            if entries:
                self.values[name] = entries
            return
        if not isinstance(value, str):
            self.problem(f"{name}: is no text")
            return
        text = _storable(value).strip()
        if not text:
            return
        if asked.kind is Kind.LINE:
            text = _SPACES.sub(" ", text)
        if len(text) > asked.limit and asked.kind in {Kind.LINE, Kind.TEXT}:
            self.problem(f"{name}: longer than {asked.limit} characters; the rest stays in the original")
            text = text[: asked.limit]
        problem = _problem(name, text)
        if problem is not None:
            self.problem(f"{name}: {problem}")
            return
        self.values[name] = text.lower() if asked.kind is Kind.CHOICE else text

    def _entries(self, name: str, value: Any) -> Iterator[str]:
        given = value.splitlines() if isinstance(value, str) else value
        if not isinstance(given, list | tuple):
            self.problem(f"{name}: is no list")
            return
        if len(given) > MOST_ENTRIES:
            self.problem(
                f"{name}: {len(given)} entries; the first {MOST_ENTRIES} are taken, the rest is in the original"
            )
        wrong = 0
        seen = set()
        for one in given[:MOST_ENTRIES]:
            text = _storable(one).strip() if isinstance(one, str) else ""
            if isinstance(one, str) and not text:
                continue
            try:
                found = _entry(name, text)
            except ValueError as error:
                wrong += 1
                if wrong <= _SHOWN:
                    self.problem(f"{name}: {shown(one)}: {error}")
                continue
            if found not in seen:
                seen.add(found)
                yield found
        if wrong > _SHOWN:
            self.problem(f"{name}: {wrong - _SHOWN} more entries cannot be used")


def _problem(name: str, text: str) -> str | None:
    """Why a text cannot be used for its field."""
    asked = BY_NAME[name]
    if asked.kind is Kind.CHOICE and text.lower() not in asked.options:
        return f"is {shown(text)}; known are {', '.join(asked.options)}"
    if asked.kind is Kind.DAY and not _is_day(text):
        return f"is {shown(text)}; write a day like 2026-05-31"
    if name == "email" and not _MAILBOX.fullmatch(text):
        return f"{shown(text)} is no address that an answer could be sent to"
    return None


def _storable(text: str) -> str:
    """Lone surrogates, which no file can hold, become U+FFFD; a NUL does as well."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "\ufffd")


def _entry(name: str, text: str) -> str:
    """One entry as it is compared and removed. Raises ValueError."""
    limit = BY_NAME[name].limit
    if not text or len(text) > limit:
        raise ValueError(f"is no text of 1 to {limit} characters")
    try:
        if name == "urls":
            text = text.strip("<>")
            return canonicalise(text if "://" in text else f"https://{text}")
        if name == "domains":
            return _domain(text.strip("<>").removeprefix("*."))
    except UrlError as error:
        raise ValueError(str(error)) from error
    return _SPACES.sub(" ", text)


def _domain(text: str) -> str:
    host = canonical_host(text)
    if bundled_suffixes().is_suffix(host):
        raise ValueError("is a public suffix, below which others have names as well; name your own")
    return host


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _missing(complaint: Complaint) -> Iterator[str]:
    has = complaint.values.__contains__
    capacity, measure = complaint.text("capacity"), complaint.text("measure")
    is_reserved = measure in {"", "1.3"}
    wanted = (
        (has("name") or has("organisation"), "name: who complains"),
        (has("email") or has("address"), "email or address: where an answer reaches you"),
        (
            capacity,
            "capacity: whether you are the rightsholder, a representative, or a collective management organisation",
        ),
        (capacity != "representative" or has("on_behalf_of"), "on_behalf_of: the rightsholder that you act for"),
        (capacity in {"", "rightsholder"} or has("mandate"), "mandate: what you may act on"),
        (has("works"), "works: which works it is about"),
        (has("urls") or has("domains"), "urls or domains: where the works stand"),
        (measure or has("statement"), "statement or measure: what was not kept"),
        (not is_reserved or has("reservation"), "reservation: the reservation of rights that you rely on"),
        (not is_reserved or has("reservation_since"), "reservation_since: from when it stood there"),
    )
    yield from (sentence for is_there, sentence in wanted if not is_there)
