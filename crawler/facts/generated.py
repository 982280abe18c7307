"""Whether a page or file says of itself that a machine made it: IPTC DigitalSourceType, in HTML, XMP or C2PA.

Silence is ``None``, never "no". The terms are those of the IPTC NewsCodes scheme and schema.org's names for them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.optout.media.embedded import Embedded
    from crawler.values.html import HtmlPage

_MACHINE = frozenset(
    {
        "trainedalgorithmicmedia", "compositewithtrainedalgorithmicmedia", "algorithmicmedia",
        "trainedalgorithmicmediadigitalsource", "compositewithtrainedalgorithmicmediadigitalsource",
        "algorithmicmediadigitalsource",
    }
)  # fmt: skip
_PEOPLE = frozenset(
    {
        "digitalcapture", "negativefilm", "positivefilm", "print", "humanedits", "digitalcreation", "digitalart",
        "minorhumanedits", "computationalcapture", "digitalcapturedigitalsource", "digitalartdigitalsource",
        "negativefilmdigitalsource", "positivefilmdigitalsource", "printdigitalsource",
    }
)  # fmt: skip
_PROPERTY = "digitalsourcetype"
_DEPTH = 32
_VALUE = re.compile(r"[A-Za-z]+/?$")


def of_page(page: HtmlPage) -> tuple[bool, str] | tuple[None, None]:
    """What ``meta`` elements and JSON-LD of a page say, and where."""
    metas = (meta.content for meta in page.metas if meta.name.rpartition(":")[2].lower() == _PROPERTY)
    found = _joined(metas, "meta:digitalSourceType")
    if found[0] is not None:
        return found
    blocks = (value for script in page.scripts if _PROPERTY in script.text.lower() for value in _in_json(script.text))
    return _joined(blocks, "json-ld:digitalSourceType")


def of_file(embedded: Embedded) -> tuple[bool, str] | tuple[None, None]:
    """What the metadata of a file say, and where: XMP first, then the C2PA manifest store."""
    xmp = (one.value for one in embedded.properties if one.name.lower() == _PROPERTY and one.is_certain)
    found = _joined(xmp, "xmp:DigitalSourceType")
    if found[0] is None and embedded.store is not None and embedded.store.report is not None:
        found = _joined(_in_json(embedded.store.report), "c2pa:digitalSourceType")
    return found


def _joined(values: Iterable[str], method: str) -> tuple[bool, str] | tuple[None, None]:
    """One machine-made part makes the whole machine-made."""
    terms = {_term(value) for value in values}
    if terms & _MACHINE:
        return True, method
    return (False, method) if terms & _PEOPLE else (None, None)


def _term(value: str) -> str:
    match = _VALUE.search(value.strip())
    return "" if match is None else match[0].rstrip("/").lower()


def _in_json(text: str) -> Iterator[str]:
    """Values of the property anywhere in a document; nothing for what is no JSON."""
    try:
        yield from _walk(json.loads(text), 0)
    except (ValueError, RecursionError):
        return


def _walk(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name.rpartition(":")[2].lower() == _PROPERTY:
                yield from (one for one in (item if isinstance(item, list) else [item]) if isinstance(one, str))
            else:
                yield from _walk(item, depth + 1)
