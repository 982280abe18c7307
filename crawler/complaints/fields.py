"""What a complaint may hold: one table from which the published schema, the readers and the completeness check come.

Field names are those of the JSON intake, of a form and of the header of a CSV table. What a complaint says is data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

FORMAT = "clearcrawl-complaint/1"


class Kind(StrEnum):
    """How a field is written."""

    LINE = "line"
    TEXT = "text"
    LIST = "list"
    """JSON: an array of texts. Form, CSV and mail: one entry a line."""
    CHOICE = "choice"
    DAY = "day"
    """``2026-05-31``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question to whoever complains."""

    name: str
    title: str
    """For forms, mails and letters."""
    kind: Kind
    limit: int
    """Characters; of a list, those of one entry."""
    explanation: str
    options: tuple[str, ...] = ()


CAPACITIES = ("rightsholder", "representative", "cmo")
"""Collective management organisations are ``cmo`` (Measure 1.5)."""
MEASURES = ("1.1", "1.2", "1.3", "1.4", "1.5")
MOST_ENTRIES = 100_000
"""Of a list; what is beyond stays in the file as it came."""

_LINE, _TEXT, _URL = 300, 20_000, 8_192

FIELDS = (
    Field(name="name", title="Name", kind=Kind.LINE, limit=_LINE, explanation="Who complains."),
    Field(name="email", title="E-mail", kind=Kind.LINE, limit=_LINE, explanation="Where an answer reaches you."),
    Field(name="organisation", title="Organisation", kind=Kind.LINE, limit=_LINE, explanation="Where there is one."),
    Field(name="address", title="Address", kind=Kind.TEXT, limit=2_000, explanation="Instead of an e-mail address."),
    Field(
        name="capacity",
        title="Capacity",
        kind=Kind.CHOICE,
        limit=40,
        explanation="rightsholder; representative, who acts for one; cmo, a collective management organisation.",
        options=CAPACITIES,
    ),
    Field(
        name="on_behalf_of",
        title="On behalf of",
        kind=Kind.LINE,
        limit=_LINE,
        explanation="The rightsholder, where somebody else complains.",
    ),
    Field(
        name="mandate",
        title="Mandate",
        kind=Kind.TEXT,
        limit=_TEXT,
        explanation="What you may act on: power of attorney, contract of representation, repertoire.",
    ),
    Field(name="works", title="Works", kind=Kind.LIST, limit=2_000, explanation="Title, ISBN, ISRC, or what tells it."),
    Field(name="urls", title="URLs", kind=Kind.LIST, limit=_URL, explanation="Where the works stand."),
    Field(name="domains", title="Domains", kind=Kind.LIST, limit=253, explanation="Instead of single URLs."),
    Field(
        name="reservation",
        title="Reservation",
        kind=Kind.TEXT,
        limit=_TEXT,
        explanation="What you rely on: robots.txt, TDMRep, a header, metadata in the file; its text or address.",
    ),
    Field(
        name="reservation_since",
        title="Reservation since",
        kind=Kind.DAY,
        limit=10,
        explanation="First day on which it stood there.",
    ),
    Field(
        name="measure",
        title="Measure",
        kind=Kind.CHOICE,
        limit=3,
        explanation="Measure of the Copyright chapter that was not kept.",
        options=MEASURES,
    ),
    Field(name="statement", title="Statement", kind=Kind.TEXT, limit=_TEXT, explanation="What happened, and when."),
    Field(name="remedy", title="Remedy", kind=Kind.TEXT, limit=2_000, explanation="What you ask for."),
    Field(name="language", title="Language", kind=Kind.LINE, limit=35, explanation="In which to answer."),
)
BY_NAME = {field.name: field for field in FIELDS}


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a complaint, for publication.

    No member is required by it: what is missing is asked for, and a complaint without it is received all the same.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:clearcrawl:{FORMAT}",
        "title": "Complaint under Measure 1.5 of the Code of Practice for General-Purpose AI",
        "type": "object",
        "properties": {
            "format": {"const": FORMAT},
            **{field.name: _property(field) for field in FIELDS},
        },
        "additionalProperties": False,
    }


def _property(field: Field) -> dict[str, Any]:
    about = {"title": field.title, "description": field.explanation}
    if field.kind is Kind.LIST:
        items = {"type": "string", "minLength": 1, "maxLength": field.limit}
        return {**about, "type": "array", "items": items, "maxItems": MOST_ENTRIES}
    if field.kind is Kind.CHOICE:
        return {**about, "enum": list(field.options)}
    if field.kind is Kind.DAY:
        return {**about, "type": "string", "format": "date"}
    return {**about, "type": "string", "maxLength": field.limit}
