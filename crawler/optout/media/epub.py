"""The package document of an EPUB: two members of a ZIP archive, found through its directory (EPUB 3.3, section 4.2).

The archive is walked by hand: the standard library would make an object of every entry before the first look.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING
from urllib.parse import unquote

from crawler.optout.media.embedded import PACKAGE_LIMIT, PARTS_LIMIT
from crawler.optout.statement import Problem
from crawler.values.xml import XmlError, read_xml

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTAINER = b"META-INF/container.xml"
_ROOT_FILE = "{urn:oasis:names:tc:opendocument:xmlns:container}rootfile"
_END, _END_LENGTH, _COMMENT_LIMIT = b"PK\x05\x06", 22, 65_535
_ENTRY, _ENTRY_LENGTH = b"PK\x01\x02", 46
_LOCAL, _LOCAL_LENGTH = b"PK\x03\x04", 30
_STORED, _DEFLATED = 0, 8

_Place = tuple[int, int, int]
"""Method, compressed length, offset of the local header."""


def package_document(body: bytes) -> bytes | Problem:
    """Octets of the package document that the container names first."""
    entries = _directory(body)
    container = _member(body, entries, _CONTAINER)
    if isinstance(container, Problem):
        return container
    try:
        root = read_xml(container)
    except XmlError as error:
        return Problem(line=None, text=f"EPUB container: {error}")
    names = [
        one.attributes.get("full-path", "")
        for group in root.children
        for one in group.children
        if one.name == _ROOT_FILE
    ]
    if not names:
        return Problem(line=None, text="EPUB: the container names no package document")
    named = names[0].encode("utf-8", "replace")
    return _member(body, entries, named if named in entries else unquote(names[0]).encode("utf-8", "replace"))


def _directory(body: bytes) -> Mapping[bytes, _Place]:
    """Members by name; the first of two with one name counts."""
    end = body.rfind(_END, max(0, len(body) - _END_LENGTH - _COMMENT_LIMIT))
    at = int.from_bytes(body[end + 16 : end + 20], "little") if end >= 0 else len(body)
    entries: dict[bytes, _Place] = {}
    for _ in range(PARTS_LIMIT):
        head = body[at : at + _ENTRY_LENGTH]
        if len(head) < _ENTRY_LENGTH or not head.startswith(_ENTRY):
            break
        name, extra, comment = (int.from_bytes(head[place : place + 2], "little") for place in (28, 30, 32))
        place = (
            int.from_bytes(head[10:12], "little"),
            int.from_bytes(head[20:24], "little"),
            int.from_bytes(head[42:46], "little"),
        )
        entries.setdefault(body[at + _ENTRY_LENGTH : at + _ENTRY_LENGTH + name], place)
        at += _ENTRY_LENGTH + name + extra + comment
    return entries


def _member(body: bytes, entries: Mapping[bytes, _Place], name: bytes) -> bytes | Problem:
    """Content of a member of at most ``PACKAGE_LIMIT`` octets."""
    shown = name[:200].decode("utf-8", "replace")
    if name not in entries:
        return Problem(line=None, text=f"EPUB: no member {shown}")
    method, length, offset = entries[name]
    head = body[offset : offset + _LOCAL_LENGTH]
    if len(head) < _LOCAL_LENGTH or not head.startswith(_LOCAL):
        return Problem(line=None, text=f"EPUB: {shown} is not where the directory says")
    start = offset + _LOCAL_LENGTH + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    coded = body[start : start + length]
    if method == _STORED:
        return coded if length <= PACKAGE_LIMIT else Problem(line=None, text=f"EPUB: {shown} is over the limit")
    if method != _DEFLATED:
        return Problem(line=None, text=f"EPUB: {shown} is compressed by method {method}")
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = machine.decompress(coded, PACKAGE_LIMIT)
    except zlib.error:
        return Problem(line=None, text=f"EPUB: {shown} cannot be decompressed")
    return content if machine.eof else Problem(line=None, text=f"EPUB: {shown} is over the limit or cut off")
