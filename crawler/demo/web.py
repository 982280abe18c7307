"""The built-in web that ``clearcrawl demo`` crawls: many hosts behind one loopback port, served by a thread.

It keeps its own account of what was asked, which is the truth that expectations are compared with.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

from crawler.demo.site import Answer
from crawler.demo.sites import all_sites

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self

    from crawler.demo.site import Site

_NOT_FOUND = Answer(status=404, headers=(("Content-Type", "text/plain"),), body=b"not here\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that arrived."""

    at: float
    """Seconds of the monotonic clock."""
    host: str
    target: str
    """Path with query, as sent."""
    user_agent: str
    connection: tuple[str, int]
    """Client address and port: one for each connection."""


class DemoWeb:
    """Serves from ``start`` to ``stop``; the same every time, apart from the port."""

    def __init__(self, *, readers: Collection[str] | None = None) -> None:
        """Leave out sites whose protocol none of these readers understands; ``None`` takes all."""
        self._readers = readers
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.sites: tuple[Site, ...] = ()
        """Known once the port is."""

    def start(self, address: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen on loopback; port 0 picks a free one. Raises ``OSError`` where it is taken."""
        self._server = _Server((address, port), _Handler)
        port = self._server.server_address[1]
        self.sites = tuple(
            site
            for site in all_sites(lambda place: f"http://{place.replace('/', f':{port}/', 1)}")
            if self._readers is None or site.protocol is None or site.protocol in self._readers
        )
        self._server.answers = {site.host: dict(site.answers) for site in self.sites}
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="demo-web", daemon=True)
        self._thread.start()
        return address, port

    def stop(self) -> None:
        """End the thread and close the port; the log stays readable."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, host: str, target: str = "/") -> str:
        """Absolute URL of a target while the web runs."""
        if self._server is None:
            raise RuntimeError("the demo web has no port before start()")
        return f"http://{host}:{self._server.server_address[1]}{target}"

    @property
    def seeds(self) -> tuple[str, ...]:
        """Start URLs, site by site."""
        return tuple(self.url(site.host, target) for site in self.sites for target in site.seeds)

    @property
    def expectations(self) -> dict[str, Site]:
        """Sites by host; their ``expected`` and ``is_silent`` say what a crawl that complies does there."""
        return {site.host: site for site in self.sites}

    @property
    def log(self) -> tuple[Asked, ...]:
        """Everything that was asked so far, in order of arrival."""
        return tuple(self._server.log) if self._server is not None else ()

    def wrongly_asked(self) -> tuple[Asked, ...]:
        """Requests that a crawl that complies does not make."""
        return tuple(asked for asked in self.log if self._is_wrong(asked))

    def _is_wrong(self, asked: Asked) -> bool:
        site = self.expectations.get(asked.host)
        if site is None or asked.target == "/robots.txt":
            return site is not None and site.is_silent
        return site.is_silent or any(one.path == asked.target and not one.may_be_asked for one in site.expected)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A stopped demo must not wait for connections that a crawler keeps open.
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], handler: type[_Handler]) -> None:
        self.answers: dict[str, dict[str, Answer]] = {}
        self.log: list[Asked] = []
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet: a client that goes away in the middle is part of the demo."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "DemoWeb"
    sys_version = ""
    timeout = 60
    server: _Server

    _CHUNK: ClassVar[int] = 16 * 1024

    def do_GET(self) -> None:
        """Answer as the host of the Host header."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0].lower()
        self.server.log.append(
            Asked(
                at=time.monotonic(),
                host=host,
                target=self.path,
                user_agent=self.headers.get("User-Agent", ""),
                connection=self.client_address,
            )
        )
        answers = self.server.answers.get(host, {})
        answer = answers.get(self.path) or answers.get(self.path.split("?", 1)[0]) or _NOT_FOUND
        if answer.delay:
            time.sleep(answer.delay)
        if answer.is_dropped:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._send_chunks(answer.body)
        else:
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    def _send_chunks(self, body: bytes) -> None:
        for at in range(0, len(body), self._CHUNK):
            piece = body[at : at + self._CHUNK]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Write nothing to stderr; the log is kept by the server object."""

    def version_string(self) -> str:
        """Name no versions, so that answers are the same everywhere."""
        return self.server_version

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the signature of the base
        """Send the same date always: the demo is the same on every day."""
        return "Thu, 01 Jan 2026 00:00:00 GMT"
