"""Run conformance vectors through the readers and the decision (schema of the published vectors); no network, no clock.

The policy of a vector is the shipped default with the vector's operator, purpose, token and agreements.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from crawler.errors import ClearcrawlError
from crawler.optout.conformance import build, robots_fetch_of
from crawler.optout.robots.access import RobotsRules
from crawler.optout.robots.outcome import judge
from crawler.optout.statement import Use
from crawler.policy.barriers import find_barrier
from crawler.policy.decide import decide
from crawler.policy.decision import Stage
from crawler.policy.document import Agreement
from crawler.policy.facts import Facts
from crawler.policy.reading import read_policy
from crawler.values.html import scan
from crawler.values.url import canonicalise, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.optout.collect import Collected
    from crawler.optout.conformance import Case
    from crawler.optout.robots.access import RobotsAnswer
    from crawler.policy.barriers import Barrier
    from crawler.policy.document import CrawlPolicy

COMPARED = ("crawl_delay", "sitemaps", "soft", "licences")
"""Keys of ``expect.detail`` that count; the others are for information."""

_TODAY = date(2026, 1, 1)
_DEFAULT = read_policy({"crawl-policy.toml": b'version = "1"\n'}, tool_version="0")
_SOFT, _LICENCES = "robots-meta", "licence"


class VectorError(ValueError):
    """A file that is no list of vectors; ``line`` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        self.line = line
        super().__init__(problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case: what was expected of it, and what came."""

    id: str
    title: str
    expected: Mapping[str, Any]
    got: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Whether all that is compared is equal."""
        return self.expected == self.got


def run_vectors(text: str) -> Iterator[Result]:
    """Run the cases of one file in order; raises ``VectorError`` at the first that does not fit the schema."""
    for line, case in _cases(text):
        try:
            yield run_case(case)
        except (ClearcrawlError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise VectorError(line, f"not a case: {type(error).__name__}: {error}") from error


def run_case(case: Mapping[str, Any]) -> Result:
    """Run one case; raises whatever a case outside the schema leads to."""
    given, expect = case["given"], case["expect"]
    detail = {key: value for key, value in expect.get("detail", {}).items() if key in COMPARED}
    built = build(given)
    robots = RobotsRules(judge(robots_fetch_of(given)), (given["user_agent"],)).answer(split(built.question.url))
    collected = built.collected()
    status = given.get("status", 200)
    decision = decide(
        Facts(
            url=split(built.question.url),
            stage=Stage.AFTER_FETCH,
            today=_TODAY,
            robots=robots,
            status=status,
            barrier=_barrier(given, built, status),
            statements=collected.statements,
            soft=collected.soft,
            unread=collected.unread,
        ),
        _policy(given, built),
    )
    got = {"access": decision.access.value, "state": decision.state.value}
    return Result(
        id=case["id"],
        title=str(case.get("title", "")),
        expected={"access": expect["access"], "state": expect["state"]} | _comparable(detail),
        got=got | {key: value for key, value in _details(robots, collected).items() if key in detail},
    )


def _barrier(given: Mapping[str, Any], built: Case, status: int) -> Barrier | None:
    """What the response itself refuses, as the crawl sees it."""
    markup = given.get("html")
    body = b"" if markup is None else markup.encode("utf-8", "surrogatepass")
    return find_barrier(
        url=split(built.question.url),
        status=status,
        headers=tuple((name, value) for name, value in given.get("headers", ())),
        page=None if markup is None else scan(body, content_type="text/html; charset=utf-8"),
        body=body,
    )


def _policy(given: Mapping[str, Any], built: Case) -> CrawlPolicy:
    question = built.question
    return replace(
        _DEFAULT,
        purpose=question.use,
        identity=replace(
            _DEFAULT.identity,
            product_token=question.token,
            user_class=question.user_class,
            country=question.country,
        ),
        agreements=tuple(
            Agreement(
                scope=canonicalise(one["scope"]),
                permits=frozenset(Use(use) for use in one["permits"]),
                ref=one["ref"],
                valid_from=None,
                valid_to=None,
            )
            for one in given.get("agreements", ())
        ),
    )


def _details(robots: RobotsAnswer, collected: Collected) -> dict[str, Any]:
    return {
        "crawl_delay": robots.waits.crawl_delay,
        "sitemaps": sorted(robots.sitemaps),
        "soft": sorted({one.value for one in collected.soft if one.protocol == _SOFT}),
        "licences": sorted({one.value for one in collected.soft if one.protocol == _LICENCES}),
    }


def _comparable(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Lists without regard to order."""
    return {key: sorted(value) if isinstance(value, list) else value for key, value in detail.items()}


def _cases(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each case with the line where it begins."""
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise VectorError(error.lineno, f"not JSON: {error.msg}") from error
    except RecursionError as error:
        raise VectorError(1, "JSON nested too deeply") from error
    if not isinstance(document, list):
        raise VectorError(1, "not a list of cases")
    decoder = json.JSONDecoder()
    at = text.index("[") + 1
    for case in document:
        while text[at] in " \t\r\n,":
            at += 1
        line = text.count("\n", 0, at) + 1
        if not isinstance(case, dict):
            raise VectorError(line, "not a case: no object")
        yield line, case
        _, at = decoder.raw_decode(text, at)
