"""The Link header field (RFC 8288 section 3), read tolerantly: what cannot be read is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.optout.interface import ResponseHead

_LINK = re.compile(
    r"<([^<>]*+)>((?:[ \t]*+;[ \t]*+(?:[^\s=;,\"<>]++[ \t]*+(?:=[ \t]*+(?:\"(?:[^\"\\]|\\.)*+\"|[^;,\"<>]*+))?+)?+)*+)"
)
_PARAMETER = re.compile(r";[ \t]*+([^\s=;,\"<>]++)[ \t]*+(?:=[ \t]*+(?:\"((?:[^\"\\]|\\.)*+)\"|([^;,\"<>]*+)))?+")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderLink:
    """One link of a field."""

    target: str
    """As written between the angle brackets, stripped."""
    rel: tuple[str, ...]
    """Tokens, lower case; of the first ``rel`` parameter."""
    type: str
    """Essence, lower case; empty where there is none."""
    anchor: str | None
    """Context other than the resource itself, where one is given."""
    text: str
    index: int
    """Of the header field."""


def links(head: ResponseHead, mention: str = "") -> Iterator[HeaderLink]:
    """Give the links of all Link fields in order; only of fields that ``mention`` (lower case) occurs in."""
    for index, value in head.values("link"):
        if mention not in value.lower():
            continue
        for found in _LINK.finditer(value):
            parameters: dict[str, str] = {}
            for name, quoted, plain in _PARAMETER.findall(found[2]):
                parameters.setdefault(name.lower(), _ESCAPED.sub(r"\1", quoted) or plain.strip())
            yield HeaderLink(
                target=found[1].strip(),
                rel=tuple(parameters.get("rel", "").lower().split()),
                type=parameters.get("type", "").partition(";")[0].strip().lower(),
                anchor=parameters.get("anchor"),
                text=found[0],
                index=index,
            )
