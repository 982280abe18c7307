"""One pass over an HTML page: the elements that readers, links, barriers and documents need. No judgement here.

Elements count as a user agent without scripting sees them: what stands in comments, scripts, text fields and
``template`` is text, what stands in ``noscript`` is markup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, to_unicode

from crawler.values.html_shape import safe_length
from crawler.values.html_text import LEFT_OUT, text_without
from crawler.values.srcset import largest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from selectolax.lexbor import LexborNode

MARKUP_LIMIT = 512
"""Longest rebuilt element and title, in characters."""
DATA_BLOCKS = frozenset({"application/ld+json", "application/rsl+xml"})
"""Script types that are kept as data."""

_WHITE_SPACE = "\t\n\f\r "
_QUOTE = '"'
# Codec names of the Encoding Standard. Python has more under the same interface (rot13, punycode, unicode-escape):
# those raise, take quadratic time, or make markup of what is none.
_PAGE_ENCODINGS = re.compile(
    r"ascii$|utf-(?:8|16|16-le|16-be)$|cp(?:125\d|866|874|932|949|950|936)$|iso8859-\d+$|koi8-[rut]$|mac-?(?:roman|cyrillic)$|"
    r"gbk$|gb2312$|gb18030$|hz$|big5(?:hkscs)?$|euc_(?:jp|jis_2004|kr)$|iso2022_(?:jp|kr)|shift_jis|tis-620$"
)
_REFRESH = re.compile(
    r"[\t\n\f\r ]*(?:\d+[\d.]*|\.[\d.]*)(?:[\t\n\f\r ]*[;,][\t\n\f\r ]*|[\t\n\f\r ]+)(?P<rest>.*)", re.DOTALL
)
_REFRESH_URL = re.compile(r"url[\t\n\f\r ]*=[\t\n\f\r ]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlLimits:
    """Bounds of one pass; over them the page is marked, never refused here."""

    body_bytes: int = 10 * 1024 * 1024
    """Octets that are looked at."""
    depth: int = 256
    """Elements within one another; what follows the first deeper element is not looked at."""
    links: int = 5_000
    """Distinct hyperlinks, frames and images kept, each."""
    elements: int = 5_000
    """``meta`` elements, ``link`` elements and data blocks kept, each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """A ``meta`` element that is a real element (not in a comment, script or template text)."""

    name: str
    """``name``, else ``property``, else ``http-equiv``; lower case, stripped."""
    attribute: str
    """Which of the three attributes named it."""
    content: str
    """With character references decoded."""
    index: int
    """Counted over all ``meta`` elements of the page from 0."""
    markup: str
    """The element rebuilt as text, at most ``MARKUP_LIMIT`` characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A ``link`` element, or an ``a``/``area`` with a ``rel`` attribute."""

    tag: str
    rel: tuple[str, ...]
    """Tokens, lower case."""
    href: str
    type: str
    """Essence, lower case; empty where there is none."""
    markup: str
    index: int = 0
    """Counted over all elements kept as links from 0."""
    hreflang: str | None = None
    covers_page: bool = True
    """Whether it stands in ``head`` or ``body`` itself, and not in an element of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A data block (JSON-LD, RSL), not a program."""

    type: str
    """Essence, lower case."""
    text: str
    index: int
    covers_page: bool = True
    """As for a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlPage:
    """What one pass found; references are as written, not yet resolved."""

    charset: str
    lang: str | None
    title: str
    """At most ``MARKUP_LIMIT`` characters, white space folded."""
    base: str | None
    """First ``base`` element with an ``href``."""
    metas: tuple[Meta, ...]
    links: tuple[Link, ...]
    scripts: tuple[Script, ...]
    hyperlinks: tuple[str, ...]
    """``href`` of ``a`` and ``area`` in document order, stripped, without duplicates, ``rel=nofollow`` included."""
    frames: tuple[str, ...] = ()
    """``src`` of ``frame`` and ``iframe``, in the same manner."""
    images: tuple[str, ...]
    """``src`` (and the largest of ``srcset``) of ``img`` and of ``source`` in ``picture``, ``poster`` of ``video``."""
    sounds: tuple[str, ...] = ()
    """``src`` of ``audio`` and its ``source``, in the same manner."""
    videos: tuple[str, ...] = ()
    """``src`` of ``video`` and its ``source``, in the same manner."""
    objects: tuple[str, ...] = ()
    """``src`` of ``embed`` and ``data`` of ``object``, in the same manner."""
    canonical: str | None = None
    """``href`` of the first ``link rel=canonical``."""
    refresh: str | None
    """Target of the first ``meta http-equiv=refresh`` outside ``noscript``."""
    has_password_field: bool
    has_more_links: bool = False
    """More hyperlinks, frames or images than the limit: noted, the page itself was read whole."""
    is_truncated: bool
    """More elements than the limits, longer or deeper: what was read is not all."""
    text: str | None = None
    """As ``html_text.visible_text`` gives it, where it was wanted and came with the same tree; ``None``: ask there."""


DEFAULT_LIMITS = HtmlLimits()


def scan(
    body: bytes, *, content_type: str | None, limits: HtmlLimits = DEFAULT_LIMITS, keeps_text: bool = False
) -> HtmlPage:
    """Read a page; never raises on content.

    ``body`` is content-decoded, ``content_type`` the value of the header field. The encoding is that of the byte
    order mark, else of the header, else of the markup, else UTF-8; undecodable octets become U+FFFD.
    """
    charset, markup = _decode(body[: limits.body_bytes], content_type)
    length = safe_length(markup, limits.depth)
    pass_ = _Pass(limits)
    pass_.is_truncated = len(body) > limits.body_bytes or length < len(markup)
    text = None
    if length:
        tree = LexborHTMLParser(markup[:length])
        pass_.walk(tree, _VISITORS_FOR_TEXT if keeps_text else _VISITORS)
        if keeps_text and markup == body and not pass_.is_truncated:
            text = text_without(tree, pass_.left_out)
    return pass_.page(charset, text)


def _decode(body: bytes, content_type: str | None) -> tuple[str, bytes]:
    """Name of the encoding and the markup as UTF-8."""
    encoding, mark = read_bom(body)
    if encoding is None or mark is None:
        encoding, mark = _declared(body, content_type), b""
    if encoding in {"utf-8", "ascii"}:
        # The parser reads UTF-8 itself and replaces what is none.
        return "utf-8", body[len(mark) :]
    return encoding, to_unicode(body[len(mark) :], encoding).encode("utf-8", "replace")


def _declared(body: bytes, content_type: str | None) -> str:
    """Encoding that the header or the markup names, as long as it is one that pages may have."""
    encoding = http_content_type_encoding(content_type)
    if encoding is not None and _PAGE_ENCODINGS.match(encoding):
        return encoding
    encoding = html_body_declared_encoding(body)
    # A declaration that can be read as ASCII is not UTF-16 (HTML, "determining the character encoding").
    if encoding is not None and _PAGE_ENCODINGS.match(encoding) and not encoding.startswith("utf"):
        return encoding
    return "utf-8"


class _Pass:
    """Collects while the tree is walked once."""

    def __init__(self, limits: HtmlLimits) -> None:
        self.limits = limits
        self.is_truncated = False
        self.has_more_links = False
        self.has_password_field = False
        self.lang: str | None = None
        self.title: str | None = None
        self.base: str | None = None
        self.canonical: str | None = None
        self.refresh: str | None = None
        self.metas: list[Meta] = []
        self.links: list[Link] = []
        self.scripts: list[Script] = []
        self.hyperlinks: dict[str, None] = {}
        self.frames: dict[str, None] = {}
        self.images: dict[str, None] = {}
        self.sounds: dict[str, None] = {}
        self.videos: dict[str, None] = {}
        self.objects: dict[str, None] = {}
        self.left_out: list[LexborNode] = []
        """Elements whose text is no text of the page, in document order."""

    def walk(self, tree: LexborHTMLParser, visitors: Mapping[int, Callable[[_Pass, LexborNode], None]]) -> None:
        root = tree.root
        if root is None:  # pragma: no cover - the parser makes an html element of whatever it is given
            return
        self.lang = _stripped(root.attributes.get("lang"))
        # A walk is cheaper than a selector: the parser makes a machine for selectors anew for each page.
        for node in root.traverse():
            visit = visitors.get(node.tag_id)
            if visit is not None:
                visit(self, node)

    def visit_anchor(self, node: LexborNode) -> None:
        attributes = node.attributes
        href = attributes.get("href")
        if href is None and "href" not in attributes:
            return
        reference = (href or "").strip(_WHITE_SPACE)
        self._keep(self.hyperlinks, reference)
        if attributes.get("rel"):
            self._link(node, attributes, reference)

    def _keep(self, kept: dict[str, None], reference: str) -> None:
        if len(kept) < self.limits.links:
            kept[reference] = None
        elif reference not in kept:
            self.has_more_links = True

    def _link(self, node: LexborNode, attributes: dict[str, str | None], href: str) -> None:
        if len(self.links) >= self.limits.elements:
            self.is_truncated = True
            return
        tag = node.tag or ""
        rel = tuple((attributes.get("rel") or "").lower().split())
        if tag == "link" and self.canonical is None and "canonical" in rel:
            self.canonical = href
        self.links.append(
            Link(
                tag=tag,
                rel=rel,
                href=href,
                type=_essence(attributes.get("type")),
                markup=_rebuilt(tag, attributes),
                index=len(self.links),
                hreflang=attributes.get("hreflang"),
                covers_page=_covers_page(node),
            ),
        )

    def visit_link(self, node: LexborNode) -> None:
        attributes = node.attributes
        if "href" in attributes:
            self._link(node, attributes, (attributes.get("href") or "").strip(_WHITE_SPACE))

    def visit_base(self, node: LexborNode) -> None:
        if self.base is None and "href" in node.attributes:
            self.base = (node.attributes.get("href") or "").strip(_WHITE_SPACE)

    def visit_meta(self, node: LexborNode) -> None:
        if len(self.metas) >= self.limits.elements:
            self.is_truncated = True
            return
        attributes = node.attributes
        attribute, name = "", ""
        for key in ("name", "property", "http-equiv"):
            named = attributes.get(key)
            if named:
                attribute, name = key, named.strip(_WHITE_SPACE).lower()
                break
        content = attributes.get("content") or ""
        self.metas.append(
            Meta(
                name=name,
                attribute=attribute,
                content=content,
                index=len(self.metas),
                markup=_rebuilt("meta", attributes),
            ),
        )
        pragma = attributes.get("http-equiv")
        if pragma and self.refresh is None and pragma.strip(_WHITE_SPACE).lower() == "refresh":
            target = refresh_target(content)
            if target is not None and not _is_inside(node, "noscript"):
                self.refresh = target

    def visit_script(self, node: LexborNode) -> None:
        kind = _essence(node.attributes.get("type"))
        if kind not in DATA_BLOCKS:
            return
        if len(self.scripts) >= self.limits.elements:
            self.is_truncated = True
            return
        self.scripts.append(
            Script(type=kind, text=node.text(), index=len(self.scripts), covers_page=_covers_page(node))
        )

    def visit_title(self, node: LexborNode) -> None:
        if self.title is None and not _is_inside(node, "svg"):
            self.title = " ".join(node.text().split())[:MARKUP_LIMIT]

    def visit_input(self, node: LexborNode) -> None:
        if (node.attributes.get("type") or "").strip(_WHITE_SPACE).lower() == "password":
            self.has_password_field = True

    def visit_frame(self, node: LexborNode) -> None:
        source = _stripped(node.attributes.get("src"))
        if source:
            self._keep(self.frames, source)

    def visit_image(self, node: LexborNode) -> None:
        attributes = node.attributes
        source = _stripped(attributes.get("src"))
        if source:
            self._keep(self.images, source)
        candidate = largest(attributes.get("srcset") or "")
        if candidate is not None:
            self._keep(self.images, candidate)

    def visit_source(self, node: LexborNode) -> None:
        """Sort by what stands around it; a browser takes the first that it can show, and so do we."""
        parent = node.parent
        kept = {"audio": self.sounds, "video": self.videos}.get(parent.tag or "" if parent is not None else "")
        if kept is None:
            self.visit_image(node)
        else:
            self._source(node, kept)

    def visit_audio(self, node: LexborNode) -> None:
        self._source(node, self.sounds)

    def visit_video(self, node: LexborNode) -> None:
        self._source(node, self.videos)
        self._source(node, self.images, "poster")

    def visit_embed(self, node: LexborNode) -> None:
        self._source(node, self.objects)

    def visit_object(self, node: LexborNode) -> None:
        self._source(node, self.objects, "data")

    def _source(self, node: LexborNode, kept: dict[str, None], attribute: str = "src") -> None:
        source = _stripped(node.attributes.get(attribute))
        if source:
            self._keep(kept, source)

    def page(self, charset: str, text: str | None) -> HtmlPage:
        return HtmlPage(
            charset=charset,
            lang=self.lang or None,
            title=self.title or "",
            base=self.base,
            metas=tuple(self.metas),
            links=tuple(self.links),
            scripts=tuple(self.scripts),
            hyperlinks=tuple(self.hyperlinks),
            frames=tuple(self.frames),
            images=tuple(self.images),
            sounds=tuple(self.sounds),
            videos=tuple(self.videos),
            objects=tuple(self.objects),
            canonical=self.canonical,
            refresh=self.refresh,
            has_password_field=self.has_password_field,
            has_more_links=self.has_more_links,
            is_truncated=self.is_truncated,
            text=text,
        )


_VISITORS_BY_NAME = {
    "a": _Pass.visit_anchor,
    "area": _Pass.visit_anchor,
    "link": _Pass.visit_link,
    "base": _Pass.visit_base,
    "meta": _Pass.visit_meta,
    "script": _Pass.visit_script,
    "title": _Pass.visit_title,
    "input": _Pass.visit_input,
    "iframe": _Pass.visit_frame,
    "img": _Pass.visit_image,
    "source": _Pass.visit_source,
    "audio": _Pass.visit_audio,
    "video": _Pass.visit_video,
    "embed": _Pass.visit_embed,
    "object": _Pass.visit_object,
}


def _tag_ids() -> dict[int, Callable[[_Pass, LexborNode], None]]:
    """Visitors by the parser's number of each element name, which is cheaper to ask for than the name."""
    pages = ("".join(f"<{name}></{name}>" for name in _VISITORS_BY_NAME), "<frameset><frame>")
    nodes = [node for page in pages for node in LexborHTMLParser(page).css("*")]
    by_name = {**_VISITORS_BY_NAME, "frame": _Pass.visit_frame}
    return {node.tag_id: by_name[node.tag] for node in nodes if node.tag in by_name}


