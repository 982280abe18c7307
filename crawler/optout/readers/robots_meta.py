"""Robots meta elements and the X-Robots-Tag header (opt-outs.md section 8, PC-13). Never a grant.

Directives of search engines are recorded as soft; what a page says of its images is answered when asked about one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.optout.ai_tokens import is_training_token
from crawler.optout.interface import OptOutReader
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Silence, SoftDirective, Use
from crawler.optout.stray import plain, plain_field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.optout.interface import HtmlHead, ResponseHead
    from crawler.optout.statement import Problem, Question, Reading, Reference, Source, Statement

HEADER = "x-robots-tag"

_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})
_NEGATIVE = frozenset({"noai", "noml"})
_NEGATIVE_FOR_IMAGES = "noimageai"
_NEGATIVE_TO_TRAINERS = frozenset({"noindex", "none"})
"""Reserve only in a section that names a training crawler."""
_SOFT = frozenset({"noindex", "none", "noarchive", "nocache", "nosnippet", "noimageindex"})
_KNOWN = _NEGATIVE | _SOFT | {_NEGATIVE_FOR_IMAGES}
_LIKELY = re.compile("|".join(sorted(_KNOWN)), re.IGNORECASE)
"""Spares the other metas of a page the splitting."""
_TO_ALL = frozenset({"", "*", "robots"})
_IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg", ".bmp", ".tif", ".tiff", ".heic", ".jxl")

_SEPARATORS = re.compile(r"[,;\s\"'\[\]{}]+")
_AROUND = " \t\"'"
_WITH_VALUE = re.compile(r"(?:unavailable_after|max-[a-z-]+)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One directive that may reserve, with the section it stands in."""

    directive: str
    agent: str
    """Lower case; empty for a section that speaks to all."""
    carrier: Carrier
    value: str
    position: int
    source: Source


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: RobotsMetaReader
    found: tuple[_Found, ...]
    soft: tuple[SoftDirective, ...]
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        spoken = ((one, _rule(one, question)) for one in self.found)
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=Preference.RESERVED,
                carrier=one.carrier,
                layer=Layer.RESOURCE,
                value=one.value,
                position=one.position,
                rule=rule,
                source=one.source,
            )
            for one, rule in spoken
            if rule is not None
        )


class RobotsMetaReader(OptOutReader):
    """``noai``, ``noimageai``, ``noml``, and closed sections of training crawlers."""

    id = "robots-meta"
    title = "Robots meta and X-Robots-Tag"
    spec_url = "https://www.deviantart.com/team/journal/UPDATE-All-Deviations-Are-Opted-Out-of-AI-Datasets-934500371"
    spec_version = "2022-11-11"
    version = "2"
    binds_media_of_page = True

    def read_response_head(self, head: ResponseHead) -> Reading:
        """Read every X-Robots-Tag line."""
        lines = head.values(HEADER)
        if not lines:
            return SILENCE
        return self._reading(
            _Found(
                directive=directive,
                agent=agent,
                carrier=Carrier.RESPONSE_HEAD,
                value=f"X-Robots-Tag: {value}",
                position=index,
                source=head.source,
            )
            for index, value in lines
            for agent, directive in sections(plain_field(value))
        )

    def read_html(self, html: HtmlHead) -> Reading:
        """Read meta elements named ``robots`` or after any agent; ours is known only when asked."""
        found = []
        for meta in html.page.metas:
            content = plain(meta.content)
            if not _LIKELY.search(content):
                continue
            if meta.name == HEADER:
                spoken: Iterable[tuple[str, str]] = sections(content)
            else:
                agent = "" if meta.name in _TO_ALL else meta.name
                spoken = ((agent, directive) for directive in _directives(content))
            found += [
                _Found(
                    directive=directive,
                    agent=agent,
                    carrier=Carrier.HTML_HEAD,
                    value=meta.markup,
                    position=meta.index,
                    source=html.source,
                )
                for agent, directive in spoken
            ]
        return self._reading(found)

    def _reading(self, found: Iterable[_Found]) -> Reading:
        known = tuple(one for one in found if one.directive in _KNOWN)
        soft = {
            (one.directive, one.agent): SoftDirective(
                protocol=self.id, value=one.directive, source=one.source, agent=one.agent
            )
            for one in known
            if one.directive in _SOFT
        }
        reserving = tuple(one for one in known if one.directive not in _SOFT or is_training_token(one.agent))
        if reserving:
            return _Reading(self, reserving, tuple(soft.values()))
        return Silence(soft=tuple(soft.values())) if soft else SILENCE


def sections(value: str) -> Iterator[tuple[str, str]]:
    """Agent and directive of an X-Robots-Tag value, lower case; an agent covers the list up to the next one."""
    agent = ""
    for part in value.split(","):
        name, colon, listed = part.partition(":")
        name = name.strip(_AROUND)
        if not colon or not _is_name(name, listed.lstrip()):
            listed = part
        elif _WITH_VALUE.match(name):
            continue
        else:
            agent = "" if name.lower() in _TO_ALL else name.lower()
        for directive in _directives(listed):
            yield agent, directive


def _is_name(name: str, rest: str) -> bool:
    """Whether a text before a colon names an agent or a directive.

    Digits behind the colon are the time of day in the date of ``unavailable_after``, or the value of a directive.
    """
    return (name[:1].isalpha() or name[:1] in {"*", "_"}) and not rest[:1].isdigit() and rest[:1] != "-"


def _directives(content: str) -> Iterator[str]:
    return (directive for directive in _SEPARATORS.split(content.lower()) if directive)


def _rule(found: _Found, question: Question) -> str | None:
    """Which rule makes the directive a reservation of what is asked about; ``None`` where it is none."""
    is_ours = found.agent in {"", question.token.lower()} or found.agent.partition("/")[0] == question.token.lower()
    negative = _is_image(question) if found.directive == _NEGATIVE_FOR_IMAGES else found.directive in _NEGATIVE
    if is_ours:
        return "strict" if negative else None
    if is_training_token(found.agent) and (negative or found.directive in _NEGATIVE_TO_TRAINERS):
        return "PC-13"
    return None


def _is_image(question: Question) -> bool:
    if question.media_type is not None:
        return question.media_type.startswith("image/")
    return question.url.partition("?")[0].lower().endswith(_IMAGE_ENDINGS)
