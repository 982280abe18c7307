"""What the terms of an RSL document come to for training, for one operator and one resource (RSL section 3, PC-11).

The narrowest content decides, a prohibition beats a permission, and a list of permissions is closed. Nothing is
understood in a permission but what the specification says; a prohibition is read tolerantly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.optout.robots.match import compile_pattern, normalise_target
from crawler.optout.rsl.document import KINDS, UNNAMED
from crawler.optout.statement import DUTIES, Preference
from crawler.values.url import canonicalise, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.optout.robots.match import Pattern
    from crawler.optout.rsl.document import Content, Licence, TermList
    from crawler.optout.statement import Question

WILDCARDS_LIMIT = 50
"""``*`` in the scope of one content; a longer one counts as unreadable."""
RESOURCE = 1_000_000
"""Length of a scope that is the resource itself: narrower than any pattern."""

_TRAINING = frozenset({"all", "ai-all", "ai-train"})
_TRAINING_LOOSELY = _TRAINING | {"train-ai", "train-genai", "ai-training", "training", "genai", "ai", "*"}
"""Also the tokens of earlier drafts and of other protocols."""
_EVERYBODY = frozenset({"all", "*"})
_EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - a table
)
_ABSOLUTE = re.compile(r"(?:https?:)?//([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s,;|]+")
_BURDEN = ("attribution", "contribution", "reporting", "licence-token", "payment", "contract", UNNAMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which resources a content covers."""

    host: str | None = None
    """``None`` where it is that of whoever declares the licence."""
    pattern: Pattern | None = None
    """``None`` covers the resource that carries the licence, or everything where the scope is unreadable."""
    is_proper: bool = True
    """Whether it may grant."""

    def length(self, host: str, target: str) -> int | None:
        """How narrow the scope is, if it covers the normalised target on the host."""
        if self.host is not None and self.host != host:
            return None
        if self.pattern is None:
            return RESOURCE
        return self.pattern.length if self.pattern.matches_normalised(target) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What is said about training."""

    preference: Preference
    rule: str
    text: str
    line: int | None
    duties: tuple[str, ...] = ()


class Terms:
    """The contents of one document, compiled.

    ``is_page``: a page carries or names it. ``is_asset``: it is inside the file that it is about, so that it restricts
    wherever the file was found, whatever address it names (opt-outs.md section 2).
    """

    __slots__ = ("_contents", "_is_asset")

    def __init__(self, contents: Iterable[Content], *, is_page: bool, is_asset: bool = False) -> None:
        self._is_asset = is_asset
        scoped = ((scope_of(content.url, is_page=is_page), content) for content in contents)
        self._contents = tuple((scope, content) for scope, content in scoped if scope is not None)

    def about(self, question: Question) -> tuple[Term, ...]:
        """Answer from the narrowest content that covers the resource; where it is silent, wider ones only restrict.

        A content whose scope cannot be read is always heard, and never grants.
        """
        url = split(question.url)
        target = normalise_target(url.target)
        covering: list[tuple[int, str, Content]] = []
        found: list[Term] = []
        for scope, content in self._contents:
            length = scope.length(url.host, target)
            if length is None and not self._is_asset:
                continue
            if scope.is_proper and length is not None:
                covering.append((length, scope.pattern.text if scope.pattern else "", content))
            else:
                found += (_restricting(term) for term in _evaluate([content], question))
        return (*found, *_narrowest(covering, question))


def scope_of(url: str | None, *, is_page: bool) -> Scope | None:
    """Read the ``url`` of a content; ``None`` where it cannot be a resource of the web."""
    if not url:
        return Scope(is_proper=is_page and url is not None)
    host, path = None, url
    absolute = _ABSOLUTE.fullmatch(url)
    if absolute is not None:
        host, path = _host(absolute[1]), absolute[2] or "/"
    elif _SCHEME.match(url):
        return None
    path = path.partition("#")[0] or "/"
    if path.startswith("?"):
        path = f"/{path}"
    if path[:1] not in {"/", "*"} or path.count("*") > WILDCARDS_LIMIT:
        return Scope(host=host, is_proper=False)
    return Scope(host=host, pattern=compile_pattern(path))


def _host(authority: str) -> str:
    try:
        return split(canonicalise(f"https://{authority}/")).host
    except UrlError:
        return authority.lower()


def _narrowest(covering: Iterable[tuple[int, str, Content]], question: Question) -> tuple[Term, ...]:
    """Terms of the narrowest scope that says something; scopes of equal length restrict one another."""
    ordered = sorted(covering, key=lambda one: (-one[0], one[1]))
    is_narrowest = True
    for _, alike in groupby(ordered, key=lambda one: one[0]):
        by_scope = groupby(alike, key=lambda one: one[1])
        said = [term for _, same in by_scope for term in _evaluate([content for *_, content in same], question)]
        if said:
            return tuple(said) if is_narrowest else tuple(_wider(said))
        is_narrowest = False
    return ()


def _wider(said: Iterable[Term]) -> Iterator[Term]:
    """What still holds where a narrower content is silent: no grant (as PC-22 has it for another protocol)."""
    for one in said:
        if one.preference is not Preference.ALLOWED:
            yield Term(preference=one.preference, rule="PC-22", text=one.text, line=one.line, duties=one.duties)


def _restricting(term: Term) -> Term:
    if term.preference is Preference.RESERVED:
        return Term(preference=term.preference, rule="PC-11", text=term.text, line=term.line)
    return Term(preference=Preference.CONDITIONAL, rule="PC-11", text=term.text, line=term.line)


def _evaluate(contents: Sequence[Content], question: Question) -> tuple[Term, ...]:
    """What the licences of one scope say together: none, or one term."""
    licences = [licence for content in contents for licence in content.licences]
    prohibiting = (_prohibition(licence, question) for licence in licences)
    prohibition = next((one for one in prohibiting if one is not None), None)
    if prohibition is not None:
        rule = "strict" if _is_plain(prohibition, question) else "PC-11"
        return (Term(preference=Preference.RESERVED, rule=rule, text=prohibition.text, line=prohibition.line),)
    offers: list[tuple[Licence, bool]] = []
    excluding: list[TermList] = []
    for licence in licences:
        omission = _omission(licence, question)
        if omission is not None:
            excluding.append(omission)
        else:
            offers.append((licence, any(one.is_permit and one.kind == "usage" for one in licence.lists)))
    free = next((licence for licence, is_grant in offers if is_grant and not licence.duties), None)
    if free is not None:
        return (Term(preference=Preference.ALLOWED, rule="strict", text=free.text, line=free.line),)
    # Any one of the offers would do, so the lightest speaks for all.
    conditional = min((licence for licence, _ in offers if licence.duties), key=_burden, default=None)
    if conditional is not None:
        return (_conditional(conditional),)
    return tuple(
        Term(preference=Preference.RESERVED, rule="strict", text=one.text, line=one.line) for one in excluding[:1]
    )


def _conditional(licence: Licence) -> Term:
    duties = () if UNNAMED in licence.duties else tuple(name for name in DUTIES if name in licence.duties)
    return Term(preference=Preference.CONDITIONAL, rule="strict", text=licence.text, line=licence.line, duties=duties)


def _burden(licence: Licence) -> tuple[bool, int, list[int]]:
    ranks = sorted((_BURDEN.index(duty) for duty in licence.duties), reverse=True)
    return UNNAMED in licence.duties, len(ranks), ranks


def _prohibition(licence: Licence, question: Question) -> TermList | None:
    """Find the list that prohibits training, or anything to us."""
    for one in licence.lists:
        if not one.is_permit:
            kind = one.kind.strip().lower()
            is_about_anybody = kind == "geo" and question.country is None  # any country may be ours
            if is_about_anybody or _wanted(kind, question) & {token.lower() for token in _SEPARATORS.split(one.value)}:
                return one
    return None


def _wanted(kind: str, question: Question) -> frozenset[str]:
    if kind == "user":
        return _EVERYBODY | {question.user_class.lower()}
    if kind == "geo":
        return _EVERYBODY | {country.lower() for country in _countries(question)}
    return _TRAINING_LOOSELY


def _is_plain(prohibition: TermList, question: Question) -> bool:
    tokens = set(prohibition.value.split())
    return prohibition.kind in KINDS and bool(tokens & _permitted(prohibition.kind, question))


def _omission(licence: Licence, question: Question) -> TermList | None:
    """Find a closed list in which training, or we, do not stand (section 3.5)."""
    for kind in KINDS:
        lists = [one for one in licence.lists if one.is_permit and one.kind == kind]
        listed = {token for one in lists for token in one.value.split()}
        if lists and not listed & _permitted(kind, question):
            return lists[0]
    return None


def _permitted(kind: str, question: Question) -> frozenset[str]:
    if kind == "usage":
        return _TRAINING
    return frozenset({question.user_class}) if kind == "user" else _countries(question)


def _countries(question: Question) -> frozenset[str]:
    if question.country is None:
        return frozenset()
    return frozenset({question.country, "EU"} if question.country in _EU else {question.country})
