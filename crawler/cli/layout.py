"""How answers for people are set: within the width of the terminal, URLs never broken, so that they can be copied."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

import click

from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDEST = 120
"""Columns of running text at most: longer lines are hard to read."""
SHORTEST = 12
"""Columns that a cell of a table keeps however narrow the terminal is."""
VERDICT_COLOURS = {"allow": "green", "deny": "red", "defer": "yellow"}


def width() -> int:
    """Columns that a line of text may have; 80 where there is no terminal and ``COLUMNS`` says nothing."""
    return max(40, min(shutil.get_terminal_size().columns, WIDEST))


def wrapped(text: str, *, indent: int = 0, first: str | None = None) -> str:
    """One paragraph; ``first`` stands in the first line's indentation. Text of strangers in it becomes harmless.

    A word that is longer than a line, such as a URL, stays whole.
    """
    margin = " " * indent
    beginning = margin if first is None else f"{first:<{indent}}"
    return textwrap.fill(
        for_terminal(text),
        width=width(),
        initial_indent=beginning,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(rows: Sequence[tuple[str, str]], *, indent: int = 2) -> str:
    """Names and what is said of them, the latter wrapped behind the longest name."""
    column = indent + 2 + max((len(for_terminal(name)) for name, _ in rows), default=0)
    return "\n".join(wrapped(text, indent=column, first=" " * indent + for_terminal(name)) for name, text in rows)


def heading(text: str) -> str:
    """A line that opens a section."""
    return click.style(for_terminal(text), bold=True)


def verdict(name: str, text: str | None = None) -> str:
    """A verdict, or a text about it, in the verdict's colour."""
    return click.style(for_terminal(name if text is None else text), fg=VERDICT_COLOURS.get(name))


def some(items: Sequence[str], limit: int) -> str:
    """The first items, two blanks apart, and how many more there are."""
    shown = "  ".join(for_terminal(item) for item in items[:limit])
    return shown if len(items) <= limit else f"{shown}  and {len(items) - limit} more"


def columns(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[bool], is_wide: bool = False
) -> str:
    """A table with a header; ``right`` names the columns of numbers.

    Unless ``is_wide``, cells are cut until a line fits the terminal; what was cut ends with an ellipsis.
    """
    lines = [[for_terminal(one) for one in row] for row in (names, *rows)]
    widths = [max(len(row[at]) for row in lines) for at in range(len(names))]
    room = shutil.get_terminal_size().columns - 2 * (len(names) - 1)
    while not is_wide and sum(widths) > room and max(widths) > SHORTEST:
        widths[widths.index(max(widths))] -= 1
    rules = ["-" * width for width in widths]
    return "\n".join(_line(row, widths, right) for row in (lines[0], rules, *lines[1:]))


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cut = [one if len(one) <= width else one[: width - 1] + "…" for one, width in zip(cells, widths, strict=True)]
    set_out = [
        one.rjust(width) if is_right else one.ljust(width)
        for one, width, is_right in zip(cut, widths, right, strict=True)
    ]
    return "  ".join(set_out).rstrip()
