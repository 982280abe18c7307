"""The download handler against servers that misbehave octet by octet."""

from __future__ import annotations

import gzip
import hashlib
import socket
import struct
import time
from typing import TYPE_CHECKING

import pytest
from scrapy import signals
from scrapy.exceptions import StopDownload
from scrapy.http import Request

from crawler.network.exchange import EXCHANGE_KEY, Exchange, StopReason
from crawler.network.failures import GateBypassedError
from crawler.policy.decision import Verdict
from tests.network.conftest import decision, rules
from tests.network.wire import REPLY, Wire, always

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.network.conftest import Certificates, Downloader
    from tests.network.wire import Connection

    Make = Callable[..., Downloader]
from typing import Never


def test_facts_of_a_plain_reply_are_kept(downloader: Make) -> None:
    """Head, fields in order with case and duplicates, body, peer and times stand in the exchange."""
    head = b"HTTP/1.1 200 Fine\r\nX-b: 1\r\nContent-length: 2\r\nSET-Cookie:  a \r\nx-B: 2\r\n\r\n"
    with Wire(always(head + b"hi")) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/p?q=1", headers={"User-Agent": "bot"})
    exchange = outcome.exchange
    assert outcome.response.body == b"hi"
    assert outcome.response.status == exchange.status == 200
    assert exchange.head == head
    assert exchange.headers == [(b"X-b", b"1"), (b"Content-length", b"2"), (b"SET-Cookie", b"a"), (b"x-B", b"2")]
    assert exchange.field_values(b"x-b") == [b"1", b"2"]
    assert exchange.body_as_sent == b"hi"
    assert exchange.is_body_complete
    assert exchange.bytes_received == 2
    assert exchange.ip_address == "127.0.0.1"
    assert exchange.tls_version is None
    assert exchange.certificate_digest is None
    assert exchange.sends == 1
    assert exchange.latency > 0
    assert exchange.started_at <= exchange.finished_at
    assert exchange.error is None
    assert wire.requests == [exchange.request_head]
    assert exchange.request_head.startswith(b"GET /p?q=1 HTTP/1.1\r\nHost: a.test:%d\r\n" % wire.port)


def test_request_without_an_exchange_is_refused(downloader: Make) -> None:
    """Nothing goes out without having passed the gate (R2.1)."""
    with Wire(always(REPLY)) as wire:
        with pytest.raises(GateBypassedError):
            downloader().send(Request(f"http://a.test:{wire.port}/"))
        assert wire.connections == []


