"""HTTP/2 by the switch of the policy: replies, limits and refusals as over HTTP/1.1, several on one connection."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import socket
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.exceptions import DownloadFailedError
from scrapy.http import Request
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from crawler.network.exchange import EXCHANGE_KEY, Exchange, StopReason
from crawler.network.frames import FrameReader
from crawler.network.handler import HTTP2_REPLIES
from crawler.network.heads import ReplyError
from crawler.network.http2 import Http2Connection
from crawler.network.pool import Origin, Pool
from crawler.values.url import CanonicalUrl, split
from tests.network import conftest
from tests.network.conftest import decision
from tests.network.h2_wire import OK, H2Wire, frame
from tests.network.wire import REPLY, Wire, always

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.network.streams import Stream
    from tests.network.conftest import Certificates, Downloader
    from tests.network.h2_wire import Session

    Make = Callable[..., Downloader]
    Serve = Callable[..., H2Wire]


def rules(**changes: Any) -> Any:
    """Rules with the switch on."""
    return replace(conftest.rules(**changes), http2=True)


@pytest.fixture
def serve(certificates: Certificates) -> Serve:
    """Makes servers that speak HTTP/2."""
    return lambda answer=None, **options: H2Wire(
        script=None, tls=certificates.trusted, **({} if answer is None else {"answer": answer}), **options
    )


def url(wire: Wire, path: str = "/", host: str = "a") -> str:
    """On the test server."""
    return f"https://{host}.tls.test:{wire.port}{path}"


def together(one: Downloader, run: Callable[..., Any], urls: list[str]) -> list[Exchange]:
    """Fetch all at once; what each came to."""
    return fetch(one, run, [Exchange(url=each, decision=decision(), max_bytes=10 << 20) for each in urls])


def fetch(one: Downloader, run: Callable[..., Any], exchanges: list[Exchange]) -> list[Exchange]:
    """The same with exchanges that the test made."""

    async def all_of_them() -> None:
        requests = [Request(each.url, meta={EXCHANGE_KEY: each}, dont_filter=True) for each in exchanges]
        await asyncio.gather(*map(one.handler.download_request, requests), return_exceptions=True)

    run(all_of_them())
    return exchanges


def test_a_reply_is_what_it_would_be_over_http_1_1(downloader: Make, serve: Serve) -> None:
    """Status, fields, body, peer and TLS; the heads as messages of HTTP/1.1."""
    fields = [(b":status", b"200"), (b"x-a", b"1"), (b"content-length", b"2"), (b"x-a", b" two "), (b"x-b", b"")]
    with serve(lambda session, stream, _: session.reply(stream, b"hi", fields)) as wire:
        one = downloader(rules())
        outcome = one.fetch(url(wire, "/x?y"), headers={"User-Agent": "bot", "TE": "gzip"})
        assert len(wire.connections) == 1
        assert wire.asked == [
            {
                b":method": b"GET",
                b":scheme": b"https",
                b":authority": f"a.tls.test:{wire.port}".encode(),
                b":path": b"/x?y",
                b"user-agent": b"bot",
                b"accept-encoding": b"gzip, deflate, br, zstd",
            }
        ]
    exchange = outcome.exchange
    assert exchange.error is None
    assert (exchange.status, exchange.body, exchange.is_body_complete, exchange.sends) == (200, b"hi", True, 1)
    assert exchange.headers == [(b"x-a", b"1"), (b"content-length", b"2"), (b"x-a", b"two"), (b"x-b", b"")]
    assert exchange.head == b"HTTP/1.1 200 \r\nx-a: 1\r\ncontent-length: 2\r\nx-a:  two \r\nx-b: \r\n\r\n"
    assert exchange.request_head.startswith(f"GET /x?y HTTP/1.1\r\nhost: a.tls.test:{wire.port}\r\n".encode())
    assert (exchange.is_http2, exchange.tls_version, exchange.ip_address) == (True, "TLSv1.3", "127.0.0.1")
    assert outcome.response.protocol == "h2"
    assert one.crawler.stats.get_value(HTTP2_REPLIES) == 1
    assert outcome.response.headers.getlist("X-A") == [b"1", b"two"]


def test_requests_to_one_origin_share_a_connection(downloader: Make, serve: Serve, run: Callable[..., Any]) -> None:
    """None is answered before all are there; whoever comes while the first connects waits for that connection."""
    waiting: list[int] = []

    def answer(session: Session, stream: int, _: object) -> None:
        waiting.append(stream)
        if len(waiting) == 8:
            for number in reversed(waiting):
                session.reply(number, b"to %d" % number)

    with serve(answer) as wire:
        found = together(downloader(rules()), run, [url(wire, f"/{number}") for number in range(8)])
        assert len(wire.connections) == 1
    assert [each.error for each in found] == [None] * 8
    assert len({each.body for each in found}) == 8


def test_no_more_share_a_connection_than_the_server_permits(
    downloader: Make, serve: Serve, run: Callable[..., Any]
) -> None:
    """Whoever finds no room opens a connection of its own; a request that ended makes room."""
    with serve(at_once=2) as wire:
        one = downloader(rules())
        found = together(one, run, [url(wire, f"/{number}") for number in range(5)])
        assert [each.error for each in found] == [None] * 5
        assert 3 <= len(wire.connections) <= 4
        assert {each.error for each in together(one, run, [url(wire, f"/b{number}") for number in range(2)])} == {None}
        assert len(wire.connections) <= 4


@pytest.mark.parametrize("offers", [["http/1.1"], []], ids=["1.1", "nothing"])
def test_a_server_without_http_2_is_asked_over_http_1_1(
    downloader: Make, certificates: Certificates, run: Callable[..., Any], offers: list[str]
) -> None:
    """Its connections are kept and never shared."""
    certificates.trusted.set_alpn_protocols(offers or ["nothing-known"])
    with Wire(always(REPLY), tls=certificates.trusted) as wire:
        one = downloader(rules())
        for _ in range(2):
            outcome = one.fetch(url(wire))
            assert outcome.exchange.error is None
            assert not outcome.exchange.is_http2
            assert outcome.response.protocol == "HTTP/1.1"
        assert len(wire.connections) == 1
        assert {each.error for each in together(one, run, [url(wire, f"/{number}") for number in range(4)])} == {None}
        assert b"\r\nHost: " in wire.requests[0]


def test_without_the_switch_nothing_is_offered(downloader: Make, certificates: Certificates) -> None:
    """The server would speak HTTP/2, and is not told that we could."""
    certificates.trusted.set_alpn_protocols(["h2"])
    spoken: list[str | None] = []

    def script(connection: Any, _: bytes) -> None:
        spoken.append(connection.socket.selected_alpn_protocol())
        connection.send(REPLY)

    with Wire(script, tls=certificates.trusted) as wire:
        outcome = downloader(conftest.rules()).fetch(url(wire))
    assert outcome.exchange.error is None
    assert spoken == [None]


def test_plain_http_is_never_http_2(downloader: Make) -> None:
    """No upgrade, no prior knowledge."""
    with Wire(always(REPLY)) as wire:
        outcome = downloader(rules()).fetch(f"http://a.test:{wire.port}/")
        assert wire.requests[0].startswith(b"GET / HTTP/1.1\r\n")
        assert b"pgrade" not in wire.requests[0]
    assert outcome.exchange.error is None


def test_another_origin_gets_a_connection_of_its_own(downloader: Make, serve: Serve) -> None:
    """The certificate names both and the address is the same: each is looked up, checked and dialled for itself."""
    with serve() as wire:
        one = downloader(rules())
        for host in "abab":
            assert one.fetch(url(wire, host=host)).exchange.error is None
        assert len(wire.connections) == 2
        assert {each[b":authority"][:1] for each in wire.asked} == {b"a", b"b"}


def test_each_request_on_a_shared_connection_is_checked_anew(downloader: Make, serve: Serve) -> None:
    """R2.5: what a list has come to cover meanwhile is not asked, on whatever connection."""
    listed: list[str] = []
    with serve() as wire:
        one = downloader(replace(rules(), refuse=lambda _host, ip: ip if listed else None))
        assert one.fetch(url(wire)).exchange.error is None
        listed.append("now")
        outcome = one.fetch(url(wire))
        assert len(wire.requests) == 1
        assert outcome.exchange.error == "blocklist"
        listed.clear()
        assert one.fetch(url(wire)).exchange.error is None
        assert len(wire.connections) == 1


def test_certificates_are_verified(downloader: Make, certificates: Certificates, serve: Serve) -> None:
    """Self-signed, or of another name: nothing is asked."""
    with H2Wire(script=None, tls=certificates.self_signed) as wire:
        outcome = downloader(rules()).fetch(url(wire))
        assert wire.requests == []
    assert outcome.exchange.error == "tls_error"
    assert outcome.exchange.ip_address == "127.0.0.1"
    with serve() as wire:
        outcome = downloader(rules()).fetch(f"https://a.other.test:{wire.port}/")
        assert wire.requests == []
    assert outcome.exchange.error == "tls_error"


BLOCK = b"\x88"
"""``:status: 200``, packed."""
HEAD = frame(1, BLOCK, flags=4, stream=1)
FLOODS = {
    "pings": frame(6, b"12345678"),
    "answers to no ping": frame(6, b"12345678", flags=1),
    "settings": frame(4),
    "made-up settings": frame(4, b"".join(number.to_bytes(2) + bytes(4) for number in range(100, 800))),
    "acknowledged settings": frame(4, flags=1),
    "windows": frame(8, b"\0\0\0\1"),
    "resets": frame(3, b"\0\0\0\x08", stream=7),
    "empty data": frame(0, stream=1),
    "padding": frame(0, b"\xff" + bytes(255), flags=8, stream=1),
    "priorities": frame(2, b"\0\0\0\0\0", stream=1),
    "unknown": frame(99, b"x"),
    "crumbs": frame(0, b"x", stream=1),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_ends_the_connection(downloader: Make, serve: Serve, kind: str) -> None:
    """A few thousand small frames that nobody asked for are answered by none."""
    with serve(lambda session, _, __: session.raw(HEAD + FLOODS[kind] * 3_000)) as wire:
        one = downloader(rules())
        outcome = one.fetch(url(wire))
        assert wire.requests == [b"/"]
        assert one.handler._pool.take(one_origin(wire)) is None
    assert outcome.exchange.error == "body_incomplete"
    assert not outcome.exchange.is_body_complete


def one_origin(wire: Wire) -> Origin:
    """As the pool knows it."""
    return Origin("https", "a.tls.test", wire.port)


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (frame(5, b"\0\0\0\2" + BLOCK, flags=4, stream=1), "connection_error"),
        (frame(1, BLOCK, stream=1) + frame(9, b"", stream=1) * 3_000, "connection_error"),
        (frame(1, BLOCK, stream=1) + frame(9, b"\x0f" * 16_000, stream=1) * 5, "headers_too_large"),
        (frame(1, BLOCK, stream=1) + frame(6, b"12345678"), "connection_error"),
        (frame(9, BLOCK, flags=4, stream=1), "connection_error"),
        (frame(1, b"\x88\x40\x01a\x7f\xa1\x1e" + b"b" * 4_000 + b"\xbe" * 60, flags=4, stream=1), "headers_too_large"),
        (frame(1, b"\xff\xff\xff\xff", flags=4, stream=1), "connection_error"),
        (frame(1, BLOCK, flags=4, stream=2), "connection_error"),
        (frame(0, b"hi", flags=1, stream=1), "connection_error"),
        (frame(0, b"hi", stream=0), "connection_error"),
        (frame(0, b"x" * 16_385, stream=1), "connection_error"),
        (frame(4, b"\0\5\0\0\0\1"), "connection_error"),
        (frame(3, b"\0\0\0\x07", stream=1), "connection_error"),
        (frame(7, b"\0\0\0\0\0\0\0\0"), "connection_error"),
        (frame(7, b"\0\0\0\0"), "connection_error"),
        (frame(8, b"\0\0\0\0"), "connection_error"),
        (HEAD + frame(3, b"\0\0\0\x00", stream=1), "body_incomplete"),
        (
            HEAD + frame(0, b"hi", stream=1) + frame(7, b"\0\0\0\1\0\0\0\2") + frame(3, b"\0\0\0\2", stream=1),
            "body_incomplete",
        ),
        (HEAD + frame(1, BLOCK, flags=5, stream=1), "body_incomplete"),
        (HEAD + frame(1, b"\x40\x01a\x01b", flags=4, stream=1), "body_incomplete"),
        (HEAD + frame(0, b"\x09hi", flags=9, stream=1), "body_incomplete"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "connection_error"),
    ],
    ids=[
        "push promise",
        "empty continuations",
        "long block",
        "interrupted block",
        "continuation of nothing",
        "packed bomb",
        "broken packing",
        "reply to nobody",
        "body without head",
        "data on no stream",
        "large frame",
        "settings out of range",
        "refused stream",
        "gone away",
        "short goodbye",
        "window of nothing",
        "reset in the body",
        "goodbye and reset in the body",
        "status as trailer",
        "head twice",
        "wrong padding",
        "http/1.1",
    ],
)
def test_hostile_frames(downloader: Make, serve: Serve, octets: bytes, error: str) -> None:
    """Each ends the exchange with its code, nothing is asked twice, and the next request is served."""
    answers = iter([octets])

    def answer(session: Session, stream: int, _: object) -> None:
        hostile = next(answers, None)
        if hostile is None:
            session.reply(stream)
        else:
            session.raw(hostile)

    with serve(answer) as wire:
        one = downloader(rules(first_byte_timeout=3.0, total_timeout=6.0))
        outcome = one.fetch(url(wire))
        assert wire.requests == [b"/"]
        assert outcome.exchange.error == error, outcome.exchange.error_detail
        assert outcome.exchange.defers is (error in {"connection_error", "body_incomplete"})
        assert not outcome.exchange.is_body_complete
        assert one.fetch(url(wire)).exchange.error is None


STATUS = (b":status", b"200")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ([(b"a", b"b")], "connection_error"),
        ([(b"a", b"b"), STATUS], "connection_error"),
        ([STATUS, STATUS], "connection_error"),
        ([(b":status", b"20")], "connection_error"),
        ([(b":status", b"+20")], "connection_error"),
        ([(b":status", b"200 OK\r\nA: b")], "connection_error"),
        ([STATUS, (b":path", b"/")], "connection_error"),
        ([STATUS, (b"Aa", b"b")], "connection_error"),
        ([STATUS, (b"a b", b"c")], "connection_error"),
        ([STATUS, (b"a", b"b\r\nx-robots-tag: all")], "connection_error"),
        ([STATUS, (b"a", b"b\0")], "connection_error"),
        ([STATUS, (b"connection", b"close")], "connection_error"),
        ([STATUS, (b"transfer-encoding", b"chunked")], "connection_error"),
        ([STATUS, (b"content-length", b"3")], "body_incomplete"),
        ([STATUS, (b"content-length", b"1")], "body_incomplete"),
        ([STATUS, (b"content-length", b"0")], "body_incomplete"),
        ([STATUS, *[(b"a", b"b")] * 101], "headers_too_large"),
        ([STATUS, (b"a", b"b" * 16_384)], "headers_too_large"),
        ([STATUS, *[(b"a", b"b" * 8_000)] * 8, (b"b", b"c" * 1_500)], "headers_too_large"),
        ([STATUS, (b"content-encoding", b"gzip, gzip, gzip")], "too_many_codings"),
        ([STATUS, (b"content-encoding", b"gzip")], "undecodable"),
        ([STATUS, (b"content-length", b"99999999999")], "body_too_large"),
    ],
)
def test_malformed_replies_cost_their_own_stream(
    downloader: Make, serve: Serve, run: Callable[..., Any], fields: Any, error: str
) -> None:
    """A reply beside it on the same connection stays whole."""
    held: list[int] = []

    def answer(session: Session, stream: int, asked: Any) -> None:
        if dict(asked)[b":path"] == b"/good":
            held.append(stream)
            session.head(stream)
        else:
            held.insert(0, stream)
        if len(held) == 2:
            bad, good = held
            session.head(bad, fields)
            session.data(bad, b"hi")
            session.data(good, b"whole")

    with serve(answer) as wire:
        good, bad = together(downloader(rules()), run, [url(wire, "/good"), url(wire, "/bad")])
        assert len(wire.connections) == 1
    assert bad.error == error, bad.error_detail
    assert (good.error, good.body, good.is_body_complete) == (None, b"whole", True)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ([STATUS, (b"content-length", b"2"), (b"content-length", b"3")], "connection_error"),
        ([STATUS, (b"content-length", b"-2")], "connection_error"),
        ([STATUS, *[(b"a", b"b" * 8_000)] * 9], "headers_too_large"),
    ],
)
def test_some_replies_cost_the_connection(downloader: Make, serve: Serve, fields: Any, error: str) -> None:
    """What the library refuses to unpack leaves nothing behind that could be understood."""
    with serve(lambda session, stream, _: session.reply(stream, b"hi", fields)) as wire:
        outcome = downloader(rules()).fetch(url(wire))
        assert wire.requests == [b"/"]
    assert outcome.exchange.error == error


def test_interim_replies_are_passed_over_and_counted(downloader: Make, serve: Serve) -> None:
    """The final head is kept alone; too many before it are too large a head."""
    interim = [(b":status", b"103"), (b"link", b"</a>")]

    def answer(session: Session, stream: int, asked: Any) -> None:
        for _ in range(60 if dict(asked)[b":path"] == b"/many" else 3):
            session.head(stream, interim)
        session.reply(stream)

    with serve(answer) as wire:
        one = downloader(rules())
        outcome = one.fetch(url(wire))
        assert (outcome.exchange.error, outcome.exchange.status) == (None, 200)
        assert outcome.exchange.head == b"HTTP/1.1 200 \r\ncontent-type: text/html\r\n\r\n"
        assert one.fetch(url(wire, "/many")).exchange.error == "headers_too_large"


def test_trailers_are_passed_over(downloader: Make, serve: Serve) -> None:
    """They end the body and say nothing."""

    def answer(session: Session, stream: int, _: object) -> None:
        session.head(stream)
        session.data(stream, b"hi", ends=False)
        session.head(stream, [(b"x-robots-tag", b"noai")], ends=True)

    with serve(answer) as wire:
        outcome = downloader(rules()).fetch(url(wire))
    assert (outcome.exchange.error, outcome.exchange.body) == (None, b"hi")
    assert outcome.exchange.field_values(b"x-robots-tag") == []


@pytest.mark.parametrize("status", [b"204", b"304"])
@pytest.mark.parametrize("ends", [True, False])
def test_replies_without_a_body(downloader: Make, serve: Serve, status: bytes, ends: bool) -> None:
    """A length that a 304 tells is that of the page; the end may come with the head or behind it."""

    def answer(session: Session, stream: int, _: object) -> None:
        session.head(stream, [(b":status", status), (b"content-length", b"77")], ends=ends)
        if not ends:
            session.data(stream, b"")

    with serve(answer) as wire:
        one = downloader(rules())
        for _ in range(2):
            outcome = one.fetch(url(wire))
            assert (outcome.exchange.error, outcome.exchange.is_body_complete) == (None, True)
            assert outcome.exchange.body == b""
        assert len(wire.connections) == 1


def test_a_large_body_flows_through_small_windows(downloader: Make, serve: Serve) -> None:
    """Every frame is acknowledged as it comes; bodies larger than all windows arrive."""
    size = 9 << 20

    def answer(session: Session, stream: int, _: object) -> bool | None:
        session.head(stream)
        left = size
        while left:
            room = min(session.state.local_flow_control_window(stream), 16_384, left)
            if room:
                session.data(stream, bytes(room), ends=room == left)
                left -= room
            else:
                session.state.receive_data(session.connection.socket.recv(65536))
        return None

    with serve(answer) as wire:
        outcome = downloader(rules()).fetch(url(wire))
    assert outcome.exchange.error is None
    assert outcome.exchange.body == bytes(size)


def test_a_body_over_the_limit_is_given_up(downloader: Make, serve: Serve) -> None:
    """The server is told, and nothing of it is kept; decoded octets count as well."""
    packed = gzip.compress(bytes(300_000))
    coded = [*OK, (b"content-encoding", b"gzip")]

    def answer(session: Session, stream: int, asked: Any) -> None:
        if dict(asked)[b":path"] == b"/packed":
            session.reply(stream, packed, coded)
            return
        session.head(stream)
        for _ in range(10):
            session.data(stream, bytes(10_000), ends=False)

    with serve(answer) as wire:
        one = downloader(rules())
        for path in ("/", "/packed"):
            outcome = one.fetch(url(wire, path), max_bytes=50_000)
            assert outcome.exchange.error == "body_too_large"
            assert outcome.response is None
        assert one.fetch(url(wire), max_bytes=50_000, keeps_beginning=True).exchange.body == bytes(50_000)


def test_a_reply_that_is_not_wanted_costs_no_connection(downloader: Make, serve: Serve) -> None:
    """Its stream alone is given up, and the next request follows on the same connection."""

    def answer(session: Session, stream: int, _: object) -> None:
        session.head(stream)
        session.data(stream, b"some", ends=False)

    with serve(answer) as wire:
        one = downloader(rules())
        for _ in range(3):
            outcome = one.fetch(url(wire), on_head=lambda _: StopReason(code="noai"))
            assert outcome.exchange.stopped == StopReason(code="noai")
            assert outcome.exchange.error is None
            assert not outcome.exchange.is_body_complete
        assert len(wire.connections) == 1


def test_a_farewell_lets_replies_end(downloader: Make, serve: Serve, run: Callable[..., Any]) -> None:
    """What the server will answer is waited for, what it will not is told at once, and the next one dials anew."""
    waiting: list[int] = []

    def answer(session: Session, stream: int, _: object) -> None:
        waiting.append(stream)
        if len(session.wire.sessions) > 1:
            session.reply(stream)
        elif len(waiting) == 3:
            session.raw(frame(7, b"\x7f\xff\xff\xff" + bytes(4)) + frame(7, b"\0\0\0\3" + bytes(4)))
            session.reply(1)
            session.reply(3, b"ho")

    with serve(answer) as wire:
        one = downloader(rules())
        found = together(one, run, [url(wire, f"/{number}") for number in range(3)])
        assert sorted(str(each.error) for each in found) == ["None", "None", "connection_error"]
        assert sorted(each.body for each in found) == [b"", b"hi", b"ho"]
        assert [each.was_turned_away for each in found] == [each.error is not None for each in found]
        wire._threads[1].join(10)
        assert wire.connections[0].socket.fileno() == -1  # the client closed it, as nothing was left to wait for
        assert one.fetch(url(wire)).exchange.error is None
        assert len(wire.connections) == 2


def test_a_connection_that_ends_in_a_body_leaves_none_whole(downloader: Make, serve: Serve) -> None:
    """However cleanly it was closed: the end of a stream is said, never guessed."""

    def answer(session: Session, stream: int, _: object) -> bool:
        session.head(stream)
        session.data(stream, b"beginning", ends=False)
        with suppress(OSError):
            session.connection.socket.unwrap()
        while socket.socket.recv(session.connection.socket, 65536):
            pass  # whoever closes with octets unread resets the connection
        return False

    with serve(answer) as wire:
        outcome = downloader(rules()).fetch(url(wire))
    assert outcome.exchange.error == "body_incomplete"
    assert outcome.exchange.body_as_sent == b"beginning"


def test_silence_times_out(downloader: Make, serve: Serve) -> None:
    """Instead of settings, of a head, or of the rest; the connection is not asked again."""
    with serve(opening=lambda session: session.connection.pause(5)) as wire:
        outcome = downloader(rules(first_byte_timeout=0.3)).fetch(url(wire))
        assert wire.requests == []
        assert (outcome.exchange.error, outcome.exchange.sends) == ("timeout", 0)
    silent = iter([True])

    def answer(session: Session, stream: int, _: object) -> None:
        if not next(silent, False):
            session.reply(stream)

    with serve(answer) as wire:
        one = downloader(rules(first_byte_timeout=0.3))
        assert one.fetch(url(wire)).exchange.error == "timeout"
        assert one.fetch(url(wire)).exchange.error is None
        assert len(wire.connections) == 2
    with serve(lambda session, stream, _: session.head(stream)) as wire:
        outcome = downloader(rules(total_timeout=0.5)).fetch(url(wire))
    assert outcome.exchange.error == "timeout"


def test_a_handshake_that_never_ends_times_out(downloader: Make) -> None:
    """The listener takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        outcome = downloader(rules(first_byte_timeout=0.3)).fetch(f"https://a.tls.test:{port}/")
    assert (outcome.exchange.error, outcome.exchange.sends) == ("timeout", 0)


