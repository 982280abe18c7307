"""What is sent is what was judged, to the octet; and how a transfer ends before its end."""

from __future__ import annotations

import gzip
import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scrapy.http import Request

from crawler.network.exchange import EXCHANGE_KEY, Exchange
from crawler.values.url import canonicalise, split
from tests.network.conftest import decision
from tests.network.wire import REPLY, Wire, always
from tests.servers.replies import Reply
from tests.servers.web import ScriptedWeb

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.network.conftest import Downloader
    from tests.network.wire import Connection

    Make = Callable[..., Downloader]

TARGETS = (
    "/",
    "/?",
    "/a?",
    "/a;",
    "/a;?",
    "/a;p=1;q",
    "/a;?;",
    "/q?x='y'",
    "/q?x=%27y%27",
    "/%2F/",
    "/a%2Fb%2f",
    "/%3F?%3F?/?",
    "/q?a=b&a=b&&c",
    "/q?a+b%20c",
    "//double//",
    "/a!$&'()*+,=:@",
    '/a|b^c`d"e<f>g{h}[i]\\j',
    "/%",
    "/%zz?%zz",
    "/ä?ö=%C3%A4",
    "/a%00b%0d%0aX-Added: 1",
    "/~user/%7Euser",
    f"/q?{'x=1&' * 480}",
    f"/{'a/' * 900}",
)


def _request_line(target: str, port: int) -> list[bytes]:
    return [f"GET {target} HTTP/1.1".encode("ascii"), f"Host: a.test:{port}".encode("ascii")]


@pytest.mark.parametrize("written", TARGETS)
def test_the_request_line_is_the_canonical_target(downloader: Make, written: str) -> None:
    """Neither Scrapy nor Twisted changes a URL between check and server: form, empty query, parameters, quotes."""
    with Wire(always(REPLY)) as wire:
        url = canonicalise(f"http://a.test:{wire.port}{written}")
        outcome = downloader().fetch(url)
    assert outcome.error is None
    (request,) = wire.requests
    assert request.split(b"\r\n")[:2] == _request_line(split(url).target, wire.port)
    assert outcome.exchange.request_head == request
    assert split(url).text.endswith(split(url).target)


def test_the_log_of_the_server_holds_the_canonical_targets(downloader: Make) -> None:
    """The same list seen from the other side, over kept connections."""
    with ScriptedWeb() as web:
        web.host("a.test", lambda _request: Reply(body=b"hi"))
        one = downloader()
        urls = [canonicalise(web.url("a.test", target)) for target in TARGETS]
        for url in urls:
            assert one.fetch(url).exchange.error is None
        assert web.log.targets("a.test") == [split(url).target for url in urls]


@pytest.fixture(scope="module")
def echo() -> object:
    """One server for many examples."""
    with Wire(always(REPLY)) as wire:
        yield wire


@pytest.fixture
def one(downloader: Make) -> Downloader:
    """One client for many examples."""
    return downloader()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\\#"), max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_target_arrives_as_judged(one: Downloader, echo: Wire, written: str) -> None:
    """Whatever was written: what the server reads is what the gate saw."""
    url = canonicalise(f"http://a.test:{echo.port}/{written}")
    outcome = one.fetch(url)
    assert outcome.error is None
    assert echo.requests[-1].split(b"\r\n")[:2] == _request_line(split(url).target, echo.port)


def test_the_default_port_is_not_named(downloader: Make) -> None:
    """The Host field is the authority of the canonical URL: a port only where it is not the scheme's own."""
    exchange = Exchange(url=canonicalise("http://a.test:80/"), decision=decision(), max_bytes=10)
    assert exchange.url == "http://a.test/"
    with Wire(always(REPLY)) as wire:
        url = canonicalise(f"http://A.TEST.:{wire.port}/")
        downloader().fetch(url)
    assert wire.requests[0].split(b"\r\n")[1] == f"Host: a.test:{wire.port}".encode("ascii")


# -- the beginning of a long file


BEGINNING = b"User-agent: *\nDisallow: /a\n" + b"# padding\n" * 1000


