"""AIPREF: ``Content-Usage`` in robots.txt and as a response field (opt-outs.md 5.1, PC-4 to PC-6, PC-22, PC-23).

Two readings of a value: RFC 9651 as the drafts say, and a tolerant one that can only find reservations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import http_sf
from http_sf.types import Token

from crawler.optout.interface import OptOutReader
from crawler.optout.negatives import is_negative
from crawler.optout.robots.match import compile_pattern
from crawler.optout.scoping import is_named
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Use
from crawler.optout.targets import target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.optout.interface import ResponseHead
    from crawler.optout.robots.groups import Record, RobotsFile
    from crawler.optout.robots.match import Pattern
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

FIELD = "content-usage"
RULE_LIMIT = 2_000
"""Rules of one file that are matched one by one; of the rest, one reservation a group covers every path."""

_LABELS = {Use.TRAIN_GENAI: "train-ai", Use.TRAIN_OTHER: "train-ai", Use.SEARCH: "search", Use.AI_INPUT: "ai-use"}
_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})
_NARROW = frozenset({"genai", "train-genai"})
_WIDE = frozenset({"ai", "tdm", "all", "bots"})
_MISTAKEN = frozenset({"ai-train"})
_PAIR = re.compile(r"(?:^|(?<=[\s,;]))([a-z][a-z-]*+)\s*+=\s*+(\"[^\"]*+\"|[^\s,;]++)", re.IGNORECASE)
_BLANK = re.compile(rb"[ \t]+")


@dataclass(frozen=True, slots=True)
class Said:
    """What one value says about one use."""

    preference: Preference
    rule: str


class Value:
    """A value of the field, read both ways."""

    __slots__ = ("_known", "is_proper", "labels", "text")

    def __init__(self, octets: bytes) -> None:
        self._known: dict[Use, Said | None] = {}
        self.text = octets.decode("utf-8", "replace")
        self.labels: dict[str, bool] = {}
        try:
            members = cast("dict[str, tuple[object, object]]", http_sf.parse(octets, tltype="dictionary"))
        except (http_sf.StructuredFieldError, ValueError, OverflowError):
            self.is_proper = False
            return
        self.is_proper = True
        for label, member in members.items():
            item = member[0]
            if isinstance(item, Token) and str(item) in {"y", "n"}:
                self.labels[label] = str(item) == "y"

    def about(self, use: Use) -> Said | None:
        """Read strictly, then by the retired labels, then tolerantly (PC-5, PC-6); once for each use."""
        if use not in self._known:
            self._known[use] = self._about(use)
        return self._known[use]

    def _about(self, use: Use) -> Said | None:
        strict = self.labels.get(_LABELS[use])
        if strict is False:
            return Said(Preference.RESERVED, "strict")
        if use in _TRAINING:
            retired = {label for label, is_yes in self.labels.items() if not is_yes}
            if retired & _NARROW or (strict is None and retired & _WIDE):
                return Said(Preference.RESERVED, "PC-6")
        if strict:
            # The label speaks of generative models: its grant is not one for others.
            return None if use is Use.TRAIN_OTHER else Said(Preference.ALLOWED, "strict")
        return self.tolerantly(use)

    def tolerantly(self, use: Use) -> Said | None:
        """Find what can only be meant negatively."""
        wanted = {_LABELS[use]} | (_NARROW | _WIDE | _MISTAKEN if use in _TRAINING else set())
        for label, said in _PAIR.findall(self.text):
            if label.lower() in wanted and is_negative(said):
                return Said(Preference.RESERVED, "PC-5")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One record of robots.txt."""

    record: Record
    pattern: Pattern | None
    """``None`` covers every path."""
    value: Value

    @property
    def length(self) -> int:
        """By which the more specific rule is chosen; without a path as ``/``."""
        return 1 if self.pattern is None else self.pattern.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the rules of one group say about a target."""

    said: Said
    record: Record


def rules(file: RobotsFile) -> tuple[Rule, ...]:
    """Read all records of the file, bounded."""
    read = [_rule(record) for record in file.records(FIELD)]
    rest: dict[int | None, Rule] = {}
    for rule in read[RULE_LIMIT:]:
        if any(_is_reserved(rule.value.about(use)) for use in Use):
            rest.setdefault(rule.record.group, Rule(record=rule.record, pattern=None, value=rule.value))
    return (*read[:RULE_LIMIT], *rest.values())


def _rule(record: Record) -> Rule:
    octets = record.octets
    if not octets.startswith(b"/"):
        return Rule(record=record, pattern=None, value=Value(octets))
    path, *statement = _BLANK.split(octets, maxsplit=1)
    return Rule(record=record, pattern=compile_pattern(path), value=Value(statement[0] if statement else b""))


def decide(candidates: Iterable[Rule], target: str, use: Use) -> Found | None:
    """Answer from the most specific rules; where they are silent a wider reservation holds, a wider grant not."""
    matching = [one for one in candidates if one.pattern is None or one.pattern.matches_normalised(target)]
    longest = max((one.length for one in matching), default=0)
    said = [(one, found) for one in matching if (found := one.value.about(use)) is not None]
    specific = [(one, found) for one, found in said if one.length == longest]
    reserving = [pair for pair in specific or said if _is_reserved(pair[1])]
    if reserving:
        one, found = reserving[0]
        return Found(said=found if specific else Said(Preference.RESERVED, "PC-22"), record=one.record)
    return Found(said=specific[0][1], record=specific[0][0].record) if specific else None


def ours(file: RobotsFile, read: tuple[Rule, ...], question: Question, target: str) -> tuple[Found, ...]:
    """Answers of the groups selected for us, leniently and strictly (PC-24)."""
    selections = {file.group_for(question.token, is_strict=strict).runs: strict for strict in (True, False)}
    answers = []
    for strict in selections.values():
        selection = file.group_for(question.token, is_strict=strict)
        answers.append(decide((one for one in read if selection.owns(one.record)), target, question.use))
    return tuple(one for one in answers if one is not None)


def is_pathless(read: tuple[Rule, ...]) -> bool:
    """Whether the rules say the same of every path."""
    return all(one.pattern is None for one in read)


def grants(file: RobotsFile, read: tuple[Rule, ...], question: Question, target: str) -> bool:
    """Whether the groups selected for us permit the use of the target expressly."""
    return bool(read) and is_grant(ours(file, read, question, target))


def is_grant(found: tuple[Found, ...]) -> bool:
    """Whether the answers of our groups permit."""
    return bool(found) and all(one.said.preference is Preference.ALLOWED for one in found)


def _is_reserved(said: Said | None) -> bool:
    return said is not None and said.preference is Preference.RESERVED


@dataclass(frozen=True, slots=True)
class _RobotsReading:
    reader: AiprefReader
    robots: RobotsRecords
    read: tuple[Rule, ...]
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()
    _known: dict[tuple[str, Use], tuple[Statement, ...]] = field(default_factory=dict)
    """Answers where no rule names a path."""

    def about(self, question: Question) -> tuple[Statement, ...]:
        if not is_pathless(self.read):
            return self._about(question)
        key = (question.token, question.use)
        if key not in self._known:
            self._known[key] = self._about(question)
        return self._known[key]

    def _about(self, question: Question) -> tuple[Statement, ...]:
        target = target_of(question.url)
        own = ours(self.robots.file, self.read, question, target)
        found = [*own, *self._elsewhere(question, target, own)]
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=one.said.preference,
                carrier=Carrier.SITE_FILE,
                layer=Layer.LOCATION,
                value=one.record.text,
                position=one.record.line,
                rule=one.said.rule,
                source=self.robots.source,
            )
            for one in found
        )

    def _elsewhere(self, question: Question, target: str, own: tuple[Found, ...]) -> Iterator[Found]:
        """Reservations before all groups, and in other agents' groups unless ours speaks for itself (PC-4)."""
        file = self.robots.file
        hears_others = not is_named(file, question.token) and not is_grant(own)
        selection = file.group_for(question.token)
        elsewhere: dict[int | None, list[Rule]] = {}
        for rule in self.read:
            if not selection.owns(rule.record) and (hears_others or rule.record.group is None):
                elsewhere.setdefault(rule.record.group, []).append(rule)
        for candidates in elsewhere.values():
            found = decide(candidates, target, question.use)
            if found is not None and _is_reserved(found.said):
                yield Found(said=Said(Preference.RESERVED, "PC-4"), record=found.record)


