"""trust.txt of JournalList: ``datatrainingallowed`` (opt-outs.md section 10, PC-15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.optout.interface import OptOutReader
from crawler.optout.negatives import is_negative
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Problem, Silence, Use

if TYPE_CHECKING:
    from crawler.optout.interface import SiteFile
    from crawler.optout.statement import Question, Reading, Reference, SoftDirective, Source, Statement

ATTRIBUTE = "datatrainingallowed"

_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    preference: Preference
    rule: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: TrustTxtReader
    source: Source
    records: tuple[_Record, ...]
    problems: tuple[Problem, ...]
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=record.preference,
                carrier=Carrier.SITE_FILE,
                layer=Layer.LOCATION,
                value=record.text,
                position=record.line,
                rule=record.rule,
                source=self.source,
            )
            for record in self.records
        )


class TrustTxtReader(OptOutReader):
    """Both places are read; a ``no`` in either reserves the whole site."""

    id = "trust-txt"
    title = "trust.txt"
    spec_url = "https://journallist.net/reference-document-for-trust-txt-specifications"
    spec_version = "2024-04-04"
    version = "1"
    site_files = ("/trust.txt", "/.well-known/trust.txt")

    def read_site_file(self, file: SiteFile) -> Reading:
        """Read lines ``name=value``; case and blanks are tolerated, a colon is not."""
        records: list[_Record] = []
        problems: list[Problem] = []
        text = file.body.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
        for line, literal in enumerate(text.split("\n"), start=1):
            name, _, value = literal.partition("#")[0].partition("=")
            if name.strip().lower() != ATTRIBUTE:
                continue
            said = value.strip().lower()
            if is_negative(said):
                rule = "strict" if said == "no" else "PC-5"
                records.append(_Record(preference=Preference.RESERVED, rule=rule, text=literal.strip(), line=line))
            elif said == "yes":
                records.append(_Record(preference=Preference.ALLOWED, rule="strict", text=literal.strip(), line=line))
            else:
                problems.append(Problem(line=line, text=f"neither yes nor no: {literal}"[:200]))
        positive = [record for record in records if record.preference is Preference.ALLOWED]
        if len(positive) > 1:
            problems.append(Problem(line=positive[1].line, text="more than one positive record: none counts"))
            records = [record for record in records if record.preference is Preference.RESERVED]
        if records:
            return _Reading(self, file.source, tuple(records), tuple(problems))
        return Silence(problems=tuple(problems)) if problems else SILENCE
