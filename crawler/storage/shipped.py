"""Where the ``policies/`` and ``blocklists/`` that came with the program lie: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

from crawler.errors import DamagedStateError

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(name: str) -> Path:
    """The folder ``policies`` or ``blocklists`` as shipped; raises ``DamagedStateError`` where the install lacks it."""
    for folder in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise DamagedStateError(f"{_PACKAGE}: the install lacks its folder {name}; install clearcrawl again")
