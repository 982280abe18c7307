"""The kind of site, by a table of rules with a date, asked in order; the first that fits speaks.

Rules are about the host, about the software that made the page, and about what the page says of itself. A page that no
rule knows stays unclassified, and documents show how many those are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.values.html import HtmlPage


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRules:
    """One table of rules. All names are in lower case."""

    date: str
    """ISO date of the table."""
    categories: Mapping[str, str]
    """Category to what it means."""
    suffixes: Mapping[str, str]
    """Ends of a host, without the dot in front, to the category."""
    labels: Mapping[str, str]
    """First label of a host to the category."""
    generators: Mapping[str, str]
    """Beginnings of ``meta name=generator`` to the category."""
    types: Mapping[str, str]
    """schema.org types and ``og:type`` values to the category."""

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> CategoryRules:
        """Take the table apart. Raises ValueError where a rule names no category."""
        categories = dict(table["categories"])
        parts = {name: dict(table[name]) for name in ("suffixes", "labels", "generators", "types")}
        unknown = {category for rules in parts.values() for category in rules.values()} - set(categories)
        if unknown:
            raise ValueError(f"rules name categories that are not listed: {', '.join(sorted(unknown))}")
        return cls(date=str(table["date"]), categories=categories, **parts)

    def of_host(self, host: str) -> tuple[str, str] | tuple[None, None]:
        """Category and rule that speak for the host alone."""
        labels = host.split(".")
        for start in range(len(labels)):
            suffix = ".".join(labels[start:])
            if suffix in self.suffixes:
                return self.suffixes[suffix], f"host:{suffix} {self.date}"
        if labels[0] in self.labels and len(labels) > 2:  # noqa: PLR2004 - a label before a registrable domain
            return self.labels[labels[0]], f"label:{labels[0]} {self.date}"
        return None, None

    def of_page(self, page: HtmlPage) -> tuple[str, str] | tuple[None, None]:
        """Category and rule that speak for what made the page, or for what it says it is."""
        for meta in page.metas:
            if meta.name == "generator":
                made_by = meta.content.strip().lower()
                for name, category in self.generators.items():
                    if made_by.startswith(name):
                        return category, f"generator:{name} {self.date}"
        for name in _types_of(page):
            if name in self.types:
                return self.types[name], f"type:{name} {self.date}"
        return None, None


def _types_of(page: HtmlPage) -> list[str]:
    """``og:type``, then the types of what JSON-LD is about; what stands inside of that describes something else."""
    found = [meta.content.strip().lower() for meta in page.metas if meta.name == "og:type"]
    for script in page.scripts:
        if script.type != "application/ld+json":
            continue
        try:
            document = json.loads(script.text)
        except (ValueError, RecursionError):
            continue
        for node in document if isinstance(document, list) else [document]:
            graph = node.get("@graph", [node]) if isinstance(node, dict) else []
            for one in graph if isinstance(graph, list) else [graph]:
                types = one.get("@type") if isinstance(one, dict) else None
                found += [
                    name.lower() for name in (types if isinstance(types, list) else [types]) if isinstance(name, str)
                ]
    return found
