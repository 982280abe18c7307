"""What URLs have in common that a site makes by counting: calendars, pages of results, session numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.values.url import CanonicalUrl

_DIGITS = re.compile(r"\d+")


def shape_of(url: CanonicalUrl) -> str | None:
    """The URL without its query and with every run of digits in its path as one; ``None`` where it has neither."""
    start = url.find("/", url.find("//") + 2)
    path, mark, _ = url[start:].partition("?")
    shape, digits = _DIGITS.subn("0", path)
    return url[:start] + shape if mark or digits else None
