"""Metas and headers that no specification lists and that sites use all the same (PC-16). Never a grant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.optout.interface import OptOutReader
from crawler.optout.negatives import is_negative
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Use

if TYPE_CHECKING:
    from crawler.optout.interface import HtmlHead, ResponseHead
    from crawler.optout.statement import Problem, Question, Reading, Reference, SoftDirective, Source, Statement

METAS = frozenset({"ai-train", "ai-training"})
"""Reserve with a negative value of PC-5."""
HEADERS = frozenset({"x-ai-training"})
"""Likewise."""
SWITCHES = frozenset({"x-no-ai-training", "x-no-ai"})
"""Headers that reserve when they are on."""

_NAMES = HEADERS | SWITCHES
_ON = frozenset({"1", "true", "yes", "on", "?1"})
_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: UnlistedReader
    carrier: Carrier
    source: Source
    found: tuple[tuple[int, str], ...]
    """Position and literal of each reservation."""
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=Preference.RESERVED,
                carrier=self.carrier,
                layer=Layer.RESOURCE,
                value=value,
                position=position,
                rule="PC-16",
                source=self.source,
            )
            for position, value in self.found
        )


class UnlistedReader(OptOutReader):
    """``ai-train``, ``ai-training``, ``X-AI-Training``, ``X-No-AI-Training``, ``X-No-AI``."""

    id = "unlisted"
    title = "Unlisted metas and headers"
    spec_url = ""
    spec_version = "2026-11"
    version = "1"

    def read_response_head(self, head: ResponseHead) -> Reading:
        """Read the headers."""
        if not head.names & _NAMES:
            return SILENCE
        found = tuple(
            (index, f"{name}: {value}")
            for index, (name, value) in enumerate(head.headers)
            if _reserves(name.lower(), value)
        )
        return _Reading(self, Carrier.RESPONSE_HEAD, head.source, found) if found else SILENCE

    def read_html(self, html: HtmlHead) -> Reading:
        """Read the metas."""
        found = tuple(
            (meta.index, meta.markup) for meta in html.page.metas if meta.name in METAS and is_negative(meta.content)
        )
        return _Reading(self, Carrier.HTML_HEAD, html.source, found) if found else SILENCE


def _reserves(name: str, value: str) -> bool:
    if name in HEADERS:
        return is_negative(value)
    return name in SWITCHES and value.strip().strip("\"'").lower() in _ON
