"""ai.txt of Spawning: robots.txt grammar over media types (opt-outs.md section 9, PC-14). It never grants.

A file without a user-agent line is something else of the same name: a policy of a later draft, a business profile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.optout.interface import OptOutReader
from crawler.optout.robots.groups import parse
from crawler.optout.robots.match import compile_pattern
from crawler.optout.statement import SILENCE, Carrier, Layer, Preference, Use
from crawler.optout.targets import target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.optout.interface import SiteFile
    from crawler.optout.robots.groups import RobotsFile
    from crawler.optout.robots.match import Pattern
    from crawler.optout.statement import Problem, Question, Reading, Reference, SoftDirective, Source, Statement

RULES_LIMIT = 2_000
"""Rules that are matched one by one; a Disallow behind them covers everything."""
WILDCARDS_LIMIT = 50
"""``*`` in one rule; a Disallow with more covers everything, an Allow nothing."""

_TRAINING = frozenset({Use.TRAIN_GENAI, Use.TRAIN_OTHER})
_BY_EXTENSION = re.compile(rb"/?\*(\.[^/*?$%]+)\$?")
_EXTENSION = re.compile(r"\.(?=\d*[a-z])[a-z0-9]{1,10}")
_SEPARATORS = re.compile(rb"[ \t,;]+")
_EXTENSIONS = {
    "text/html": (".html", ".htm"),
    "application/xhtml+xml": (".xhtml", ".html", ".htm"),
    "text/plain": (".txt",),
    "text/markdown": (".md",),
    "text/csv": (".csv",),
    "text/css": (".css",),
    "text/javascript": (".js",),
    "application/javascript": (".js",),
    "application/json": (".json",),
    "application/xml": (".xml",),
    "text/xml": (".xml",),
    "application/pdf": (".pdf",),
    "application/epub+zip": (".epub",),
    "application/msword": (".doc",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/avif": (".avif",),
    "image/svg+xml": (".svg",),
    "image/tiff": (".tiff", ".tif"),
    "image/bmp": (".bmp",),
    "audio/mpeg": (".mp3",),
    "audio/wav": (".wav",),
    "audio/ogg": (".ogg",),
    "audio/flac": (".flac",),
    "audio/aac": (".aac",),
    "audio/mp4": (".m4a",),
    "video/mp4": (".mp4",),
    "video/webm": (".webm",),
    "video/ogg": (".ogv", ".ogg"),
    "video/quicktime": (".mov",),
    "video/x-msvideo": (".avi",),
}
"""What a resource without an extension counts as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One Allow or Disallow."""

    number: int
    """In the file."""
    is_allow: bool
    extension: str
    """With its dot, lower case; empty for a pattern of paths."""
    pattern: Pattern | None
    """``None`` where ``extension`` decides, or where everything is covered."""
    length: int

    def covers(self, target: str, endings: tuple[str, ...]) -> bool:
        """Whether the rule speaks of the normalised target, or of one of the endings that it counts as."""
        if self.extension:
            return any(ending.endswith(self.extension) for ending in endings)
        return self.pattern is None or self.pattern.matches_normalised(target)


def rules_of(file: RobotsFile, groups: tuple[int, ...]) -> tuple[Rule, ...]:
    """Compile the rules of groups, bounded; nothing that restricts is lost."""
    found: list[Rule] = []
    for number, is_allow, octets in file.numbered_rules(groups):
        if len(found) < RULES_LIMIT:
            found += _rules(number, octets, is_allow=is_allow)
        elif not is_allow:
            found.append(_everything(number, len(octets)))
            break
    return tuple(found)


def _rules(number: int, octets: bytes, *, is_allow: bool) -> Iterator[Rule]:
    """Give the rules of one value: one, or one for each extension of a list that should have been several lines."""
    parts = _SEPARATORS.split(octets, maxsplit=WILDCARDS_LIMIT)
    extensions = [found[1].decode("latin-1").lower() for found in map(_BY_EXTENSION.fullmatch, parts) if found]
    if len(extensions) == len(parts) and (len(parts) == 1 or not is_allow):
        for extension in extensions:
            length = 1 + len(extension)
            yield Rule(number=number, is_allow=is_allow, extension=extension, pattern=None, length=length)
    elif octets.count(b"*") <= WILDCARDS_LIMIT:
        pattern = compile_pattern(octets)
        yield Rule(number=number, is_allow=is_allow, extension="", pattern=pattern, length=pattern.length)
    elif not is_allow:
        yield _everything(number, len(octets))


def _everything(number: int, length: int) -> Rule:
    return Rule(number=number, is_allow=False, extension="", pattern=None, length=length)


def decide(rules: tuple[Rule, ...], target: str, endings: tuple[str, ...]) -> int | None:
    """Number of the Disallow that wins: the longest rule, before an Allow of the same length."""
    matching = [rule for rule in rules if rule.covers(target, endings)]
    winner = max(matching, key=lambda rule: (rule.length, not rule.is_allow, -rule.number), default=None)
    return None if winner is None or winner.is_allow else winner.number


def endings_of(target: str, media_type: str | None) -> tuple[str, ...]:
    """Give the path in lower case, or the extensions of the media type where it has none (PC-14)."""
    path = target.partition("?")[0].lower()
    name = path[path.rindex("/") :]
    if _EXTENSION.fullmatch(name[name.rfind(".") :]) and "." in name:
        return (path,)
    return _EXTENSIONS.get(media_type or "", ())


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: AiTxtReader
    source: Source
    file: RobotsFile
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    soft: tuple[SoftDirective, ...] = ()
    _known: dict[str, tuple[tuple[Rule, ...], ...]] = field(default_factory=dict)

    def about(self, question: Question) -> tuple[Statement, ...]:
        if question.use not in _TRAINING:
            return ()
        target = target_of(question.url)
        endings = endings_of(target, question.media_type)
        numbers = (decide(rules, target, endings) for rules in self._rules_for(question.token))
        return tuple(
            self.reader.statement(
                use=question.use,
                preference=Preference.RESERVED,
                carrier=Carrier.SITE_FILE,
                layer=Layer.LOCATION,
                value=rule.text,
                position=rule.line,
                rule="PC-14",
                source=self.source,
            )
            for rule in (self.file.rule(number) for number in dict.fromkeys(numbers) if number is not None)
        )

    def _rules_for(self, token: str) -> tuple[tuple[Rule, ...], ...]:
        """Rules of the groups selected leniently and strictly: either may reserve (PC-24)."""
        if token not in self._known:
            selections = (self.file.group_for(token, is_strict=is_strict) for is_strict in (False, True))
            groups = dict.fromkeys(selection.groups for selection in selections)
            self._known[token] = tuple(rules_of(self.file, one) for one in groups)
        return self._known[token]


class AiTxtReader(OptOutReader):
    """``Disallow: *.jpg``; also where the later draft has its file, since a reservation counts wherever it stands."""

    id = "ai-txt"
    title = "Spawning ai.txt"
    spec_url = "https://site.spawning.ai/spawning-ai-txt"
    spec_version = "2023"
    version = "1"
    site_files = ("/ai.txt", "/.well-known/ai.txt")

    def read_site_file(self, file: SiteFile) -> Reading:
        """Read the groups; which one is ours depends on who asks."""
        robots = parse(file.body)
        return SILENCE if robots.is_empty else _Reading(self, file.source, robots)
