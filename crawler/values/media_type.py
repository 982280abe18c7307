"""What a body is: the essence of Content-Type, the type by its first octets, and the modality that follows."""

from __future__ import annotations

import re

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (8, b"WAVE", "audio/wav"),
    (30, b"mimetypeapplication/epub+zip", "application/epub+zip"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
)
"""Offset, octets, type; the first that fits. Container formats come after what they are told apart by."""

_ANY_MAGIC = re.compile(b"|".join(b".{%d}" % offset + re.escape(magic) for offset, magic, _ in _MAGIC), re.DOTALL)

_BEFORE = rb"(?:\xef\xbb\xbf)?+[\x00-\x20]*+(?:(?:<!--(?:[^-]|-(?!->))*+-->|<\?[^>]*+>)[\x00-\x20]*+)*+"
_PAGE = re.compile(_BEFORE + rb"<(?:!doctype[\x00-\x20]++html|html|head|body)(?![-\w:])", re.IGNORECASE)
_FRAGMENT = re.compile(
    _BEFORE + rb"<(?:!--|(?:a|b|base|br|div|font|h1|iframe|link|meta|p|script|style|table|title)[\x00-\x20/>])",
    re.IGNORECASE,
)
"""What browsers take for a page where nothing is declared (WHATWG MIME Sniffing section 7.1), and what a head holds."""

_UNDECLARED = frozenset({None, "unknown/unknown", "application/unknown", "*/*"})
_NAMES = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "bmp", "tif", "tiff", "heic", "jxl"), "image"),
    **dict.fromkeys(("mp3", "m4a", "aac", "flac", "ogg", "oga", "opus", "wav"), "audio"),
    **dict.fromkeys(("mp4", "m4v", "mov", "webm", "mkv", "ogv", "avi"), "video"),
    **dict.fromkeys(("pdf", "epub", "ps", "rtf"), "document"),
}
_DOCUMENTS = frozenset({"application/pdf", "application/epub+zip", "application/postscript", "application/rtf"})
_TEXTS = frozenset({"application/json", "application/ld+json", "application/xml", "application/xhtml+xml"})
_HEAD = 65_536


def essence_of(content_type: str | None) -> str | None:
    """Type and subtype in lower case without parameters; ``None`` where the field is absent or holds no type."""
    essence = (content_type or "").partition(";")[0].strip().lower()
    return essence if "/" in essence else None


def detect(body: bytes, declared: str | None) -> str | None:
    """Type by the first octets where they are telling, else what was declared; ``None`` where nothing is known.

    Anything that a browser would show as a page counts as one, so that its metadata is read whatever the header says.
    """
    if _ANY_MAGIC.match(body):
        return next(found for offset, magic, found in _MAGIC if body.startswith(magic, offset))
    head = body[:_HEAD]
    if _PAGE.match(head) or (declared in _UNDECLARED and _FRAGMENT.match(head)):
        return "application/xhtml+xml" if declared == "application/xhtml+xml" else "text/html"
    return declared


def kind_of_name(url: str) -> str | None:
    """``image``, ``audio``, ``video`` or ``document`` by the ending of a path: a guess, before anything is known."""
    name = url.partition("?")[0].rpartition("/")[2]
    return _NAMES.get(name.rpartition(".")[2].lower()) if "." in name else None


def modality(media_type: str | None) -> str | None:
    """``text``, ``image``, ``audio``, ``video``, ``document`` or ``other``; ``None`` for an unknown type."""
    if media_type is None:
        return None
    family = media_type.partition("/")[0]
    if family in {"image", "audio", "video", "text"}:
        return family
    if media_type in _DOCUMENTS:
        return "document"
    return "text" if media_type in _TEXTS or media_type.endswith(("+xml", "+json")) else "other"
