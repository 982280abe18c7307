"""The scripted web: each behaviour reaches a plain client as scripted, and the log tells the truth."""

from __future__ import annotations

import gzip
import http.client
import json
import signal
import ssl
import subprocess
import sys
import threading
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.servers.certificates import server_context
from tests.servers.log import read_log
from tests.servers.replies import Reply, gzipped, html, redirect, text
from tests.servers.tree import TreeSite
from tests.servers.web import ScriptedWeb
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def web() -> Iterator[ScriptedWeb]:
    """Serve an empty web."""
    with ScriptedWeb() as running:
        yield running


def ask(web: ScriptedWeb, host: str, target: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask once over a connection of its own."""
    client = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    try:
        client.request("GET", target, headers={"Host": f"{host}:{web.port}"})
        response = client.getresponse()
        return response, response.read()
    finally:
        client.close()


def test_hosts_paths_and_headers(web: ScriptedWeb) -> None:
    """Hosts are told apart by name; repeated headers arrive repeated; unknown ones are refused."""
    web.host("a.test").set("/", html("<p>a</p>", headers=(("X-Robots-Tag", "noai"), ("X-Robots-Tag", "noindex"))))
    web.host("b.test").set("/x", redirect("/y", 301))
    response, body = ask(web, "a.test", "/?q=1")
    assert body.startswith(b"<!doctype html>")
    assert response.headers.get_all("X-Robots-Tag") == ["noai", "noindex"]
    assert ask(web, "b.test", "/x")[0].headers["Location"] == "/y"
    assert ask(web, "b.test", "/")[0].status == 404
    assert ask(web, "c.test", "/")[0].status == 421
    assert web.log.targets("a.test") == ["/?q=1"]


def test_answers_in_turn(web: ScriptedWeb) -> None:
    """A list answers one after the other, the last for good."""
    web.host("a.test").set("/", [text("", status=503), text("one")])
    assert [ask(web, "a.test", "/")[0].status for _ in range(3)] == [503, 200, 200]


def test_framings(web: ScriptedWeb) -> None:
    """Chunked bodies, bodies ended by the connection, and bodies made in pieces arrive whole."""
    host = web.host("a.test")
    host.set("/chunked", Reply(body=b"x" * 100, framing="chunked", drip=(30, 0.0)))
    host.set("/close", Reply(body=b"y" * 100, framing="close"))
    host.set("/parts", Reply(parts=lambda: (b"z" for _ in range(100)), framing="chunked"))
    assert [len(ask(web, "a.test", path)[1]) for path in ("/chunked", "/close", "/parts")] == [100, 100, 100]


def test_codings(web: ScriptedWeb) -> None:
    """A gzip body decodes, a broken one does not."""
    web.host("a.test").set("/good", gzipped(text("hello"))).set("/bad", gzipped(text("hello" * 99), is_broken=True))
    assert gzip.decompress(ask(web, "a.test", "/good")[1]) == b"hello"
    with pytest.raises((EOFError, zlib.error)):
        gzip.decompress(ask(web, "a.test", "/bad")[1])


@pytest.mark.parametrize(
    "reply",
    [
        Reply(action="close"),
        Reply(action="reset"),
        Reply(body=b"short", content_length=100, keep_alive=False),
        Reply(body=b"x" * 100, cut_after=10),
        Reply(raw=b"no HTTP at all\r\n\r\n"),
    ],
    ids=["closed", "reset", "short", "cut", "garbage"],
)
def test_broken_answers(web: ScriptedWeb, reply: Reply) -> None:
    """The client notices that the answer is none."""
    web.host("a.test").set("/", reply)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(web, "a.test", "/")


def test_hanging_answer_is_in_the_log(web: ScriptedWeb) -> None:
    """A request that is never answered stands in the log without an end."""
    web.host("a.test").set("/", Reply(action="hang"))
    client = http.client.HTTPConnection("127.0.0.1", web.port, timeout=0.2)
    client.request("GET", "/", headers={"Host": "a.test"})
    with pytest.raises(TimeoutError):
        client.getresponse()
    client.close()
    assert [exchange.ended for exchange in web.log] == [None]


def test_in_flight_and_gaps(web: ScriptedWeb) -> None:
    """Requests at the same time are counted per host, gaps are measured between starts."""
    web.host("a.test").set("/", Reply(delay=0.3))
    threads = [threading.Thread(target=ask, args=(web, "a.test", "/")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    web.host("b.test").set("/", Reply())
    ask(web, "b.test", "/")
    assert web.log.most_in_flight("a.test") == 3
    assert web.log.most_in_flight("b.test") == 1
    assert len(web.log.gaps("a.test")) == 2


def test_connections_are_kept(web: ScriptedWeb) -> None:
    """Two requests over one connection carry its number."""
    web.host("a.test").set("/", text("x"))
    client = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    for _ in range(2):
        client.request("GET", "/", headers={"Host": "a.test"})
        client.getresponse().read()
    client.close()
    assert len({exchange.connection for exchange in web.log}) == 1


def test_tls(tmp_path: Path) -> None:
    """Over TLS a client that trusts the throw-away authority is served, another one is not."""
    context, authority = server_context(tmp_path, ["localhost"])
    with ScriptedWeb(tls=context) as web:
        web.host("localhost").set("/", text("safe"))
        trusting = ssl.create_default_context(cafile=str(authority))
        client = http.client.HTTPSConnection("localhost", web.port, timeout=60, context=trusting)
        client.request("GET", "/")
        assert client.getresponse().read() == b"safe"
        client.close()
        stranger = http.client.HTTPSConnection("localhost", web.port, timeout=60, context=ssl.create_default_context())
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.request("GET", "/")
        stranger.close()


def test_several_addresses() -> None:
    """The same port answers on more than one loopback address."""
    with ScriptedWeb(addresses=("127.0.0.1", "127.0.0.2")) as web:
        web.host("a.test").set("/", text("x"))
        client = http.client.HTTPConnection("127.0.0.2", web.port, timeout=60)
        client.request("GET", "/", headers={"Host": "a.test"})
        assert client.getresponse().read() == b"x"
        client.close()
        assert [exchange.address for exchange in web.log] == [f"127.0.0.2:{web.port}"]


def test_tree_links_every_page() -> None:
    """Following links and redirects from the root reaches all pages, and finds denied links on the way."""
    site = TreeSite(pages=50, redirect_every=7)
    seen: set[str] = set()
    queue = ["/p/0"]
    while queue:
        target = queue.pop().replace("/r/", "/p/")
        if target not in seen:
            seen.add(target)
            if target.startswith("/p/"):
                queue += site.links(int(target[3:]))
    assert {target for target in seen if target.startswith("/p/")} == site.reachable()
    assert "/denied/10" in seen


def test_tree_as_a_process(tmp_path: Path) -> None:
    """The command says where it listens, logs each request on disk before it answers, and ends on SIGTERM."""
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "tests.servers.tree", "--pages", "5", "--fail-every", "3", "--log", str(log)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own module, fixed words
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        statuses = []
        for target in ("/", "/p/1", "/p/1", "/p/9", "/robots.txt"):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            client.request("GET", target, headers={"Host": "tree.test"})
            statuses.append(client.getresponse().status)
            client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert statuses == [200, 503, 200, 404, 200]
    starts = [line["target"] for line in read_log(log) if line["event"] == "start"]
    assert starts == ["/", "/p/1", "/p/1", "/p/9", "/robots.txt"]
