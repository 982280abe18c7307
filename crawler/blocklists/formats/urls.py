"""Lists of URLs or ``host/path``, one a line: a path entry covers the path and what is below, on its host alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.blocklists.formats.domains import read_words
from crawler.blocklists.reading import path_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.blocklists.interface import Entry, Finding


class Urls:
    """The format ``urls``."""

    id = "urls"
    title = "URLs or host/path, one a line"

    def read(self, lines: Iterable[bytes]) -> Iterator[Entry | Finding]:
        """One word a line; ``#`` begins a comment, since a fragment has no meaning in a list."""
        for number, line in enumerate(lines, start=1):
            yield from read_words(line, number, path_entry)
