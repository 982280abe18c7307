"""Where a key stands in a TOML file, so that a mistake is reported with its line.

Only positions: the values come from ``tomllib``, which has no positions of its own.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KeyPath = tuple[str | int, ...]
"""Keys from the root; an item of an array or of an array of tables is its index, counted from 0."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*\'""")
_STRING = re.compile(r'''"""(?:\\.|[^\\])*?""""{0,2}|\'\'\'.*?\'\'\''{0,2}|"(?:[^"\\]|\\.)*"|'[^']*\'''', re.DOTALL)
_BARE = re.compile(r"[^,\]}#\n]+")


def line_of(source: str, key_path: Sequence[str | int]) -> int | None:
    """Line (from 1) where the key is written first; ``None`` where the file does not have it.

    ``source`` must be TOML: ``tomllib.TOMLDecodeError`` otherwise. For many keys of one file use ``lines_of``.
    """
    return lines_of(source).get(tuple(key_path))


def lines_of(source: str) -> Mapping[KeyPath, int]:
    """All keys of the file and the line of each; raises ``tomllib.TOMLDecodeError`` for what is no TOML."""
    tomllib.loads(source)
    return _Scan(source).run()


class _Scan:
    """One pass over source that ``tomllib`` has accepted; hence no branch here for what is not TOML."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._ends = [at for at, char in enumerate(source) if char == "\n"]
        self._at = 0
        self._lines: dict[KeyPath, int] = {}
        self._array_sizes: dict[KeyPath, int] = {}

    def run(self) -> Mapping[KeyPath, int]:
        table: KeyPath = ()
        self._skip(_SPACE)
        while self._at < len(self._source):
            if self._source.startswith("[[", self._at):
                table = self._header(width=2)
            elif self._source.startswith("[", self._at):
                table = self._header(width=1)
            else:
                self._pair(table)
            self._skip(_SPACE)
        return self._lines

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._source, self._at)
        assert match is not None  # noqa: S101 - tomllib has accepted the source; says so to the type checker
        self._at = match.end()
        return match.group()

    def _next_is(self, char: str) -> bool:
        return self._source.startswith(char, self._at)

    def _note(self, path: KeyPath, at: int) -> None:
        self._lines.setdefault(path, bisect_left(self._ends, at) + 1)

    def _keys(self) -> list[tuple[str, int]]:
        """Read a dotted key, with the offset of each part."""
        keys = []
        while True:
            self._skip(_BLANK)
            start = self._at
            keys.append((_plain(self._skip(_KEY)), start))
            self._skip(_BLANK)
            if not self._next_is("."):
                return keys
            self._at += 1

    def _header(self, *, width: int) -> KeyPath:
        self._at += width
        keys = self._keys()
        self._at += width
        table: KeyPath = ()
        for number, (key, at) in enumerate(keys, start=1):
            table += (key,)
            self._note(table, at)
            if width == 2 and number == len(keys):  # noqa: PLR2004 - "[[" is two brackets wide
                self._array_sizes[table] = self._array_sizes.get(table, 0) + 1
            if table in self._array_sizes:
                table += (self._array_sizes[table] - 1,)
                self._note(table, at)
        return table

    def _pair(self, table: KeyPath) -> None:
        for key, at in self._keys():
            table += (key,)
            self._note(table, at)
        self._at += 1
        self._skip(_BLANK)
        self._value(table)

    def _value(self, path: KeyPath) -> None:
        if self._next_is("["):
            self._array(path)
        elif self._next_is("{"):
            self._inline_table(path)
        elif self._next_is('"') or self._next_is("'"):
            self._skip(_STRING)
        else:
            self._skip(_BARE)

    def _array(self, path: KeyPath) -> None:
        index = 0
        self._at += 1
        self._skip(_SPACE)
        while not self._next_is("]"):
            item = (*path, index)
            self._note(item, self._at)
            self._value(item)
            self._separator()
            index += 1
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        self._skip(_SPACE)
        while not self._next_is("}"):
            self._pair(path)
            self._separator()
        self._at += 1

    def _separator(self) -> None:
        self._skip(_SPACE)
        if self._next_is(","):
            self._at += 1
            self._skip(_SPACE)


def _plain(key: str) -> str:
    """Take the quotes off a key."""
    if key[0] == "'":
        return key[1:-1]
    if key[0] == '"':
        return str(tomllib.loads(f"key = {key}")["key"])
    return key
