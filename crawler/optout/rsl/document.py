"""An RSL 1.0 document as a structure: contents, licences, term lists and duties (RSL sections 2 and 3).

Knows which document is to be used at all; does not know which content covers a resource or what the terms come to
(terms.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from crawler.values.xml import Element, XmlError, read_xml

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE = "https://rslstandard.org/rsl"
PARTS_LIMIT = 10_000
"""Contents and licences of one document; each may have to be looked at for every URL."""
VALUE_LIMIT = 4_096
"""Characters of one term list."""

_PARENTS = {
    "content": "rsl",
    "license": "content",
    "permits": "license",
    "prohibits": "license",
    "payment": "license",
    "reporting": "license",
}
"""Elements that bear terms, and the only place where they may stand."""
_OTHERS = frozenset(
    {"rsl", "standard", "custom", "amount", "accepts", "legal", "alternate", "schema", "copyright", "terms"}
)
_PAYMENTS: dict[str | None, frozenset[str]] = {
    None: frozenset(),
    "free": frozenset(),
    "attribution": frozenset({"attribution"}),
    "contribution": frozenset({"contribution"}),
    **dict.fromkeys(("purchase", "subscription", "training", "crawl", "use", "inference"), frozenset({"payment"})),
}
"""``inference`` is what ``use`` was called in version 0.9."""
_DEMANDS = {"custom": "contract", "amount": "payment", "accepts": "payment"}
"""Children of ``payment`` that ask for something whatever its type is."""

KINDS = ("usage", "user", "geo")

UNNAMED = ""
"""A duty that has no name here, so that nobody can declare it met."""


class UnusableError(ValueError):
    """A document that does not conform, so that its terms stay unread; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermList:
    """One ``permits`` or ``prohibits`` element."""

    is_permit: bool
    kind: str
    """One of ``KINDS``, or whatever else stands there; empty where nothing does."""
    value: str
    text: str
    """The element rebuilt."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """One set of terms."""

    lists: tuple[TermList, ...]
    duties: frozenset[str]
    """Of the ``DUTIES`` of a statement, and ``UNNAMED``."""
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One ``content`` element; it has at least one licence."""

    url: str | None
    """As written, stripped; ``None`` where the attribute is missing."""
    licences: tuple[Licence, ...]
    line: int


def read_contents(body: bytes) -> tuple[Content, ...]:
    """Read a document, or the RSL elements of a feed; raises ``UnusableError`` for what does not conform (PC-11)."""
    root = _root(body)
    contents = _contents(root) if _local(root) == "rsl" else _hosted(root)
    if contents is None:
        raise UnusableError(f"line {root.line}: no rsl element of the namespace {NAMESPACE}")
    return contents


def read_hosted(body: bytes) -> tuple[Content, ...]:
    """Read the RSL elements inside a document of another kind (XMP, package of an EPUB, feed), none or more.

    Raises ``UnusableError`` for what does not conform.
    """
    return _hosted(_root(body)) or ()


def extract(body: bytes) -> bytes:
    """The RSL elements of a feed alone, on the lines where they stand: what the evidence keeps of it.

    Of a feed that is not well-formed a text is left that is not, either.
    """
    try:
        root = read_xml(body)
    except XmlError:
        return f"<{NAMESPACE}".encode()
    parts = ["<feed>"]
    line, pending = 1, [root]
    while pending:
        element = pending.pop()
        if _local(element) is None:
            pending += reversed(element.children)
            continue
        parts.append("\n" * (element.line - line))
        line = max(line, element.line)
        line += _write(element, parts, line)
    return "".join([*parts, "</feed>"]).encode("utf-8", "replace")


def _write(element: Element, parts: list[str], line: int) -> int:
    """Write an element with all that is in it; answers how many lines that took."""
    start = line
    namespace, _, local = element.name.rpartition("}")
    declared = f" xmlns={quoteattr(namespace[1:])}"
    attributes = "".join(
        f" {name}={quoteattr(value)}" for name, value in element.attributes.items() if not name.startswith("{")
    )
    parts.append(f"<{local}{declared}{attributes}>{escape(' '.join(element.text.split()))}")
    for child in element.children:
        parts.append("\n" * (child.line - line))
        line = max(line, child.line)
        line += _write(child, parts, line)
    parts.append(f"</{local}>")
    return line - start


def _root(body: bytes) -> Element:
    try:
        return read_xml(body)
    except XmlError as error:
        raise UnusableError(str(error)) from error


