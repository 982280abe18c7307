"""What arguments mean that several commands share: the folders of legal, and URLs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import UrlError, UsageError
from crawler.storage.shipped import shipped
from crawler.values.url import parse

if TYPE_CHECKING:
    from collections.abc import Sequence


def folder(name: str) -> Path:
    """Find ``policies`` or ``blocklists``: of the working directory, else the one that came with the program."""
    here = Path(name)
    return here if here.is_dir() else shipped(name)


def check_urls(texts: Sequence[str]) -> None:
    """Raise ``UsageError`` with every text that is no URL we could ask for."""
    mistakes = []
    for text in texts:
        try:
            parse(text)
        except UrlError as error:
            mistakes.append(f"{text[:200]!r}: {error}")
    if mistakes:
        raise UsageError("\n".join(mistakes))
