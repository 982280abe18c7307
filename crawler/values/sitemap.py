"""Sitemaps and feeds of strangers: what they list, read in one bounded pass without DTD and entities.

sitemaps.org protocol 0.9 (index, urlset, plain text, gzip files), RSS 0.9x to 2.0, Atom (RFC 4287). References are as
written; who may be listed by whom is not known here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from xml.parsers import expat

from crawler.values.coding import decode

DEPTH_LIMIT = 64
_GZIP_MAGIC = b"\x1f\x8b"
_STEP = 1 << 20
_LONGEST = 4_096
"""Characters of one reference that are looked at; longer ones are no URL that may be asked for."""
_REFERENCES = 4
"""So many alternates and media as entries, all together."""


class SitemapError(ValueError):
    """Nothing of the file is used; the message says why, with the line where there is one."""


class OtherFileError(SitemapError):
    """Neither a sitemap nor a feed, as far as it could be read."""


class SitemapKind(StrEnum):
    """What a file turned out to be."""

    INDEX = "index"
    URLSET = "urlset"
    RSS = "rss"
    ATOM = "atom"
    TEXT = "text"


@dataclass(slots=True, kw_only=True)
class SitemapEntry:
    """One listed page, or one listed sitemap of an index."""

    url: str
    lastmod: str | None = None
    """As written: a W3C date, or the date of a feed entry."""
    alternates: tuple[str, ...] = ()
    """The same page in other languages (``xhtml:link rel=alternate``)."""
    enclosures: tuple[tuple[str, str], ...] = ()
    """Of a feed: ``image``, ``audio``, ``video`` or ``document``, and the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """What one file lists."""

    kind: SitemapKind
    entries: tuple[SitemapEntry, ...]
    nameless: int = 0
    """Entries without a reference."""
    has_more: bool = False
    """More entries or references than the limit; what is beyond was left out."""


def read_sitemap(body: bytes, *, max_bytes: int, max_entries: int) -> Sitemap:
    """Read a sitemap or feed of any kind. Raises ``SitemapError``.

    ``body`` is content-decoded; a gzip file is unpacked to at most ``max_bytes`` octets.
    """
    if body.startswith(_GZIP_MAGIC):
        unpacked = decode(body, ("gzip",), max_bytes)
        if unpacked.code is not None:
            raise SitemapError(f"not a readable gzip file: {unpacked.detail}")
        body = unpacked.body
    if len(body) > max_bytes:
        raise SitemapError(f"longer than {max_bytes} octets")
    encoding = json.detect_encoding(body)  # by zero octets, which tells the families of UTF apart in XML as well
    if encoding not in {"utf-8", "utf-8-sig"}:
        body = body.decode(encoding, "replace").encode("utf-8", "replace")
    beginning = body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not beginning.startswith(b"<"):
        return _read_text(body, max_entries)
    return _read_xml(body, None if encoding in {"utf-8", "utf-8-sig"} else "utf-8", max_entries)


def _read_text(body: bytes, max_entries: int) -> Sitemap:
    """One URL a line and nothing else (sitemaps.org, "Text file")."""
    lines = (line.strip() for line in body.decode("utf-8-sig", "replace").splitlines())
    entries: list[SitemapEntry] = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        if ":" not in line[:16] or " " in line:
            raise OtherFileError(f"line {number}: neither XML nor a list of URLs")
        if len(entries) >= max_entries:
            return Sitemap(kind=SitemapKind.TEXT, entries=tuple(entries), has_more=True)
        entries.append(SitemapEntry(url=line[:_LONGEST]))
    return Sitemap(kind=SitemapKind.TEXT, entries=tuple(entries))


class _EnoughError(Exception):
    """As many entries as are wanted."""


