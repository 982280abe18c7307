"""Finds sentences for people about text and data mining, Article 4 of Directive (EU) 2019/790, or the training of AI.

They stand in comments of robots.txt and on pages of terms. What they mean is never decided here: a quote is kept for a
person. No expression runs over more than ``LIMIT`` characters, and none can take more than linear time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from crawler.optout.prose_words import AI, HINTS, LAW, MINING, TERMS, TERMS_HINTS, TRAINING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIMIT = 128 * 1024
"""Characters of one document that are looked at."""
MOST = 20
"""Quotes of one document; more of them say nothing new to the person who opens it."""
QUOTE = 400
"""Characters of a quote."""
_NEAR = 120
"""Characters between the word for AI and the word for training, at most."""
_AROUND = 180
_SHORT = 80
_MATCHES = 200
"""Words of one kind that are looked at in one text."""
_ENDS = (". ", "! ", "? ")
_NO_TEXT = "script, style, noscript, template"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProseNote:
    """One quote that a person has to read."""

    topics: tuple[str, ...]
    """Of ``mining``, ``law``, ``ai_training``, in this order."""
    quote: str
    """One line, at most ``QUOTE`` characters. Text of strangers."""
    line: int | None
    """Of robots.txt, from 1; ``None`` on a page."""


def in_comments(robots: str) -> list[ProseNote]:
    """Look through the comments of a robots.txt; neighbouring lines of comment are one text. A page has none."""
    found: list[ProseNote] = []
    if robots[:1000].lstrip("\ufeff \t\r\n").startswith("<"):
        return found
    for line, text in _comments(robots[:LIMIT]):
        for note in _notes(text, line):
            found.append(note)
            if len(found) == MOST:
                return found
    return found


def in_page(markup: str) -> list[ProseNote]:
    """Look through the visible text of an HTML page, title included."""
    tree = LexborHTMLParser(markup[:LIMIT])
    for node in tree.css(_NO_TEXT):
        node.decompose()
    title = tree.css_first("title")
    body = "" if tree.body is None else tree.body.text(separator=" ")
    text = body if title is None else f"{title.text()}.\n{body}"
    return list(_notes(" ".join(text.split()), None))[:MOST]


def is_about_terms(*words: str) -> bool:
    """Whether the path of a page, its title, or the text of a link to it sounds like terms of use."""
    return any(_sounds_like_terms(word[:1000]) for word in words)


def _sounds_like_terms(word: str) -> bool:
    """Search only where a hint is: most paths and titles have none. Beyond ASCII, case is the expression's business."""
    if word.isascii():
        folded = word.lower()
        if not any(hint in folded for hint in TERMS_HINTS):
            return False
    return TERMS.search(word) is not None


def _comments(robots: str) -> Iterator[tuple[int, str]]:
    """Yield the first line and the text of each run of comments."""
    first, parts = 0, list[str]()
    for number, line in enumerate([*robots.splitlines(), ""], start=1):
        before, mark, comment = line.partition("#")
        if mark and not before.strip():
            first = first if parts else number
            parts.append(comment.strip("# \t"))
            continue
        if parts:
            yield first, " ".join(parts)
            parts = []
        if mark:
            yield number, comment.strip()


def _notes(text: str, line: int | None) -> Iterator[ProseNote]:
    """Join what is found in the same place into one quote."""
    folded = text.casefold()
    if not any(hint in folded for hint in HINTS):
        return
    places: dict[tuple[int, int], list[str]] = {}
    for topic, start, end in _places(text):
        span = _sentence(text, start, end)
        topics = places.setdefault(span, [])
        if topic not in topics:
            topics.append(topic)
    for (start, end), topics in places.items():
        yield ProseNote(topics=tuple(topics), quote=" ".join(text[start:end].split())[:QUOTE], line=line)


def _places(text: str) -> Iterable[tuple[str, int, int]]:
    for topic, words in (("mining", MINING), ("law", LAW)):
        yield from ((topic, match.start(), match.end()) for match in islice(words.finditer(text), _MATCHES))
    trained = [match.span() for match in islice(TRAINING.finditer(text), _MATCHES)]
    at = 0
    for match in islice(AI.finditer(text), _MATCHES):
        while at < len(trained) and trained[at][1] < match.start() - _NEAR:
            at += 1
        if at < len(trained) and trained[at][0] <= match.end() + _NEAR:
            start, end = trained[at]
            yield "ai_training", min(start, match.start()), max(end, match.end())


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a place to its sentence, by ``_AROUND`` characters at most on either side; what is short keeps its context.

    Abbreviations end sentences too: a dot says little.
    """
    low, high = max(0, start - _AROUND), min(len(text), end + _AROUND)
    begin = max((text.rfind(mark, low, start) + len(mark) for mark in _ENDS if mark in text[low:start]), default=low)
    stop = min((text.find(mark, end, high) + 1 for mark in _ENDS if mark in text[end:high]), default=high)
    return (begin, stop) if stop - begin >= _SHORT else (low, high)
