"""The folder of a site: only ours is written to, by one process at a time, and each file changes in one step."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawler.errors import StorageError, UsageError
from crawler.storage.announcements import STATE_FILE
from crawler.storage.layout import CRAWL_FILE, Folder
from crawler.storage.lock import lock
from crawler.storage.writing import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

STAGE = ".clearcrawl-new"
"""Folder inside of the site in which large parts are made."""


_BEGUN = frozenset({"versions", "feed.atom"})
"""What a first run may have left that was stopped before its state was there."""
_LEFT = re.compile(r"\..+\.\d+\.tmp")
"""Files that ``replacing`` had not yet put in their place."""


@contextmanager
def site_folder(path: Path, *, outside: Sequence[Path]) -> Iterator[Path]:
    """Hold the folder of a site, made where there is none.

    Raises UsageError where it holds something else, FolderInUseError where another run publishes, StorageError.
    """
    place = path.resolve()
    for one in outside:
        if place.is_relative_to(one.resolve()) or one.resolve().is_relative_to(place):
            raise UsageError(f"{path}: a site and the crawl {one} cannot lie in one another; name another folder")
    if (place / CRAWL_FILE).exists():
        raise UsageError(f"{path}: holds a crawl; name a folder for the site")
    try:
        place.mkdir(parents=True, exist_ok=True)
        held = {one.name for one in place.iterdir() if one.name not in _BEGUN and not one.name.startswith(".")}
        if held and STATE_FILE not in held:
            raise UsageError(
                f"{path}: holds {min(held)!r} and no {STATE_FILE}, so publish did not make it; name a new folder"
            )
        with Folder.descend(place) as folder:
            lock(folder)
            _sweep(place)
            try:
                yield place
            finally:
                shutil.rmtree(place / STAGE, ignore_errors=True)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error


def _sweep(place: Path) -> None:
    """Remove what a run left that was killed."""
    shutil.rmtree(place / STAGE, ignore_errors=True)
    for folder in (place, place / "versions", place / "lookup", place / ".well-known"):
        for path in folder.glob(".*.tmp"):
            if _LEFT.fullmatch(path.name):
                path.unlink()


def write(site: Path, name: str, content: bytes) -> None:
    """Put one file in its place, whole; a file of the same content is left alone. Raises StorageError."""
    path = site / name
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(content)
