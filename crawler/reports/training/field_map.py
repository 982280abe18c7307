"""The field map of a template: versioned data (``template.toml``), read into values. What fills it is elsewhere."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question of the form; what each part means stands at the head of ``template.toml``."""

    id: str
    number: str
    label: str
    kind: str
    need: str
    after: tuple[str, ...]
    guidance: str
    fill: str
    keys: tuple[str, ...]
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """The three sizes of a modality."""

    unit: str
    least: int
    """Begin of the middle range, in it."""
    most: int
    """End of the middle range, in it."""
    labels: tuple[str, str, str]

    def of(self, amount: float) -> int:
        """Which of the three an amount is in."""
        return 0 if amount < self.least else 1 if amount <= self.most else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """One form."""

    id: str
    title: str
    basis: str
    dated: str
    form_digest: str
    """SHA-256 of the DOCX of the form."""
    form_octets: int
    map_version: str
    ranges: Mapping[str, Ranges]
    sections: Mapping[str, str]
    """Number to title, in the order of the form."""
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of that id."""
        return next(one for one in self.fields if one.id == name)


@cache
def field_map() -> FieldMap:
    """The form in force."""
    return read_map(tomllib.loads(files(__package__).joinpath("template.toml").read_text("utf-8")))


def read_map(table: Mapping[str, Any]) -> FieldMap:
    """Take the data apart. Raises ValueError where a field names a section or a question that there is not."""
    sections = {one["number"]: one["title"] for one in table["section"]}
    fields = tuple(Field(**{**one, "after": tuple(one["after"]), "keys": tuple(one["keys"])}) for one in table["field"])
    ids = {one.id for one in fields}
    for one in fields:
        if one.number not in sections or not set(one.after) <= ids or (one.need == "conditional") != bool(one.after):
            raise ValueError(f"template.toml: {one.id}: its section or the question before it is not there")
    return FieldMap(
        **{name: table[name] for name in ("id", "title", "basis", "form_digest", "form_octets", "map_version")},
        dated=table["dated"].isoformat(),
        ranges={
            name: Ranges(**{**one, "labels": tuple(one["labels"])}) for name, one in table["ranges"].items()
        },
        sections=sections,
        fields=fields,
    )  # fmt: skip
