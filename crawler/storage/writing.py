"""Writes one file that a user named: whole or not at all, and never into a crawl."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from crawler.errors import StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


def keep_outside(path: Path, crawls: Iterable[Path]) -> None:
    """Raise UsageError for a place inside of a crawl: what is added there is in no signed list, and looks forged."""
    place = path.parent.resolve() / path.name
    for folder in crawls:
        if place.is_relative_to(folder.resolve()):
            raise UsageError(f"{path}: lies in the crawl {folder}, which nothing is added to; name another place")


@contextmanager
def replacing(path: Path, *, outside: Sequence[Path] = ()) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` in the end, and vanishes where the block fails.

    ``outside`` are folders of crawls, which are evidence and get no further files. Raises UsageError where the place
    will not do, StorageError where writing fails.
    """
    place = path.parent.resolve() / path.name
    keep_outside(path, outside)
    if place.is_dir():
        raise UsageError(f"{path}: is a folder; name a file")
    beside = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    try:
        file = beside.open("xb")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
