"""Text out of a document, by trafilatura (the extra ``text``). Nothing is fetched, and nothing is decided here."""

from __future__ import annotations

import importlib.metadata
import logging
from typing import TYPE_CHECKING, Any

from crawler.errors import UsageError
from crawler.values.media_type import HTML_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PLAIN = frozenset({"application/json", "application/ld+json"})


class TextExtractor:
    """One per export."""

    def __init__(self) -> None:
        """Raise UsageError where the extra is not installed."""
        try:
            import trafilatura  # noqa: PLC0415 - an extra, loaded where text is asked for
        except ImportError:
            raise UsageError("--text needs the extra `text`: pip install 'clearcrawl[text]'") from None
        logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
        self._extract: Callable[..., str | None] = trafilatura.extract
        self.name = f"trafilatura {importlib.metadata.version('trafilatura')}"

    def text_of(self, content: bytes, row: Mapping[str, Any]) -> str | None:
        """Text of a page, or a text file as it is; ``None`` for what holds no text that can be read here.

        Octets that are not of the charset become U+FFFD.
        """
        kind = row["content_mime_detected"] or row["content_mime_type"] or ""
        decoded = content.decode(_charset(row["content_charset"]), "replace").removeprefix("\ufeff")
        if kind not in HTML_TYPES:
            return decoded if kind in _PLAIN or kind.startswith("text/") else None
        try:
            found = self._extract(decoded, url=None, include_comments=False, with_metadata=False)
        except Exception:  # noqa: BLE001 - whatever a page does to the library, it has then given no text
            return None
        return found.encode("utf-8", "replace").decode() if found else None


def _charset(name: str | None) -> str:
    """A text codec that Python knows; UTF-8 where the row names none."""
    try:
        b"".decode(name or "utf-8")
    except (LookupError, ValueError):
        return "utf-8"
    return name or "utf-8"
