"""Everything that is wrong, due or open in the files of ``policies/``, at once, with file, key and line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from crawler.errors import DocumentError
from crawler.optout.registry import READERS
from crawler.policy.contradictions import contradictions
from crawler.policy.profile_gaps import model_gaps, provider_gaps, retention_gaps
from crawler.policy.profile_reading import MODEL, PROFILES, PROVIDER, RETENTION, model, provider, retention
from crawler.policy.reading import AGREEMENTS, CRAWL_POLICY, PROTOCOLS, notes, read_policy
from crawler.values.strict_toml import Source
from crawler.values.toml_lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from crawler.errors import Mistake
    from crawler.policy.document import CrawlPolicy
    from crawler.policy.profiles import Gap
    from crawler.values.host import Suffixes

KNOWN = (CRAWL_POLICY, AGREEMENTS, PROTOCOLS, *PROFILES)
"""The typed files, in the order in which people meet them."""

ERROR, WARNING, NOTE = "error", "warning", "note"

_ALONE = b'version = "1"\n'
"""Stands in for the crawl policy where another file is looked at alone."""
_PART = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?")
_FILE_OF_NOTE = {"agreement": AGREEMENTS, "off": PROTOCOLS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that somebody should know."""

    level: str
    """``error`` keeps every crawl, or the document, from starting; ``warning`` is work for a person; ``note`` is good
    to know."""
    file: str
    key: str
    line: int | None
    problem: str
    needed_for: str = ""
    """With an open question: the obligation or field that waits for it."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


def lint(
    files: Mapping[str, bytes], *, today: date, suffixes: Suffixes | None = None, is_folder: bool
) -> tuple[Remark, ...]:
    """Look at the files, given by their names; ``is_folder`` says that these are all there are. ``today`` is UTC."""
    found = list(_unknown(files))
    if is_folder and CRAWL_POLICY not in files:
        found.append(Remark(level=ERROR, file=CRAWL_POLICY, key="", line=None, problem="is missing from the folder"))
    try:
        policy = read_policy({CRAWL_POLICY: _ALONE} | dict(files), tool_version="0", suffixes=suffixes)
    except DocumentError as error:
        found += map(_error, error.mistakes)
    else:
        found += _about_policy(policy, files, today)
    found += _about_profiles(files, today)
    return tuple(sorted(found, key=_place))


def _place(remark: Remark) -> tuple[int, str, int, str]:
    position = KNOWN.index(remark.file) if remark.file in KNOWN else len(KNOWN)
    return position, remark.file, remark.line or 0, remark.key


def _error(mistake: Mistake) -> Remark:
    return Remark(level=ERROR, file=mistake.file, key=mistake.key, line=mistake.line, problem=mistake.problem)


def _unknown(files: Iterable[str]) -> Iterator[Remark]:
    for name in files:
        if name not in KNOWN:
            near = get_close_matches(name, KNOWN, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(KNOWN)}"
            yield Remark(level=WARNING, file=name, key="", line=None, problem=f"nothing reads this file; {hint}")


def _about_policy(policy: CrawlPolicy, files: Mapping[str, bytes], today: date) -> Iterator[Remark]:
    for note in notes(policy, today):
        file = _FILE_OF_NOTE.get(note.key.partition("[")[0], CRAWL_POLICY)
        if file in files:
            is_due = "expired" in note.text
            line = _line(files, file, note.key)
            yield Remark(level=WARNING if is_due else NOTE, file=file, key=note.key, line=line, problem=note.text)
    if PROTOCOLS in files:
        rows = {reader for entry in policy.protocols for reader in entry.readers}
        for reader in READERS:
            if reader.id not in rows:
                problem = f"no protocol names the reader {reader.id}: its statements count without a stated ground"
                yield Remark(level=WARNING, file=PROTOCOLS, key="", line=None, problem=problem)


def _about_profiles(files: Mapping[str, bytes], today: date) -> Iterator[Remark]:
    sources = {name: Source(name, files[name]) for name in PROFILES if name in files}
    gaps: list[Gap] = []
    if PROVIDER in sources:
        known = provider(sources[PROVIDER].root())
        gaps += provider_gaps(known)
        for key, problem in contradictions(known, today=today):
            line = _line(files, PROVIDER, key) if not sources[PROVIDER].mistakes else None
            yield Remark(level=ERROR, file=PROVIDER, key=key, line=line, problem=problem)
    if MODEL in sources:
        gaps += model_gaps(model(sources[MODEL].root()))
    if RETENTION in sources:
        gaps += retention_gaps(retention(sources[RETENTION].root()))
    for source in sources.values():
        yield from map(_error, source.mistakes)
    for gap in gaps:
        if not sources[gap.file].mistakes:
            problem = f"not answered; needed for {gap.needed_for}"
            line = _line(files, gap.file, gap.key)
            yield Remark(level=NOTE, file=gap.file, key=gap.key, line=line, problem=problem, needed_for=gap.needed_for)


def _line(files: Mapping[str, bytes], file: str, key: str) -> int | None:
    """Line of a key, or of the nearest table around it that is written down; the file has been parsed before."""
    lines = lines_of(files[file].decode())
    path: tuple[str | int, ...] = ()
    for name, number in _PART.findall(key):
        path += (name, int(number) - 1) if number else (name,)
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)
