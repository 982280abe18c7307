"""Single requests outside Scrapy, against servers that misbehave octet by octet."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crawler.fetching import Fetcher, system_addresses
from crawler.values.address import TestHosts
from tests.network.conftest import LIMITS, certificates  # noqa: F401 - a fixture
from tests.network.wire import REPLY, Wire, always
from tests.shared import shared_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.network.conftest import Certificates
    from tests.network.wire import Connection
from typing import Never


def fetcher(
    *,
    refuse: Callable[[str, str], str | None] = lambda _host, _address: None,
    resolve: Callable[[str], list[str]] = lambda _host: [],
    test_hosts: dict[str, str] | None = None,
    **limits: float,
) -> Fetcher:
    """A fetcher to which ``.test`` names are loopback and nothing else resolves."""
    return Fetcher(
        user_agent="bot/1 (+https://operator.example)",
        limits=replace(LIMITS, **limits),
        test_hosts=TestHosts({"*.test": "127.0.0.1"} if test_hosts is None else test_hosts),
        refuse=refuse,
        resolve=resolve,
    )


def test_reply_is_returned_with_its_facts() -> None:
    """Head and fields as received, body as sent and decoded, peer."""
    packed = gzip.compress(b"hello")
    head = b"HTTP/1.1 200 Fine\r\nX-b: 1\r\nx-B:  2 \r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(
        packed
    )
    with Wire(always(head + packed)) as wire:
        fetched = fetcher().fetch(f"http://a.test:{wire.port}/p?q", max_bytes=1000, fields={"Accept": "text/plain"})
    assert fetched.error is None
    assert not fetched.defers
    assert (fetched.status, fetched.body, fetched.body_as_sent, fetched.head) == (200, b"hello", packed, head)
    assert fetched.field_values(b"x-b") == [b"1", b"2"]
    assert fetched.ip_address == "127.0.0.1"
    assert fetched.tls_version is None
    assert wire.requests == [fetched.request_head]
    assert b"GET /p?q HTTP/1.1\r\nHost: a.test:%d\r\n" % wire.port in fetched.request_head
    assert b"Accept: text/plain\r\n" in fetched.request_head
    assert b"User-Agent: bot/1" in fetched.request_head


def test_redirect_is_handed_back() -> None:
    """The hop goes through the gate, not through the fetcher."""
    with Wire(always(b"HTTP/1.1 302 Found\r\nLocation: http://b.test/\r\nContent-Length: 0\r\n\r\n")) as wire:
        fetched = fetcher().fetch(f"http://a.test:{wire.port}/", max_bytes=1000)
    assert fetched.location == "http://b.test/"
    assert len(wire.requests) == 1


def test_own_fields_cannot_be_replaced() -> None:
    """Host and credentials are not the caller's to set, and no line can be smuggled in."""
    with Wire(always(REPLY)) as wire:
        one = fetcher()
        url = f"http://a.test:{wire.port}/"
        one.fetch(url, max_bytes=1000, fields={"Host": "b.test", "authorization": "Basic eA=="})
        assert b"b.test" not in wire.requests[0]
        assert b"Basic" not in wire.requests[0]
        with pytest.raises(ValueError, match="line end"):
            one.fetch(url, max_bytes=1000, fields={"X": "1\r\nHost: b.test"})


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the host asked for is dialled (R4.3)."""
    with Wire(always(REPLY)) as wire, Wire(always(REPLY)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert fetcher().fetch(f"http://a.test:{wire.port}/", max_bytes=1000).body == b"hi"
        assert proxy.connections == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:7f00:1]", "10.0.0.1", "localhost", "intranet"])
def test_local_hosts_are_refused(host: str) -> None:
    """Literals and local names lead nowhere."""
    with Wire(always(REPLY)) as wire:
        fetched = fetcher(resolve=lambda _: ["127.0.0.1"]).fetch(f"http://{host}:{wire.port}/", max_bytes=1000)
        assert wire.connections == []
    assert fetched.error in ("address_refused", "host_refused")
    assert not fetched.defers


def test_all_answers_must_be_allowed() -> None:
    """One bad answer refuses the host; no answer is an error of the DNS."""
    with Wire(always(REPLY)) as wire:
        url = f"http://example.com:{wire.port}/"
        mixed = fetcher(resolve=lambda _: ["1.1.1.1", "127.0.0.1"]).fetch(url, max_bytes=1000)
        none = fetcher().fetch(url, max_bytes=1000)
        assert wire.connections == []
    assert mixed.error == "address_refused"
    assert none.error == "dns_error"
    assert none.defers


def test_peer_that_was_not_checked_is_dropped() -> None:
    """R4.4: the system connects the unspecified address to loopback, which nobody checked."""
    with Wire(always(REPLY)) as wire:
        one = fetcher(test_hosts={"a.test": "0.0.0.0"})  # noqa: S104 - to be dialled, not bound
        fetched = one.fetch(f"http://a.test:{wire.port}/", max_bytes=1000)
        assert wire.requests == []
    assert (fetched.error, fetched.ip_address) == ("address_refused", "127.0.0.1")


def test_shared_rebinding_vectors() -> None:
    """Each look-up is judged for itself, and what was judged is what is dialled."""
    for case in json.loads(shared_path("vectors/adversarial/ssrf/rebinding.json").read_text())["cases"]:
        for answer in case["answers"]:
            if answer != ["1.1.1.1"]:
                one = fetcher(test_hosts={}, resolve=lambda _, answer=answer: answer)
                assert one.fetch(f"http://{case['name']}/", max_bytes=1000).error == "address_refused"


def test_blocklist_is_asked_for_the_address() -> None:
    """An entry, and a question that fails, both refuse."""

    def broken(_host: str, _address: str) -> Never:
        raise KeyError

    with Wire(always(REPLY)) as wire:
        url = f"http://a.test:{wire.port}/"
        listed = fetcher(refuse=lambda host, address: f"{host} {address}").fetch(url, max_bytes=1000)
        failed = fetcher(refuse=broken).fetch(url, max_bytes=1000)
        assert wire.connections == []
    assert (listed.error, listed.error_detail) == ("blocklist", "a.test at 127.0.0.1: a.test 127.0.0.1")
    assert failed.error == "internal_error"


def test_system_resolver_knows_localhost() -> None:
    """The default resolver answers in texts; an unknown name has no answers."""
    assert "127.0.0.1" in system_addresses("localhost")
    assert system_addresses("a..invalid") == []


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(101)) + b"\r\n", "headers_too_large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: %s\r\n" % (b"y" * 1000) * 70 + b"\r\n", "headers_too_large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 17000, "headers_too_large"),
        (b"HTTP/1.1 103 E\r\nA: b\r\n\r\n" * 100, "headers_too_large"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi", "body_incomplete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", "body_incomplete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhi", "body_incomplete"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi", "connection_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhi", "connection_error"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: zip\r\n\r\nhi", "connection_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", "body_too_large"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001, "body_too_large"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br, gzip\r\n\r\nx", "too_many_codings"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 1001, mtime=0), "body_too_large"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x", mtime=0)[:-1], "undecodable"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", "undecodable"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "connection_error"),
        (b"HTTP/1.1 200 O", "connection_error"),
        (b"", "connection_error"),
    ],
)
def test_bad_replies_have_their_code(reply: bytes, code: str) -> None:
    """The codes are those of the crawl."""
    with Wire(always(reply, close=True)) as wire:
        fetched = fetcher().fetch(f"http://a.test:{wire.port}/", max_bytes=1000)
    assert fetched.error == code
    assert fetched.body == b""
    assert fetched.ip_address == "127.0.0.1"


def test_good_replies_of_all_framings() -> None:
    """Chunked, by length, by the end of the connection; interim replies are skipped; HEAD and 204 have no body."""
    hundred = b"".join(b"X-%d: y\r\n" % n for n in range(99))
    for reply, method, body in (
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1;x=y\r\n!\r\n0\r\n\r\n", "GET", b"hi!"),
        (b"HTTP/1.0 200 OK\r\n\r\nhi", "GET", b"hi"),
        (b"HTTP/1.1 103 Hints\r\nLink: <x>\r\n\r\n" + REPLY, "GET", b"hi"),
        (b"HTTP/1.1 200 OK\r\n" + hundred + b"Content-Length: 2\r\n\r\nhi", "GET", b"hi"),
        (b"HTTP/1.1 200 OK\nno colon\nA: b\n c\nContent-Length: 2\n\nhi", "GET", b"hi"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n", "HEAD", b""),
        (b"HTTP/1.1 204 None\r\nContent-Encoding: gzip\r\n\r\n", "GET", b""),
        (b"HTTP/1.1 404 None\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "GET", b""),
    ):
        with Wire(always(reply, close=True)) as wire:
            fetched = fetcher().fetch(f"http://a.test:{wire.port}/", max_bytes=1000, method=method)
        assert (fetched.error, fetched.body) == (None, body), reply


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_drip_and_silence_time_out(start: bytes) -> None:
    """Neither silence nor one octet at a time holds the fetcher longer than a reply may take."""

    def script(connection: Connection, _: bytes) -> None:
        connection.send(start)
        while start and not connection.stopping.is_set():
            connection.send(b"x")
            connection.pause(0.05)
        connection.pause(5)

    with Wire(script) as wire:
        began = time.monotonic()
        fetched = fetcher(total_timeout=0.5).fetch(f"http://a.test:{wire.port}/", max_bytes=100_000)
        assert time.monotonic() - began < 30
    assert fetched.error == "timeout"
    assert fetched.defers


def test_refused_connection() -> None:
    """Nobody listens."""
    with Wire(always(REPLY)) as wire:
        pass
    assert fetcher().fetch(f"http://a.test:{wire.port}/", max_bytes=1000).error == "connection_error"


def test_tls_is_verified_and_its_facts_kept(certificates: Certificates) -> None:  # noqa: F811 - the fixture
    """The operator's authority is trusted; a self-signed, foreign or outdated peer is not."""
    with Wire(always(REPLY), tls=certificates.trusted) as wire:
        good = fetcher().fetch(f"https://a.tls.test:{wire.port}/", max_bytes=1000)
        wrong = fetcher().fetch(f"https://wrong.test:{wire.port}/", max_bytes=1000)
        assert len(wire.requests) == 1
    assert good.body == b"hi"
    assert good.tls_version == "TLSv1.3"
    assert good.tls_cipher.startswith("TLS_")
    assert good.certificate_digest == f"sha256:{hashlib.sha256(certificates.der).hexdigest()}"
    assert wrong.error == "tls_error"
    for context in (certificates.self_signed, certificates.old_tls):
        with Wire(always(REPLY), tls=context) as wire:
            fetched = fetcher().fetch(f"https://a.tls.test:{wire.port}/", max_bytes=1000)
            assert wire.requests == []
        assert fetched.error == "tls_error"
        assert fetched.ip_address == "127.0.0.1"


def test_auditors_need_no_scrapy() -> None:
    """Importing the fetcher brings in neither Scrapy nor Twisted."""
    code = "import sys, crawler.fetching; sys.exit(any(m.split('.')[0] in ('scrapy', 'twisted') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own interpreter