def _hosted(root: Element) -> tuple[Content, ...] | None:
    """Contents of the topmost RSL elements; ``None`` where there are no such elements."""
    found: list[Content] = []
    pending, is_there = [root], False
    while pending:
        element = pending.pop()
        name = _local(element)
        if name is None:
            pending += reversed(element.children)
            continue
        is_there = True
        if name == "rsl":
            found += _contents(element)
        elif name == "content":
            found += _contents(Element(f"{{{NAMESPACE}}}rsl", {}, element.line, [element]))
        elif name == "license":
            if not any(_children(element)):
                raise UnusableError(f"line {element.line}: a license whose terms stand elsewhere")
            content = Element(f"{{{NAMESPACE}}}content", {"url": ""}, element.line, [element])
            found += _contents(Element(f"{{{NAMESPACE}}}rsl", {}, element.line, [content]))
        else:
            raise UnusableError(f"line {element.line}: misplaced or unknown element: {name}"[:200])
    return tuple(found) if is_there else None


def _contents(root: Element) -> tuple[Content, ...]:
    _validate(root)
    contents = tuple(_content(element) for element in _children(root) if _local(element) == "content")
    if sum(1 + len(content.licences) for content in contents) > PARTS_LIMIT:
        raise UnusableError(f"more than {PARTS_LIMIT} contents and licences")
    return contents


def _local(element: Element) -> str | None:
    """Local name in the RSL namespace; ``None`` for an element of another one."""
    namespace, _, local = element.name.rpartition("}")
    return local if namespace == f"{{{NAMESPACE}" else None


def _children(element: Element) -> Iterator[Element]:
    """Children that are RSL's own; what extensions hold is left alone (section 1.2)."""
    return (child for child in element.children if _local(child) is not None)


def _validate(element: Element) -> None:
    """Refuse elements that RSL does not know, and terms that stand where they mean nothing."""
    parent = _local(element)
    for child in element.children:
        name = _local(child)
        if name is None:
            if not child.name.startswith("{"):
                raise UnusableError(f"line {child.line}: an element without a namespace: {child.name}"[:200])
            continue
        if name not in _OTHERS and _PARENTS.get(name) != parent:
            what = "misplaced" if name in _PARENTS else "unknown"
            raise UnusableError(f"line {child.line}: {what} element: {name}"[:200])
        _validate(child)


def _content(element: Element) -> Content:
    demanded = frozenset({"licence-token"} if "server" in element.attributes else ())
    if element.attributes.get("encrypted", "false").strip() != "false":
        demanded |= {UNNAMED}
    licences = tuple(_licence(child, demanded) for child in _children(element) if _local(child) == "license")
    if not licences:
        raise UnusableError(f"line {element.line}: a content without a license")
    url = element.attributes.get("url")
    return Content(url=None if url is None else url.strip(), licences=licences, line=element.line)


def _licence(element: Element, demanded: frozenset[str]) -> Licence:
    lists: list[TermList] = []
    duties = set(demanded)
    texts = ["<license>"]
    for child in _children(element):
        name = _local(child)
        if name in {"permits", "prohibits"}:
            lists.append(_term_list(child, name))
            texts.append(lists[-1].text)
            if name == "permits" and _is_ambiguous(child):
                duties.add(UNNAMED)
        elif name == "payment":
            duties |= _PAYMENTS.get(child.attributes.get("type"), frozenset({UNNAMED}))
            duties |= {_DEMANDS[one] for one in map(_local, _children(child)) if one in _DEMANDS}
            texts.append(_rebuilt(child, name))
        elif name == "reporting":
            duties.add("reporting")
            texts.append(_rebuilt(child, name))
    return Licence(lists=tuple(lists), duties=frozenset(duties), text="".join(texts), line=element.line)


def _term_list(element: Element, name: str) -> TermList:
    value = element.text
    if len(value) > VALUE_LIMIT:
        raise UnusableError(f"line {element.line}: a list of more than {VALUE_LIMIT} characters")
    kind = element.attributes.get("type", "")
    text = f"{_rebuilt(element, name)[:-2]}>{' '.join(value.split())}</{name}>"
    return TermList(is_permit=name == "permits", kind=kind, value=value, text=text, line=element.line)


def _is_ambiguous(permits: Element) -> bool:
    """Whether a permission does not say properly what kind of list it is: it then grants nothing."""
    kind = permits.attributes.get("type", "")
    return kind not in KINDS and kind.strip().lower() in {"", *KINDS}


def _rebuilt(element: Element, name: str) -> str:
    kind = element.attributes.get("type")
    return f"<{name}/>" if kind is None else f'<{name} type="{kind[:100]}"/>'
