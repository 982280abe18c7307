"""Remote text in outputs."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.printable import for_csv, for_markdown, for_terminal
from tests.shared import shared_path


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\u00e9 \u6f22 \U0001f600", "caf\u00e9 \u6f22 \U0001f600"),
        ("\x1b[31m\x07", "\\u001b[31m\\u0007"),
        ("\u202ex\u2066", "\\u202ex\\u2066"),
        ("a\r\nb\u2028", "a\\u000d\\u000ab\\u2028"),
        ("\x9b\x7f", "\\u009b\\u007f"),
        ("\ud800", "\\ud800"),
    ],
)
def test_for_terminal(text: str, shown: str) -> None:
    """What acts on a terminal or turns the reading direction is shown by its number."""
    assert for_terminal(text) == shown


@pytest.mark.parametrize("text", ["=2+2", "+1", "-1", "@X", "\tx", "\rx"])
def test_for_csv(text: str) -> None:
    """A formula becomes text."""
    assert for_csv(text) == f"'{text}"
    assert for_csv(f"a{text}") == f"a{text}"


def test_for_markdown() -> None:
    """Every mark-up character is escaped, blanks at the ends are kept as references."""
    assert for_markdown("<b>*x*|") == "\\<b\\>\\*x\\*\\|"
    assert for_markdown("  a b ") == "&#32;&#32;a b&#32;"
    assert for_markdown("  ") == "&#32;&#32;"
    assert for_markdown("") == ""
    assert for_markdown("a\nb") == "a\\\\u000ab"


@given(st.text())
def test_nothing_acts(text: str) -> None:
    """Any text: one line that encodes, a cell that parses back, and Markdown without bare mark-up."""
    shown = for_terminal(text)
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown
    assert "\x1b" not in shown
    markdown = for_markdown(text)
    assert re.search(r"(?<!\\)(?:\\\\)*[<>*_`|\[\]]", markdown) is None
    rendered = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown.replace("&#32;", " "))
    assert rendered == shown


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_csv_parses_back(text: str) -> None:
    """A cell survives the way through a file and begins with no formula."""
    file = io.StringIO(newline="")
    csv.writer(file).writerow([for_csv(text), "end"])
    cell, _ = next(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert cell.removeprefix("'") == text.removeprefix("'")
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_injection_strings() -> None:
    """The strings of the report vectors lose their teeth in each output."""
    for text in json.loads(shared_path("vectors/adversarial/reports/injection.json").read_text(encoding="utf-8"))[
        "strings"
    ]:
        assert not for_csv(text).startswith(("=", "@"))
        assert for_terminal(text).isprintable()
        assert "<b" not in for_markdown(text).replace("\\<", "")
