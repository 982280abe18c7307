"""Crawls that build on the purged ones and were not named: their records may stand for bodies that went.

Only what lies beside a purged crawl is known here; a crawl that was moved elsewhere is known to its owner alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import DamagedStateError
from crawler.storage.crawl_file import read_crawl_file
from crawler.storage.layout import CRAWL_FILE, Folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from crawler.storage.crawl_file import CrawlFile


def later_crawls(crawl: CrawlFile, place: Path, *, named: Collection[Path]) -> list[str]:
    """Folders beside ``place`` whose crawls had it as ``--previous``, in order of their names; not those ``named``.

    What cannot be read is passed over: it is no crawl, or a crawl that its own commands complain of.
    """
    ids = {crawl.crawl_id, *(str(one.get("crawl_id")) for one in crawl.earlier)}
    known = {one.resolve() for one in named}
    return [str(path) for path, other in _beside(place) if path.resolve() not in known and ids & _built_on(other)]


def _beside(place: Path) -> Iterator[tuple[Path, CrawlFile]]:
    try:
        paths = sorted(place.resolve().parent.iterdir())
    except OSError:
        return
    for path in paths:
        if not (path / CRAWL_FILE).is_file():
            continue
        try:
            with Folder.descend(path) as folder:
                yield path, read_crawl_file(folder)
        except (OSError, DamagedStateError):
            continue


def _built_on(crawl: CrawlFile) -> set[str]:
    """Ids of the crawls whose bodies this one may repeat."""
    told = crawl.details.get("previous")
    ids = told.get("crawl_ids") if isinstance(told, dict) else None
    return set(map(str, ids)) if isinstance(ids, list) else set()
