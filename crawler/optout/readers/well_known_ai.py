"""``/.well-known/ai.txt`` and ``ai.json`` of draft-car-ai-txt-wellknown (opt-outs.md section 9, PC-14).

A file that lacks what the draft requires, or that stands elsewhere, only reserves, by a denial in plain words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.optout.ai_policy import EVERYBODY, SITE, read_json, read_text
from crawler.optout.globs import Glob, GlobPath
from crawler.optout.interface import OptOutReader
from crawler.optout.negatives import is_negative
from crawler.optout.statement import DUTIES, SILENCE, Carrier, Layer, Preference, Silence, SoftDirective, Use
from crawler.values.url import split

if TYPE_CHECKING:
    from crawler.optout.ai_policy import AiPolicy, Said
    from crawler.optout.interface import SiteFile
    from crawler.optout.statement import Problem, Question, Reading, Reference, Source, Statement

GLOBS_LIMIT = 200
"""Globs of each kind that are compiled; a denial behind them covers every path."""

GLOB_LIMIT = 1_024
"""Characters of one; a longer denial covers every path, a longer grant none."""

_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})
_ALLOW, _CONDITIONAL, _DENY = "allow", "conditional", "deny"


@dataclass(frozen=True, slots=True)
class _Answer:
    preference: Preference
    rule: str
    said: Said
    duties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: WellKnownAiReader
    source: Source
    policy: AiPolicy
    allow: tuple[tuple[Glob, Said], ...]
    deny: tuple[tuple[Glob, Said], ...]
    soft: tuple[SoftDirective, ...]
    problems: tuple[Problem, ...]
    references: tuple[Reference, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        answer = self._answer(question)
        if answer is None:
            return ()
        return (
            self.reader.statement(
                use=question.use,
                preference=answer.preference,
                carrier=Carrier.SITE_FILE,
                layer=Layer.LOCATION,
                value=answer.said.text,
                position=answer.said.line,
                rule=answer.rule,
                source=self.source,
                duties=answer.duties,
            ),
        )

    def _answer(self, question: Question) -> _Answer | None:
        """Our agent block, then the one for all, then the site line; a denied path is denied whatever they say."""
        values = self._values(question.token.lower())
        denials = [one for one in values if one.value not in {_ALLOW, _CONDITIONAL}]
        if denials:
            is_plain = self.policy.valid_by is not None and denials[0].value == _DENY
            return _Answer(Preference.RESERVED, "strict" if is_plain else "PC-14", denials[0])
        path = GlobPath(split(question.url).target)
        denied = _match(self.deny, path)
        conditional = next((one for one in values if one.value == _CONDITIONAL), None)
        if denied is not None:
            return _Answer(Preference.RESERVED, "PC-14" if conditional is None else "strict", denied)
        if self.policy.valid_by is None:
            return None
        if not values:
            # The draft's default: a file that says nothing about training denies it.
            return _Answer(Preference.RESERVED, "strict", self.policy.valid_by)
        allowed = values[0]
        if conditional is not None:
            found = _match(self.allow, path)
            if found is None:
                return _Answer(Preference.RESERVED, "PC-14", conditional)
            allowed = found
        duties = tuple(name for name in DUTIES if name in self.policy.duties)
        return _Answer(Preference.CONDITIONAL if duties else Preference.ALLOWED, "strict", allowed, duties)

    def _values(self, token: str) -> list[Said]:
        """Values of the first level that has any which count."""
        is_valid = self.policy.valid_by is not None
        for level in (token, EVERYBODY, SITE):
            said = self.policy.training.get(level, [])
            counting = [one for one in said if (is_valid and one.is_proper) or is_negative(one.value)]
            if counting:
                return counting
        return []


def _match(globs: tuple[tuple[Glob, Said], ...], path: GlobPath) -> Said | None:
    return next((said for glob, said in globs if glob.matches(path)), None)


def _denying(said: list[Said]) -> tuple[tuple[Glob, Said], ...]:
    """Compile what is denied, generously: a folder is everything in it, a lone star is everything."""
    globs = [(Glob(_generous(one.value)), one) for one in said[:GLOBS_LIMIT]]
    return (*globs, *((Glob("**"), one) for one in said[GLOBS_LIMIT : GLOBS_LIMIT + 1]))


def _generous(glob: str) -> str:
    if len(glob) > GLOB_LIMIT:
        return "**"
    if glob[:1] not in {"/", "*"}:
        glob = f"/{glob}"
    return f"{glob}**" if glob.endswith("/") or glob == "*" else glob


class WellKnownAiReader(OptOutReader):
    """``Training: deny``; a policy that stands at ``/ai.txt`` is read as well, as far as it reserves."""

    id = "well-known-ai"
    title = "Well-known ai.txt and ai.json"
    spec_url = "https://datatracker.ietf.org/doc/draft-car-ai-txt-wellknown/"
    spec_version = "00 (2026-06-12)"
    version = "2"
    site_files = ("/.well-known/ai.txt", "/.well-known/ai.json", "/ai.txt")

    def read_site_file(self, file: SiteFile) -> Reading:
        """Read either form; the two are joined restrictively, although the draft prefers JSON."""
        text = file.body.decode(json.detect_encoding(file.body), "replace").removeprefix("\ufeff")
        policy = read_json(text) if file.path.endswith(".json") else read_text(text)
        if not file.path.startswith("/.well-known/"):
            policy.valid_by = None
        problems = tuple(policy.problems)
        if policy.is_silent:
            return Silence(problems=problems) if problems else SILENCE
        short = (one for one in policy.allow[:GLOBS_LIMIT] if one.is_proper and len(one.value) <= GLOB_LIMIT)
        allow = tuple((Glob(one.value), one) for one in short)
        soft = tuple(SoftDirective(protocol=self.id, value=one, source=file.source) for one in policy.licences)
        return _Reading(self, file.source, policy, allow, _denying(policy.deny), soft, problems)
