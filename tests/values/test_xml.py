"""Small documents as trees: namespaces resolved, DTD refused, depth and number bounded."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.xml import DEPTH_LIMIT, ELEMENTS_LIMIT, XmlError, read_xml


def test_tree() -> None:
    """Names and attributes carry their namespace, text stays with its element, lines count from 1."""
    root = read_xml(b'<a xmlns="u:d" xmlns:p="u:p" x="1" p:y="2">one<!-- c --><p:b/>two\n<c xmlns="">&lt;</c></a>')
    assert (root.name, root.attributes, root.text, root.line) == ("{u:d}a", {"x": "1", "{u:p}y": "2"}, "onetwo\n", 1)
    assert [(one.name, one.text, one.line) for one in root.children] == [("{u:p}b", "", 1), ("c", "<", 2)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(encoding: str) -> None:
    """The family of UTF is told by its octets; a declared other encoding is read as well."""
    assert read_xml("<a>é</a>".encode(encoding)).text == "é"
    assert read_xml('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode("latin-1")).text == "é"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no element"),
        (b"text", "line 1"),
        (b"<a>", "line 1"),
        (b"\n<a></b>", "line 2"),
        (b"<!DOCTYPE a><a/>", "DOCTYPE"),
        (b"<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;'>]><a>&c;</a>", "DOCTYPE"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "DOCTYPE"),
        (b"<a>&b;</a>", "undefined entity"),
        (b"<p:a/>", "unbound prefix"),
        (b"<a>" * (DEPTH_LIMIT + 1), "limits"),
        (b"<a>" + b"<b/>" * ELEMENTS_LIMIT + b"</a>", "limits"),
        (b"<?xml version='1.0' encoding='shift_jis'?><a/>", "encoding"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "encoding"),
    ],
)
def test_refused(data: bytes, problem: str) -> None:
    """Each is an error that names its reason."""
    with pytest.raises(XmlError, match=problem):
        read_xml(data)


def test_cut() -> None:
    """Of a document that is known to be cut off, the beginning is read; one that is wrong in itself is not."""
    assert read_xml(b"<a><b>text", is_whole=False).children[0].text == "text"
    with pytest.raises(XmlError):
        read_xml(b"<a><b></a>", is_whole=False)
    with pytest.raises(XmlError, match="no element"):
        read_xml(b"<a", is_whole=False)


@given(st.binary(max_size=200) | st.text(alphabet="<>/a:=\"'&;!?[]- x\n\ufeff\x00é").map(str.encode), st.booleans())
def test_any_octets(data: bytes, is_whole: bool) -> None:
    """A tree or an ``XmlError``."""
    with suppress(XmlError):
        assert read_xml(data, is_whole=is_whole).name
