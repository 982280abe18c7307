"""The visible text of a page, for what is counted and compared: no programs, no forms, no navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from selectolax.lexbor import LexborHTMLParser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selectolax.lexbor import LexborNode

LEFT_OUT: Final = (
    *("head", "script", "style", "noscript", "template", "svg", "textarea", "select", "button"),
    *("nav", "header", "footer", "aside"),
)
"""Elements whose text is no text of the page."""


def visible_text(body: bytes, charset: str) -> str:
    """Text of the body, elements apart from each other by a space; never raises on content.

    ``charset`` as ``html.scan`` found it, which must have read the page whole: nothing is bounded here.
    """
    markup = body
    if charset != "utf-8":
        markup = body.decode(charset, "replace").encode("utf-8", "replace")
    tree = LexborHTMLParser(markup)
    tree.strip_tags(list(LEFT_OUT))
    return _text(tree)


def text_without(tree: LexborHTMLParser, left_out: Sequence[LexborNode]) -> str:
    """The same of a tree whose elements to leave out are known, in document order; the tree loses them."""
    for node in reversed(left_out):  # what is inside goes before what is around it
        node.decompose()
    return _text(tree)


def _text(tree: LexborHTMLParser) -> str:
    return "" if tree.body is None else tree.body.text(separator=" ")
