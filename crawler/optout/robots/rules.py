"""A set of Allow and Disallow rules that answers for any target: longest match, Allow on a tie (RFC 9309 2.2.2).

Rules without a wildcard are looked up by prefix; wildcard rules are tried in order of length, after a search for their
longest literal. Whether a delimiter such as ``=`` counts as one octet or as three, the RFC leaves open: an Allow has to
win either way. The work is counted, so that the same question always gets the same answer (R3.14).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crawler.optout.robots.match import Pattern, compile_literal, encoded_length, other_lengths

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_RULE: Final = -1
"""No rule matches: RFC 9309 allows."""

TOO_COMPLEX: Final = -2
"""The question would cost more steps than any honest file needs."""

WILDCARD_RULES_LIMIT: Final = 50_000
"""Rules with ``*`` in one set; the largest set of 17,912 real files has 1,867."""

WILDCARDS_LIMIT: Final = 1000
"""``*`` in one rule."""

TARGET_LIMIT: Final = 65_536
"""Octets of a target."""

STEP_LIMIT: Final = 8_000_000
"""Octets that the wildcard rules of one question may have to look at."""

_SCAN_LIMIT: Final = 500_000
"""Below this many steps all wildcard rules are tried; above, only those whose literal can occur."""

_DELIMITED: Final = re.compile(r"[=&\u013d\u0126]|\?[^?/]*[?/]").search
"""A target without a delimiter that could be counted otherwise has one winner; ``=`` and ``&`` raw or encoded."""

_GRAM: Final = 4
_GRAMS_FROM: Final = 256


class RuleIndex:
    """Compiled rules of one selection; ``decide`` is asked for every URL."""

    __slots__ = ("_exact", "_grams", "_lengths", "_loose", "_prefixes", "_wild", "is_too_complex")

    def __init__(self, rules: Iterable[tuple[int, bool, bytes]]) -> None:
        """Take rules as number, whether it is an Allow, and the octets of a pattern that is not empty."""
        self._prefixes: dict[str, int] = {}
        self._exact: dict[str, int] = {}
        wild: dict[str, tuple[int, Pattern]] = {}
        self.is_too_complex = False
        for number, is_allow, octets in rules:
            wildcards, code = octets.count(b"*"), number * 2 + is_allow
            if not wildcards:
                is_exact, literal = compile_literal(octets)
                literals = self._exact if is_exact else self._prefixes
                if literal not in literals or is_allow > literals[literal] & 1:
                    literals[literal] = code
            elif wildcards > WILDCARDS_LIMIT or len(wild) == WILDCARD_RULES_LIMIT:
                self.is_too_complex = True
                break
            else:
                pattern = Pattern(octets)
                if pattern.text not in wild or is_allow > wild[pattern.text][0] & 1:
                    wild[pattern.text] = (code, pattern)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)
        self._wild = [(pattern.length, code, _literal(pattern), pattern) for code, pattern in wild.values()]
        self._wild.sort(key=lambda rule: (-rule[0], not rule[1] & 1, rule[1]))
        self._grams: dict[str, list[int]] = {}
        self._loose: list[int] = []
        if len(self._wild) >= _GRAMS_FROM:
            self._index_grams()

    def decide(self, text: str) -> int:
        """Find the winning rule for a normalised target.

        Twice its number, plus one for an Allow; or ``NO_RULE`` or ``TOO_COMPLEX``, which are negative.
        """
        size = len(text)
        if self.is_too_complex or size > TARGET_LIMIT:
            return TOO_COMPLEX
        code, length, literally = self._decide_literally(text, size)
        rules = self._wild
        if len(rules) * size > _SCAN_LIMIT:
            rules = self._candidates(text)
            if len(rules) * size > STEP_LIMIT:
                return TOO_COMPLEX
        winner = code
        for rule_length, rule_code, literal, pattern in rules:
            if rule_length < length or (rule_length == length and code & 1):
                break
            if literal in text and pattern.matches_normalised(text):
                winner = rule_code
                break
        # Literal rules over one target keep their order under every count: only a wildcard rule can change the winner.
        if rules and winner >= 0 and winner & 1 and _DELIMITED(text):
            return self._decide_by_other_lengths(text, winner, (code, literally), rules)
        return winner

    def _decide_by_other_lengths(
        self, text: str, winner: int, literally: tuple[int, str], rules: list[tuple[int, int, str, Pattern]]
    ) -> int:
        """Give the Allow that won, or a Disallow that is longer under another count of octets."""
        found = [(other_lengths(literally[1]), literally[0])] if literally[0] >= 0 else []
        found += [
            (other_lengths(pattern.text), code)
            for _, code, literal, pattern in rules
            if literal in text and pattern.matches_normalised(text)
        ]
        for reading in range(2):
            _, is_allow, code = max((lengths[reading], code & 1, -code) for lengths, code in found)
            if not is_allow:
                return -code
        return winner

    def _decide_literally(self, text: str, size: int) -> tuple[int, int, str]:
        """Code and length of the longest literal rule, and the rule in normal spelling, its anchor included."""
        code = self._exact.get(text)
        if code is not None:
            return code, encoded_length(text) + 1, f"{text}$"
        for length in self._lengths:
            if length <= size:
                prefix = text[:length]
                code = self._prefixes.get(prefix)
                if code is not None:
                    return code, encoded_length(prefix), prefix
        return NO_RULE, 0, ""

    def _index_grams(self) -> None:
        for place, (_, _, literal, _) in enumerate(self._wild):
            if len(literal) < _GRAM:
                self._loose.append(place)
            else:
                self._grams.setdefault(literal[-_GRAM:], []).append(place)

    def _candidates(self, text: str) -> list[tuple[int, int, str, Pattern]]:
        """Wildcard rules of which a part occurs in the text, in their order."""
        if not self._grams and not self._loose:
            return self._wild
        seen = {text[start : start + _GRAM] for start in range(len(text) - _GRAM + 1)}
        places = [place for gram in seen & self._grams.keys() for place in self._grams[gram]]
        return [self._wild[place] for place in sorted(self._loose + places)]

    @property
    def cost(self) -> int:
        """Estimate of the memory held, in octets."""
        return 1024 + 150 * (len(self._prefixes) + len(self._exact)) + 700 * len(self._wild)


def _literal(pattern: Pattern) -> str:
    """Longest literal that every target under the pattern contains, whatever region it falls in."""
    in_query = pattern.query_segments or pattern.segments
    sure = (path for path, query in zip(pattern.segments, in_query, strict=True) if path == query)
    return max(sure, key=len, default="")
