"""A small XML document of a stranger as a tree: namespaces resolved, no DTD, no entities, bounded in depth and number.

Names are written ``{namespace}local``. A DOCTYPE ends the parse, so nothing outside the given octets is looked at.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from xml.parsers import expat

DEPTH_LIMIT = 64
ELEMENTS_LIMIT = 50_000


class XmlError(ValueError):
    """Not XML, or more than the bounds; the message names the line."""


@dataclass(slots=True)
class Element:
    """One element, its attributes and what is in it."""

    name: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    """Character data directly in the element, in pieces."""

    @property
    def text(self) -> str:
        """Character data directly in the element."""
        return "".join(self.parts)


def read_xml(data: bytes, *, is_whole: bool = True) -> Element:
    """Read a document; raises ``XmlError``. Of one that is cut off (not ``is_whole``), what its beginning holds."""
    tree = _Tree()
    encoding = json.detect_encoding(data)  # by zero octets, which tells the families of UTF apart in XML as well
    try:
        if encoding in {"utf-8", "utf-8-sig"}:
            tree.feed(data, None, is_whole)
        else:
            tree.feed(data.decode(encoding, "replace").encode("utf-8", "replace"), "utf-8", is_whole)
    except expat.ExpatError as error:
        raise XmlError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
    except (ValueError, LookupError) as error:
        raise XmlError(str(error)) from error
    if tree.root is None:
        raise XmlError("no element")
    return tree.root


class _Tree:
    """Builds the tree while the parser runs."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def feed(self, data: bytes, encoding: str | None, is_whole: bool) -> None:
        parser = expat.ParserCreate(encoding, "}")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self._parser = parser
        parser.Parse(data, is_whole)

    def _refuse(self, *_: object) -> None:
        raise XmlError(f"line {self._parser.CurrentLineNumber}: a DOCTYPE is not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEPTH_LIMIT or self._count > ELEMENTS_LIMIT:
            raise XmlError(f"line {self._parser.CurrentLineNumber}: more elements, or deeper, than the limits")
        named = {_clark(key): value for key, value in attributes.items()}
        element = Element(_clark(name), named, self._parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        self._open[-1].parts.append(text)


def _clark(name: str) -> str:
    return f"{{{name}" if "}" in name else name