def _read_xml(body: bytes, encoding: str | None, max_entries: int) -> Sitemap:
    reader = _Reader(max_entries)
    parser = expat.ParserCreate(encoding, " ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = lambda *_: _refuse(parser, "a DOCTYPE is not read")
    parser.StartElementHandler = lambda name, attributes: _start(parser, reader, name, attributes)
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    has_more = False
    try:
        for at in range(0, len(body), _STEP):
            parser.Parse(body[at : at + _STEP], at + _STEP >= len(body))
    except expat.ExpatError as error:
        raise SitemapError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
    except _EnoughError:
        has_more = True
    except (ValueError, LookupError) as error:
        raise error if isinstance(error, SitemapError) else SitemapError(str(error)) from error
    assert reader.kind is not None  # noqa: S101 - a well-formed document has a root, and the first element sets it
    has_more = has_more or reader.has_more
    return Sitemap(kind=reader.kind, entries=tuple(reader.entries), nameless=reader.nameless, has_more=has_more)


def _refuse(parser: expat.XMLParserType, why: str) -> None:
    raise SitemapError(f"line {parser.CurrentLineNumber}: {why}")


def _start(parser: expat.XMLParserType, reader: _Reader, name: str, attributes: dict[str, str]) -> None:
    local = name.rpartition(" ")[2].lower()
    if reader.depth >= DEPTH_LIMIT:
        _refuse(parser, f"deeper than {DEPTH_LIMIT} elements")
    if reader.kind is None:
        reader.kind = _ROOTS.get(local)
        if reader.kind is None:
            raise OtherFileError(f"<{local[:40]}> is no sitemap and no feed")
    reader.start(local, attributes)


_ROOTS = {
    "sitemapindex": SitemapKind.INDEX,
    "urlset": SitemapKind.URLSET,
    "rss": SitemapKind.RSS,
    "rdf": SitemapKind.RSS,
    "feed": SitemapKind.ATOM,
}
_ENTRIES = frozenset({"sitemap", "url", "item", "entry"})
_DATES = frozenset({"lastmod", "updated", "pubdate", "date"})
_TEXTS = _DATES | {"loc", "link", "guid"}
_ENCLOSED = {"image": "image", "audio": "audio", "video": "video", "application": "document"}


class _Reader:
    """Collects entries while the parser runs. Names are local: namespaces are wrong too often to tell anything."""

    def __init__(self, max_entries: int) -> None:
        self.kind: SitemapKind | None = None
        self.entries: list[SitemapEntry] = []
        self.has_more = False
        self.nameless = 0
        self.depth = 0
        self._max_entries = max_entries
        self._references_left = _REFERENCES * max_entries
        self._entry: SitemapEntry | None = None
        self._in_image = False
        self._is_permalink = True
        self._text: list[str] | None = None
        self._length = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if name in _ENTRIES and self._entry is None:
            if len(self.entries) + self.nameless >= self._max_entries:
                raise _EnoughError
            self._entry = SitemapEntry(url="")
        elif name == "image":
            self._in_image = True
        entry = self._entry
        if entry is None:
            return
        if name == "guid":
            self._is_permalink = attributes.get("isPermaLink", "true").lower() == "true"
        if name in {"link", "enclosure", "content"}:
            self._reference(entry, name, attributes)
        if name in _TEXTS:
            self._text, self._length = [], 0

    def _reference(self, entry: SitemapEntry, name: str, attributes: dict[str, str]) -> None:
        """References in attributes: ``xhtml:link`` and ``atom:link``, ``enclosure``, ``media:content``."""
        target = attributes.get("href") or attributes.get("url")
        if not target:
            return
        rel = attributes.get("rel", "alternate").lower()
        if name != "link" or rel == "enclosure":
            kind = _ENCLOSED.get(attributes.get("type", attributes.get("medium", "")).partition("/")[0].lower())
            if kind is not None and self._is_counted():
                entry.enclosures += ((kind, target.strip()[:_LONGEST]),)
        elif rel == "alternate" and self.kind is SitemapKind.URLSET:
            if self._is_counted():
                entry.alternates += (target.strip()[:_LONGEST],)
        elif rel == "alternate" and not entry.url:
            entry.url = target[:_LONGEST]

    def _is_counted(self) -> bool:
        self._references_left -= 1
        self.has_more = self.has_more or self._references_left < 0
        return self._references_left >= 0

    def characters(self, text: str) -> None:
        if self._text is not None and self._length <= _LONGEST:
            self._text.append(text)
            self._length += len(text)

    def end(self, qualified: str) -> None:
        name = qualified.rpartition(" ")[2].lower()
        self.depth -= 1
        entry = self._entry
        if entry is not None and name in _TEXTS and self._text is not None:
            self._take(entry, name, "".join(self._text).strip()[:_LONGEST])
        if name in _TEXTS:
            self._text = None
        if name == "image":
            self._in_image = False
        elif name in _ENTRIES and entry is not None:
            self.nameless += not entry.url
            if entry.url:
                self.entries.append(entry)
            self._entry = None

    def _take(self, entry: SitemapEntry, name: str, text: str) -> None:
        if name in _DATES:
            entry.lastmod = entry.lastmod or text[:64]
        elif not entry.url and not self._in_image and (name != "guid" or self._is_permalink):
            entry.url = text
