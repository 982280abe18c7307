"""Link fields are taken apart as RFC 8288 says, and what is broken is left out in linear time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.optout.interface import ResponseHead
from crawler.optout.link_header import links
from crawler.optout.statement import Source
from crawler.values.digest import sha256
from crawler.values.url import canonicalise

if TYPE_CHECKING:
    from crawler.optout.link_header import HeaderLink

SOURCE = Source(
    url=canonicalise("https://site.example/"), digest=sha256(b""), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC)
)


def _links(*values: str) -> list[HeaderLink]:
    headers = tuple(("link", value) for value in values)
    return list(links(ResponseHead(source=SOURCE, status=200, headers=headers)))


def test_parameters() -> None:
    """Names compare without case, the first of two counts, quoted text may hold separators and escapes."""
    found = _links('< /a >; REL="License  x"; rel=y; Type="Text/HTML; v"; anchor="a\\"b"; flag', "</b>,</c>;rel=d")
    assert [(one.target, one.rel, one.type, one.anchor, one.index) for one in found] == [
        ("/a", ("license", "x"), "text/html", 'a"b', 0),
        ("/b", (), "", None, 1),
        ("/c", ("d",), "", None, 1),
    ]
    assert found[2].text == "</c>;rel=d"


@pytest.mark.parametrize("value", ["<" * 100_000, "<a>" + ";" * 100_000, '<a>;b="' + "\\" * 100_001, "<a>; " * 30_000])
def test_long_fields(value: str) -> None:
    """A field as long as a client may accept."""
    started = time.process_time()
    _links(value)
    assert time.process_time() - started < 2
