"""Markup that would cost the tree builder much time or memory is cut before the place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from crawler.values import html_shape
from crawler.values.html_shape import safe_length

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

DEPTH = 256
N = 30_000


def _fonts(count: int, after: bytes) -> bytes:
    return b"".join(b"<font size=%d>%b" % (number, after) for number in range(count))


HOSTILE = {
    "nested": b"<div>" * N,
    "closed-late": b"<div>" * N + b"</div>" * N,
    "anchors-in-blocks": b"<a><div>" * N,
    "unclosed-formatting": b"<b>" * N,
    "foreign-cells": b"<svg>" + b"<td>" * N,
    "slash-in-a-value": b"<svg>" + b"<g a=x/>" * N,
    "ruby": b"<rp>" * N,
    "paragraphs-of-fonts": b"".join(b"<p><font size=%d>x</p>" % number for number in range(20_000)),
    "fonts-left-over": b"".join(b"<div><font size=%d></div>" % n for n in range(200)) + b"<p>x</p>" * N,
    "end-tag-in-a-comment": b"<div><!-- </div> -->" * N,
    "end-tag-in-an-attribute": b"<div a='</div>'>" * N,
    "end-tag-in-a-script": b"<div><script>'</div>'</script>" * N,
    "script-in-a-comment-in-a-script": b"<div><script><!--<script></script></div>--></script>" * N,
    "style-in-a-drawing": b"<svg><style><div></style>" * N,
    "style-in-a-choice": b"<select><style></select><div></style>" * N,
    "cdata-in-a-drawing": b"<svg><![CDATA[ > </svg><div> ]]>" * N,
    "left-behind": b"<div><g></div></g><span></div>" * N,
    "attributes": b"<a " + b"".join(b"a%d " % number for number in range(100_000)) + b">",
    "attribute-names": b"".join(b"<br a%d>" % number for number in range(N)),
    "tag-names": b"".join(b"</x%d>" % number for number in range(N)),
    "frames": b"<frameset>" * N,
    "templates": b"<template>" * N,
    "plaintext": b"<br>" * N + b"<plaintext>" + b"<div>" * N,
    "tags": b"<br>" * (html_shape.TAGS_LIMIT + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markup_is_cut(name: str) -> None:
    """The rest is parsed in bounded time (the bound is generous; unbounded it is minutes, or gigabytes)."""
    markup = HOSTILE[name]
    started = time.process_time()
    length = safe_length(markup, DEPTH)
    LexborHTMLParser(markup[:length])
    assert time.process_time() - started < 10
    assert length < len(markup)


HARMLESS = {
    "empty": b"",
    "text": b"a < b " * N,
    "open-comment": b"<!--" * N,
    "deep-enough": b"<div>" * DEPTH + b"</div>" * DEPTH,
    "breaks": b"<br>" * 5_000,
    "open-paragraphs": b"<p>x" * 5_000,
    "open-items": b"<ul>" + b"<li>x" * 5_000,
    "open-cells": b"<table>" + b"<tr><td>x" * 5_000,
    "anchors": b"<a href=x>y" * 5_000,
    "formatting": b"<p><b>x</b> <i class=y>z</i></p>" * 5_000,
    "sloppy": b"<div><span><b>x</div>" * 2_000,
    "misnested": b"<p><b><i>x</b></i></p>" * 5_000,
    "drawings": b"<svg><style>a{}</style><path d=x /><g a='/'></g><desc/></svg>" * 5_000,
    "drawing-with-data": b"<br>" * 10_000 + b"<svg><![CDATA[ a ]]></svg><![CDATA[ <p> ]]>",
    "scripts": b"<script>if (a<b) '<div>'</script><style><div></style>" * 5_000,
    "script-with-comment": b"<br>" * 10_000 + b"<script><!--> <script></script><!-- --> <script>x</script>",
    "script-without-end": b"<br>" * 10_000 + b"<script><!-- <script> </script> x",
    "title-without-end": b"<br>" * 10_000 + b"<title><div>",
    "choices": b"<select><option>a<option>b</select>" * 5_000,
    "one-long-attribute": b"<img src='data:" + b"A" * N + b"'>",
    "long-text": b"<p>" + b"word " * N,
    "declarations": b"<!doctype html><?php ?></ x>" * 10_000,
    "formatting-with-attributes": b"<p><font size=1>x</font></p>" * 1_000,
}


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_markup_is_whole(name: str) -> None:
    """Real pages are sloppy, and long; none of this is refused."""
    markup = HARMLESS[name]
    assert safe_length(markup, DEPTH) == len(markup)


def _depth(node: LexborNode | None) -> int:
    deepest, level = 0, 0
    stack = [(node, 1)]
    while stack:
        one, level = stack.pop()
        if one is None:
            continue
        deepest = max(deepest, level)
        stack += [(child, level + 1) for child in one.iter()]
    return deepest


PIECES = (
    b"<div> </div> <p> </p> <b> </b> <b\ta> <i> </i> <span> </span> <svg> </svg> <g> </g> <g/> <td> <table> </table>"
    b" <li> <ul> </ul> <a> </a> <select> </select> <option> <style> </style> <script> </script> <!-- --> <br> <object>"
    b" </object> x <foreignObject> </foreignObject> <math> <mi> </mi> <template> </template> <title> </title>"
    b" <optgroup> <rp> <button>"
).split()


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12), st.integers(30, 60))
def test_the_builder_stays_within_reach(pieces: list[bytes], times: int) -> None:
    """Whatever is repeated, the tree of the part that is called safe is at most a small multiple of the limit deep."""
    markup = b"".join(pieces) * times
    limit = 12
    walk = html_shape._Walk(limit, counts_names=True)
    length = walk.safe_length(markup)
    reach = 5 * (limit + 2) + walk.doubts + len(walk.formatting) + walk.returning
    assert _depth(LexborHTMLParser(markup[:length]).root) <= reach


NAMES = ["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u", "a", "div", "br"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["<", "</", "< ", "", "<<"]),
            st.sampled_from(NAMES).flatmap(lambda name: st.sampled_from([name, name.upper(), name.title()])),
            st.sampled_from([" ", "/", "\t", "\n", "\f", "\r", ">", " x>", "x ", ""]),
        ),
        max_size=30,
    )
)
def test_beginnings_count_every_formatting_tag(pieces: list[tuple[str, str, str]]) -> None:
    """The fast count of formatting tags is never below the exact one, so that no page passes by it alone."""
    markup = "".join(map("".join, pieces)).encode()
    exact = len(html_shape._FORMATTING_TAG.findall(markup))
    assert html_shape._few_copies(markup, exact)
    assert exact == 0 or not html_shape._few_copies(markup, exact - 1)
