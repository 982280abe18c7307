"""Which media types a crawl keeps (``[media]``), and how large a file of each may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.policy.facts import Refusal
from crawler.policy.sections import MEDIA_KINDS
from crawler.values.media_type import HTML_TYPES, modality

if TYPE_CHECKING:
    from crawler.policy.document import Limits, Media

CODE = "media_type_not_wanted"
WITH_CONTENT = frozenset({200, 203})
"""Answers that bring what was asked for."""


def media_kind(media_type: str | None) -> str | None:
    """``image``, ``audio``, ``video`` or ``document``; ``None`` for pages, data, and what is not known."""
    kind = modality(media_type)
    return kind if kind in MEDIA_KINDS else None


def unwanted_type(media_type: str | None, media: Media, *, is_embedded: bool = False) -> Refusal | None:
    """Say why a body of this type is not kept; ``is_embedded``: it was asked for as a part of a page."""
    kind = media_kind(media_type)
    if kind is not None and kind not in media.kinds:
        return Refusal(code=CODE, detail=f"{media_type}: {kind} is not among [media] kinds")
    if is_embedded and kind not in media.embedded and (kind is not None or media_type in HTML_TYPES):
        return Refusal(code=CODE, detail=f"{media_type}, where a part of a page was asked for")
    return None


def most_octets(media_type: str | None, limits: Limits) -> int:
    """Octets that a body of this type may have, where it was asked for as a page."""
    return limits.page_bytes if media_kind(media_type) is None else limits.media_bytes