def test_whoever_waits_for_a_connection_tries_for_itself_when_it_fails(
    downloader: Make, serve: Serve, run: Callable[..., Any]
) -> None:
    """The failure of the first is its own."""
    first = iter([True])

    def opening(session: Session) -> None:
        if next(first, False):
            raise OSError
        session.flush()

    with serve(opening=opening) as wire:
        found = together(downloader(rules()), run, [url(wire, f"/{number}") for number in range(4)])
        assert sorted(str(each.error) for each in found) == ["None", "None", "None", "connection_error"]
        assert len(wire.requests) == 3


def test_a_cut_off_gives_up_one_stream(downloader: Make, serve: Serve, run: Callable[..., Any]) -> None:
    """A stop of the crawl ends what it is told to end."""
    one = downloader(rules())
    exchanges: list[Exchange] = []

    def answer(session: Session, stream: int, asked: Any) -> None:
        if dict(asked)[b":path"] == b"/cut":
            cancel = next(each.cancel for each in exchanges if each.url.endswith("/cut"))
            one.handler.reactor.callFromThread(cancel)
        else:
            session.reply(stream)

    with serve(answer) as wire:
        exchanges += [
            Exchange(url=url(wire, path), decision=decision(), max_bytes=1_000) for path in ("/cut", "/stays")
        ]
        fetch(one, run, exchanges)
    assert [each.error for each in exchanges] == ["connection_error", None]
    assert exchanges[0].was_cancelled


