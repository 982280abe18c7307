"""May we ask for this URL: the rules of one authority for our tokens, parsed once, asked for every URL.

Joins the outcome of the fetch, the groups of every binding token (each selected leniently and strictly, PC-24), the
same of the file without stray characters, and the second opinion. Denies if any of them denies; nothing in here allows
what RFC 9309 denies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from crawler.optout.robots.groups import parse
from crawler.optout.robots.match import normalise_target
from crawler.optout.robots.outcome import RobotsAccess, RobotsCode
from crawler.optout.robots.rules import NO_RULE, TOO_COMPLEX
from crawler.optout.robots.second_opinion import SecondOpinion
from crawler.optout.robots.text import SIZE_LIMIT
from crawler.optout.robots.waits import NO_WAITS, read_waits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.optout.robots.groups import RobotsFile, Selection
    from crawler.optout.robots.outcome import RobotsOutcome
    from crawler.optout.robots.waits import Waits
    from crawler.values.digest import Digest

SITEMAPS_LIMIT: Final = 10_000
"""Sitemap records that are looked at; the largest of 17,912 real files has fewer."""

_ANSWERS_LIMIT: Final = 1024
"""Answers kept for one authority; each rule that decides makes one."""


class HasTarget(Protocol):
    """Anything that knows its path and query, such as ``crawler.values.url.Url``."""

    @property
    def target(self) -> str:
        """Path and query as sent, dot segments removed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Our matcher and protego read the same rules otherwise; the stricter one holds."""

    own: RobotsAccess
    protego: RobotsAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsAnswer:
    """What robots.txt means for one URL; the same object serves all URLs that the same rule decides."""

    access: RobotsAccess
    code: RobotsCode
    """Outcome of the fetch and of the parse."""
    reason: RobotsCode
    """``robots_disallow`` where a rule denies, else ``code``."""
    token: str | None = None
    """The token whose groups decided."""
    rule: str | None = None
    """The literal line of the deciding rule; ``None`` where no rule matched or protego alone denies."""
    line: int | None = None
    """Of the rule, from 1."""
    group: str | None = None
    """The literal lines of the selected groups, cut after 2,048 characters."""
    disagreement: Disagreement | None = None
    digest: Digest | None = None
    """Of the body that was parsed, as received."""
    status: int | None = None
    error: str | None = None
    retrieved_at: datetime | None = None
    is_cached: bool = False
    waits: Waits = NO_WAITS
    sitemaps: tuple[str, ...] = ()
    retry_after: float | None = None
    """Seconds; with DEFER and where the authority is unreachable."""


class _View:
    """One set of groups that binds us, with both opinions on its rules."""

    __slots__ = ("file", "opinion", "rules", "selection")

    def __init__(self, file: RobotsFile, selection: Selection) -> None:
        self.file = file
        self.selection = selection
        self.rules = selection.rules
        self.opinion = SecondOpinion(file.numbered_rules(selection.groups))


class RobotsRules:
    """The answer of one authority. Immutable in meaning; safe to keep for as long as the outcome serves."""

    __slots__ = ("_answers", "_base", "_last", "_no_rule", "_views", "file", "outcome", "tokens")

    def __init__(self, outcome: RobotsOutcome, tokens: Sequence[str], *, limit: int = SIZE_LIMIT) -> None:
        """``tokens``: our product token first, then those that bind as well (R3.10); ``limit`` in octets."""
        self.outcome = outcome
        self.tokens = tuple(dict.fromkeys(tokens))
        self.file: RobotsFile | None = None
        self._views: list[_View] = []
        self._answers: dict[tuple[int, int, bool | None], RobotsAnswer] = {}
        self._last: tuple[str, RobotsAnswer] | None = None
        """What was asked last: every URL is asked about more than once in a row."""
        self._base = RobotsAnswer(
            access=outcome.access or RobotsAccess.ALLOW,
            code=outcome.code,
            reason=outcome.code,
            digest=outcome.digest,
            status=outcome.status,
            error=outcome.error,
            retrieved_at=outcome.retrieved_at,
            is_cached=outcome.is_cached,
            retry_after=outcome.retry_after,
        )
        self._no_rule = self._base
        if outcome.body is not None:
            self._read(outcome.body, is_truncated=outcome.is_truncated or len(outcome.body) > limit, limit=limit)

    def _read(self, body: bytes, *, is_truncated: bool, limit: int) -> None:
        file = self.file = parse(body, limit=limit, is_truncated=is_truncated)
        meant = file.as_meant()
        files = (file,) if meant is None else (file, meant)
        binding = [selection for one in files for selection in self._bind(one)]
        code = RobotsCode.EMPTY if all(one.is_empty for one in files) else RobotsCode.RULES
        self._base = self._no_rule = replace(
            self._base,
            code=code,
            reason=code,
            waits=read_waits(binding),
            sitemaps=file.values("sitemap", SITEMAPS_LIMIT),
        )
        if is_truncated:
            self._no_rule = replace(
                self._base, access=RobotsAccess.DENY, code=RobotsCode.TRUNCATED, reason=RobotsCode.TRUNCATED
            )

    def _bind(self, file: RobotsFile) -> list[Selection]:
        """Add the views of a file; answer what speaks to us in it."""
        binding = [file.group_for(token, is_strict=strict) for token in self.tokens for strict in (False, True)]
        groups: dict[tuple[int, ...], Selection] = {}
        for selection in binding:
            groups.setdefault(selection.groups, selection)
        self._views += [_View(file, selection) for selection in groups.values()]
        return list({selection.runs: selection for selection in binding}.values())

    def answer(self, url: HasTarget) -> RobotsAnswer:
        """Answer for a URL of this authority."""
        return self.answer_target(url.target)

    def answer_target(self, target: str) -> RobotsAnswer:
        """Answer for a path and query; dot segments are expected to be gone. Never raises."""
        if self.file is None:
            return self._base
        last = self._last
        if last is None or last[0] != target:
            last = self._last = (target, self._decide(target))
        return last[1]

    def _decide(self, target: str) -> RobotsAnswer:
        text = normalise_target(target)
        if text == "/robots.txt":
            return self._base
        first: RobotsAnswer | None = None
        for place, view in enumerate(self._views):
            code = view.rules.decide(text)
            second = view.opinion.allows(target, code >> 1)
            key = (place, code, second)
            answer = self._answers.get(key)
            if answer is None:
                answer = self._make(view, code, second)
                if len(self._answers) < _ANSWERS_LIMIT:
                    self._answers[key] = answer
            if answer.access is not RobotsAccess.ALLOW:
                return answer
            first = first or answer
        return first or self._no_rule

    def _make(self, view: _View, code: int, second: bool | None) -> RobotsAnswer:
        """Build the answer for one winning rule and one second opinion."""
        own = RobotsAccess.DENY if code == TOO_COMPLEX or (code >= 0 and not code & 1) else RobotsAccess.ALLOW
        base = self._no_rule if code == NO_RULE and second is not False else self._base
        denied = own is RobotsAccess.DENY or second is False
        disagrees = second is not None and second != (own is RobotsAccess.ALLOW)
        rule = view.file.rule(code >> 1) if code >= 0 else None
        shown = rule if second is not False or own is RobotsAccess.DENY else None
        outcome = RobotsCode.TOO_COMPLEX if code == TOO_COMPLEX else base.code
        reason = outcome if code == TOO_COMPLEX else base.reason
        return replace(
            base,
            access=RobotsAccess.DENY if denied else base.access,
            code=outcome,
            reason=RobotsCode.DISALLOW if denied and code != TOO_COMPLEX else reason,
            token=view.selection.token,
            rule=None if shown is None else shown.text,
            line=None if shown is None else shown.line,
            group=view.selection.text or None,
            disagreement=_disagreement(own, second) if disagrees else None,
        )

    @property
    def cost(self) -> int:
        """Estimate of the memory held when all was asked once, in octets: what a cache counts."""
        if self.file is None:
            return 2048
        files = {id(view.file): view.file.cost for view in self._views}
        return 4096 + sum(files.values()) + sum(view.rules.cost + view.opinion.cost for view in self._views)


def _disagreement(own: RobotsAccess, second: bool | None) -> Disagreement:
    return Disagreement(own=own, protego=RobotsAccess.ALLOW if second else RobotsAccess.DENY)
