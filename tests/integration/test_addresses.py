"""No way of naming a private address opens a socket: seeds, redirects, refreshes, links, base, robots redirects."""

from __future__ import annotations

import json
import select
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from tests.integration.findings import by_url, check_requests, check_rows
from tests.servers.replies import html, redirect, text
from tests.shared import shared_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.lab import Lab
    from tests.servers.web import ScriptedWeb

FORMS = (
    "127.0.0.1",
    "127.0.0.53",
    "127.1",
    "127.0.1",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.0.0.1.",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "x.localhost",
    "localhost.localdomain",
    "0.0.0.0",  # noqa: S104 - a URL's host, nothing is bound to it
    "0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "\uff11\uff12\uff17.0.0.1",
    "127%2e0%2e0%2e1",
    "intranet",
    "printer.local",
    "db.internal",
    "nas.lan",
    "router.home.arpa",
    "hidden.onion",
)
"""Link-local metadata addresses are left to unit tests: nothing here may ever dial one."""


class Listener:
    """Counts connections on a port of every loopback address; nobody may come."""

    def __init__(self) -> None:
        self.sockets = [socket.create_server(("0.0.0.0", 0))]  # noqa: S104 - every spelling of this machine counts
        self.port: int = self.sockets[0].getsockname()[1]
        if socket.has_ipv6:
            self.sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        self.peers: list[str] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.is_set():
            for ready in select.select(self.sockets, [], [], 0.05)[0]:
                connection, _ = ready.accept()
                self.peers.append(str(connection.getsockname()))
                connection.close()

    def close(self) -> None:
        """Stop listening."""
        self._end.set()
        self._thread.join()
        for one in self.sockets:
            one.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Listen where nobody may come."""
    made = Listener()
    yield made
    made.close()


def forms() -> list[str]:
    """Our own forms and, where they are at hand, those of the vectors."""
    try:
        found = json.loads(shared_path("vectors/adversarial/ssrf/hosts.json").read_text())
    except pytest.skip.Exception:
        return list(FORMS)
    return list(dict.fromkeys([*FORMS, *found["blocked"], *(host for host in found["malformed_refuse"] if host)]))


def policy(lab: Lab, listener: Listener, web: ScriptedWeb) -> None:
    """Permit the listener's port, so that it is the address that is refused."""
    lab.policy(network={"ports": [80, 443, listener.port, web.port]})


def test_a_listener_that_is_reached_is_noticed(listener: Listener) -> None:
    """The test's own instrument works."""
    socket.create_connection(("127.0.0.1", listener.port)).close()
    socket.create_connection(("127.0.0.2", listener.port)).close()
    for _ in range(40):
        if len(listener.peers) == 2:
            break
        threading.Event().wait(0.05)
    assert len(listener.peers) == 2


def test_seeds(lab: Lab, web: ScriptedWeb, listener: Listener) -> None:
    """As a seed each form is refused: before the start, or with a row of its own."""
    policy(lab, listener, web)
    urls = [f"http://{form}{port}/x" for form in forms() for port in (f":{listener.port}", "")]
    while (ended := lab.crawl(lab.seeds(urls))).code == 2:
        assert "Traceback" not in ended.text
        assert not lab.out.exists()
        places = {int(line.split("seeds.txt:")[1].split(":")[0]) for line in ended.err.splitlines() if ".txt:" in line}
        assert places  # the message shows the first mistakes; without them the rest is tried
        urls = [url for number, url in enumerate(urls, 1) if number not in places]
    assert ended.code == 0, ended.text
    assert listener.peers == []
    rows = by_url(lab.out)
    assert set(rows) >= {f"http://{host}:{listener.port}/x" for host in ("127.0.0.1", "[::1]", "10.1.2.3", "intranet")}
    assert {row["verdict"] for row in rows.values()} <= {"deny", "defer"}
    assert {row["reason"] for row in rows.values()} <= {"host_refused", "address_refused", "dns_error"}


def test_ways_on_a_page(lab: Lab, web: ScriptedWeb, listener: Listener) -> None:
    """By redirect, meta refresh, link, area, base href, frame and redirect of robots.txt no form is reached."""
    policy(lab, listener, web)
    seeds = []
    for number, form in enumerate(forms()):
        target = f"http://{form}:{listener.port}/x"
        ways = {
            "redirect": redirect(target),
            "permanent": redirect(target, 308),
            "refresh": html(f"<meta http-equiv=refresh content='0;url={target}'>"),
            "header": html("<p>x</p>", headers=(("Refresh", f"0; url={target.encode().decode('latin-1')}"),)),
            "link": html(f"<a href='{target}'>x</a><area href='{target}'><link rel=next href='{target}'>"),
            "base": html(f"<html><head><base href='{target}'></head><body><a href='y'>y</a></body></html>"),
            "frame": html(f"<iframe src='{target}'></iframe><img src='{target}'>"),
            "slashes": html(f"<a href='//{form}:{listener.port}/x'>x</a><a href='\\\\{form}:{listener.port}\\x'>x</a>"),
        }
        host = web.host(f"way{number}.test")
        for way, reply in ways.items():
            encoded = tuple((name, value.encode().decode("latin-1")) for name, value in reply.headers)
            host.set(f"/{way}", type(reply)(status=reply.status, headers=encoded, body=reply.body))
            seeds.append(web.url(f"way{number}.test", f"/{way}"))
        robots = redirect(f"http://{form}:{listener.port}/robots.txt".encode().decode("latin-1"))
        web.host(f"robots{number}.test").set("/robots.txt", robots)
        seeds.append(web.url(f"robots{number}.test", "/page"))
        site = text(f"User-agent: *\nDisallow:\nSitemap: {target}\n")
        web.host(f"sitemap{number}.test", html("<p>x</p>")).set("/robots.txt", site)
        seeds.append(web.url(f"sitemap{number}.test", "/page"))
    ended = lab.crawl(lab.seeds(seeds), "--scope", "any", "--concurrency", "100", timeout=120)
    assert ended.code == 0, ended.text
    assert listener.peers == []
    rows = check_rows(lab.out)
    outside = [row for row in rows if not row["url_host_name"].endswith(".test")]
    assert {row["verdict"] for row in outside} <= {"deny", "defer"}
    assert {row["reason"] for row in outside} <= {"host_refused", "address_refused", "dns_error"}
    assert outside
    assert not [one for one in web.log if one.host.startswith("robots") and one.target != "/robots.txt"]
    check_requests(lab.out, [web.url(one.host, one.target) for one in web.log])
