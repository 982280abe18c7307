"""Heads of HTTP messages, taken apart."""

from __future__ import annotations

from crawler.values.http_head import head_fields


def test_fields() -> None:
    """Folded lines are joined, bare line feeds end lines too, and what has no colon is no field."""
    head = b"HTTP/1.1 200 OK\r\n one: folded into nothing\r\nA: 1\r\n\t2\r\nno field\nb : 3\n\r\n"
    assert head_fields(head) == [(b"one", b"folded into nothing"), (b"A", b"1\t2"), (b"b", b"3")]
