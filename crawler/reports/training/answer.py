"""What stands in one field of a document: an answer, a gap with its reason and a name, or why it does not apply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

GIVEN, MEASURED, DRAFT, GAP, NOT_APPLICABLE, NONE = "given", "measured", "draft", "gap", "not-applicable", "none"
STATUSES = {
    GIVEN: "a person's answer",
    MEASURED: "from the crawls",
    DRAFT: "from the crawls, to be confirmed by a person",
    GAP: "gap",
    NOT_APPLICABLE: "not applicable",
    NONE: "nothing to add",
}
"""Status of a field, and how people read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a caption; cells are JSON values."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the facts."""
        rows = [list(row) for row in self.rows]
        return {"caption": self.caption, "columns": list(self.columns), "rows": rows, "note": self.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whatever a field holds; the parts are printed in this order."""

    status: str
    value: Any = None
    """For machines: text, boolean, list or object; ``None`` in a gap."""
    choices: tuple[tuple[str, bool], ...] = ()
    """Boxes, ticked or not."""
    text: tuple[str, ...] = ()
    """Paragraphs."""
    links: tuple[tuple[str, str], ...] = ()
    """Text and address."""
    tables: tuple[Table, ...] = ()
    gap: str = ""
    """Why something is missing."""
    queries: tuple[str, ...] = ()
    """Questions to the manifest that the answer rests on."""
    problems: tuple[str, ...] = field(default=())
    """Contradictions between what people said and what the crawls show."""


def given(text: str, **more: Any) -> Answer:
    """A person's text; a gap where there is none."""
    return Answer(status=GIVEN, value=text, text=(text,), **more) if text else gap("Nobody has answered this yet.")


def gap(reason: str, **more: Any) -> Answer:
    """Nothing, or not all, is known."""
    return Answer(status=GAP, gap=reason, **more)


def optional(*texts: str, **more: Any) -> Answer:
    """A field that need not be filled in."""
    said = tuple(text for text in texts if text)
    if said or more.get("tables"):
        return Answer(status=more.pop("status", GIVEN), value=list(said), text=said, **more)
    return Answer(status=NONE, value=None, text=("No additional comments.",))


def yes_no(answer: bool | None, *, status: str = GIVEN, **more: Any) -> Answer:
    """Two boxes; both empty where nobody knows, since unknown is not no."""
    boxes = (("Yes", answer is True), ("No", answer is False))
    if answer is None:
        return gap("Nobody has answered yes or no yet; unknown is not no.", choices=boxes, **more)
    return Answer(status=status, value=answer, choices=boxes, **more)


MODALITIES = ("text", "image", "video", "audio", "other")
"""In the order of the form's boxes."""


def modality_boxes(ticked: Sequence[str], *, status: str = GIVEN, **more: Any) -> Answer:
    """Five boxes; a gap where none is ticked."""
    boxes = tuple((name.capitalize(), name in ticked) for name in MODALITIES)
    if not ticked:
        return gap("No modality is named.", choices=boxes, **more)
    return Answer(status=status, value=[name for name in MODALITIES if name in ticked], choices=boxes, **more)
