"""Two versions of the files of policies, key by key and text by text, and what the newer one makes of crawls."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.audit.replay.changing import Changes, find_changes
from crawler.errors import DocumentError, Mistake
from crawler.policy.differences import Difference, differences
from crawler.policy.profile_reading import PROFILES
from crawler.reports.copyright_policy.archive import DESCRIPTION, SOURCES
from crawler.storage.policies import open_contents, shipped_folder
from crawler.storage.policy_folder import read_folder
from crawler.storage.reading import CrawlReader
from crawler.storage.suffixes import bundled_suffixes
from crawler.values.toml_lines import line_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from crawler.policy.document import CrawlPolicy
    from crawler.storage.policy_folder import PolicyFolder

_COMMENT = re.compile(r"#\s?(.*)")
_BESIDE = re.compile(r"""^[^#"']*(?:"(?:[^"\\]|\\.)*"|'[^']*')?[^#"']*#\s?(.+)$""")
LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """One key with two values, and what it is about."""

    file: str
    key: str
    old: str | None
    new: str | None
    meaning: str
    """The comment beside the key in the files as shipped; empty for entries that have none."""

    @property
    def sentence(self) -> str:
        """In plain words."""
        if self.old is None:
            told = f"comes in: {self.new!r}"
        elif self.new is None:
            told = f"goes; it was {self.old!r}"
        else:
            told = f"was {self.old!r}, is now {self.new!r}"
        return f"{self.key} {told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """A text block or template that came, went or changed."""

    file: str
    kind: str
    """``added``, ``removed`` or ``changed``."""
    lines: tuple[str, ...]
    """Lines that go (``-``) and come (``+``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs, and by what digests."""

    old: Mapping[str, str]
    """Version and digests."""
    new: Mapping[str, str]
    keys: tuple[KeyChange, ...]
    texts: tuple[TextChange, ...]
    policy: CrawlPolicy
    """The newer one."""

    @property
    def is_same(self) -> bool:
        """Whether every file has the same bytes."""
        return self.old == self.new

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "old": dict(self.old),
            "new": dict(self.new),
            "keys": [{**asdict(one), "sentence": one.sentence} for one in self.keys],
            "texts": [asdict(one) for one in self.texts],
        }


def compare(old: Path, new: Path) -> Comparison:
    """Compare two folders of policies, or versions of an archive. Raises UsageError, DocumentError."""
    before, after = (read_folder(_sources(path)) for path in (old, new))
    suffixes = bundled_suffixes()
    policies = [
        open_contents(folder.settings, tool_version=__version__, suffixes=suffixes).policy for folder in (before, after)
    ]
    changed = [*differences(*policies), *_profiles(before, after)]
    shipped = {name: content.decode() for name, content in read_folder(shipped_folder()).settings.items()}
    return Comparison(
        old=_named(policies[0], before),
        new=_named(policies[1], after),
        keys=tuple(
            KeyChange(file=one.file, key=one.key, old=one.old, new=one.new, meaning=meaning_of(one, shipped))
            for one in changed
        ),
        texts=tuple(_texts({**before.texts, **before.templates}, {**after.texts, **after.templates})),
        policy=policies[1],
    )


def effects(folders: Sequence[Path], policy: CrawlPolicy, *, now: datetime, announce: Callable[[int], None]) -> Changes:
    """Decide all rows of crawls by a policy. Raises as ``audit replay`` does."""
    found = Changes()
    for folder in folders:
        with CrawlReader.open(folder) as reader:
            find_changes(reader, found, policy=policy, matcher=None, now=now, announce=announce)
    return found


def meaning_of(change: Difference, shipped: Mapping[str, str]) -> str:
    """The comment beside a key, else above it, as the shipped file explains it."""
    text = shipped.get(change.file, "")
    line = line_of(text, tuple(change.key.split("."))) if text else None
    if line is None:
        return ""
    lines = text.split("\n")
    beside = _BESIDE.match(lines[line - 1])
    if beside is not None:
        return beside[1]
    above: list[str] = []
    at = line - 2
    while at >= 0 and (match := _COMMENT.fullmatch(lines[at].strip())):
        above.insert(0, match[1])
        at -= 1
    return " ".join(above)[:LONGEST]


def _sources(path: Path) -> Path:
    """A version of an archive holds its sources in a folder."""
    return path / SOURCES if (path / DESCRIPTION).is_file() else path


def _named(policy: CrawlPolicy, folder: PolicyFolder) -> dict[str, str]:
    return {"version": policy.version, "policy_digest": policy.digest, "sources_digest": folder.digest}


def _profiles(before: PolicyFolder, after: PolicyFolder) -> Iterator[Difference]:
    for file in PROFILES:
        old, new = (_flat("", _toml(file, folder.settings.get(file, b""))) for folder in (before, after))
        for key in [*new, *(key for key in old if key not in new)]:
            if old.get(key, "") != new.get(key, ""):
                yield Difference(file=file, key=key, old=old.get(key) or None, new=new.get(key) or None)


def _toml(file: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise DocumentError([Mistake(file=file, key="", line=None, problem=f"is not TOML: {error}")]) from error


def _flat(key: str, value: Any) -> dict[str, str]:
    """Keys of tables and numbered entries to values as text; nothing and no text are the same."""
    if isinstance(value, dict):
        pairs = [(f"{key}.{name}" if key else name, one) for name, one in value.items()]
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        pairs = [(f"{key}[{number}]", one) for number, one in enumerate(value, start=1)]
    else:
        return {key: ", ".join(map(str, value)) if isinstance(value, list) else str(value)}
    return {name: text for inner, one in pairs for name, text in _flat(inner, one).items()}


def _texts(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[TextChange]:
    for file in sorted({*before, *after}):
        old, new = before.get(file), after.get(file)
        if old == new:
            continue
        kind = "added" if old is None else "removed" if new is None else "changed"
        lines = difflib.unified_diff(_lines(old), _lines(new), lineterm="", n=0)
        told = tuple(line for line in lines if not line.startswith(("---", "+++ ", "@@")) and line != "+++")
        yield TextChange(file=file, kind=kind, lines=told)


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode("utf-8", "replace").splitlines()