@dataclass(frozen=True, slots=True)
class _FieldReading:
    reader: AiprefReader
    source: Source
    lines: tuple[tuple[int, str, Value], ...]
    whole: Value
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        found = self._found(question.use)
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=said.preference,
                carrier=Carrier.RESPONSE_HEAD,
                layer=Layer.RESOURCE,
                value=f"Content-Usage: {text}",
                position=index,
                rule=said.rule,
                source=self.source,
            )
            for index, text, said in found
        )

    def _found(self, use: Use) -> list[tuple[int, str, Said]]:
        """Lines are one dictionary; one that reserves on its own counts although a later one says otherwise (PC-23)."""
        if not self.whole.is_proper:
            alone = ((index, text, value.tolerantly(use)) for index, text, value in self.lines)
            return [(index, text, said) for index, text, said in alone if said is not None]
        said = self.whole.about(use)
        reserving = [(index, text) for index, text, value in self.lines if _is_reserved(value.about(use))]
        if reserving:
            rule = said.rule if said is not None and _is_reserved(said) else "PC-23"
            return [(index, text, Said(Preference.RESERVED, rule)) for index, text in reserving]
        return [] if said is None else [(self.lines[-1][0], self.whole.text, said)]


class AiprefReader(OptOutReader):
    """``Content-Usage: train-ai, ai-use, search``."""

    id = "aipref"
    title = "AIPREF Content-Usage"
    spec_url = "https://datatracker.ietf.org/doc/draft-ietf-aipref-attach/"
    spec_version = "attach-05, vocab-08 (2026-09-13)"
    version = "1"

    def read_robots(self, robots: RobotsRecords) -> Reading:
        """Read the rules of all groups; which are ours depends on who asks."""
        read = rules(robots.file)
        return _RobotsReading(self, robots, read) if read else SILENCE

    def read_response_head(self, head: ResponseHead) -> Reading:
        """Read all lines of the field."""
        lines = head.values(FIELD)
        if not lines:
            return SILENCE
        octets = [value.encode("latin-1", "replace") for _, value in lines]
        read = tuple((index, value, Value(one)) for (index, value), one in zip(lines, octets, strict=True))
        return _FieldReading(self, head.source, read, Value(b", ".join(octets)))
