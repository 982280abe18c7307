"""One robots.txt through the product and through the oracle: who decides wider, who stricter, and at what cost."""

from __future__ import annotations

import random
import time
import tracemalloc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.errors import UrlError
from crawler.optout.robots.access import RobotsRules
from crawler.optout.robots.outcome import RobotsAccess, RobotsFetch, judge
from crawler.values.url import parse as parse_url
from tests.oracles import rfc9309
from tests.oracles.urls import ORIGIN, targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.values.url import Url

TOKENS = ("ClearcrawlBot", "GPTBot", "CCBot", "Googlebot", "bingbot", "NobodyNamesMe")
MEASURED_FROM = 100_000
"""Octets from which a file's memory is measured; tracing every small file would take hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One decision on which the two do not agree."""

    name: str
    token: str
    url: str
    product: str
    code: str
    """The product's reason; or that its second parser decided, or the canonical form, on which both agree."""
    oracle: str


@dataclass(slots=True, kw_only=True)
class Totals:
    """What came out, of one file or of many."""

    files: int = 0
    decisions: int = 0
    denied: int = 0
    wider: list[Difference] = field(default_factory=list)
    """The product allows what the oracle denies."""
    stricter: list[Difference] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    slowest_parse: tuple[float, str] = (0.0, "")
    """Seconds of CPU time from bytes to rules for one token."""
    slowest_decision: tuple[float, str] = (0.0, "")
    largest: tuple[int, str] = (0, "")
    """Octets at the peak of parsing a file, among those that are measured."""

    def add(self, other: Totals) -> None:
        """Take another total into this one."""
        self.files += other.files
        self.decisions += other.decisions
        self.denied += other.denied
        self.wider += other.wider
        self.stricter += other.stricter
        self.crashes += other.crashes
        self.slowest_parse = max(self.slowest_parse, other.slowest_parse)
        self.slowest_decision = max(self.slowest_decision, other.slowest_decision)
        self.largest = max(self.largest, other.largest)


def compare(name: str, body: bytes, *, seed: str, count: int) -> Totals:
    """Ask both about some ``count`` URLs made from the file's own rules, for every token."""
    rng = random.Random(f"{seed}:{name}")  # noqa: S311 - a repeatable choice of questions
    totals = Totals(files=1)
    asked = [url for url in map(_canonical, targets(body, rng, count)) if url is not None]
    oracle = _Oracle(body)
    for token in TOKENS:
        try:
            _compare_token(totals, (name, body), token, asked, oracle)
        except Exception as error:  # noqa: BLE001 - a crash of any kind is what is looked for
            totals.crashes.append(f"{name} {token}: {error!r}")
    if len(body) >= MEASURED_FROM:
        totals.largest = (_peak(body), name)
    return totals


def product_rules(body: bytes, tokens: Sequence[str]) -> RobotsRules:
    """Build the product's answer to a 200."""
    return RobotsRules(judge(RobotsFetch(requested=f"{ORIGIN}/robots.txt", status=200, body=body)), tokens)


class _Oracle:
    """Remembers answers, since most tokens end in the same groups."""

    def __init__(self, body: bytes) -> None:
        self._file = rfc9309.parse(body)
        self._known: dict[tuple[object, ...], str] = {}

    def decide(self, token: str, url: str) -> str:
        chosen = rfc9309.selections(self._file, token)
        key = (url, *(tuple(id(rule) for rule in rules) for rules in chosen))
        if key not in self._known:
            self._known[key] = rfc9309.decide_parsed(self._file, token, url)
        return self._known[key]


def _compare_token(
    totals: Totals, file: tuple[str, bytes], token: str, asked: list[tuple[str, Url]], oracle: _Oracle
) -> None:
    name, body = file
    start = time.thread_time()
    rules = product_rules(body, (token,))
    totals.slowest_parse = max(totals.slowest_parse, (time.thread_time() - start, name))
    for raw, url in asked:
        start = time.thread_time()
        answer = rules.answer(url)
        totals.slowest_decision = max(totals.slowest_decision, (time.thread_time() - start, name))
        product = "allow" if answer.access is RobotsAccess.ALLOW else "deny"
        expected = oracle.decide(token, raw)
        totals.decisions += 1
        totals.denied += expected == "deny"
        if product != expected:
            code = str(answer.reason) if answer.disagreement is None else "second opinion"
            if oracle.decide(token, url.text) == product:
                code = "canonical form"
            elif answer.disagreement is None and rules.file is not None and rules.file.as_meant() is not None:
                code = "stray octets"
            found = Difference(name=name, token=token, url=raw, product=product, code=code, oracle=expected)
            (totals.wider if product == "allow" else totals.stricter).append(found)


def _canonical(raw: str) -> tuple[str, Url] | None:
    """Give the URL as the product sees it; one that it refuses is never asked for and so needs no decision."""
    try:
        return raw, parse_url(raw)
    except UrlError:
        return None


def _peak(body: bytes) -> int:
    tracemalloc.start()
    try:
        product_rules(body, TOKENS[:1]).answer(parse_url(f"{ORIGIN}/a/b?c"))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
