"""PLUS Data Mining, a property of IPTC photo metadata, in the XMP of a file (opt-outs.md section 11, PC-19).

A prohibition is understood in any spelling, a permission only in the vocabulary's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.optout.interface import OptOutReader
from crawler.optout.statement import SILENCE, Carrier, Layer, Partial, Preference, Silence, Use

if TYPE_CHECKING:
    from crawler.optout.interface import MediaFile
    from crawler.optout.media.embedded import Property
    from crawler.optout.statement import Problem, Question, Reading, Reference, SoftDirective, Source, Statement

NAMESPACE = "http://ns.useplus.org/ldf/xmp/1.0/"
PROPERTY = "DataMining"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"

_TRAINING = (Use.TRAIN_GENAI, Use.TRAIN_OTHER)
_ALLOWED = f"{VOCABULARY}DMI-ALLOWED"
_SEARCH_EXCEPTED = f"{VOCABULARY}DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"
_PROHIBITED = "DMI-PROHIBITED"
_GENERATIVE = f"{_PROHIBITED}-GENAIMLTRAINING"
_KNOWN = frozenset(
    f"{VOCABULARY}{_PROHIBITED}{ending}"
    for ending in ("", "-AIMLTRAINING", "-GENAIMLTRAINING", "-EXCEPTSEARCHENGINEINDEXING")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    uses: tuple[Use, ...]
    preference: Preference
    rule: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: PlusXmpReader
    source: Source
    values: tuple[_Value, ...]
    problems: tuple[Problem, ...]
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=value.preference,
                carrier=Carrier.MEDIA_FILE,
                layer=Layer.ASSET,
                value=value.text,
                position=value.position,
                rule=value.rule,
                source=self.source,
            )
            for value in self.values
            if question.use in value.uses
        )


class PlusXmpReader(OptOutReader):
    """``plus:DataMining``, bound by its namespace."""

    id = "plus-xmp"
    title = "PLUS Data Mining (IPTC Photo Metadata)"
    spec_url = "https://www.iptc.org/std/photometadata/specification/IPTC-PhotoMetadata-2023.1.html"
    spec_version = "2023.1"
    version = "1"

    def read_media(self, media: MediaFile) -> Reading:
        """Read every value of the property; also reports what is odd about the packets of the file."""
        embedded = media.embedded
        values = tuple(
            value
            for one in embedded.properties
            if one.namespace == NAMESPACE and one.name == PROPERTY
            for value in _values_of(one)
        )
        reading: Reading = SILENCE
        if values:
            reading = _Reading(self, media.source, values, embedded.problems)
        elif embedded.problems:
            reading = Silence(problems=embedded.problems)
        return Partial(reading, embedded.why_unread) if embedded.why_unread else reading


def _values_of(found: Property) -> tuple[_Value, ...]:
    """What one value says: nothing, one thing, or one for training and one for search."""
    value = found.value
    if value == _ALLOWED and found.is_certain:
        return (_value(found, _TRAINING, Preference.ALLOWED, "strict"),)
    code = value.rpartition("/")[2].upper() if "://" in value else value.upper()
    if not code.startswith((_PROHIBITED, "PROHIBITED")):
        return ()
    is_generative = code == _GENERATIVE or (not code.startswith(_PROHIBITED) and "GENERATIVE" in code)
    uses = (Use.TRAIN_GENAI,) if is_generative else _TRAINING
    prohibition = _value(found, uses, Preference.RESERVED, "strict" if value in _KNOWN else "PC-19")
    if value == _SEARCH_EXCEPTED and found.is_certain:
        return prohibition, _value(found, (Use.SEARCH,), Preference.ALLOWED, "strict")
    return (prohibition,)


def _value(found: Property, uses: tuple[Use, ...], preference: Preference, rule: str) -> _Value:
    text = f"{{{NAMESPACE}}}{PROPERTY}: {found.value}"
    return _Value(uses=uses, preference=preference, rule=rule, text=text, position=found.packet)
