"""``DisallowAITraining: /path`` in robots.txt (draft-canel-robots-ai-control, expired; opt-outs.md section 4, PC-4)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from crawler.optout.interface import OptOutReader
from crawler.optout.readers.ai_tokens import Grants
from crawler.optout.robots.match import compile_pattern
from crawler.optout.scoping import Place, place
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Use
from crawler.optout.targets import target_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.optout.robots.groups import Record
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
"""Lines of one file that are matched one by one."""

_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: DisallowAiTrainingReader
    robots: RobotsRecords
    paths: tuple[tuple[Record, Pattern], ...]
    grants: Grants
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        target = target_of(question.url)
        matching = [record for record, pattern in self.paths if pattern.matches_normalised(target)]
        hears_others = bool(matching) and self.grants.hears_others(question, target)
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=Preference.RESERVED,
                carrier=Carrier.SITE_FILE,
                layer=Layer.LOCATION,
                value=one.record.text,
                position=one.record.line,
                rule="PC-4",
                source=self.robots.source,
            )
            for one in place(self.robots.file, matching, question.token)
            if one.place is not Place.OTHERS or hears_others
        )


class DisallowAiTrainingReader(OptOutReader):
    """A pattern like that of Disallow; a match reserves."""

    id = "disallow-ai-training"
    title = "DisallowAITraining in robots.txt"
    spec_url = "https://datatracker.ietf.org/doc/draft-canel-robots-ai-control/"
    spec_version = "01 (expired)"
    version = "1"

    def read_robots(self, robots: RobotsRecords) -> Reading:
        """Compile the rules of all groups; which are ours depends on who asks."""
        paths = _paths(record for record in robots.file.records(RECORD) if record.octets)
        return _Reading(self, robots, paths, Grants.of(robots.file)) if paths else SILENCE


def _paths(records: Iterable[Record]) -> tuple[tuple[Record, Pattern], ...]:
    """Compile the rules; of those behind the limit one stands for all, and for every path."""
    found = tuple(islice(records, RULE_LIMIT + 1))
    paths = tuple((record, compile_pattern(record.octets)) for record in found[:RULE_LIMIT])
    return (*paths, *((record, compile_pattern("/")) for record in found[RULE_LIMIT:]))
