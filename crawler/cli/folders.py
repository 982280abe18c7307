"""Where a command finds the folders of legal when the operator names none."""

from __future__ import annotations

from pathlib import Path

from crawler.storage.shipped import shipped


def folder(name: str) -> Path:
    """Find ``policies`` or ``blocklists``: of the working directory, else the one that came with the program."""
    here = Path(name)
    return here if here.is_dir() else shipped(name)