@pytest.mark.parametrize("verdict", [Verdict.DENY, Verdict.DEFER])
def test_request_with_another_verdict_is_refused(downloader: Make, verdict: Verdict) -> None:
    """Only ALLOW is sent."""
    with Wire(always(REPLY)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/", decision=decision(verdict))
        assert isinstance(outcome.error, GateBypassedError)
        assert wire.connections == []


def test_request_for_another_url_is_refused(downloader: Make) -> None:
    """The verdict holds for the URL that was judged, not for the one it was changed into."""
    with Wire(always(REPLY)) as wire:
        exchange = Exchange(url=f"http://a.test:{wire.port}/", decision=decision(), max_bytes=1000)
        with pytest.raises(GateBypassedError):
            downloader().send(Request(f"http://a.test:{wire.port}/other", meta={EXCHANGE_KEY: exchange}))
        assert wire.connections == []


def test_exchange_is_good_for_one_request(downloader: Make) -> None:
    """A retry that copies the meta has to pass the gate again."""
    with Wire(always(REPLY)) as wire:
        one = downloader()
        outcome = one.fetch(f"http://a.test:{wire.port}/")
        with pytest.raises(GateBypassedError):
            one.send(Request(outcome.exchange.url, meta={EXCHANGE_KEY: outcome.exchange}))
        assert len(wire.requests) == 1


def test_proxy_is_refused(downloader: Make) -> None:
    """A proxy would dial what nobody checked (R4.3)."""
    with Wire(always(REPLY)) as wire:
        outcome = downloader().fetch("http://a.test/", meta={"proxy": f"http://127.0.0.1:{wire.port}"})
        assert isinstance(outcome.error, GateBypassedError)
        assert wire.connections == []


def test_without_rules_nothing_is_dialled(downloader: Make) -> None:
    """A crawler for which nobody set rules fails closed."""
    with Wire(always(REPLY)) as wire:
        outcome = downloader(unruled=True).fetch(f"http://a.test:{wire.port}/")
        assert outcome.exchange.error == "internal_error"
        assert wire.connections == []


def test_host_and_authorization_of_the_request_are_not_sent(downloader: Make) -> None:
    """What is asked is what was judged, and nobody is logged in."""
    with Wire(always(REPLY)) as wire:
        fields = {"Host": "other.test", "Authorization": "Basic eA==", "Transfer-Encoding": "chunked", "X-Own": "1"}
        downloader().fetch(f"http://a.test:{wire.port}/", headers=fields)
    (request,) = wire.requests
    assert b"other.test" not in request
    assert b"Authorization" not in request
    assert b"Transfer-Encoding" not in request
    assert b"X-Own: 1" in request
    assert b"Accept-Encoding: gzip, deflate, br, zstd" in request


def test_stop_at_the_head_leaves_the_body_on_the_server(downloader: Make) -> None:
    """The response gate decides on status and fields; the server gets rid of its socket buffers at most."""
    size = 64 << 20
    head = b"HTTP/1.1 403 No\r\nX-Robots-Tag: noai\r\nContent-Length: %d\r\n\r\n" % size
    seen = []

    def on_head(exchange: Exchange) -> StopReason:
        seen.append((exchange.status, exchange.field_values(b"x-robots-tag"), exchange.ip_address))
        return StopReason(code="http_403", detail="forbidden")

    with Wire(always(head + b"x" * size)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/", on_head=on_head, max_bytes=size)
        time.sleep(0.3)
        assert wire.sent < size // 4
    assert seen == [(403, [b"noai"], "127.0.0.1")]
    assert outcome.exchange.stopped.code == "http_403"
    assert outcome.exchange.head == head
    assert outcome.exchange.body_as_sent == b""
    assert outcome.exchange.error is None
    assert outcome.response.body == b""
    assert outcome.response.status == 403
    assert "download_stopped" in outcome.response.flags
    assert str(outcome.response.ip_address) == "127.0.0.1"


def test_a_stop_keeps_the_connection_where_the_body_is_here_anyway(downloader: Make) -> None:
    """A small reply that nobody wants costs no new connection, and nothing of its body is kept."""
    with Wire(always(REPLY)) as wire:
        one = downloader()
        url = f"http://a.test:{wire.port}/"
        outcomes = [one.fetch(url, on_head=lambda _: StopReason(code="http_403")) for _ in range(3)]
        assert len(wire.connections) == 1
    assert [outcome.exchange.body_as_sent for outcome in outcomes] == [b""] * 3
    assert not any(outcome.exchange.is_body_complete for outcome in outcomes)


def test_few_connections_are_kept_unused(downloader: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the one that waits longest is closed; those that wait hold nothing of their last reply."""
    monkeypatch.setattr("crawler.network.pool.MOST_IDLE", 2)
    with Wire(always(REPLY)) as wire:
        one = downloader()
        for name in "abcbca":
            assert one.fetch(f"http://{name}.test:{wire.port}/").exchange.error is None
        assert len(wire.connections) == 4
        waiting = [each for several in one.handler._pool._idle.values() for each in several]
        assert len(waiting) == 2
        assert {(each._reader, each._body) for each in waiting} == {(None, None)}


def test_failing_check_of_the_head_stops(downloader: Make) -> None:
    """An exception in the response gate is a refusal, never a download."""

    def on_head(exchange: Exchange) -> Never:
        raise RuntimeError(exchange.url)

    with Wire(always(REPLY)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/", on_head=on_head)
    assert outcome.exchange.stopped.code == "internal_error"
    assert outcome.response.body == b""


def test_stop_at_a_reply_without_a_body(downloader: Make) -> None:
    """The facts of an empty reply are the same as those of a full one."""
    reply = b"HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"
    with Wire(always(reply)) as wire:
        one = downloader()
        stopped = one.fetch(f"http://a.test:{wire.port}/", on_head=lambda _: StopReason(code="http_403"))
        whole = one.fetch(f"http://a.test:{wire.port}/")
    assert stopped.response.status == whole.response.status == 301
    assert stopped.exchange.head == whole.exchange.head == reply
    assert stopped.exchange.ip_address == whole.exchange.ip_address == "127.0.0.1"
    assert whole.exchange.is_body_complete
    assert whole.exchange.error is None


def test_scrapys_own_signals_can_stop(downloader: Make) -> None:
    """StopDownload from a signal handler works as in Scrapy, at the head and in the body."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n"
    with Wire(always(head + b"x" * 30_000_000)) as wire:
        for signal in (signals.headers_received, signals.bytes_received):
            one = downloader()

            def stop(**_: object) -> Never:
                raise StopDownload(fail=False)

            one.crawler.signals.connect(stop, signal)
            outcome = one.fetch(f"http://a.test:{wire.port}/", max_bytes=1 << 26)
            assert "download_stopped" in outcome.response.flags
            assert outcome.exchange.error is None
            assert not outcome.exchange.is_body_complete
            assert len(outcome.response.body) < 30_000_000


@pytest.mark.parametrize(
    "fields",
    [
        b"".join(b"X-%d: y\r\n" % n for n in range(101)),
        b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(70)),
        b"X: " + b"y" * 16400 + b"\r\n",
        b"X: " + b"y" * 200_000,
    ],
    ids=["101 lines", "70 kB in all", "long line", "endless line"],
)
def test_head_over_a_limit_is_refused(downloader: Make, fields: bytes) -> None:
    """100 lines, 64 KiB in all, 16 KiB a line (R4, 4.2)."""
    with Wire(always(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.error == "headers_too_large"
    assert not outcome.exchange.defers
    assert outcome.exchange.ip_address == "127.0.0.1"
    assert len(wire.requests) == 1


def test_head_within_the_limits_passes(downloader: Make) -> None:
    """Exactly 100 lines and a line of 16 KiB are allowed."""
    lines = b"".join(b"X-%d: y\r\n" % n for n in range(97)) + b"Y: " + b"y" * 16381 + b"\r\nZ: 1\r\n"
    with Wire(always(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 2\r\n\r\nhi")) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.response.body == b"hi"
    assert len(outcome.exchange.headers) == 100


def test_many_headers_are_not_buffered(downloader: Make) -> None:
    """200,000 fields of 1 kB are cut after the first 64 KiB."""

    def script(connection: Connection, _: bytes) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\n")
        for n in range(200_000):
            connection.send(b"X-%d: %s\r\n" % (n, b"y" * 1000))

    with Wire(script) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
        time.sleep(0.2)
        assert wire.sent < 20_000_000
    assert outcome.exchange.error == "headers_too_large"


def test_interim_replies_count_into_the_limits(downloader: Make) -> None:
    """Endless 1xx replies are a head without an end; the final head alone is kept."""
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n"
    with Wire(always(interim + REPLY)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.response.body == b"hi"
    assert outcome.exchange.head + b"hi" == REPLY
    with Wire(always(interim * 100)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.error == "headers_too_large"


def test_odd_field_lines_stay_visible(downloader: Make) -> None:
    """Lines without a colon are skipped, folded ones joined, a blank before the colon taken off."""
    head = b"HTTP/1.1 200 OK\nX-Robots-Tag : noai\nnonsense\nA: b,\n  c\n\x01bad: v\nContent-Length: 2\n\n"
    with Wire(always(head + b"hi")) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    exchange = outcome.exchange
    assert outcome.response.body == b"hi"
    assert exchange.field_values(b"x-robots-tag") == [b"noai"]
    assert exchange.field_values(b"a") == [b"b,  c"]
    assert exchange.field_values(b"\x01bad") == [b"v"]
    assert outcome.response.headers["X-Robots-Tag"] == b"noai"
    assert exchange.head == head


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 -20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: zip\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhi",
        b"HTTP/1.1 200 O",
        b"",
    ],
)
def test_reply_that_is_no_http_is_an_error(downloader: Make, reply: bytes) -> None:
    """Malformed and broken replies fail; nothing is guessed."""
    with Wire(always(reply, close=True)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.error == "connection_error"
    assert outcome.exchange.defers


def test_chunked_body_is_put_together(downloader: Make) -> None:
    """Chunked framing is taken off; a malformed chunk is an incomplete body."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Wire(always(head + b"2\r\nhi\r\n3;x=1\r\n yo\r\n0\r\n\r\n")) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.body_as_sent == outcome.response.body == b"hi yo"
    assert outcome.exchange.head == head
    assert outcome.exchange.is_body_complete
    with Wire(always(head + b"2\r\nhi\r\nZZ\r\n")) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.error == "body_incomplete"


def test_short_body_is_incomplete(downloader: Make) -> None:
    """Fewer octets than announced are an error, and what came is known."""
    with Wire(always(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi", close=True)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.error == "body_incomplete"
    assert outcome.exchange.defers
    assert outcome.exchange.status == 200
    assert outcome.exchange.body_as_sent == b"hi"
    assert not outcome.exchange.is_body_complete


def test_body_without_a_length_ends_with_the_connection(downloader: Make) -> None:
    """HTTP/1.0 can say no more; the flag tells it."""
    with Wire(always(b"HTTP/1.0 200 OK\r\n\r\nhi", close=True)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.response.body == b"hi"
    assert "partial" in outcome.response.flags
    assert outcome.response.protocol == "HTTP/1.0"


def test_reset_in_a_body_without_a_length_is_incomplete(downloader: Make) -> None:
    """A connection that is cut did not end."""

    def script(connection: Connection, _: bytes) -> bool:
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nhi")
        connection.pause(0.2)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    with Wire(script) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.error == "body_incomplete"


def test_refused_connection(downloader: Make) -> None:
    """Nobody listens."""
    with Wire(always(REPLY)) as wire:
        pass
    outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.error == "connection_error"
    assert outcome.exchange.defers
    assert outcome.exchange.sends == 0


def test_silent_server_times_out_at_the_first_byte(downloader: Make) -> None:
    """The wait for the first octet has a limit of its own, and the request is not repeated."""
    with Wire(lambda connection, _: connection.pause(5)) as wire:
        outcome = downloader(rules(first_byte_timeout=0.3)).fetch(f"http://a.test:{wire.port}/")
        assert len(wire.requests) == 1
    assert outcome.exchange.error == "timeout"
    assert outcome.exchange.defers


def test_silent_server_on_a_kept_connection_times_out_once(downloader: Make) -> None:
    """The pool's own repetition does not double the wait."""
    replies = iter([REPLY])

    def script(connection: Connection, _: bytes) -> None:
        reply = next(replies, None)
        if reply is None:
            connection.pause(5)
        else:
            connection.send(reply)

    with Wire(script) as wire:
        one = downloader(rules(first_byte_timeout=0.3))
        assert one.fetch(f"http://a.test:{wire.port}/").exchange.error is None
        outcome = one.fetch(f"http://a.test:{wire.port}/")
        assert len(wire.requests) == 2
        assert len(wire.connections) == 1
    assert outcome.exchange.error == "timeout"


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_drip_is_cut_by_the_whole_limit(downloader: Make, start: bytes) -> None:
    """One octet at a time keeps no connection longer than a reply may take, in the head and in the body."""

    def script(connection: Connection, _: bytes) -> None:
        connection.send(start)
        while not connection.stopping.is_set():
            connection.send(b"x")
            connection.pause(0.05)

    with Wire(script) as wire:
        began = time.monotonic()
        outcome = downloader(rules(total_timeout=0.6)).fetch(f"http://a.test:{wire.port}/")
        assert time.monotonic() - began < 30
    assert outcome.exchange.error == "timeout"


def test_spider_may_shorten_the_time_but_not_lengthen_it(downloader: Make) -> None:
    """``download_timeout`` of a request counts only below the limit."""
    with Wire(lambda connection, _: connection.pause(5)) as wire:
        one = downloader(rules(total_timeout=0.3))
        assert one.fetch(f"http://a.test:{wire.port}/", meta={"download_timeout": 60}).exchange.error == "timeout"
        two = downloader()
        assert two.fetch(f"http://a.test:{wire.port}/", meta={"download_timeout": 0.3}).exchange.error == "timeout"


def test_body_over_the_limit_is_dropped(downloader: Make) -> None:
    """Announced, as it arrives, and decoded; no part is kept."""
    big = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000
    packed = gzip.compress(b"x" * 300_000)
    for reply in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n",
        big,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed,
    ):
        with Wire(always(reply, close=True)) as wire:
            outcome = downloader().fetch(f"http://a.test:{wire.port}/", max_bytes=100_000)
        assert outcome.exchange.error == "body_too_large"
        assert not outcome.exchange.defers
        assert outcome.response is None


def test_spider_may_lower_the_size_but_not_raise_it(downloader: Make) -> None:
    """``download_maxsize`` of a request counts only below the limit."""
    with Wire(always(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500)) as wire:
        one = downloader()
        url = f"http://a.test:{wire.port}/"
        assert one.fetch(url, max_bytes=400, meta={"download_maxsize": 0}).exchange.error == "body_too_large"
        assert one.fetch(url, max_bytes=400, meta={"download_maxsize": 600}).exchange.error == "body_too_large"
        assert one.fetch(url, max_bytes=600, meta={"download_maxsize": 400}).exchange.error == "body_too_large"


def test_coded_body_is_decoded_and_kept_as_sent(downloader: Make) -> None:
    """The response shows the content, the exchange what came over the wire."""
    packed = gzip.compress(b"<html>hello</html>")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    with Wire(always(head % len(packed) + packed)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.response.text == "<html>hello</html>"
    assert "Content-Encoding" not in outcome.response.headers
    assert outcome.exchange.body_as_sent == packed
    assert outcome.exchange.field_values(b"content-encoding") == [b"gzip"]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", b"plain text"),
        (b"gzip", gzip.compress(b"x" * 1000)[:-9]),
        (b"gzip", b""),
        (b"sdch", b"plain text"),
    ],
    ids=["not gzip", "cut gzip", "nothing", "unknown"],
)
def test_undecodable_body_is_an_error(downloader: Make, coding: bytes, body: bytes) -> None:
    """A body that is not what it says is not shown to anybody as content."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body
    with Wire(always(reply)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/")
    assert outcome.exchange.error == "undecodable"
    assert outcome.exchange.body_as_sent == body


def test_too_many_codings_are_refused_before_the_body(downloader: Make) -> None:
    """More than two codings are never downloaded, however they are written."""
    size = 30 << 20
    codings = b"Content-Encoding: gzip, identity\r\nContent-Encoding: br,gzip\r\n"
    head = b"HTTP/1.1 200 OK\r\n" + codings + b"Content-Length: %d\r\n\r\n"
    with Wire(always(head % size + b"x" * size)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/", max_bytes=1 << 26)
        time.sleep(0.2)
        assert wire.sent < size // 2
    assert outcome.exchange.error == "too_many_codings"


def test_connection_is_kept_alive(downloader: Make) -> None:
    """Requests to one host share a connection, and each has all facts."""
    with Wire(always(REPLY)) as wire:
        one = downloader()
        outcomes = [one.fetch(f"http://a.test:{wire.port}/{n}") for n in range(3)]
        assert len(wire.connections) == 1
        assert len(wire.requests) == 3
    assert [outcome.exchange.ip_address for outcome in outcomes] == ["127.0.0.1"] * 3


def test_nothing_is_sent_again_behind_the_gate(downloader: Make) -> None:
    """A kept connection that breaks under a request ends the exchange: another try is another attempt (R2.1)."""
    first = iter([True])

    def script(connection: Connection, _: bytes) -> bool:
        if next(first, False):
            connection.send(REPLY)
            return True
        return False

    with Wire(script) as wire:
        one = downloader()
        one.fetch(f"http://a.test:{wire.port}/1")
        outcome = one.fetch(f"http://a.test:{wire.port}/2")
        assert len(wire.requests) == 2
    assert outcome.exchange.error == "connection_error"
    assert outcome.exchange.sends == 1


def test_octets_behind_a_reply_end_the_connection(downloader: Make) -> None:
    """What nobody asked for is not taken for the next reply."""
    with Wire(always(REPLY + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")) as wire:
        one = downloader()
        bodies = [one.fetch(f"http://a.test:{wire.port}/{n}").response.body for n in range(2)]
        assert bodies == [b"hi", b"hi"]
        assert len(wire.connections) == 2


def test_only_get_is_sent(downloader: Make) -> None:
    """Any other method changes what the gate judged: nothing reaches the server."""
    with Wire(always(REPLY)) as wire:
        outcome = downloader().fetch(f"http://a.test:{wire.port}/", method="HEAD")
        assert not wire.connections
    assert isinstance(outcome.error, GateBypassedError)


def test_tls_facts_are_kept(downloader: Make, certificates: Certificates) -> None:
    """Version, cipher and leaf digest for every reply, also when stopped, empty, or on a kept connection."""
    empty = b"HTTP/1.1 204 None\r\n\r\n"
    replies = iter([REPLY, empty, REPLY])
    with Wire(lambda connection, _: connection.send(next(replies)), tls=certificates.trusted) as wire:
        one = downloader()
        url = f"https://a.tls.test:{wire.port}/"
        outcomes = [one.fetch(url), one.fetch(url), one.fetch(url, on_head=lambda _: StopReason(code="http_403"))]
        assert len(wire.connections) == 1
    for outcome in outcomes:
        assert outcome.exchange.tls_version == "TLSv1.3"
        assert outcome.exchange.tls_cipher.startswith("TLS_")
        assert outcome.exchange.certificate_digest == f"sha256:{hashlib.sha256(certificates.der).hexdigest()}"
        assert outcome.exchange.ip_address == "127.0.0.1"
        assert outcome.response.certificate.dumpPEM()


def test_self_signed_certificate_is_refused(downloader: Make, certificates: Certificates) -> None:
    """Whatever the project's settings say: no request is sent, and the peer is known."""
    with Wire(always(REPLY), tls=certificates.self_signed) as wire:
        one = downloader()
        assert not one.crawler.settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
        outcome = one.fetch(f"https://a.tls.test:{wire.port}/")
        assert wire.requests == []
    assert outcome.exchange.error == "tls_error"
    assert outcome.exchange.ip_address == "127.0.0.1"


def test_certificate_of_another_name_is_refused(downloader: Make, certificates: Certificates) -> None:
    """A good certificate for another host is no certificate for this one, also on the shared context."""
    with Wire(always(REPLY), tls=certificates.trusted) as wire:
        one = downloader()
        assert one.fetch(f"https://a.tls.test:{wire.port}/").exchange.error is None
        outcome = one.fetch(f"https://wrong.test:{wire.port}/")
        assert len(wire.requests) == 1
    assert outcome.exchange.error == "tls_error"


def test_old_tls_is_refused(downloader: Make, certificates: Certificates) -> None:
    """TLS 1.2 is the least (R4.9)."""
    with Wire(always(REPLY), tls=certificates.old_tls) as wire:
        outcome = downloader().fetch(f"https://a.tls.test:{wire.port}/")
        assert wire.requests == []
    assert outcome.exchange.error == "tls_error"


def test_blocklist_is_asked_again_on_a_kept_connection(downloader: Make) -> None:
    """An address that gets listed while a connection is open is not asked over it any more (R2.5)."""
    listed = []
    with Wire(always(REPLY)) as wire:
        one = downloader(rules(refuse=lambda _host, ip: f"entry {ip}" if listed else None))
        assert one.fetch(f"http://a.test:{wire.port}/").exchange.error is None
        listed.append(True)
        outcome = one.fetch(f"http://a.test:{wire.port}/")
        assert len(wire.requests) == 1
    assert outcome.exchange.error == "blocklist"


def test_loopback_without_a_test_host_is_refused(downloader: Make) -> None:
    """Only the map of the policy leads to loopback (R4.5)."""
    with Wire(always(REPLY)) as wire:
        one = downloader(rules(test_hosts={}))
        for host in ("127.0.0.1", "[::1]", "[::ffff:7f00:1]", "0.0.0.0"):  # noqa: S104 - to be refused
            assert one.fetch(f"http://{host}:{wire.port}/").exchange.error == "address_refused"
        assert wire.connections == []
