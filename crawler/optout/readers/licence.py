"""Public licences and the paywall mark of schema.org (opt-outs.md section 12, PC-17). Never a reservation.

A waiver of all rights grants; any other licence is recorded with its SPDX id, and the profile judges its duties.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.optout.interface import OptOutReader
from crawler.optout.link_header import links
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Problem, Silence, SoftDirective, Use

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.optout.interface import HtmlHead, ResponseHead
    from crawler.optout.statement import Question, Reading, Reference, Source, Statement

RSL_TYPE = "application/rsl+xml"
"""A link of this type names an offer of its own kind, read by another reader."""
NODE_LIMIT = 1_000
"""Nodes of one data block that are looked at."""

_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})
_LICENCE = re.compile(
    r"(?:https?:)?//(?:www\.)?creativecommons\.org/"
    r"(?:licenses/(?P<kind>by|by-sa|by-nd|by-nc|by-nc-sa|by-nc-nd)/(?P<version>\d\.\d)"
    r"|publicdomain/(?P<waiver>zero|mark)/1\.0)(?:[/?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_WAIVERS = {"zero": "CC0-1.0", "mark": "CC-PDM-1.0"}
_META = frozenset({"dcterms.license", "dcterms:license"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A waiver or a paywall mark."""

    preference: Preference
    carrier: Carrier
    value: str
    position: int
    duties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: LicenceReader
    source: Source
    found: tuple[_Found, ...]
    soft: tuple[SoftDirective, ...]
    problems: tuple[Problem, ...]
    references: tuple[Reference, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=one.preference,
                carrier=one.carrier,
                layer=Layer.RESOURCE,
                value=one.value,
                position=one.position,
                rule="PC-17",
                source=self.source,
                duties=one.duties,
            )
            for one in self.found
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A licence URL and where it stands."""

    url: str
    text: str
    position: int


class LicenceReader(OptOutReader):
    """``rel=license``, Link header, schema.org ``license`` and ``isAccessibleForFree``, ``dcterms.license``."""

    id = "licence"
    title = "Public licences and paywall marks"
    spec_url = "https://html.spec.whatwg.org/multipage/links.html#link-type-license"
    spec_version = "2026-11"
    version = "2"

    def read_response_head(self, head: ResponseHead) -> Reading:
        """Read Link fields that speak of the resource itself."""
        named = [
            _Named(url=link.target, text=f"Link: {link.text}", position=link.index)
            for link in links(head, "license")
            if "license" in link.rel and link.type != RSL_TYPE and not link.anchor
        ]
        return self._reading(Carrier.RESPONSE_HEAD, head.source, named)

    def read_html(self, html: HtmlHead) -> Reading:
        """Read links, metas and JSON-LD; a data block that is broken is left out."""
        page = html.page
        named = [
            _Named(url=link.href, text=link.markup, position=link.index)
            for link in page.links
            if "license" in link.rel and link.type != RSL_TYPE
        ]
        named += [
            _Named(url=meta.content, text=meta.markup, position=meta.index) for meta in page.metas if meta.name in _META
        ]
        marks: list[_Found] = []
        uses: list[str] = []
        problems: list[Problem] = []
        for script in page.scripts:
            if script.type == RSL_TYPE:
                continue
            try:
                document = json.loads(script.text)
            except (ValueError, RecursionError) as error:
                problems.append(Problem(line=None, text=f"JSON-LD: {error}"[:200]))
                continue
            for node in _nodes(document):
                for url in _urls(node.get("license")):
                    named.append(_Named(url=url, text=f'"license": "{url}"', position=script.index))
                uses += _urls(node.get("usageInfo"))
                if _is_paywalled(node):
                    marks.append(_paywall(script.index))
        return self._reading(Carrier.HTML_HEAD, html.source, named, marks, uses, problems)

    def _reading(  # noqa: PLR0917 - one call for each carrier
        self,
        carrier: Carrier,
        source: Source,
        named: Sequence[_Named],
        marks: Sequence[_Found] = (),
        uses: Sequence[str] = (),
        problems: Sequence[Problem] = (),
    ) -> Reading:
        if not (named or marks or uses or problems):
            return SILENCE
        found = list(marks)
        soft = [(f"{self.id}-usage-info", url) for url in uses]
        for one in named:
            spdx = spdx_of(one.url)
            soft.append((self.id, spdx) if spdx else (f"{self.id}-url", one.url.strip()))
            if spdx in _WAIVERS.values():
                found.append(
                    _Found(preference=Preference.ALLOWED, carrier=carrier, value=one.text, position=one.position)
                )
        directives = tuple(
            SoftDirective(protocol=protocol, value=value, source=source) for protocol, value in dict.fromkeys(soft)
        )
        if found:
            return _Reading(self, source, tuple(found), directives, tuple(problems))
        return Silence(problems=tuple(problems), soft=directives)


def spdx_of(url: str) -> str | None:
    """SPDX id of a Creative Commons licence or waiver; the port to a jurisdiction is left out."""
    match = _LICENCE.fullmatch(url.strip())
    if match is None:
        return None
    if match["waiver"]:
        return _WAIVERS[match["waiver"].lower()]
    return f"CC-{match['kind'].upper()}-{match['version']}"


def _nodes(document: Any) -> Iterator[dict[str, Any]]:
    """Nodes that speak of the page: at the top, in an array there, in ``@graph``."""
    pending, seen = [document], 0
    while pending and seen < NODE_LIMIT:
        one = pending.pop(0)
        seen += 1
        if isinstance(one, list):
            pending += one[:NODE_LIMIT]
        elif isinstance(one, dict):
            yield one
            pending.append(one.get("@graph"))


def _urls(value: Any) -> list[str]:
    """URLs of a property that may be text, an object, or an array of either."""
    urls = []
    for one in value if isinstance(value, list) else [value]:
        url = (one.get("url") or one.get("@id")) if isinstance(one, dict) else one
        if isinstance(url, str) and url.strip():
            urls.append(url)
    return urls


def _is_paywalled(node: dict[str, Any]) -> bool:
    parts = node.get("hasPart")
    nodes = [node, *(parts if isinstance(parts, list) else [parts])]
    return any(isinstance(one, dict) and _is_false(one.get("isAccessibleForFree")) for one in nodes)


def _is_false(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower().rpartition("/")[2] in {"false", "no", "0"}
    return value is False or (type(value) is int and value == 0)


def _paywall(index: int) -> _Found:
    return _Found(
        preference=Preference.CONDITIONAL,
        carrier=Carrier.HTML_HEAD,
        value='"isAccessibleForFree": false',
        position=index,
        duties=("paywall",),
    )
