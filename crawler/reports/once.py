"""That no crawl is counted twice: a document over a folder and its copy would double every figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


def refuse_repeats(crawls: Iterable[tuple[str | None, object]]) -> None:
    """Raise UsageError where two of the folders, each beside the id of its crawl, hold one and the same crawl."""
    known: dict[str, object] = {}
    for crawl_id, folder in crawls:
        if crawl_id is not None and known.setdefault(crawl_id, folder) != folder:
            raise UsageError(
                f"{known[crawl_id]} and {folder} hold the same crawl {crawl_id}, which would count twice; name one"
            )
