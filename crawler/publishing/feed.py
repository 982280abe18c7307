"""The Atom feed (RFC 4287) of a crawler: one entry a change, with every value before and after."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from crawler.publishing.facts import title_of
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.storage.announcements import Announcement, Change

ATOM = "http://www.w3.org/2005/Atom"
FEED = "feed.atom"
CHANGES_PAGE = "changes.html"
MOST_ENTRIES = 100
"""In the feed; the page of changes has all."""
_NO_XML = re.compile("[^\t\n\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What XML 1.0 section 2.2 does not let a document hold, not even escaped."""
_SPACE = uuid.UUID("6f0c2b63-2f0e-5d6b-9b7c-0d1c4d0f6a11")
"""Name space of the ids of feeds and entries (RFC 9562, version 5); made once, at random."""


def entry_id(number: int, page_digest: str, before: str) -> str:
    """Of an announcement: the same change at the same place of the feed has the same id."""
    return f"urn:uuid:{uuid.uuid5(_SPACE, f'{number} {page_digest} {before}')}"


def atom(facts: dict[str, Any], entries: Sequence[Announcement]) -> bytes:
    """The feed; ``facts`` are those of the newest entry, ``entries`` are oldest first and at least one."""
    ET.register_namespace("", ATOM)
    who, address = facts["crawler"]["identity"], facts["address"]
    feed = ET.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": "en"})
    _text(feed, "title", f"{who['product_token']}: changes of the crawler and its rules")
    _text(feed, "id", f"urn:uuid:{uuid.uuid5(_SPACE, entries[0].id)}")
    _text(feed, "updated", entries[-1].published_at)
    _author(feed, facts)
    _text(feed, "generator", facts["crawler"]["software"])
    if address:
        _link(feed, "self", address + FEED, "application/atom+xml")
    _link(feed, "alternate", (address or "") + CHANGES_PAGE, "text/html")
    for one in list(reversed(entries))[:MOST_ENTRIES]:
        entry = ET.SubElement(feed, f"{{{ATOM}}}entry")
        _text(entry, "title", _title(one))
        _text(entry, "id", one.id)
        _text(entry, "published", one.published_at)
        _text(entry, "updated", one.published_at)
        _link(entry, "alternate", f"{address}{CHANGES_PAGE}#{anchor(one)}", "text/html")
        _link(entry, "related", f"{address}{one.version}.json", "application/json")
        content = ET.SubElement(entry, f"{{{ATOM}}}content", {"type": "html"})
        content.text = _content(one)
    ET.indent(feed)
    text = _NO_XML.sub("\ufffd", ET.tostring(feed, encoding="unicode"))
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode() + b"\n"


def anchor(one: Announcement) -> str:
    """Of an entry, on the page of changes."""
    return f"change-{one.number}"


def told(value: Any) -> str:
    """A value before or after, for people."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (str, int, float)):
        return for_terminal(str(value)) or "empty"
    return for_terminal(json.dumps(value, ensure_ascii=False))


def _title(one: Announcement) -> str:
    mark = "TEST: " if one.is_test else ""
    if one.number == 1:
        return f"{mark}First publication"
    return for_terminal(f"{mark}Changed: {title_of(one.changes)}")


def _content(one: Announcement) -> str:
    """HTML; every value is escaped by the serialiser."""
    body = ET.Element("div")
    if one.number == 1:
        ET.SubElement(body, "p").text = "The crawler and its rules were published for the first time."
        return ET.tostring(body, encoding="unicode", method="html")
    table = ET.SubElement(body, "table")
    head = ET.SubElement(table, "tr")
    for name in ("what", "before", "after"):
        ET.SubElement(head, "th").text = name
    for change in one.changes:
        _row(table, change)
    ET.SubElement(body, "p").text = f"Digest of the configuration: {one.settings_digest}"
    return ET.tostring(body, encoding="unicode", method="html")


def _row(table: ET.Element, change: Change) -> None:
    row = ET.SubElement(table, "tr")
    for text in (for_terminal(change.key), told(change.before), told(change.after)):
        ET.SubElement(row, "td").text = text


def _author(feed: ET.Element, facts: dict[str, Any]) -> None:
    author = ET.SubElement(feed, f"{{{ATOM}}}author")
    _text(author, "name", facts["crawler"]["identity"]["operator"] or "The operator of the crawler")
    contact = facts["rightsholders"]["contact"]
    if contact.startswith("mailto:") and "@" in contact:
        _text(author, "email", contact.removeprefix("mailto:").partition("?")[0])
    elif contact.startswith(("https://", "http://")):
        _text(author, "uri", contact)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, f"{{{ATOM}}}{name}").text = for_terminal(text)


def _link(parent: ET.Element, rel: str, href: str, kind: str) -> None:
    ET.SubElement(parent, f"{{{ATOM}}}link", {"rel": rel, "href": href, "type": kind})
