"""The rules for kinds of sites, as they come with the program."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from crawler.facts.category import CategoryRules


@cache
def site_categories() -> CategoryRules:
    """The table of this version."""
    return CategoryRules.read(tomllib.loads((files("crawler.facts") / "site-categories.toml").read_text("utf-8")))
