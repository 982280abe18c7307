"""Properties of an XMP packet: RDF/XML, bound by namespace and never by prefix; a broken packet has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.optout.media.embedded import Property
from crawler.values.xml import read_xml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.optout.media.embedded import Packet
    from crawler.values.xml import Element

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_OF_RDF = (_RDF, "{http://www.w3.org/XML/1998/namespace}")


def properties(packet: Packet, index: int) -> tuple[Property, ...]:
    """Every property of the packet, as element or as attribute, however deep; raises ``XmlError``.

    What is not said of the file itself, in one value, is not certain.
    """
    root = read_xml(packet.body, is_whole=packet.is_whole)
    groups = [root] if root.name == f"{_RDF}RDF" else [one for one in root.children if one.name == f"{_RDF}RDF"]
    subjects = {id(subject) for group in groups for subject in group.children}
    is_sure = packet.is_whole and packet.is_main
    found: list[Property] = []
    pending = [(root, False)]
    while pending:
        element, is_of_file = pending.pop()
        is_subject = id(element) in subjects
        for name, value in element.attributes.items():
            found += _property(name, value, index, element.line, is_certain=is_sure and is_subject)
        values = list(_values(element))
        for value in values:
            is_certain = is_sure and is_of_file and len(values) == 1
            found += _property(element.name, value, index, element.line, is_certain=is_certain)
        pending += [(child, is_subject) for child in reversed(element.children)]
    return tuple(found)


def _property(name: str, value: str, index: int, line: int, *, is_certain: bool) -> Iterator[Property]:
    """The property of that name, unless it is RDF's own syntax or has no namespace."""
    namespace, _, local = name.removeprefix("{").rpartition("}")
    if namespace and not name.startswith(_OF_RDF):
        yield Property(
            namespace=namespace, name=local, value=value.strip(), packet=index, line=line, is_certain=is_certain
        )


def _values(element: Element) -> Iterator[str]:
    """Text or resource of a property element, also in the containers of RDF."""
    if element.name.startswith(_RDF):
        return
    pending = [element]
    while pending:
        one = pending.pop()
        for name in (f"{_RDF}resource", f"{_RDF}value"):
            if name in one.attributes:
                yield one.attributes[name]
        if text := one.text.strip():
            yield text
        pending += [child for child in one.children if child.name.startswith(_RDF)]