def test_a_connection_carries_a_bounded_number_of_requests(
    downloader: Make, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is closed, and the next one is opened."""
    monkeypatch.setattr("crawler.network.http2.REQUESTS", 3)
    with serve() as wire:
        one = downloader(rules())
        for _ in range(7):
            assert one.fetch(url(wire)).exchange.error is None
        assert len(wire.connections) == 3


def test_an_idle_connection_is_closed_in_time(downloader: Make, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is told, and the descriptor is free again."""
    monkeypatch.setattr("crawler.network.pool.IDLE_SECONDS", 0.1)
    with serve() as wire:
        one = downloader(rules())
        assert one.fetch(url(wire)).exchange.error is None
        wire.connections[0].socket.settimeout(10)
        for thread in wire._threads[1:]:
            thread.join(10)
        assert wire.connections[0].socket.fileno() == -1
        assert one.fetch(url(wire)).exchange.error is None


def test_no_request_is_put_on_a_connection_that_is_ending(run: Callable[..., Any]) -> None:
    """Places that were given away before the peer said so, or before it went, are given back."""

    async def talk(last_words: bytes | None) -> None:
        transport = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 443))
        pool = Pool(8)
        ready: asyncio.Future[Stream] = asyncio.get_running_loop().create_future()
        connection = Http2Connection(pool, Origin("https", "a.test", 443), conftest.LIMITS, ready)
        connection.makeConnection(transport)
        connection.dataReceived(frame(4))
        places = [ready.result(), pool.take(connection.origin)]
        if last_words is None:
            connection.connectionLost(Failure(ConnectionDone()))
        else:
            connection.dataReceived(last_words)
        assert pool.take(connection.origin) is None
        written = transport.value()
        for place in places:
            with pytest.raises(DownloadFailedError):
                connection.request(place, split(CanonicalUrl("https://a.test/")), [])
            place.abort()
            place.abort()
        assert transport.value()[len(written) :] == (b"" if last_words != FAREWELL else GOODBYE)

    for last_words in (None, FAREWELL, frame(99, bytes(16_385))):
        run(talk(last_words))


