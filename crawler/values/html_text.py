"""The visible text of a page, for what is counted and compared: no programs, no forms, no navigation."""

from __future__ import annotations

from typing import Final

from selectolax.lexbor import LexborHTMLParser

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
    return text_of(LexborHTMLParser(markup))


def text_of(tree: LexborHTMLParser) -> str:
    """The same of a tree, which loses what is left out."""
    tree.strip_tags(list(LEFT_OUT))
    return "" if tree.body is None else tree.body.text(separator=" ")
