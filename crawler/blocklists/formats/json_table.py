"""JSON: a list of names, objects with a key for the name, or one object a line; read token by mark, never as a whole.

A string in JSON holds no line end, so that every token stands on one line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.blocklists.formats.table import entries_of, is_entry_name
from crawler.blocklists.interface import Columns, Finding
from crawler.blocklists.reading import error, shown

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from crawler.blocklists.interface import Entry

    Outcome = Generator[Entry | Finding, None, str | None]
    """What a token gives, and in the end what is wrong with it."""

_TOKEN = re.compile(r'[ \t\r\n]*+("(?:[^"\\\x00-\x1f]|\\.)*+"|[\[\]{},:]|[^\s"\[\]{},:]++)')
_START = re.compile(r'\ufeff?\s*(?:\{|\[\s*(?:$|["{\[\]]|(?:-?[0-9.]+|null|true|false|NaN)\s*[,\]]))')
_WORD = re.compile(r"-?[0-9.eE+-]+|true|false|null")
_DEPTH = 32
_LINE_OCTETS = 64 * 1024 * 1024
"""A whole file may be one line."""


@dataclass(frozen=True, slots=True)
class JsonTable:
    """The format ``json``."""

    columns: Columns = field(default_factory=Columns)
    id: str = "json"
    title: str = "JSON or JSON lines"

    def read(self, lines: Iterable[bytes]) -> Iterator[Entry | Finding]:
        """Read on to the first thing that is not JSON; there is no telling what would follow."""
        walk = _Walk(self.columns)
        for number, line in enumerate(lines, start=1):
            text = _text(line, number)
            if isinstance(text, Finding):
                yield text
                return
            yield from walk.line(text, number)
            if walk.is_lost:
                return
        if walk.frames:
            yield error(None, "ends in the middle of a value; is the file cut?")

    def share(self, head: Sequence[str]) -> float:
        """Whether the first line begins a list or an object."""
        return 1.0 if head and _START.match(head[0]) else 0.0


@dataclass(slots=True)
class _Frame:
    """An open list or object; ``entries`` wait for the end of their object, since a reference may follow."""

    is_list: bool
    name: str | None
    """Key under which it stands, through lists."""
    key: str | None = None
    has_colon: bool = False
    is_full: bool = False
    """Whether a comma or the end has to come next."""
    has_comma: bool = False
    """Whether a comma came last."""
    fields: dict[str, str] = field(default_factory=dict)
    entries: list[tuple[str, int]] = field(default_factory=list)

    def took(self) -> None:
        """A value is complete."""
        self.key, self.has_colon, self.is_full, self.has_comma = None, False, True, False


class _Walk:
    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.frames: list[_Frame] = []
        self.is_lost = False

    def line(self, text: str, number: int) -> Iterator[Entry | Finding]:
        end = 0
        while (match := _TOKEN.match(text, end)) is not None:
            end = match.end()
            problem = None
            mark = match[1]
            if mark in "[{":
                problem = self._open(mark)
            elif mark in "]}":
                problem = yield from self._close(mark)
            elif mark == ":":
                problem = self._colon()
            elif mark == ",":
                problem = self._comma()
            else:
                problem = yield from self._scalar(mark, number)
            if problem is not None:
                self.is_lost = True
                yield error(number, problem)
                return
        if text[end:].strip():
            self.is_lost = True
            yield error(number, f"is not JSON from {shown(text[end:].strip())} on")

    def _open(self, mark: str) -> str | None:
        top = self.frames[-1] if self.frames else None
        if len(self.frames) >= _DEPTH:
            return f"is nested more than {_DEPTH} deep"
        if top is not None and not top.is_list and not top.has_colon:
            return "has a value where a key is wanted"
        if top is not None and top.is_full:
            return "has no comma between two values"
        name = None if top is None else top.name if top.is_list else top.key
        if top is not None:
            top.took()
        self.frames.append(_Frame(is_list=mark == "[", name=name))
        return None

    def _close(self, mark: str) -> Outcome:
        if not self.frames or self.frames[-1].is_list != (mark == "]") or self.frames[-1].key is not None:
            return "closes what is not open"
        frame = self.frames.pop()
        if frame.has_comma:
            return "ends behind a comma; is the file cut?"
        for word, line in frame.entries:
            yield from entries_of(word, line, frame.fields, self._columns)
        return None

    def _comma(self) -> str | None:
        top = self.frames[-1] if self.frames else None
        if top is None or not top.is_full:
            return "has a comma in a strange place"
        top.is_full, top.has_comma = False, True
        return None

    def _colon(self) -> str | None:
        top = self.frames[-1] if self.frames else None
        if top is None or top.key is None or top.has_colon:
            return "has a colon in a strange place"
        top.has_colon = True
        return None

    def _scalar(self, mark: str, number: int) -> Outcome:
        value = _value(mark)
        if value is None:
            return f"{shown(mark)} is not JSON"
        top = self.frames[-1] if self.frames else None
        if top is None:
            return "is neither a list nor an object"
        if top.is_full:
            return "has no comma between two values"
        if top.is_list:
            top.took()
            if top.name is None or is_entry_name(top.name, self._columns):
                yield from self._entry(mark, value, number, {})
        elif top.key is None:
            top.key = value if mark.startswith('"') else None
            return None if top.key is not None else f"{shown(mark)} is no key"
        elif not top.has_colon:
            return f"the key {shown(top.key)} has no value"
        else:
            yield from self._field(top, top.key, mark, value, number)
        return None

    def _field(self, top: _Frame, key: str, mark: str, value: str, number: int) -> Iterator[Finding]:
        if is_entry_name(key, self._columns):
            if mark.startswith('"'):
                top.entries.append((value, number))
            else:
                yield error(number, f"{shown(mark)} is no text; an entry is one")
        if key in (self._columns.valid_from, self._columns.valid_to, self._columns.reference):
            top.fields[key] = value
        top.took()

    def _entry(self, mark: str, value: str, number: int, fields: dict[str, str]) -> Iterator[Entry | Finding]:
        if mark.startswith('"'):
            yield from entries_of(value, number, fields, self._columns)
        else:
            yield error(number, f"{shown(mark)} is no text; an entry is one")


def _value(mark: str) -> str | None:
    """Text of a scalar; ``None`` where it is not JSON."""
    if not mark.startswith('"'):
        return mark if _WORD.fullmatch(mark) else None
    try:
        return str(json.loads(mark))
    except ValueError:
        return None


def _text(line: bytes, number: int) -> str | Finding:
    if len(line) > _LINE_OCTETS:
        return error(number, f"has more than {_LINE_OCTETS} octets")
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as problem:
        return error(number, f"is not UTF-8 from octet {problem.start + 1} on; save the whole list as UTF-8 text")
