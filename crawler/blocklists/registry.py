"""All formats that a catalog may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.blocklists.formats.domains import Domains
from crawler.blocklists.formats.urls import Urls

if TYPE_CHECKING:
    from crawler.blocklists.interface import BlocklistFormat

FORMATS: tuple[BlocklistFormat, ...] = (Domains(), Urls())


def format_named(name: str) -> BlocklistFormat:
    """Return the format; the catalog has checked the name."""
    return next(form for form in FORMATS if form.id == name)
