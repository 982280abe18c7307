"""One document, four formats by the suffix of the file: HTML, Markdown, JSON, DOCX. The same facts, the same octets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawler.errors import UsageError
from crawler.reports.interface import Report
from crawler.reports.rendering import environment, render_html
from crawler.reports.training.docx import render_docx

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawler.reports.interface import Facts


class TrainingSummary(Report):
    """Article 53(1)(d), and the data rows of the Model Documentation Form."""

    id = "training"
    title = "Public summary of training content"


def render(path: Path, facts: Facts) -> bytes:
    """The document in the format of the file's suffix. Raises UsageError for another one."""
    return format_of(path)(facts)


def format_of(path: Path) -> Callable[[Facts], bytes]:
    """Raise UsageError where the suffix names no format."""
    try:
        return _FORMATS[path.suffix.lower()]
    except KeyError:
        raise UsageError(f"{path}: end the name in one of {', '.join(_FORMATS)}; it chooses the format") from None


def _html(facts: Facts) -> bytes:
    return render_html(TrainingSummary(), facts).encode("utf-8", "backslashreplace")


def _markdown(facts: Facts) -> bytes:
    template = environment().get_template("training.md.j2")
    return template.render(facts=facts.body, digest=facts.digest).encode("utf-8", "backslashreplace")


def _json(facts: Facts) -> bytes:
    return json.dumps(facts.as_json(), indent=2).encode() + b"\n"


_FORMATS: dict[str, Callable[[Facts], bytes]] = {
    ".html": _html,
    ".md": _markdown,
    ".json": _json,
    ".docx": render_docx,
}
