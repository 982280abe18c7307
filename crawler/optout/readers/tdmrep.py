"""TDM Reservation Protocol: file, header, HTML, EPUB and XMP (opt-outs.md section 6, PC-7, PC-8).

Its own order of carriers is applied in ``settle``: a later carrier with a value replaces what earlier ones said. A
policy is recorded and changes nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crawler.optout.interface import OptOutReader
from crawler.optout.media.package import package_metas
from crawler.optout.robots.match import compile_pattern
from crawler.optout.statement import SILENCE, Carrier, Layer, Partial, Preference, Problem, Silence, SoftDirective, Use
from crawler.optout.stray import plain
from crawler.optout.targets import target_of
from crawler.values.url import split
from crawler.values.xml import XmlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.optout.interface import HtmlHead, MediaFile, ResponseHead, SiteFile
    from crawler.optout.robots.match import Pattern
    from crawler.optout.statement import Question, Reading, Reference, Source, Statement

RESERVATION = "tdm-reservation"
POLICY = "tdm-policy"
LOCATION = "location"
XMP_NAMESPACE = "http://www.w3.org/ns/tdmrep/"
EPUB_NAMESPACE = "http://www.w3.org/ns/tdmrep#"
"""The report spells them apart; neither is taken for the other."""
_RESERVATIONS = frozenset({RESERVATION, "tdmreservation", "reservation"})
"""Names of the member in this file, where nothing else can be meant; only the first, as written, is a proper one."""
RULE_LIMIT = 5_000
"""Rules of one file that are matched one by one; a reservation behind them covers the whole origin."""

_IN_EPUB = {
    RESERVATION: frozenset({f"{EPUB_NAMESPACE}reservation", "tdm:reservation"}),
    POLICY: frozenset({f"{EPUB_NAMESPACE}policy", "tdm:policy"}),
}
_USES = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER, Use.AI_INPUT})
_ORDER = (Carrier.SITE_FILE, Carrier.RESPONSE_HEAD, Carrier.HTML_HEAD, Carrier.MEDIA_FILE)
_PLAIN_YES = re.compile(r"[\s\"']*(?:\+?0*1(?:\.0*)?|true|yes)[\s\"']*(?:[;,].*)?", re.IGNORECASE | re.DOTALL)
_SCHEME_AND_HOST = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_GAP = re.compile(r"[ \t\n\r,]*")


class _Members(list[tuple[str, Any]]):
    """Members of a JSON object in order, duplicates kept."""


_DECODER = json.JSONDecoder(object_pairs_hook=_Members)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    pattern: Pattern
    preference: Preference
    rule: str
    text: str
    line: int
    policy: str | None


@dataclass(frozen=True, slots=True)
class _FileReading:
    reader: TdmRepReader
    source: Source
    rules: tuple[_Rule, ...]
    soft: tuple[SoftDirective, ...]
    problems: tuple[Problem, ...]
    references: tuple[Reference, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        """Answer from the first and the most specific matching rule; where they differ a reservation wins (PC-7)."""
        if question.use not in _USES:
            return ()
        target = target_of(question.url)
        matching = [rule for rule in self.rules if rule.pattern.matches_normalised(target)]
        if not matching:
            return ()
        longest = max(rule.pattern.length for rule in matching)
        deciding = [matching[0], *(rule for rule in matching[1:] if rule.pattern.length == longest)]
        reserving = [rule for rule in deciding if rule.preference is Preference.RESERVED]
        decisive = (reserving or deciding)[0]
        is_agreed = all(rule.preference is decisive.preference for rule in deciding)
        return (
            self.reader.statement(
                use=question.use,
                preference=decisive.preference,
                carrier=Carrier.SITE_FILE,
                layer=Layer.LOCATION,
                value=decisive.text,
                position=decisive.line,
                rule=decisive.rule if is_agreed else "PC-7",
                source=self.source,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    preference: Preference
    rule: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class _ValueReading:
    reader: TdmRepReader
    carrier: Carrier
    source: Source
    values: tuple[_Value, ...]
    soft: tuple[SoftDirective, ...]
    problems: tuple[Problem, ...]
    references: tuple[Reference, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _USES:
            return ()
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=value.preference,
                carrier=self.carrier,
                layer=Layer.ASSET if self.carrier is Carrier.MEDIA_FILE else Layer.RESOURCE,
                value=value.text,
                position=value.position,
                rule=value.rule,
                source=self.source,
            )
            for value in self.values
        )


class TdmRepReader(OptOutReader):
    """``tdm-reservation`` wherever the report places it."""

    id = "tdmrep"
    title = "TDM Reservation Protocol"
    spec_url = "https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/"
    spec_version = "2024-05-10"
    version = "4"
    site_files = ("/.well-known/tdmrep.json",)

    def read_site_file(self, file: SiteFile) -> Reading:
        """Read the array of rules; one bad rule does not void the others."""
        text = file.body.decode(json.detect_encoding(file.body), "replace").removeprefix("\ufeff")
        try:
            document = _DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            return Partial(Silence(problems=(Problem(line=None, text=f"not JSON: {error}"[:200]),)), "malformed")
        host = split(file.source.url).host
        rules: list[_Rule] = []
        problems: list[Problem] = []
        for members, literal, line, is_listed in _entries(document, text):
            made = tuple(_rules_of(members, literal, line, host, is_listed=is_listed))
            if not made:
                problems.append(Problem(line=line, text=f"a rule that states nothing: {literal}"[:200]))
            rules += made
        return _FileReading(self, file.source, _limited(rules), self._policies(file.source, rules), tuple(problems))

    def read_response_head(self, head: ResponseHead) -> Reading:
        """Read the header fields."""
        lines = [(index, value, f"{RESERVATION}: {value}", True) for index, value in head.values(RESERVATION)]
        policies = tuple(f"{POLICY}: {value}" for _, value in head.values(POLICY))
        return self._reading(Carrier.RESPONSE_HEAD, head.source, lines, policies)

    def read_html(self, html: HtmlHead) -> Reading:
        """Read the meta elements; one that is not named by ``name`` can only reserve (PC-8)."""
        metas = [
            (meta.index, meta.content, meta.markup, meta.attribute == "name")
            for meta in html.page.metas
            if meta.name == RESERVATION
        ]
        policies = tuple(f"{POLICY}: {meta.content}" for meta in html.page.metas if meta.name == POLICY)
        return self._reading(Carrier.HTML_HEAD, html.source, metas, policies)

    def read_media(self, media: MediaFile) -> Reading:
        """Read XMP properties, and the package document of an EPUB; a value of doubtful place can only reserve."""
        embedded = media.embedded
        found: list[tuple[int, str, str, bool]] = []
        policies: list[str] = []
        for one in embedded.properties:
            text = f"{{{one.namespace}}}{one.name}: {one.value}"
            if one.namespace == XMP_NAMESPACE and one.name == "reservation":
                found.append((one.packet, one.value, text, one.is_certain))
            elif one.namespace == XMP_NAMESPACE and one.name == "policy":
                policies.append(f"{POLICY}: {one.value}")
        why = embedded.why_unread
        try:
            metas = () if embedded.package is None else package_metas(embedded.package)
        except XmlError:
            metas, why = (), "malformed"
        for meta in metas:
            if meta.name in _IN_EPUB[RESERVATION]:
                found.append((meta.line, meta.value, meta.text, meta.is_proper))
            elif meta.name in _IN_EPUB[POLICY]:
                policies.append(f"{POLICY}: {meta.value}")
        reading = self._reading(Carrier.MEDIA_FILE, media.source, found, tuple(policies))
        return Partial(reading, why) if why else reading

    def settle(self, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        """Keep the last carrier that holds a value: file, header, HTML, then inside the file itself."""
        last = max((_ORDER.index(one.carrier) for one in statements), default=0)
        return tuple(one for one in statements if one.carrier is _ORDER[last])

    def _reading(
        self,
        carrier: Carrier,
        source: Source,
        found: Sequence[tuple[int, str, str, bool]],
        policies: tuple[str, ...],
    ) -> Reading:
        if not found and not policies:
            return SILENCE
        values: list[_Value] = []
        problems: list[Problem] = []
        for position, value, text, is_proper in found:
            read = _value_of(value, is_proper=is_proper)
            if read is None:
                problems.append(Problem(line=None, text=f"neither 0 nor 1: {text}"[:200]))
            else:
                values.append(_Value(preference=read[0], rule=read[1], text=text, position=position))
        soft = tuple(SoftDirective(protocol=self.id, value=policy, source=source) for policy in policies)
        if values:
            return _ValueReading(self, carrier, source, tuple(values), soft, tuple(problems))
        return Silence(problems=tuple(problems), soft=soft)

    def _policies(self, source: Source, rules: Iterable[_Rule]) -> tuple[SoftDirective, ...]:
        found = dict.fromkeys(rule.policy for rule in rules if rule.policy is not None)
        return tuple(SoftDirective(protocol=self.id, value=f"{POLICY}: {one}", source=source) for one in found)


def _entries(document: Any, text: str) -> Iterator[tuple[_Members, str, int, bool]]:
    """Members, literal text and line of each rule, and whether it stands in an array as it should."""
    if not isinstance(document, list) or isinstance(document, _Members):
        for members in _rules_in(document):
            yield members, text.strip(), 1, False
        return
    at = text.index("[") + 1
    line = 1 + text.count("\n", 0, at)
    for _ in document:
        gap = _GAP.match(text, at)
        start = gap.end() if gap else at
        entry, end = _DECODER.raw_decode(text, start)
        line += text.count("\n", at, start)
        is_proper = isinstance(entry, _Members)
        for members in _rules_in(entry):
            yield members, text[start:end], line, is_proper and members is entry
        line += text.count("\n", start, end)
        at = end


def _rules_in(value: Any) -> Iterator[_Members]:
    """The object itself where it is a rule, else the rules wrapped in it (PC-8); an empty one where there are none."""
    pending, found = [value], False
    while pending:
        one = pending.pop()
        if isinstance(one, _Members):
            if any(_folded(key) in _RESERVATIONS for key, _ in one):
                found = True
                yield one
            else:
                pending += [member for _, member in reversed(one)]
        elif isinstance(one, list):
            pending += reversed(one)
    if not found:
        yield _Members()


def _rules_of(members: _Members, literal: str, line: int, host: str, *, is_listed: bool) -> Iterator[_Rule]:
    """Rules that one entry states: none, one, or one for each location of an entry that has several."""
    values = [
        _json_value(value, is_proper=key == RESERVATION) for key, value in members if _folded(key) in _RESERVATIONS
    ]
    locations = [value for key, value in members if _folded(key) == LOCATION]
    policies = [value for key, value in members if key == POLICY and isinstance(value, str)]
    is_proper = is_listed and len(values) == 1 and len(locations) == 1 and _is_pattern(locations[0])
    reserving = [value for value in values if value is not None and value[0] is Preference.RESERVED]
    if reserving:
        rule = "strict" if is_proper and reserving[0][1] == "strict" else "PC-8"
        for pattern in _reserved_patterns(locations, host):
            yield _Rule(
                pattern=compile_pattern(pattern),
                preference=Preference.RESERVED,
                rule=rule,
                text=literal,
                line=line,
                policy=policies[0] if policies else None,
            )
    elif is_proper and values[0] is not None:
        yield _Rule(
            pattern=compile_pattern(locations[0]),
            preference=Preference.ALLOWED,
            rule="strict",
            text=literal,
            line=line,
            policy=None,
        )


def _is_pattern(location: Any) -> bool:
    return isinstance(location, str) and location[:1] in {"/", "*"}


def _reserved_patterns(locations: list[Any], host: str) -> Iterator[str]:
    """Where a reservation holds: at its locations, else everywhere (PC-8)."""
    texts = [text for one in locations for text in (one if isinstance(one, list) else [one]) if isinstance(text, str)]
    if not texts:
        yield "/"
    for text in texts:
        absolute = _SCHEME_AND_HOST.match(text)
        if absolute is None:
            yield text if _is_pattern(text) else f"/{text.strip()}"
        elif absolute[1].rpartition(":")[0].lower() == host or absolute[1].lower() == host:
            yield text[absolute.end() :] or "/"


def _folded(key: str) -> str:
    return key.strip().lower().replace("_", "-").replace(":", "-")


def _json_value(value: Any, *, is_proper: bool) -> tuple[Preference, str] | None:
    if isinstance(value, str):
        # A string is never a proper value, so whatever it says it can only reserve.
        return _value_of(value, is_proper=False)
    if isinstance(value, bool | int | float) and value == 1:
        return Preference.RESERVED, "strict" if is_proper and type(value) is int else "PC-8"
    if is_proper and type(value) is int and value == 0:
        return Preference.ALLOWED, "strict"
    return None


def _value_of(value: str, *, is_proper: bool) -> tuple[Preference, str] | None:
    """Read a header or meta value: 1 and 0 strictly, a plain yes as a reservation, all else as nothing (PC-8)."""
    bare = value.strip(" \t\n\r\f")
    if is_proper and bare == "1":
        return Preference.RESERVED, "strict"
    if is_proper and bare == "0":
        return Preference.ALLOWED, "strict"
    if any(_PLAIN_YES.fullmatch(part) for part in plain(bare).split(",")):
        return Preference.RESERVED, "PC-8"
    return None


def _limited(rules: list[_Rule]) -> tuple[_Rule, ...]:
    """Bound the work of a question; nothing that reserves is lost."""
    kept, rest = rules[:RULE_LIMIT], rules[RULE_LIMIT:]
    reserving = next((rule for rule in rest if rule.preference is Preference.RESERVED), None)
    if reserving is not None:
        everywhere = replace(reserving, pattern=compile_pattern("/"), rule="PC-8")
        # In front, so that it is the first in sequence wherever one looks.
        return (everywhere, *kept)
    return tuple(kept)
