"""Whether a document is an Atom feed: the constraints of RFC 4287, sections 3 and 4, on what a feed may hold."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATOM = "{http://www.w3.org/2005/Atom}"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_TEXTS = {"title", "subtitle", "summary", "rights"}
_PERSONS = {"author", "contributor"}
_FEED = {"author", "category", "contributor", "generator", "icon", "id", "link", "logo", "rights", "subtitle", "title",
         "updated", "entry"}  # fmt: skip
_ENTRY = {"author", "category", "content", "contributor", "id", "link", "published", "rights", "source", "summary",
          "title", "updated"}  # fmt: skip
_ONCE = {"generator", "icon", "id", "logo", "rights", "subtitle", "title", "updated", "content", "published", "source",
         "summary"}  # fmt: skip
_ATTRIBUTES = {
    "link": {"href", "rel", "type", "hreflang", "title", "length"},
    "content": {"type", "src"},
    "generator": {"uri", "version"},
    "category": {"term", "scheme", "label"},
    **{name: {"type"} for name in _TEXTS},
}
_XML = "{http://www.w3.org/XML/1998/namespace}"


def problems(document: bytes) -> list[str]:
    """Everything that RFC 4287 does not let a feed be; empty for a feed that is valid."""
    feed = ET.fromstring(document)  # noqa: S314 - our own output
    if feed.tag != f"{_ATOM}feed":
        return [f"the root is {feed.tag}"]
    found = list(_container(feed, "feed", _FEED))
    entries = feed.findall(f"{_ATOM}entry")
    for entry in entries:
        found += _container(entry, "entry", _ENTRY)
    if feed.find(f"{_ATOM}author") is None and any(one.find(f"{_ATOM}author") is None for one in entries):
        found.append("4.1.1: neither the feed nor each entry has an author")
    ids = Counter(one.findtext(f"{_ATOM}id") for one in entries)
    found += [f"4.1.2: several entries are {name}" for name, times in ids.items() if times > 1]
    return found


def _container(element: ET.Element, kind: str, allowed: set[str]) -> Iterator[str]:
    names = [child.tag.removeprefix(_ATOM) for child in element]
    yield from (f"{kind}: {name} does not belong there" for name in names if name not in allowed)
    yield from (f"{kind}: lacks {name}" for name in ("id", "title", "updated") if name not in names)
    yield from (f"{kind}: several {name}" for name, times in Counter(names).items() if times > 1 and name in _ONCE)
    alternates = Counter(
        (link.get("type"), link.get("hreflang"))
        for link in element.findall(f"{_ATOM}link")
        if link.get("rel", "alternate") == "alternate"
    )
    yield from (f"{kind}: several alternates of {one}" for one, times in alternates.items() if times > 1)
    if kind == "entry" and "content" not in names and not alternates:
        yield "4.1.2: an entry without content needs an alternate link"
    for child in element:
        if child.tag != f"{_ATOM}entry":
            yield from (f"{kind}: {problem}" for problem in _child(child))


def _child(element: ET.Element) -> Iterator[str]:
    name, text = element.tag.removeprefix(_ATOM), element.text or ""
    allowed = _ATTRIBUTES.get(name, set())
    yield from (f"{name}: attribute {key}" for key in element.attrib if key not in allowed and not key.startswith(_XML))
    if name not in _PERSONS | {"source"} and len(element) and element.get("type") != "xhtml":
        yield f"{name}: holds elements"
    if name in {"updated", "published"} and not _DATE.fullmatch(text):
        yield f"3.3: {name} is {text!r}"
    if name in {"id", "icon", "logo"} and (text != text.strip() or not text):
        yield f"{name}: is {text!r}"
    if name == "id" and not urlsplit(text).scheme:
        yield f"4.2.6: id {text!r} is not absolute"
    if name in _TEXTS | {"content"} and element.get("type", "text") not in {"text", "html", "xhtml"}:
        yield f"{name}: type {element.get('type')}"
    if name == "link":
        if not element.get("href"):
            yield "4.2.7: link without href"
        if not _MEDIA_TYPE.fullmatch(element.get("type", "text/html")):
            yield f"link: type {element.get('type')}"
    if name in _PERSONS:
        yield from _person(element, name)


def _person(element: ET.Element, name: str) -> Iterator[str]:
    names = [child.tag.removeprefix(_ATOM) for child in element]
    if names.count("name") != 1 or set(names) - {"name", "uri", "email"} or len(set(names)) != len(names):
        yield f"3.2: {name} holds {names}"
    email = element.findtext(f"{_ATOM}email")
    if email is not None and not re.fullmatch(r"[^@]+@[^@]+", email):
        yield f"3.2.3: email {email!r}"
