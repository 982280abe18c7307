"""Lists of URLs or ``host/path``, one a line: a path entry covers the path and what is below, on its host alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.blocklists.lines import LineFormat, plain_line
from crawler.blocklists.reading import one_word, path_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.blocklists.interface import Entry, Finding


class Urls(LineFormat):
    """The format ``urls``; ``#`` begins a comment, since a fragment has no meaning in a list."""

    id = "urls"
    title = "URLs or host/path, one a line"
    plain = plain_line()
    usual = re.compile(r"(?:https?://)?[^\s/|*=]+/[^\s]*", re.IGNORECASE)

    def rule(self, text: str, number: int) -> Iterator[Entry | Finding]:
        """One word a line."""
        return one_word(text, number, path_entry)
