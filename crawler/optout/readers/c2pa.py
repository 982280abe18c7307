"""Training and data mining assertions of CAWG and C2PA, from the report of a manifest store (section 11, PC-18).

Whether a signature holds is that reader's finding; here it only decides whether a grant is believed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.optout.interface import OptOutReader
from crawler.optout.statement import SILENCE, Carrier, Layer, Partial, Preference, Problem, Silence, Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.optout.interface import MediaFile
    from crawler.optout.statement import Question, Reading, Reference, SoftDirective, Source, Statement

REPORT_LIMIT = 10 * 1024 * 1024
"""Characters of a report that are parsed."""
STATEMENTS_LIMIT = 200

_ASSERTION = re.compile(r"(cawg|c2pa)\.training-mining(?:\.v\d+)?(?:__\d+)?")
_VALID = frozenset({"Valid", "Trusted"})
_RESTRICTED = frozenset({"notallowed", "constrained"})
_FOLD = str.maketrans("", "", "-_ ")
_GENERATIVE, _TRAINING, _MINING = "ai_generative_training", "ai_training", "data_mining"
_RESTRICTS = {
    _GENERATIVE: {Use.TRAIN_GENAI: "strict"},
    _TRAINING: {Use.TRAIN_GENAI: "PC-18", Use.TRAIN_OTHER: "strict"},
    _MINING: {Use.TRAIN_GENAI: "PC-18", Use.TRAIN_OTHER: "PC-18"},
}
"""Entry to the uses that a restriction reserves, and by which rule."""
_GRANTS = {_GENERATIVE: Use.TRAIN_GENAI, _TRAINING: Use.TRAIN_OTHER}
_PROVENANCE = ("http://purl.org/dc/terms/", "provenance")
"""XMP property that names a manifest store kept elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    use: Use
    preference: Preference
    rule: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: C2paReader
    source: Source
    entries: tuple[_Entry, ...]
    problems: tuple[Problem, ...]
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        return tuple(
            self.reader.statement(
                use=entry.use,
                preference=entry.preference,
                carrier=Carrier.MEDIA_FILE,
                layer=Layer.ASSET,
                value=entry.text,
                position=entry.position,
                rule=entry.rule,
                source=self.source,
            )
            for entry in self.entries
            if entry.use is question.use
        )


class C2paReader(OptOutReader):
    """``cawg.training-mining`` and ``c2pa.training-mining`` of the active manifest."""

    id = "c2pa"
    title = "C2PA and CAWG training and data mining assertions"
    spec_url = "https://cawg.io/training-and-data-mining/1.1/"
    spec_version = "1.1"
    version = "1"

    def read_media(self, media: MediaFile) -> Reading:
        """Read the report; a store that nobody could read, or that is kept elsewhere, is unread."""
        store = media.embedded.store
        if store is None:
            is_elsewhere = any((one.namespace, one.name) == _PROVENANCE for one in media.embedded.properties)
            return Partial(SILENCE, "remote_manifest") if is_elsewhere else SILENCE
        if store.report is None:
            problem = Problem(line=None, text=f"manifest store: {store.why} {store.detail}".strip()[:200])
            return Partial(Silence(problems=(problem,)), store.why)
        try:
            report = json.loads(store.report) if len(store.report) <= REPORT_LIMIT else None
        except (ValueError, RecursionError):
            report = None
        if not isinstance(report, dict):
            problem = Problem(line=None, text="manifest store: the report is no JSON object")
            return Partial(Silence(problems=(problem,)), "malformed")
        return self._reading(media.source, report)

    def _reading(self, source: Source, report: dict[str, Any]) -> Reading:
        manifests = report.get("manifests")
        manifests = manifests if isinstance(manifests, dict) else {}
        active = report.get("active_manifest")
        state = report.get("validation_state")
        is_valid = isinstance(state, str) and state in _VALID
        problems = () if is_valid else (Problem(line=None, text=f"manifest store: state {state!r}"[:200]),)
        if isinstance(active, str) and active in manifests:
            chosen = [manifests[active]]
        else:
            chosen, is_valid = list(manifests.values()), False
            problems = (Problem(line=None, text="manifest store: no active manifest"),)
        found = [entry for one in chosen for entry in _entries(one, is_valid=is_valid)][:STATEMENTS_LIMIT]
        if found:
            return _Reading(self, source, tuple(found), problems)
        return Silence(problems=problems) if problems else SILENCE


def _entries(manifest: Any, *, is_valid: bool) -> Iterator[_Entry]:
    """What the assertions of one manifest say; ``position`` counts the assertions."""
    assertions = manifest.get("assertions") if isinstance(manifest, dict) else None
    for position, assertion in enumerate(assertions if isinstance(assertions, list) else ()):
        label = assertion.get("label") if isinstance(assertion, dict) else None
        match = _ASSERTION.fullmatch(label) if isinstance(label, str) else None
        data = assertion.get("data") if match else None
        if match is None or not isinstance(data, dict):
            continue
        listed = data.get("entries", data)
        for key, entry in (listed if isinstance(listed, dict) else {}).items():
            prefix, _, name = key.partition(".")
            if prefix == match[1]:
                use = entry.get("use") if isinstance(entry, dict) else entry
                text = f"{label}: {key}: {use}"
                yield from _meant(name, use, text, position, is_valid=is_valid and isinstance(entry, dict))


def _meant(name: str, value: Any, text: str, position: int, *, is_valid: bool) -> Iterator[_Entry]:
    if not isinstance(value, str):
        return
    if value.lower().translate(_FOLD) in _RESTRICTED:
        for use, rule in _RESTRICTS.get(name, {}).items():
            yield _Entry(use=use, preference=Preference.RESERVED, rule=rule, text=text, position=position)
    elif value == "allowed" and is_valid and name in _GRANTS:
        yield _Entry(use=_GRANTS[name], preference=Preference.ALLOWED, rule="strict", text=text, position=position)
