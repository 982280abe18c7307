"""Lists of what has to go: written and read strictly."""

from __future__ import annotations

import json

import pytest

from crawler.errors import DocumentError
from crawler.provenance.removals import FORMAT, Removal, read_removals, write_removals

ONE = Removal(kind="domain", value="a.example", reason="blocklist", basis="court", since="2026-11-23T00:00:00+00:00")
HEADER = json.dumps({"format": FORMAT}).encode() + b"\n"
LINE = {"kind": "url", "value": "https://a.example/", "reason": "r", "basis": "b", "since": "s"}


def _body(**changes: object) -> bytes:
    return HEADER + json.dumps({**LINE, **changes}).encode()


def test_written_and_read() -> None:
    """What is written is read back; what is absent is not written."""
    two = Removal(kind="path", value="a/b", reason="r", basis="b", since="s", crawl_id="c", urls=3)
    content = b"".join(write_removals([ONE, two], tool="clearcrawl 1", made_at="now"))
    assert read_removals("x", content) == (ONE, two)
    assert b"null" not in content
    assert json.loads(content.splitlines()[0]) == {"format": FORMAT, "tool": "clearcrawl 1", "made_at": "now"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", None),
        (b"{}", 1),
        (b"[]", 1),
        (HEADER + b"{", 2),
        (HEADER + b"[" * 100_000, 2),
        (HEADER + b"[]", 2),
        (_body(more="x"), 2),
        (_body(kind="site"), 2),
        (_body(value=""), 2),
        (_body(urls="3"), 2),
        (_body(value="https://A.example/"), 2),
        (_body(value="no url"), 2),
        (_body(kind="domain", value="A.example"), 2),
        (_body(kind="path", value="a.example"), 2),
        (_body(kind="path", value="A.example/x"), 2),
        (_body(kind="network", value="192.0.2.1/24"), 2),
        (_body(kind="network", value="192.0.2.0"), 2),
        (HEADER + b'{"kind": "url"}', 2),
    ],
)
def test_mistakes(content: bytes, line: int | None) -> None:
    """Whatever is not of the format is named with its line, and nothing is taken."""
    with pytest.raises(DocumentError) as failure:
        read_removals("x", content)
    assert [each.line for each in failure.value.mistakes] == [line]
