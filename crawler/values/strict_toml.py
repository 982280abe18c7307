"""TOML that people wrote, read strictly: unknown keys, wrong types and bad ranges are mistakes, all gathered at once.

It knows tables, keys and lines; what a key means is the business of its caller.
"""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from crawler.errors import Mistake
from crawler.values.toml_lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crawler.values.toml_lines import KeyPath

T = TypeVar("T")

FILE_LIMIT = 1024 * 1024
"""Largest file that is read, in octets (R7.4)."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_AT_LINE = re.compile(r"\(at line (\d+)")


class Source:
    """One file: its tables, the line of each key, and the mistakes found so far."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.mistakes: list[Mistake] = []
        self._is_readable = True
        self._lines: Mapping[KeyPath, int] = {}
        self._values = self._parse(content)

    def root(self) -> Table:
        """Open the top level of the file; empty where the file could not be parsed."""
        return Table(self, (), self._values)

    def mistake(self, path: KeyPath, problem: str) -> None:
        """Note a mistake at the line of the key, or of the nearest table around it that is written down.

        In a file that could not be parsed no key is missing: only what is wrong with the whole is said.
        """
        if not self._is_readable:
            return
        place = path
        line = self._lines.get(place)
        while line is None and place:
            place = place[:-1]
            line = self._lines.get(place)
        self.mistakes.append(Mistake(file=self.name, key=spelled(path), line=line, problem=problem))

    def _parse(self, content: bytes) -> dict[str, Any]:
        if len(content) > FILE_LIMIT:
            return self._whole(None, f"is {len(content)} octets long; at most {FILE_LIMIT} are read")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            return self._whole(line, "is not UTF-8; save the file as UTF-8 text")
        try:
            values = tomllib.loads(text)
            self._lines = lines_of(text)
        except tomllib.TOMLDecodeError as error:
            found = _AT_LINE.search(str(error))
            return self._whole(int(found.group(1)) if found else None, f"is not TOML: {error}")
        except RecursionError:
            return self._whole(None, "is nested too deeply")
        return values

    def _whole(self, line: int | None, problem: str) -> dict[str, Any]:
        self.mistakes.append(Mistake(file=self.name, key="", line=line, problem=problem))
        self._is_readable = False
        return {}


