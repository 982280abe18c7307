"""Where heads and bodies of HTTP/1.1 end: the same in whatever pieces they arrive, and as strict as Twisted's."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.web.http import _ChunkedTransferDecoder, _MalformedChunkedDataError

from crawler.network.bodies import SIZE_LINE, TRAILERS, ChunkedBody, EndlessBody, SizedBody, body_of
from crawler.network.heads import Head, HeadLimitError, HeadReader, ReplyError, framing_of
from tests.network.conftest import LIMITS

SMALL = replace(LIMITS, header_lines=3, header_bytes=80, header_line_bytes=30)


def _pieces(octets: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    return [octets[start:end] for start, end in itertools.pairwise(places)]


def _read(pieces: list[bytes]) -> object:
    """The head with what followed, the kind of failure, or ``None`` where it never came whole."""
    reader = HeadReader(SMALL)
    for number, piece in enumerate(pieces):
        try:
            head = reader.take(piece)
        except ReplyError as error:
            return type(error)
        if head is not None:
            return head, reader.rest + b"".join(pieces[number + 1 :])
    return None


LINE = st.sampled_from(
    [
        b"A: b",
        b" folded",
        b"none",
        b"X: " + b"y" * 27,
        b"X: " + b"y" * 28,
        b"HTTP/1.1 103 x",
        b"HTTP/1.1 200",
        b"",
        b"Z:",
    ]
)


@given(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 103 Early", b"HTTP/1.0 404", b"SSH-2.0", b"HTTP/1.1 2x0 OK"]),
    st.lists(st.tuples(LINE, st.sampled_from([b"\r\n", b"\n"])), max_size=8),
    st.lists(st.integers(0, 300), max_size=8),
)
def test_a_head_is_the_same_in_any_pieces(status: bytes, lines: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    """Neither what is read nor what is refused depends on how the network cut the octets."""
    octets = status + b"\r\n" + b"".join(line + end for line, end in lines) + b"\r\nbody"
    assert _read(_pieces(octets, cuts)) == _read([octets])


def test_interim_replies_are_passed_over_and_counted() -> None:
    """The final head is kept alone; lines and octets of all count together."""
    reader = HeadReader(LIMITS)
    head = reader.take(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA : b,\r\n c\r\nodd\r\n\r\nrest")
    assert head == Head(b"HTTP/1.1 200 OK\r\nA : b,\r\n c\r\nodd\r\n\r\n", "HTTP/1.1", 200, [(b"A", b"b, c")])
    assert reader.rest == b"rest"
    with pytest.raises(HeadLimitError):
        HeadReader(SMALL).take(b"HTTP/1.1 100 C\r\n\r\n" * 4)


def _framing(fields: list[tuple[bytes, bytes]], *, status: int = 200, version: str = "HTTP/1.1") -> tuple[object, ...]:
    framing = framing_of(Head(b"", version, status, fields))
    return framing.length, framing.is_chunked, framing.is_persistent


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([(b"Content-Length", b"7")], (7, False, True)),
        ([(b"content-length", b"7, 07"), (b"Content-Length", b"7")], (7, False, True)),
        ([(b"Content-Length", b"7"), (b"Connection", b"x, Close")], (7, False, False)),
        ([(b"Transfer-Encoding", b"Chunked")], (None, True, True)),
        ([(b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"x")], (None, True, False)),
        ([], (None, False, False)),
    ],
)
def test_fields_say_where_a_body_ends(fields: list[tuple[bytes, bytes]], expected: tuple[object, ...]) -> None:
    """RFC 9112 section 6.3; what smuggling could use ends the connection."""
    assert _framing(fields) == expected


def test_status_and_version_say_it_too() -> None:
    """204 and 304 have no body whatever they announce; HTTP/1.0 keeps no connection."""
    contradictory = [(b"Content-Length", b"7"), (b"Content-Length", b"8")]
    assert _framing(contradictory, status=204) == _framing(contradictory, status=304) == (0, False, True)
    assert _framing([(b"Content-Length", b"7")], version="HTTP/1.0") == (7, False, False)


@pytest.mark.parametrize(
    "fields",
    [
        [(b"Content-Length", b"7"), (b"Content-Length", b"8")],
        [(b"Content-Length", b"+7")],
        [(b"Content-Length", b"")],
        [(b"Content-Length", b"\xb2")],
        [(b"Transfer-Encoding", b"gzip, chunked")],
        [(b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")],
        [(b"Transfer-Encoding", b"identity")],
    ],
)
def test_contradictory_framing_is_refused(fields: list[tuple[bytes, bytes]]) -> None:
    """Nothing is guessed."""
    with pytest.raises(ReplyError):
        _framing(fields)


def test_sized_and_endless_bodies() -> None:
    """A length is taken to the octet; without one all is content."""
    body = body_of(framing_of(Head(b"", "HTTP/1.1", 200, [(b"Content-Length", b"3")])))
    assert isinstance(body, SizedBody)
    assert (body.take(b"ab"), body.is_done) == (b"ab", False)
    assert (body.take(b"cdef"), body.is_done, body.rest) == (b"c", True, b"def")
    assert SizedBody(0).is_done
    endless = body_of(framing_of(Head(b"", "HTTP/1.1", 200, [])))
    assert isinstance(endless, EndlessBody)
    assert (endless.take(b"ab"), endless.is_done) == (b"ab", False)


def _ours(pieces: list[bytes]) -> tuple[bytes, str, bytes]:
    body, content = ChunkedBody(), b""
    for number, piece in enumerate(pieces):
        content += body.take(piece)
        if body.problem:
            return content, "problem", b""
        if body.is_done:
            return content, "done", body.rest + b"".join(pieces[number + 1 :])
    return content, "open", b""


def _twisted(octets: bytes) -> tuple[bytes, str, bytes]:
    content: list[bytes] = []
    rest: list[bytes] = []
    decoder = _ChunkedTransferDecoder(content.append, rest.append)
    try:
        decoder.dataReceived(octets)
    except _MalformedChunkedDataError:
        return b"".join(content), "problem", b""
    return b"".join(content), "done" if rest else "open", b"".join(rest)


CHUNKED = st.lists(
    st.sampled_from(
        [
            b"3\r\nabc\r\n",
            b"A;x=1\r\n0123456789\r\n",
            b"0\r\n",
            b"\r\n",
            b"T: x\r\n",
            b"2\r\nabc\r\n",
            b"1\r\n",
            b"a",
            b"\r",
            b"-1\r\n",
            b" 1\r\n",
            b"1 \r\n",
            b"0x1\r\n",
            b"1;\x00\r\n",
            b"1;\\\r\n",
            b"\n",
            b"g\r\n",
            b"1" * SIZE_LINE,
        ]
    ),
    max_size=9,
).map(b"".join)


@given(CHUNKED, st.lists(st.integers(0, 200), max_size=8))
def test_chunks_are_the_same_in_any_pieces_and_as_for_twisted(octets: bytes, cuts: list[int]) -> None:
    """Content, end, rest and refusal agree with an implementation of others, however the octets were cut."""
    whole = _ours([octets])
    assert _ours(_pieces(octets, cuts)) == whole
    theirs = _twisted(octets)
    if whole[1] == "problem" and theirs[1] == "open":  # they look at the end of a chunk when two octets are there
        theirs = _twisted(octets + b"?")
    assert whole == theirs


def test_trailers_are_bounded() -> None:
    """A trailer section without an end is not taken in."""
    line = b"T: " + b"x" * 995 + b"\r\n"
    assert _ours([b"0\r\n", line * (TRAILERS // len(line)), b"\r\n"])[1] == "done"
    assert _ours([b"0\r\n", line * (TRAILERS // len(line) + 1)])[1] == "problem"
    assert _ours([b"0\r\n", b"x" * (TRAILERS + 2)])[1] == "problem"
