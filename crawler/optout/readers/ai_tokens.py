"""What a robots.txt that closes training crawlers says to other trainers (opt-outs.md section 4, PC-3, PC-21, PC-4).

A reading of intent by project choice: no specification speaks of it. The table of tokens is data with a date.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from crawler.optout.ai_tokens import POLICY_TOKENS, TRAINING_TOKENS
from crawler.optout.interface import OptOutReader
from crawler.optout.readers import aipref, content_signals
from crawler.optout.robots.match import compile_pattern, normalise_target
from crawler.optout.robots.rules import NO_RULE
from crawler.optout.scoping import Place, is_named, place
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Use
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.optout.robots.groups import Record, RobotsFile, Selection
    from crawler.optout.robots.match import Pattern
    from crawler.optout.statement import (
        Problem,
        Question,
        Reading,
        Reference,
        RobotsRecords,
        SoftDirective,
        Statement,
    )

RECORD = "disallowaitraining"
RULE_LIMIT = 2_000
"""``DisallowAITraining`` lines of one file that are matched one by one."""

_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: AiTokensReader
    robots: RobotsRecords
    trainers: tuple[Selection, ...]
    policies: tuple[Selection, ...]
    paths: tuple[tuple[Record, Pattern], ...]
    """``DisallowAITraining`` lines."""
    signals: tuple[Record, ...]
    usage: tuple[aipref.Rule, ...]
    """Records of other protocols that may grant training expressly."""
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        target = normalise_target(split(question.url).target)
        file = self.robots.file
        hears_others = not is_named(file, question.token) and not self._is_granted(question, target)
        found = [(line, text, "PC-21") for line, text in _closed(file, self.policies, target)]
        if hears_others:
            found += [(line, text, "PC-3") for line, text in _closed(file, self.trainers, target)]
        found += [(record.line, record.text, "PC-4") for record in self._paths(question.token, target, hears_others)]
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=Preference.RESERVED,
                carrier=Carrier.SITE_FILE,
                layer=Layer.LOCATION,
                value=text,
                position=line,
                rule=rule,
                source=self.robots.source,
            )
            for line, text, rule in found
        )

    def _is_granted(self, question: Question, target: str) -> bool:
        file = self.robots.file
        return content_signals.grants(file, self.signals, question.token, question.use) or aipref.grants(
            file, self.usage, question, target
        )

    def _paths(self, token: str, target: str, hears_others: bool) -> Iterator[Record]:
        matching = [record for record, pattern in self.paths if pattern.matches_normalised(target)]
        for one in place(self.robots.file, matching, token):
            if one.place is not Place.OTHERS or hears_others:
                yield one.record


class AiTokensReader(OptOutReader):
    """Named groups of training crawlers, policy tokens, and ``DisallowAITraining``."""

    id = "ai-tokens"
    title = "AI-training tokens in robots.txt"
    spec_url = "https://www.rfc-editor.org/rfc/rfc9309.html#section-2.2.1"
    spec_version = "2026-11-23"
    version = "2"

    def read_robots(self, robots: RobotsRecords) -> Reading:
        """Find the groups once; most files share one group among many tokens."""
        file = robots.file
        trainers, policies = _named(file, TRAINING_TOKENS), _named(file, POLICY_TOKENS)
        paths = _paths(record for record in file.records(RECORD) if record.octets)
        if not trainers and not policies and not paths:
            return SILENCE
        signals = file.records(content_signals.RECORD)
        return _Reading(self, robots, trainers, policies, paths, signals, aipref.rules(file))


def _paths(records: Iterable[Record]) -> tuple[tuple[Record, Pattern], ...]:
    """Compile the rules; of those behind the limit one stands for all, and for every path."""
    found = tuple(islice(records, RULE_LIMIT + 1))
    paths = tuple((record, compile_pattern(record.octets)) for record in found[:RULE_LIMIT])
    return (*paths, *((record, compile_pattern("/")) for record in found[RULE_LIMIT:]))


def _named(file: RobotsFile, tokens: Iterable[str]) -> tuple[Selection, ...]:
    selections = (file.named_group(token) for token in tokens)
    return tuple({one.groups: one for one in selections if one is not None}.values())


def _closed(file: RobotsFile, selections: Iterable[Selection], target: str) -> Iterator[tuple[int | None, str]]:
    """Line and text of the rule that closes the target in each selection that does; too complex is closed."""
    for selection in selections:
        code = selection.rules.decide(target)
        if code == NO_RULE or (code >= 0 and code & 1):
            continue
        if code < 0:
            yield None, selection.text
        else:
            rule = file.rule(code >> 1)
            yield rule.line, rule.text