_VISITORS = _tag_ids()


def _leaving_out(visit: Callable[[_Pass, LexborNode], None] | None) -> Callable[[_Pass, LexborNode], None]:
    def visit_and_leave_out(pass_: _Pass, node: LexborNode) -> None:
        pass_.left_out.append(node)
        if visit is not None:
            visit(pass_, node)

    return visit_and_leave_out


def _visitors_for_text() -> dict[int, Callable[[_Pass, LexborNode], None]]:
    """The same, for a pass that also notes what is left out of the text."""
    page = "<svg></svg>" + "".join(f"<{name}></{name}>" for name in LEFT_OUT)
    found = {node.tag_id: node.tag for node in LexborHTMLParser(page).css("*") if node.tag in LEFT_OUT}
    return _VISITORS | {tag: _leaving_out(_VISITORS.get(tag)) for tag in found}


_VISITORS_FOR_TEXT = _visitors_for_text()


def refresh_target(content: str) -> str | None:
    """URL of a ``refresh`` value as HTML's shared declarative refresh steps find it; ``None`` for a plain reload."""
    match = _REFRESH.fullmatch(content)
    if match is None:
        return None
    rest = match["rest"]
    prefix = _REFRESH_URL.match(rest)
    target = rest[prefix.end() :] if prefix is not None else rest
    if target[:1] in {'"', "'"}:
        target = target[1:].partition(target[0])[0]
    return target.strip(_WHITE_SPACE) or None


def _stripped(value: str | None) -> str | None:
    return None if value is None else value.strip(_WHITE_SPACE)


def _essence(value: str | None) -> str:
    return (value or "").partition(";")[0].strip(_WHITE_SPACE).lower()


def _is_inside(node: LexborNode, tag: str) -> bool:
    """Whether an element of that name stands around the node; the depth limit bounds the walk."""
    parent = node.parent
    while parent is not None:
        if parent.tag == tag:
            return True
        parent = parent.parent
    return False


def _covers_page(node: LexborNode) -> bool:
    parent = node.parent
    return parent is not None and parent.tag in {"head", "body"}


def _rebuilt(tag: str, attributes: dict[str, str | None]) -> str:
    """Start tag with its attributes as parsed, so that the evidence shows what was compared."""
    markup = f"<{tag}"
    for name, value in attributes.items():
        if value is None:
            markup += f" {name}"
        else:
            markup += f' {name}="{value.replace(_QUOTE, "&quot;") if _QUOTE in value else value}"'
    return f"{markup}>"[:MARKUP_LIMIT]
