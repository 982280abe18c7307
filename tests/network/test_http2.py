"""HTTP/2 by the switch of the policy: replies, limits and refusals as over HTTP/1.1, several on one connection."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.http import Request

from crawler.network.exchange import EXCHANGE_KEY, Exchange
from tests.network import conftest
from tests.network.conftest import decision
from tests.network.h2_wire import H2Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.network.conftest import Certificates, Downloader
    from tests.network.h2_wire import Session
    from tests.network.wire import Wire

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
    exchanges = [Exchange(url=each, decision=decision(), max_bytes=10 << 20) for each in urls]

    async def fetch() -> None:
        requests = [Request(each.url, meta={EXCHANGE_KEY: each}, dont_filter=True) for each in exchanges]
        await asyncio.gather(*map(one.handler.download_request, requests), return_exceptions=True)

    run(fetch())
    return exchanges


def test_a_reply_is_what_it_would_be_over_http_1_1(downloader: Make, serve: Serve) -> None:
    """Status, fields, body, peer and TLS; the heads as messages of HTTP/1.1."""
    fields = [(b":status", b"200"), (b"x-a", b"1"), (b"content-length", b"2"), (b"x-a", b" two "), (b"x-b", b"")]
    with serve(lambda session, stream, _: session.reply(stream, b"hi", fields)) as wire:
        outcome = downloader(rules()).fetch(url(wire, "/x?y"), headers={"User-Agent": "bot", "TE": "gzip"})
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
