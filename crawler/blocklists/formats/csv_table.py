"""CSV files with a row of names above: which column holds what says the catalog, or the name of the column."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.blocklists.formats.table import ENTRY_NAMES, entries_of, is_entry_name
from crawler.blocklists.interface import Columns, Finding
from crawler.blocklists.lines import text_of
from crawler.blocklists.reading import error, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.blocklists.interface import Entry

DELIMITERS = ",;\t|"
_SAID = re.compile(rf"\ufeff?sep=([{DELIMITERS}])", re.IGNORECASE)
"""What Excel writes above a table."""


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The format ``csv``; columns named by number mean a file without a row of names."""

    columns: Columns = field(default_factory=Columns)
    id: str = "csv"
    title: str = "CSV table with a column of names"

    def read(self, lines: Iterable[bytes]) -> Iterator[Entry | Finding]:
        """Read row by row; a quote that is not closed, or closes too late, is an error."""
        faults: list[Finding] = []
        texts = _texts(lines, faults)
        reading = _Rows(self.columns)
        first = next((text for text in texts if text.strip()), None)
        delimiter = self.columns.delimiter
        if first is not None and (said := _SAID.fullmatch(first.strip("\r\n "))):
            delimiter = delimiter or said[1]
            first = next((text for text in texts if text.strip()), None)
        if first is not None:
            yield from self._rows(first, texts, reading, faults, delimiter)
        yield from faults

    def _rows(
        self, first: _Text, texts: Iterator[_Text], reading: _Rows, faults: list[Finding], delimiter: str | None
    ) -> Iterator[Entry | Finding]:
        place = _Place(first.number)
        rows = csv.reader(place.counted(first, texts), delimiter=delimiter or _delimiter(first), strict=True)
        try:
            for row in rows:
                yield from faults
                faults.clear()
                yield from reading.row(row, place.began)
                if reading.is_lost:
                    return
                place.began = 0
        except csv.Error as problem:
            yield error(place.began or place.last, f"the table cannot be read on from here: {problem}")

    def share(self, head: Sequence[str]) -> float:
        """Whether the first row names a column of entries, and there is more than one column."""
        first = next((line for line in head if not _SAID.fullmatch(line)), "")
        cells = [cell.strip().strip('"').lower() for cell in re.split(f"[{DELIMITERS}]", first.lstrip("\ufeff"))]
        return 1.0 if len(cells) > 1 and not set(cells).isdisjoint(ENTRY_NAMES) else 0.0


class _Text(str):
    """A line and its number."""

    __slots__ = ("number",)
    number: int


def _texts(lines: Iterable[bytes], faults: list[Finding]) -> Iterator[_Text]:
    for number, line in enumerate(lines, start=1):
        text = text_of(line, number, may_hold_cr=True)
        if isinstance(text, Finding):
            faults.append(text)
            continue
        numbered = _Text(text)
        numbered.number = number
        yield numbered


class _Place:
    """Where the row begins that is being read: a quoted cell may run over several lines."""

    def __init__(self, number: int) -> None:
        self.began = self.last = number

    def counted(self, first: _Text, texts: Iterator[_Text]) -> Iterator[str]:
        yield first
        for text in texts:
            self.last = text.number
            self.began = self.began or text.number
            yield text


class _Rows:
    """Rows of one file; the first one says what the columns are."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._names: list[str] | None = None
        self._entries: list[int] = []
        self.is_lost = False
        named = (columns.entry, columns.valid_from, columns.valid_to, columns.reference)
        if columns.entry is not None and all(name is None or name.isdigit() for name in named):
            self._names = []
            self._entries = [int(columns.entry) - 1]

    def row(self, row: list[str], line: int) -> Iterator[Entry | Finding]:
        if not any(cell.strip() for cell in row):
            return
        if self._names is None:
            yield from self._header(row, line)
            return
        names = self._names or [str(number) for number in range(1, len(row) + 1)]
        fields = dict(zip(names, row, strict=False))
        found = False
        for place in self._entries:
            if place < len(row) and row[place].strip():
                found = True
                yield from entries_of(row[place], line, fields, self._columns)
        if not found:
            yield error(line, "has no entry in its column")

    def _header(self, row: list[str], line: int) -> Iterator[Finding]:
        self._names = [cell.strip() for cell in row]
        self._entries = [place for place, name in enumerate(self._names) if is_entry_name(name, self._columns)]
        columns = self._columns
        for name in (columns.entry, columns.valid_from, columns.valid_to, columns.reference):
            if name is not None and name not in self._names:
                self.is_lost = True
                yield error(line, f"the first row has no column {shown(name)}; it has {shown(', '.join(self._names))}")
        if not self._entries and not self.is_lost:
            self.is_lost = True
            yield error(line, f"no column of {shown(', '.join(self._names))} is known; name one in [list.columns]")


def _delimiter(first: str) -> str:
    """The mark that the first row holds most of."""
    return max(DELIMITERS, key=first.count)
