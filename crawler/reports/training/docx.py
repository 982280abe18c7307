"""The document as DOCX (ECMA-376), made of templates with escaping on: tables of two columns, like the form.

No macro, no field, no part from elsewhere; links only to the web. The same facts give the same octets.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from crawler.reports.rendering import cell, environment, href

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.reports.interface import Facts

PARTS = {
    "[Content_Types].xml": "docx/content-types.xml.j2",
    "_rels/.rels": "docx/package-rels.xml.j2",
    "docProps/core.xml": "docx/core.xml.j2",
    "word/document.xml": "docx/document.xml.j2",
    "word/styles.xml": "docx/styles.xml.j2",
    "word/settings.xml": "docx/settings.xml.j2",
    "word/header1.xml": "docx/header.xml.j2",
    "word/footer1.xml": "docx/footer.xml.j2",
    "word/_rels/document.xml.rels": "docx/document-rels.xml.j2",
}
_NO_XML = re.compile("[\ufffe\uffff]")
"""What XML 1.0 cannot hold and ``for_terminal`` leaves."""
_LETTER, _CELL = 100, 190
"""Of a bold letter at the size of cells, and of the margins of one, so that no heading breaks inside of a word."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def render_docx(facts: Facts) -> bytes:
    """Octets of the package."""
    urls = sorted({url for one in _links(facts.body) if (url := href(one)) is not None})
    links = {url: f"rIdLink{number}" for number, url in enumerate(urls, start=1)}
    return package(PARTS, facts=facts.body, digest=facts.digest, links=links)


def package(parts: Mapping[str, str], **values: Any) -> bytes:
    """A package of named parts, each made by its template from the same values."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, template in parts.items():
            text = environment().get_template(template).render(**values, inert=inert, widths=widths)
            opened.writestr(_entry(name), text.encode("utf-8", "backslashreplace"))
    return packed.getvalue()


def widths(table: Mapping[str, Any], whole: int) -> list[int]:
    """Widths of the columns in twentieths of a point: wider where cells are longer, none too narrow to read."""
    rows = [table["columns"], *table["rows"]]
    longest = [max(min(len(cell(row[at])), 60) + 4 for row in rows) for at in range(len(table["columns"]))]
    even = whole // len(longest)
    words = [max(map(len, cell(name).split()), default=0) for name in table["columns"]]
    least = [min(even, max(even // 2, _CELL + _LETTER * word)) for word in words]
    free = whole - sum(least)
    return [own + free * one // sum(longest) for own, one in zip(least, longest, strict=True)]


def inert(value: Any) -> str:
    """A value as text that XML can hold."""
    return _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", cell(value))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _links(body: Any) -> list[str]:
    return [one["url"] for section in body["sections"] for field in section["fields"] for one in field["links"]]
