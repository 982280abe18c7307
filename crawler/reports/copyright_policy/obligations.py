"""The obligations of the Copyright chapter as versioned data: ``obligations.toml`` beside this file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from crawler.values.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.values.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One entry; the head of the file says what each field means."""

    id: str
    title: str
    asks: str
    strength: str
    certainty: str
    toolkit: str
    commands: tuple[str, ...]
    people: str
    keys: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    needs_text: bool = False
    figures: tuple[str, ...] = ()

    @property
    def measure(self) -> str:
        """``1.1`` to ``1.5``."""
        return self.id.partition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The whole file."""

    version: str
    title: str
    dated: str
    digest: Digest
    measures: Mapping[str, str]
    obligations: tuple[Obligation, ...]


@cache
def chapter() -> Chapter:
    """Read what came with the program."""
    content = (files(__package__) / "obligations.toml").read_bytes()
    found = tomllib.loads(content.decode())
    return Chapter(
        version=found["version"],
        title=found["title"],
        dated=found["dated"],
        digest=sha256(content),
        measures=found["measures"],
        obligations=tuple(_obligation(one) for one in found["obligation"]),
    )


def _obligation(entry: dict[str, Any]) -> Obligation:
    given: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in entry.items()}
    return Obligation(needs_text=bool(given.pop("text", False)), **given)