def _is_closed(wire: Wire) -> bool:
    """Whether the client let the connection go, seen from the server."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if all(connection.socket.fileno() < 0 for connection in wire.connections):
            return True
        time.sleep(0.02)
    return False


def _chunked(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"%x\r\n%s\r\n" % (len(body[at : at + 999]), body[at : at + 999]) for at in range(0, len(body), 999)
    )


@pytest.mark.parametrize(
    ("head", "is_announced"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", False),
        (None, False),
    ],
    ids=["length", "close", "chunked"],
)
def test_a_long_file_is_cut_where_its_beginning_counts(
    downloader: Make, head: bytes | None, *, is_announced: bool
) -> None:
    """Exactly the limit is kept, the cut is told, and the rest stays with the server."""
    limit, rest = 2000, b"x" * (32 << 20)
    body = BEGINNING + rest
    reply = _chunked(body) if head is None else (head % len(body) if is_announced else head) + body
    with Wire(always(reply, close=True)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/robots.txt", max_bytes=limit, keeps_beginning=True)
        assert _is_closed(wire)
        assert wire.sent < len(body) // 2
    exchange = outcome.exchange
    assert (exchange.error, exchange.is_cut, exchange.is_body_complete) == (None, True, False)
    assert outcome.response.body == exchange.body_as_sent == BEGINNING[:limit]


@pytest.mark.parametrize("length", [1999, 2000])
def test_a_file_up_to_the_limit_is_whole(downloader: Make, length: int) -> None:
    """The limit itself is no cut, and the connection is kept."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + BEGINNING[:length]
    with Wire(always(reply)) as wire:
        one = downloader()
        for _ in range(2):
            outcome = one.fetch(f"http://a.test:{wire.port}/robots.txt", max_bytes=2000, keeps_beginning=True)
            assert (outcome.exchange.is_cut, outcome.exchange.is_body_complete) == (False, True)
            assert outcome.response.body == BEGINNING[:length]
        assert len(wire.connections) == 1


def test_the_beginning_of_a_coded_file_is_none(downloader: Make) -> None:
    """A cut content coding is not decoded by halves: the file was not readable."""
    body = gzip.compress(bytes(range(256)) * 400, compresslevel=0)
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with Wire(always(reply, close=True)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/robots.txt", max_bytes=2000, keeps_beginning=True)
    assert outcome.response is None
    assert outcome.exchange.error == "undecodable"


def test_a_file_that_breaks_off_is_not_cut_but_short(downloader: Make) -> None:
    """The size limit cuts; a connection that breaks is a failure also where beginnings count."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 1500\r\n\r\n" + BEGINNING[:700]
    with Wire(always(reply, close=True)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/robots.txt", max_bytes=2000, keeps_beginning=True)
    assert (outcome.exchange.error, outcome.exchange.is_cut) == ("body_incomplete", False)


# -- cutting a transfer off


def _slowly(connection: Connection, _: bytes) -> bool:
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbeginning")
    connection.pause(20)
    return False


def _silent(connection: Connection, _: bytes) -> bool:
    connection.pause(20)
    return False


@pytest.mark.parametrize("script", [_slowly, _silent], ids=["in the body", "before the head"])
def test_an_exchange_can_be_cut_off(downloader: Make, script: Callable[[Connection, bytes], bool]) -> None:
    """A stop of the crawl ends what is on its way at once; the exchange says so and is over."""
    one = downloader()
    with Wire(script) as wire:
        url = f"http://a.test:{wire.port}/"
        exchange = Exchange(url=url, decision=decision(), max_bytes=1 << 20)
        assert exchange.cancel is None
        errors: list[BaseException] = []

        def send() -> None:
            try:
                one.send(Request(url, meta={EXCHANGE_KEY: exchange}))
            except Exception as error:  # noqa: BLE001 - the test looks at it
                errors.append(error)

        thread = threading.Thread(target=send)
        started = time.monotonic()
        thread.start()
        while not wire.requests or (script is _slowly and exchange.bytes_received == 0):
            assert time.monotonic() < started + 60
            time.sleep(0.02)
        one.handler.reactor.callFromThread(exchange.cancel)
        thread.join(15)
        took = time.monotonic() - started
    assert len(errors) == 1
    assert exchange.was_cancelled
    assert exchange.error is not None
    assert exchange.cancel is None
    assert exchange.finished_at is not None
    assert took < 19


def test_an_exchange_that_is_over_cannot_be_cut_off(downloader: Make) -> None:
    """Nothing is left to call."""
    with Wire(always(REPLY)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.cancel is None
    assert not outcome.exchange.was_cancelled
