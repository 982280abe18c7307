"""What a robots.txt that closes training crawlers says to other trainers (opt-outs.md section 4, PC-3, PC-21).

A reading of intent by project choice: no specification speaks of it. The table of tokens is data with a date. Of many
groups that close a URL the first speaks for all: rows would else carry dozens of statements that say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from crawler.optout.ai_tokens import POLICY_TOKENS, TRAINING_TOKENS
from crawler.optout.interface import OptOutReader
from crawler.optout.readers import aipref, content_signals
from crawler.optout.robots.rules import NO_RULE
from crawler.optout.scoping import is_named
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Use
from crawler.optout.targets import target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.optout.robots.groups import Record, RobotsFile, Selection
    from crawler.optout.statement import (
        Problem,
        Question,
        Reading,
        Reference,
        RobotsRecords,
        SoftDirective,
        Statement,
    )

_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})


@dataclass(frozen=True, slots=True)
class Grants:
    """Records of robots.txt by which the group selected for us may permit training expressly."""

    file: RobotsFile
    signals: tuple[Record, ...]
    usage: tuple[aipref.Rule, ...]
    _known: dict[tuple[str, Use], bool] = field(default_factory=dict)
    """Whether others are heard as far as no path matters."""

    @classmethod
    def of(cls, file: RobotsFile) -> Grants:
        """Read them once for all URLs."""
        return cls(file, file.records(content_signals.RECORD), aipref.rules(file))

    def hears_others(self, question: Question, target: str) -> bool:
        """Whether what is said to other agents is heard: no group names us, and ours does not grant (PC-3, PC-4)."""
        key = (question.token, question.use)
        hears = self._known.get(key)
        is_pathless = aipref.is_pathless(self.usage)
        if hears is None:
            is_granted = content_signals.grants(self.file, self.signals, question.token, question.use)
            hears = not is_granted and not is_named(self.file, question.token)
            if is_pathless:
                hears = hears and not aipref.grants(self.file, self.usage, question, target)
            self._known[key] = hears
        return hears and (is_pathless or not aipref.grants(self.file, self.usage, question, target))


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: AiTokensReader
    robots: RobotsRecords
    trainers: tuple[Selection, ...]
    policies: tuple[Selection, ...]
    grants: Grants
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        target = target_of(question.url)
        file = self.robots.file
        found = [(line, text, "PC-21") for line, text in islice(_closed(file, self.policies, target), 1)]
        closed = list(islice(_closed(file, self.trainers, target), 1))
        if closed and self.grants.hears_others(question, target):
            found += [(line, text, "PC-3") for line, text in closed]
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


class AiTokensReader(OptOutReader):
    """Named groups of training crawlers, and policy tokens."""

    id = "ai-tokens"
    title = "AI-training tokens in robots.txt"
    spec_url = "https://www.rfc-editor.org/rfc/rfc9309.html#section-2.2.1"
    spec_version = "2026-11-23"
    version = "4"

    def read_robots(self, robots: RobotsRecords) -> Reading:
        """Find the groups once; most files share one group among many tokens."""
        file = robots.file
        trainers, policies = _named(file, TRAINING_TOKENS), _named(file, POLICY_TOKENS)
        if not trainers and not policies:
            return SILENCE
        return _Reading(self, robots, trainers, policies, Grants.of(file))


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