FAREWELL = frame(7, bytes(8))
GOODBYE = frame(7, bytes(8))
"""What we answer: nothing was wrong, and no stream of theirs was taken."""


@given(
    st.lists(
        st.sampled_from(
            [
                frame(4),
                frame(0, b"x" * 100, stream=1),
                frame(1, b"ab", stream=1),
                frame(1, b"ab", flags=4, stream=1),
                frame(9, b"c" * 50, flags=4, stream=1),
                frame(9, b"c" * 50, stream=1),
                frame(0, b"x" * 16_385),
                frame(6, b"12345678"),
            ]
        ),
        max_size=9,
    ),
    st.lists(st.integers(0, 2_000), max_size=8),
)
def test_frames_are_the_same_in_any_pieces(frames: list[bytes], cuts: list[int]) -> None:
    """Neither what is read nor what is refused depends on how the network cut the octets."""
    octets = frame(4) + b"".join(frames)
    places = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    pieces = [octets[start:end] for start, end in itertools.pairwise(places)]
    assert _read(pieces) == _read([octets])


def _read(pieces: list[bytes]) -> list[object]:
    reader = FrameReader(100)
    found: list[object] = []
    try:
        for piece in pieces:
            for each in reader.take(piece):
                found.append(each.octets)  # noqa: PERF401 - those before a failure count, too
    except ReplyError as error:
        found.append(type(error))
    return found
