"""The review of a page that names sites for people: a CSV that a named person decides line by line, and what follows.

Text in, text out. What the page names is found in ``page_names``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from crawler.errors import DocumentError, Mistake
from crawler.values.printable import for_csv, for_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.blocklists.page_names import Candidate

COLUMNS = (
    "decision", "what", "value", "context", "reference", "valid_from", "valid_to", "decided_by", "decided_on", "note",
)  # fmt: skip
DECISIONS = ("accept", "reject")
LIST_COLUMNS = {"entry": "domain", "valid_from": "valid_from", "valid_to": "valid_to", "reference": "reference"}
"""Which column of the accepted list holds what, as ``[list.columns]`` says it."""
_LIST_HEAD = ("domain", "reference", "valid_from", "valid_to", "accepted_by", "accepted_on")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the review; what nobody wrote is empty."""

    decision: str = ""
    what: str = "name"
    """``name``: a host; ``link``: a file that may be a list of its own, which ``add`` takes."""
    value: str = ""
    context: str = ""
    """Text of the page around it; empty in lines that a person added."""
    reference: str = ""
    """Number of a decision, page of the document."""
    valid_from: str = ""
    valid_to: str = ""
    decided_by: str = ""
    decided_on: str = ""
    note: str = ""
    line: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What a decision is about."""
        return self.what, self.value


def merged(found: Iterable[Candidate], before: Sequence[Row], page: str) -> list[Row]:
    """Rows for a new page: decisions stay with what they were about.

    What a person accepted and the page no longer names has to be decided again; lines that a person added stay.
    """
    decided = {row.key: row for row in before}
    rows = []
    for candidate in found:
        row = decided.pop((candidate.what, candidate.value), Row(what=candidate.what, value=candidate.value))
        rows.append(replace(row, context=candidate.context))
    for row in decided.values():
        if not row.context:
            rows.append(row)
        elif row.decision == "accept":
            note = f"accepted by {row.decided_by} on {row.decided_on}; no longer on the page {page}"
            rows.append(replace(row, decision="", decided_by="", decided_on="", note=note))
    return rows


def write_review(rows: Iterable[Row]) -> bytes:
    """The CSV for a person; what a spreadsheet would run is text in it."""
    lines = [_csv_line(COLUMNS)]
    lines += [_csv_line([getattr(row, column) for column in COLUMNS]) for row in rows]
    return "".join(lines).encode()


def read_review(name: str, content: bytes) -> list[Row]:
    """Read what a person made of it; raises DocumentError with every mistake, ``name`` being the file's."""
    mistakes: list[Mistake] = []
    rows: list[Row] = []
    for line, cells in _table(name, content, mistakes):
        row = Row(**{key: _cell(cells.get(key, "")) for key in COLUMNS}, line=line)
        mistakes += [Mistake(file=name, key=key, line=line, problem=problem) for key, problem in _problems(row)]
        rows.append(row)
    if mistakes:
        raise DocumentError(mistakes)
    return rows


def undecided(rows: Iterable[Row]) -> list[Row]:
    """Rows that still wait for a person."""
    return [row for row in rows if not row.decision]


def accepted_list(rows: Iterable[Row]) -> bytes:
    """The list that follows, as CSV: every accepted name with its reference, its dates, and who accepted it when."""
    lines = [_csv_line(_LIST_HEAD)]
    for row in rows:
        if row.decision == "accept" and row.what == "name":
            cells = (row.value, row.reference, row.valid_from, row.valid_to, row.decided_by, row.decided_on)
            lines.append(_csv_line(cells))
    return "".join(lines).encode()


def _table(name: str, content: bytes, mistakes: list[Mistake]) -> Iterable[tuple[int, dict[str, str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        mistakes.append(Mistake(file=name, key="", line=line, problem="is not UTF-8; save the CSV as UTF-8"))
        return
    lines = text.splitlines(keepends=True)
    head = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=max(_DELIMITERS, key=head.count), strict=True)
    try:
        names = [cell.strip() for cell in next(reader, [])]
        missing = [column for column in ("decision", "what", "value", "decided_by") if column not in names]
        if missing:
            problem = f"the first row lacks the columns {', '.join(missing)}; keep the row as it was written"
            mistakes.append(Mistake(file=name, key="", line=1, problem=problem))
            return
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        mistakes.append(Mistake(file=name, key="", line=reader.line_num, problem=f"is no CSV: {error}"))


def _problems(row: Row) -> Iterable[tuple[str, str]]:
    if row.decision not in ("", *DECISIONS):
        yield "decision", f"is {row.decision!r}; write accept or reject, or leave it empty"
    if row.what not in ("name", "link"):
        yield "what", f"is {row.what!r}; write name or link"
    if not row.value:
        yield "value", "is empty; write the name of the site"
    if row.decision and not row.decided_by:
        yield "decided_by", "is empty; a decision carries the name of the person who made it"
    for key in ("valid_from", "valid_to", "decided_on"):
        text = getattr(row, key)
        if text and not _is_day(text):
            yield key, f"is {text!r}; write a date like 2026-11-23"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _cell(text: str) -> str:
    """The text of a cell without what ``for_csv`` put before it."""
    text = text.strip()
    return text[1:] if text.startswith("'") and for_csv(text[1:]) == text else text


def _csv_line(cells: Iterable[str]) -> str:
    quoted = (for_csv(for_terminal(cell)).replace('"', '""') for cell in cells)
    return ",".join(f'"{cell}"' for cell in quoted) + "\r\n"
