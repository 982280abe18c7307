"""Whom an auditor believes: the trust file with its keys and roots, and notes by which one key names the next."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from crawler.errors import DocumentError, Mistake
from crawler.provenance.leaf import time_text
from crawler.provenance.signed_note import VerifierKey, read_note

if TYPE_CHECKING:
    from collections.abc import Iterable

ROTATION_FORMAT = "clearcrawl-key-rotation/1"
FOREVER = "-"
_ROOT = re.compile(r"sha256:[0-9a-f]{64}")
_FIELDS = 4
_ROTATION_LINES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when until when somebody is believed; ``until`` is not part of it, ``None`` means without end."""

    since: datetime
    until: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        """Whether the moment is inside."""
        return self.since <= moment and (self.until is None or moment < self.until)

    def __str__(self) -> str:
        return f"{time_text(self.since)} {FOREVER if self.until is None else time_text(self.until)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A key that may sign heads."""

    key: VerifierKey
    span: Span

    def __str__(self) -> str:
        return f"key {self.key} {self.span}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What an old key says about a new one."""

    old: VerifierKey
    new: VerifierKey
    since: datetime

    def text(self) -> bytes:
        """The octets that the old key signs."""
        return f"{ROTATION_FORMAT}\n{self.old}\n{self.new}\n{time_text(self.since)}\n".encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the signed note; the signature of the old key is checked. Raises ValueError."""
        note = read_note(data)
        lines = note.text.decode().split("\n")
        if len(lines) != _ROTATION_LINES + 1 or lines[0] != ROTATION_FORMAT:
            raise ValueError(f"is no note of the form {ROTATION_FORMAT}")
        found = cls(old=VerifierKey.parse(lines[1]), new=VerifierKey.parse(lines[2]), since=_moment(lines[3]))
        if not note.is_signed_by(found.old):
            raise ValueError(f"is not signed by the old key {found.old.label}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Everything that a trust file says."""

    keys: tuple[TrustedKey, ...] = ()
    roots: tuple[tuple[str, Span], ...] = ()
    """Digests of the certificates at which chains of time-stamp authorities may end."""

    def text(self) -> str:
        """Content of a trust file."""
        lines = [*map(str, self.keys), *(f"tsa-root {digest} {span}" for digest, span in self.roots)]
        return "".join(f"{line}\n" for line in lines)

    def believes(self, key: VerifierKey, moment: datetime) -> bool:
        """Whether that key was to be believed then."""
        return any(one.key == key and one.span.covers(moment) for one in self.keys)

    def knows(self, key: VerifierKey) -> bool:
        """Whether that key is named at all."""
        return any(one.key == key for one in self.keys)

    def find(self, label: str) -> VerifierKey | None:
        """The key with that name and id."""
        return next((one.key for one in self.keys if one.key.label == label), None)

    def with_rotations(self, rotations: Iterable[Rotation]) -> Trust:
        """Follow the notes: a key believed at that time hands over to the next, and is believed no longer itself."""
        keys = list(self.keys)
        for rotation in sorted(rotations, key=lambda one: one.since):
            for place, one in enumerate(keys):
                if one.key == rotation.old and one.span.covers(rotation.since):
                    keys[place] = replace(one, span=replace(one.span, until=rotation.since))
                    if not any(other.key == rotation.new for other in keys):
                        keys.append(TrustedKey(key=rotation.new, span=Span(since=rotation.since, until=one.span.until)))
                    break
        return replace(self, keys=tuple(keys))


def read_trust(name: str, text: str) -> Trust:
    """Read a trust file. Raises DocumentError with every mistake; ``name`` is the file's for the messages."""
    mistakes: list[Mistake] = []
    keys: list[TrustedKey] = []
    roots: list[tuple[str, Span]] = []
    for place, line in enumerate(text.split("\n"), start=1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        try:
            span = _span(fields)
            if fields[0] == "key":
                keys.append(TrustedKey(key=VerifierKey.parse(fields[1]), span=span))
            elif fields[0] == "tsa-root" and _ROOT.fullmatch(fields[1]):
                roots.append((fields[1], span))
            else:
                raise ValueError("a line begins with key and a verifier key, or with tsa-root and sha256:<hex>")  # noqa: TRY301 - noted with the others
        except ValueError as error:
            mistakes.append(Mistake(file=name, key="", line=place, problem=str(error)))
    if not mistakes and not keys and not roots:
        mistakes.append(Mistake(file=name, key="", line=None, problem="names no key: see clearcrawl keys show"))
    if mistakes:
        raise DocumentError(mistakes)
    return Trust(keys=tuple(keys), roots=tuple(roots))


def _span(fields: list[str]) -> Span:
    if len(fields) != _FIELDS:
        raise ValueError("four fields are wanted: what, which, valid from, valid until (or -)")
    until = None if fields[3] == FOREVER else _moment(fields[3])
    return Span(since=_moment(fields[2]), until=until)


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write Z for UTC")
    return found.astimezone(UTC)
