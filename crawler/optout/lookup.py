"""Look-up services: registries of reservations that must be asked about each file (TDM·AI, ISCC, Do Not Train).

Off unless the policy names an address. Then everything that is about to be kept is asked about, through the gate, and
only an answer that could be read lets it be kept; the form of question and answer is in docs/protocols.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from crawler.errors import UrlError
from crawler.optout.interface import OptOutReader
from crawler.optout.statement import (
    SILENCE,
    Carrier,
    Layer,
    Partial,
    Preference,
    Problem,
    Reference,
    Silence,
    SoftDirective,
    Use,
)
from crawler.values.url import resolve

if TYPE_CHECKING:
    from crawler.optout.interface import SiteFile
    from crawler.optout.statement import Question, Reading, Source, Statement

STATEMENTS_LIMIT = 100
_RESTRICTING = {"reserved": Preference.RESERVED, "conditional": Preference.CONDITIONAL}
_USES = {use.value: use for use in Use}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    use: Use
    preference: Preference
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: LookupReader
    source: Source
    entries: tuple[_Entry, ...]
    soft: tuple[SoftDirective, ...]
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        return tuple(
            self.reader.statement(
                use=one.use,
                preference=one.preference,
                carrier=Carrier.MEDIA_FILE,
                layer=Layer.ASSET,
                value=one.text,
                position=one.position,
                rule="strict",
                source=self.source,
            )
            for one in self.entries
            if one.use is question.use
        )


class LookupReader(OptOutReader):
    """One slot; what the bridge behind it asks is the operator's choice.

    ``GET ADDRESS?url=URL&digest=sha256:HEX&type=MEDIA-TYPE`` (added to a query that ADDRESS has) answers 404, or
    ``{"statements": [{"use": "train-genai", "preference": "reserved", "evidence": "https://..."}]}``; ``preference`` is
    ``reserved`` or ``conditional``. ``allowed`` is recorded and never counts: a permission is believed only from the
    carrier that a specification gives it to. Whatever else comes is unread and holds the verdict back.
    """

    version = "1"
    must_answer: ClassVar[bool] = True

    def refer(self, address: str, source: Source, media_type: str | None) -> Reading:
        """Refer to the answer about one file; an address that cannot be asked leaves the slot unread."""
        query = urlencode({"url": source.url, "digest": source.digest, "type": media_type or ""})
        try:
            url = resolve(source.url, f"{address}{'&' if '?' in address else '?'}{query}")
        except UrlError as error:
            return Silence(problems=(Problem(line=None, text=f"look-up: {error}"[:200]),))
        return Silence(references=(Reference(url=url, protocol=self.id, source=source, scope="lookup"),))

    def read_site_file(self, file: SiteFile) -> Reading:
        """Read an answer; one that is not of the interface is malformed as a whole, its reservations hold."""
        problem = None
        try:
            document = json.loads(file.body)
        except (ValueError, RecursionError) as error:
            document, problem = {}, f"not JSON: {error}"
        listed = document.get("statements") if isinstance(document, dict) else None
        if problem is None and not isinstance(listed, list):
            problem = "no list of statements"
        entries: list[_Entry] = []
        soft: list[SoftDirective] = []
        for position, one in enumerate(listed if isinstance(listed, list) else ()):
            use = _USES.get(_text(one, "use"))
            preference = _text(one, "preference")
            text = json.dumps(one, ensure_ascii=True, sort_keys=True)
            if use is not None and preference in _RESTRICTING and position < STATEMENTS_LIMIT:
                entries.append(_Entry(use=use, preference=_RESTRICTING[preference], text=text, position=position))
            elif use is not None and preference == "allowed":
                soft.append(SoftDirective(protocol=self.id, value=text[:200], source=file.source))
            else:
                problem = f"no statement of the interface: {text}"
        problems = () if problem is None else (Problem(line=None, text=problem[:200]),)
        reading: Reading = SILENCE
        if entries or soft or problems:
            reading = _Reading(self, file.source, tuple(entries), tuple(soft), problems)
        return reading if problem is None else Partial(reading, "malformed", blocks=True)


def _text(one: Any, key: str) -> str:
    value = one.get(key) if isinstance(one, dict) else None
    return value if isinstance(value, str) else ""


class DoNotTrainReader(LookupReader):
    """Spawning's registry of works and domains."""

    id = "do-not-train"
    title = "Do Not Train registry (look-up)"
    spec_url = "https://haveibeentrained.com/"
    spec_version = "slot"


class TdmAiReader(LookupReader):
    """Liccium's registry of declarations, found by content code."""

    id = "tdm-ai"
    title = "TDM·AI (look-up)"
    spec_url = "https://docs.tdmai.org/"
    spec_version = "slot"


class IsccReader(LookupReader):
    """Any other registry by International Standard Content Code."""

    id = "iscc"
    title = "ISCC registries (look-up)"
    spec_url = "https://www.iso.org/standard/77899.html"
    spec_version = "ISO 24138:2024, slot"


class OpenRightsReader(LookupReader):
    """Valunode's exchange."""

    id = "open-rights-data-exchange"
    title = "Open Rights Data Exchange (look-up)"
    spec_url = "https://valunode.com/"
    spec_version = "slot"


LOOKUPS: tuple[LookupReader, ...] = (DoNotTrainReader(), TdmAiReader(), IsccReader(), OpenRightsReader())
"""The slots; each is off unless the policy gives it an address."""