class Table:
    """One table of a file. Every getter notes what is wrong and answers the default, so that reading goes on."""

    def __init__(self, source: Source, path: KeyPath, values: Mapping[str, Any]) -> None:
        self._source = source
        self._path = path
        self._values = values
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def mistake(self, key: str, problem: str) -> None:
        """Note a mistake of one key of this table; ``""`` means the table itself."""
        self._source.mistake((*self._path, key) if key else self._path, problem)

    def text(self, key: str, default: str | None = None, *, limit: int = 500) -> str:
        """Text of one line; without a default it must be there and must not be blank."""
        value = self._get(key, default)
        if value is None:
            return ""
        if not isinstance(value, str):
            return self._wrong(key, "text in quotes", value, default or "")
        if not value.isprintable() or len(value) > limit:
            return self._wrong(key, f"one line of at most {limit} printable characters", value, default or "")
        if default is None and not value.strip():
            self.mistake(key, "is empty; this key must say something")
        return value

    def prose(self, key: str, *, limit: int) -> str:
        """Text of any number of lines, without white space around it; empty where it is missing."""
        value = self._get(key, "")
        if not isinstance(value, str):
            return self._wrong(key, "text in quotes", value, "")
        if len(value) > limit or not value.replace("\n", "").replace("\t", "").isprintable():
            return self._wrong(key, f"at most {limit} printable characters", value, "")
        return value.strip()

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """One of the options; the first one where the file is wrong."""
        value = self._get(key, default)
        if isinstance(value, str) and value in options:
            return value
        if value is not None:
            self.mistake(key, f"is {value!r}; write one of {listed(options)}")
        return default or options[0]

    def flag(self, key: str, *, default: bool) -> bool:
        """``true`` or ``false``."""
        value = self._get(key, default)
        return value if isinstance(value, bool) else self._wrong(key, "true or false", value, default)

    def integer(self, key: str, default: int, *, least: int, most: int) -> int:
        """Whole number within both bounds."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            return self._wrong(key, "a whole number", value, default)
        return value if least <= value <= most else self._range(key, value, default, least, most)

    def number(self, key: str, default: float, *, least: float, most: float) -> float:
        """Number within both bounds; ``nan`` and ``inf`` are outside of all bounds."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._wrong(key, "a number", value, default)
        return float(value) if least <= value <= most else self._range(key, value, default, least, most)

    def day(self, key: str) -> date | None:
        """Local date without quotes; ``None`` where it is missing or wrong, ``require`` says if that is a mistake."""
        value = self._get(key, "")
        if value == "":
            return None
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        self._wrong(key, "a date without quotes and time, like 2026-11-23", value, None)
        return None

    def require(self, *keys: str) -> None:
        """Note every one of the keys that is not there."""
        for key in keys:
            if key not in self._values:
                self.mistake(key, "is missing")

    def texts(self, key: str, *, options: Sequence[str] | None = None) -> tuple[str, ...]:
        """List of texts without repetition, each one of the options where there are any."""
        found: list[str] = []
        for index, value in self._list(key):
            at = (*self._path, key, index)
            if not isinstance(value, str) or not value or not value.isprintable():
                self._source.mistake(at, f"is {value!r}; write text in quotes")
            elif options is not None and value not in options:
                self._source.mistake(at, f"is {value!r}; write one of {listed(options)}")
            elif value in found:
                self._source.mistake(at, f"{value!r} stands twice")
            else:
                found.append(value)
        return tuple(found)

    def integers(self, key: str, default: tuple[int, ...], *, least: int, most: int) -> tuple[int, ...]:
        """List of whole numbers within both bounds."""
        if key not in self._values:
            self._known.add(key)
            return default
        found: list[int] = []
        for index, value in self._list(key):
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                self._source.mistake(
                    (*self._path, key, index), f"is {value!r}; write a whole number from {least} to {most}"
                )
            else:
                found.append(value)
        return tuple(found)

    def table(self, key: str) -> Table:
        """Table below this one; empty where it is not there."""
        value = self._get(key, {})
        if not isinstance(value, dict):
            self._wrong(key, f"a table [{spelled((*self._path, key))}]", value, None)
            value = {}
        return Table(self._source, (*self._path, key), value)

    def tables(self, key: str) -> tuple[Table, ...]:
        """Entries ``[[key]]`` in the order of the file."""
        found = []
        for index, value in self._list(key):
            if isinstance(value, dict):
                found.append(Table(self._source, (*self._path, key, index), value))
            else:
                self._source.mistake((*self._path, key, index), f"is no table; write [[{key}]]")
        return tuple(found)

    def names(self) -> tuple[str, ...]:
        """All keys of a table whose keys are free names; none of them is unknown then."""
        self._known.update(self._values)
        return tuple(self._values)

    def finish(self) -> None:
        """Note every key that no getter asked for."""
        for key in self._values:
            if key not in self._known:
                near = get_close_matches(key, self._known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {listed(sorted(self._known))}"
                self.mistake(key, f"is no key of this table; {hint}")

    def _get(self, key: str, default: object) -> Any:
        self._known.add(key)
        if key in self._values:
            return self._values[key]
        if default is None:
            self.mistake(key, "is missing")
        return default

    def _list(self, key: str) -> Iterable[tuple[int, Any]]:
        value = self._get(key, [])
        if not isinstance(value, list):
            self._wrong(key, "a list in [ ]", value, None)
            return ()
        return enumerate(value)

    def _wrong(self, key: str, wanted: str, value: object, default: T) -> T:
        self.mistake(key, f"is {_shown(value)}; write {wanted}")
        return default

    def _range(self, key: str, value: object, default: T, least: float, most: float) -> T:
        self.mistake(key, f"is {value!r}; write a value from {least} to {most}")
        return default


def spelled(path: KeyPath) -> str:
    """Dotted path as people write it; entries of a list count from 1."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            name = part if _BARE.fullmatch(part) else json.dumps(part)
            text += f".{name}" if text else name
    return text


def listed(options: Iterable[str]) -> str:
    """``"a", "b"``, for a message."""
    return ", ".join(f'"{option}"' for option in options)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - keeps the message on one line
