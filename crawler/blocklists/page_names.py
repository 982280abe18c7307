"""Finds what a page for people may name: hosts in its text and links, and files that may be lists.

Only ever candidates, each with the text around it: a person decides line by line what the page says of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from crawler.errors import UrlError
from crawler.values.host import HostForm, canonical_host, form_of
from crawler.values.url import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST = 20_000
"""Candidates of one page; a longer one is no page for people."""
_AROUND = 160
_NAME = re.compile(
    r"(?<![\w@.-])(?:h(?:tt|xx)ps?://)?((?:\w[\w-]{0,62}(?:\.|\[\.\]|\(\.\)))+[^\W\d_][\w-]{0,62})(?![\w@])",
    re.IGNORECASE,
)
_DOTS = re.compile(r"\[\.\]|\(\.\)")
_FILES = (".csv", ".txt", ".json", ".xml", ".xlsx", ".xls", ".ods", ".pdf", ".zip")
_ENDINGS = (
    ".html", ".htm", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".odt", ".ods", ".jpg", ".jpeg", ".png", ".gif", ".svg",
    ".css", ".js", ".txt", ".csv", ".json", ".xml", ".php", ".asp", ".aspx", ".jsp",
)  # fmt: skip
"""No top-level domains."""
_NO_TEXT = "script, style, noscript, template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One thing that the page names."""

    what: str
    """``name``: a host that may be meant; ``link``: a file that may be a list."""
    value: str
    """Canonical host, or absolute URL."""
    context: str
    """Text around it, one line."""


def candidates(page: str, base: str, is_suffix: Callable[[str], bool]) -> list[Candidate]:
    """Names and files of an HTML page in its order, each once; the host of the page itself is left out.

    Public suffixes are left out, and words that end like the name of a file.
    """
    tree = LexborHTMLParser(page)
    own = _host(base)
    found: dict[tuple[str, str], Candidate] = {}
    for candidate in (*_links(tree, base, own), *_names(_text(tree), own, is_suffix)):
        found.setdefault((candidate.what, candidate.value), candidate)
        if len(found) >= MOST:
            break
    return list(found.values())


def _links(tree: LexborHTMLParser, base: str, own: str | None) -> Iterator[Candidate]:
    for node in tree.css("a[href]"):
        href = (node.attributes.get("href") or "").strip()
        try:
            url = parse(urljoin(base, href))
        except (UrlError, ValueError):
            continue
        context = _one_line(node.parent.text() if node.parent is not None else node.text())
        if url.target.partition("?")[0].lower().endswith(_FILES):
            yield Candidate(what="link", value=url.text, context=context)
        elif url.host != own:
            yield Candidate(what="name", value=url.host, context=context)


def _names(text: str, own: str | None, is_suffix: Callable[[str], bool]) -> Iterator[Candidate]:
    for match in _NAME.finditer(text):
        try:
            host = canonical_host(_DOTS.sub(".", match[1]))
        except UrlError:
            continue
        if form_of(host) is HostForm.NAME and host != own and not is_suffix(host) and not host.endswith(_ENDINGS):
            around = text[max(0, match.start() - _AROUND // 2) : match.end() + _AROUND // 2]
            yield Candidate(what="name", value=host, context=_one_line(around))


def _text(tree: LexborHTMLParser) -> str:
    for node in tree.css(_NO_TEXT):
        node.decompose()
    return tree.body.text(separator=" ") if tree.body is not None else ""


def _host(base: str) -> str | None:
    try:
        return parse(base).host
    except UrlError:
        return None


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _AROUND else f"{words[: _AROUND - 3]}..."
