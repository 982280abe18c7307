"""Content Signals in robots.txt and as a response header (opt-outs.md section 5.2, PC-4, PC-5, PC-20)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.optout.interface import OptOutReader
from crawler.optout.negatives import is_negative
from crawler.optout.scoping import Place, is_named, place
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Use

if TYPE_CHECKING:
    from crawler.optout.interface import ResponseHead
    from crawler.optout.robots.groups import Record, RobotsFile
    from crawler.optout.statement import (
        Problem,
        Question,
        Reading,
        Reference,
        RobotsRecords,
        SoftDirective,
        Source,
        Statement,
    )

RECORD = "content-signal"

_TRAINING = (Use.TRAIN_GENAI, Use.TRAIN_OTHER)
_KEYS = {"ai-train": _TRAINING, "search": (Use.SEARCH,), "ai-input": (Use.AI_INPUT,)}
_MISTAKEN_KEYS = {"train-ai": _TRAINING}
"""Labels of another protocol; a negative value is understood."""
_BELOW_TRAINING = frozenset({"immediate", "reference"})
_SEPARATORS = re.compile(r"[,;]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What one part of a record says about one use."""

    use: Use
    preference: Preference
    rule: str


def signals(value: str) -> tuple[Signal, ...]:
    """Read the value of a record or header field; one that contradicts itself gives both."""
    # A semicolon is a mistake that reserves as meant and grants nothing.
    is_proper = ";" not in value
    found: list[Signal] = []
    for part in _SEPARATORS.split(value):
        key, _, said = (text.strip().lower() for text in part.partition("="))
        uses = _KEYS.get(key, _MISTAKEN_KEYS.get(key, ()))
        if key == "use" and said.strip("\"'") in _BELOW_TRAINING:
            found += [Signal(use=use, preference=Preference.RESERVED, rule="PC-20") for use in _TRAINING]
        elif is_negative(said):
            rule = "strict" if is_proper and said == "no" and key in _KEYS else "PC-5"
            found += [Signal(use=use, preference=Preference.RESERVED, rule=rule) for use in uses]
        elif is_proper and said == "yes" and key in _KEYS:
            found += [Signal(use=use, preference=Preference.ALLOWED, rule="strict") for use in uses]
    return tuple(found)


def grants(file: RobotsFile, records: tuple[Record, ...], token: str, use: Use) -> bool:
    """Whether the group selected for the token permits the use expressly."""
    ours = (one.record for one in place(file, records, token) if one.place is Place.OURS)
    said = [signal for record in ours for signal in signals(record.value) if signal.use is use]
    return bool(said) and all(signal.preference is Preference.ALLOWED for signal in said)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    signal: Signal
    layer: Layer
    carrier: Carrier
    value: str
    position: int


@dataclass(frozen=True, slots=True)
class _RobotsReading:
    reader: ContentSignalsReader
    robots: RobotsRecords
    records: tuple[Record, ...]
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()
    _known: dict[tuple[str, Use], tuple[Statement, ...]] = field(default_factory=dict)

    def about(self, question: Question) -> tuple[Statement, ...]:
        """Signals cover a whole origin, so the answer is worked out once for each token and use."""
        key = (question.token, question.use)
        if key not in self._known:
            found = self._found(question.token, question.use)
            self._known[key] = self.reader.said(found, self.robots.source)
        return self._known[key]

    def _found(self, token: str, use: Use) -> tuple[_Found, ...]:
        file = self.robots.file
        hears_others = not is_named(file, token) and not grants(file, self.records, token, use)
        return tuple(
            _Found(
                signal=signal,
                layer=Layer.LOCATION,
                carrier=Carrier.SITE_FILE,
                value=one.record.text,
                position=one.record.line,
            )
            for one in place(file, self.records, token)
            for signal in signals(one.record.value)
            if signal.use is use and _counts(one.place, signal.preference, hears_others=hears_others)
        )


def _counts(where: Place, preference: Preference, *, hears_others: bool) -> bool:
    """PC-4: our group and global lines in both directions, trailing lines and other agents' as reservations."""
    if where in {Place.OURS, Place.GLOBAL}:
        return True
    if preference is not Preference.RESERVED:
        return False
    return where is Place.TRAILING or hears_others


@dataclass(frozen=True, slots=True)
class _HeaderReading:
    reader: ContentSignalsReader
    source: Source
    found: tuple[_Found, ...]
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        return self.reader.said(tuple(one for one in self.found if one.signal.use is question.use), self.source)


class ContentSignalsReader(OptOutReader):
    """``Content-Signal: search, ai-input, ai-train, use``."""

    id = "content-signals"
    title = "Content Signals"
    spec_url = "https://contentsignals.org/"
    spec_version = "2025-09-24"
    version = "2"

    def read_robots(self, robots: RobotsRecords) -> Reading:
        """Read the records of all groups; which are ours depends on who asks."""
        records = robots.file.records(RECORD)
        return _RobotsReading(self, robots, records) if records else SILENCE

    def read_response_head(self, head: ResponseHead) -> Reading:
        """Read the header; it can reserve, never grant: a converter sends ``yes`` without the author's act."""
        found = tuple(
            _Found(
                signal=signal,
                layer=Layer.RESOURCE,
                carrier=Carrier.RESPONSE_HEAD,
                value=f"Content-Signal: {value}",
                position=index,
            )
            for index, value in head.values(RECORD)
            for signal in signals(value)
            if signal.preference is Preference.RESERVED
        )
        return _HeaderReading(self, head.source, found) if found else SILENCE

    def said(self, found: tuple[_Found, ...], source: Source) -> tuple[Statement, ...]:
        """Make statements of what was found."""
        return tuple(
            self.statement(
                use=one.signal.use,
                preference=one.signal.preference,
                carrier=one.carrier,
                layer=one.layer,
                value=one.value,
                position=one.position,
                rule=one.signal.rule,
                source=source,
            )
            for one in found
        )
