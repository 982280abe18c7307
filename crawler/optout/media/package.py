"""The ``meta`` elements of an EPUB's package document, in both versions (EPUB 3.3, 5.5.5; OPF 2.0.1, 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from crawler.values.xml import read_xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.values.xml import Element

_OPF = "{http://www.idpf.org/2007/opf}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageMeta:
    """One element."""

    name: str
    """EPUB 3: with its prefix replaced by what the package declares for it; otherwise as written."""
    value: str
    text: str
    """The element, rebuilt."""
    line: int
    is_proper: bool
    """Whether it stands in the right namespace, in one form only, and speaks of the whole book."""


def package_metas(package: bytes) -> tuple[PackageMeta, ...]:
    """Read the elements in order; raises ``XmlError``."""
    root = read_xml(package)
    declared = root.attributes.get("prefix", "").split()
    prefixes = {prefix[:-1]: uri for prefix, uri in pairwise(declared) if prefix.endswith(":")}
    return tuple(_metas([root], prefixes))


def _metas(pending: list[Element], prefixes: Mapping[str, str]) -> Iterator[PackageMeta]:
    while pending:
        element = pending.pop()
        pending += reversed(element.children)
        if element.name.rpartition("}")[2].lower() != "meta":
            continue
        attributes = element.attributes
        text, content = element.text.strip(), attributes.get("content", "").strip()
        is_of_book = element.name == f"{_OPF}meta" and "refines" not in attributes
        if named := attributes.get("property", "").strip():
            prefix, _, local = named.partition(":")
            yield PackageMeta(
                name=f"{prefixes[prefix]}{local}" if prefix in prefixes else named,
                value=text or content,
                text=f'<meta property="{named}">{text or content}</meta>',
                line=element.line,
                is_proper=is_of_book and prefix in prefixes and not content,
            )
        if named := attributes.get("name", "").strip():
            yield PackageMeta(
                name=named,
                value=content or text,
                text=f'<meta name="{named}" content="{content or text}"/>',
                line=element.line,
                is_proper=is_of_book and not text,
            )
