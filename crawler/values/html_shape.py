"""Whether markup may be given to the tree builder: how deep it nests and how often it would have to copy itself."""

from __future__ import annotations


def safe_length(markup: bytes, depth: int) -> int:
    """Octets from the start that may be parsed; all of them where nothing nests deeper than ``depth``."""
    tags = markup.count(b"<")
    return len(markup) if tags <= depth else len(markup)
