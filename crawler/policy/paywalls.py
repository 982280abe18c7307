"""Paywall mark-up of a page: schema.org ``isAccessibleForFree`` in JSON-LD and the ``article:content_tier`` property.

``true`` says nothing about any use (opt-outs.md section 12); only a negative value is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.values.html import HtmlPage

_PROPERTY = "isAccessibleForFree"
_PROPERTIES = frozenset({_PROPERTY.lower(), f"schema:{_PROPERTY}".lower()})
_NAMESPACES = ("http://schema.org/", "https://schema.org/")
_NEGATIVE = frozenset({"false", "no", "0", "http://schema.org/false", "https://schema.org/false"})
_BROKEN_NEGATIVE = re.compile(
    r"isAccessibleForFree[\"']?[ \t\r\n]{0,20}:[ \t\r\n]{0,20}[\"']?(?:https?://schema\.org/)?(?:false|no)\b",
    re.IGNORECASE,
)
_NODE_LIMIT = 50_000
"""Nodes of a JSON-LD block that are looked at; a larger block is no page's honest mark-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaywallMark:
    """The literal mark-up."""

    evidence: str
    is_metered: bool


def paywall_mark(page: HtmlPage) -> PaywallMark | None:
    """Find the first mark-up that calls the page, or a part of it, not free."""
    for script in page.scripts:
        if script.type.partition(";")[0].strip().lower() == "application/ld+json":
            found = _negative_value(script.text)
            if found is not None:
                return PaywallMark(evidence=f"JSON-LD {found}", is_metered=False)
    for meta in page.metas:
        tier = meta.content.strip().lower()
        if meta.name == "article:content_tier" and tier in {"metered", "locked"}:
            return PaywallMark(evidence=meta.markup, is_metered=tier == "metered")
    return None


def _negative_value(text: str) -> str | None:
    if _PROPERTY.lower() not in text.lower():
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        broken = _BROKEN_NEGATIVE.search(text)  # malformed, and can only be meant negatively (PC-5)
        return None if broken is None else broken[0]
    for key, value in _members(document):
        name = key.lower()
        for namespace in _NAMESPACES:
            name = name.removeprefix(namespace)
        if name in _PROPERTIES and _is_negative(value):
            return f'"{key}": {json.dumps(value)[:80]}'
    return None


def _members(document: object) -> Iterator[tuple[str, object]]:
    """Members of all objects of the document, in breadth; bounded."""
    queue = [document]
    for node in queue:  # grows while it is walked
        if len(queue) > _NODE_LIMIT:
            return
        if isinstance(node, dict):
            yield from node.items()
            queue.extend(node.values())
        elif isinstance(node, list):
            queue.extend(node)


def _is_negative(value: object) -> bool:
    """Whether it says no, as boolean, number or text, alone, in a list or in an expanded value object."""
    if isinstance(value, list):
        return any(_is_negative(item) for item in value)
    if isinstance(value, dict):
        return any(_is_negative(value[key]) for key in ("@value", "@id") if key in value)
    if isinstance(value, str):
        return value.strip().lower() in _NEGATIVE
    return isinstance(value, int) and value == 0
