"""The one way to the network outside Scrapy: single requests of commands, list updates and proofs of domain control.

Same address check, limits and reason codes as the crawl. Follows no redirect, knows no proxy, keeps no cookie; whether
a URL may be asked is decided before, by the gate.
"""

from __future__ import annotations

import io
import queue
import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from typing import TYPE_CHECKING

from crawler.policy.decision import Verdict
from crawler.policy.reasons import reason_of
from crawler.values.coding import ACCEPTED, codings_of, decode
from crawler.values.dialling import Refused, after_lookup, before_lookup, listed
from crawler.values.digest import Digest
from crawler.values.http_head import head_fields
from crawler.values.url import split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crawler.policy.document import Limits
    from crawler.values.address import TestHosts
    from crawler.values.url import CanonicalUrl, Url

DNS_TIMEOUT = 10.0
"""Seconds for one look-up."""
_STEP = 65536
_DIALLED = 8
"""Addresses of one host that are tried, in the resolver's order."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_INTERIM = re.compile(rb"HTTP/1\.[01] 1[0-9]{2}[ \r\n]")
_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?: .*)?\r?", re.DOTALL)
_OUR_FIELDS = frozenset({"host", "connection", "content-length", "transfer-encoding", "authorization"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one request came to; with ``error`` set, everything that was learned until then."""

    url: CanonicalUrl
    started_at: datetime
    request_head: bytes = b""
    """Request line, fields and blank line as sent; empty where no connection was opened."""
    status: int | None = None
    head: bytes = b""
    """Status line, field lines and blank line as received."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Names and values in order, space around them removed, folded lines joined."""
    body_as_sent: bytes = b""
    """Before content decoding; chunked framing is taken off."""
    body: bytes = b""
    """After content decoding; empty with an error."""
    is_stopped: bool = False
    """Whether the body was left on the wire because the head decided."""
    ip_address: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    certificate_digest: Digest | None = None
    error: str | None = None
    """One of ``policy.reasons``."""
    error_detail: str = ""

    @property
    def defers(self) -> bool:
        """Whether asking again later can help."""
        return self.error is not None and Verdict.DEFER in reason_of(self.error).verdicts

    @property
    def location(self) -> str | None:
        """Where a redirect points, as the server wrote it; the caller sends it through the gate."""
        found = self.field_values(b"location")
        return found[0].decode("latin-1") if self.status in _REDIRECTS and found else None

    def field_values(self, name: bytes) -> list[bytes]:
        """All values of one field in the order of arrival; ``name`` in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


def system_addresses(host: str) -> list[str]:
    """Addresses by the system's resolver, none where it knows none or gives no answer within ``DNS_TIMEOUT``."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))

    threading.Thread(target=ask, daemon=True, name="look-up").start()
    try:
        return answers.get(timeout=DNS_TIMEOUT)
    except queue.Empty:
        return []


class Fetcher:
    """Sends single requests, one connection each. Thread-safe; never raises for what the network does."""

    def __init__(
        self,
        *,
        user_agent: str,
        limits: Limits,
        test_hosts: TestHosts,
        refuse: Callable[[str, str], str | None] = lambda _host, _address: None,
        resolve: Callable[[str], Sequence[str]] = system_addresses,
        sign: Callable[[str], Sequence[tuple[str, str]]] | None = None,
    ) -> None:
        """``sign``: makes the fields that prove who asks, for a request to an authority."""
        self._user_agent = user_agent
        self._limits = limits
        self._test_hosts = test_hosts
        self._refuse = refuse
        self._resolve = resolve
        self._sign = sign

    def fetch(
        self,
        url: CanonicalUrl,
        *,
        max_bytes: int,
        method: str = "GET",
        fields: Mapping[str, str] | None = None,
        wants_body: Callable[[Fetched], bool] = lambda _fetched: True,
    ) -> Fetched:
        """Ask once. ``max_bytes`` bounds the body as sent and after each content coding.

        ``wants_body`` is asked when the head has arrived; without a yes the body is not read.
        """
        fetched = Fetched(url=url, started_at=datetime.now(UTC))
        parts = split(url)
        request = self._request(parts, method, fields or {})
        addresses = self.addresses(parts.host)
        if isinstance(addresses, Refused):
            return replace(fetched, error=addresses.code, error_detail=addresses.detail)
        exchange = _Exchange(self._limits, max_bytes, fetched)
        try:
            exchange.run(parts, addresses, request, method, wants_body)
        except _FailedError as failed:
            exchange.fail(failed.code, str(failed))
        except TimeoutError as error:
            exchange.fail("timeout", str(error) or "timed out")
        except ssl.SSLError as error:
            exchange.fail("body_incomplete" if exchange.fetched.head else "tls_error", str(error))
        except (OSError, HTTPException, ValueError) as error:
            exchange.fail("body_incomplete" if exchange.fetched.head else "connection_error", repr(error))
        finally:
            exchange.close()
        return exchange.fetched

    def addresses(self, host: str) -> Sequence[str] | Refused:
        """Addresses that may be dialled for a host, or why there is none."""
        found = before_lookup(host, self._test_hosts)
        if isinstance(found, Refused):
            return found
        addresses: Sequence[str] = found.addresses
        if not addresses:
            addresses = self._resolve(found.name)
            refused = after_lookup(found.name, addresses)
            if refused is not None:
                return refused
        return listed(found.name, addresses, self._refuse) or addresses

    def _request(self, parts: Url, method: str, fields: Mapping[str, str]) -> bytes:
        default = {"http": 80, "https": 443}[parts.scheme]
        host = f"[{parts.host}]" if ":" in parts.host else parts.host
        authority = host if parts.port == default else f"{host}:{parts.port}"
        wanted = {
            "Host": authority,
            "User-Agent": self._user_agent,
            "Accept": "*/*",
            "Accept-Encoding": ACCEPTED,
            "Connection": "close",
        }
        wanted |= {name: value for name, value in fields.items() if name.lower() not in _OUR_FIELDS}
        if self._sign is not None:
            wanted |= dict(self._sign(authority))
        lines = [f"{method} {parts.target} HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.items())]
        if any(mark in line for line in lines for mark in "\r\n\0"):
            raise ValueError("a request field holds a line end")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class _FailedError(Exception):
    """Ends one exchange with a code."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(detail)


class _Exchange:
    """One connection, from dialling to the decoded body; ``fetched`` grows on the way."""

    def __init__(self, limits: Limits, max_bytes: int, fetched: Fetched) -> None:
        self.fetched = fetched
        self._limits = limits
        self._max_bytes = max_bytes
        self._ends = time.monotonic() + limits.total_timeout
        self._socket: socket.socket | None = None

    def run(
        self,
        parts: Url,
        addresses: Sequence[str],
        request: bytes,
        method: str,
        wants_body: Callable[[Fetched], bool],
    ) -> None:
        connection = self._connect(parts, addresses)
        self._set_timeout(self._limits.first_byte_timeout)
        connection.sendall(request)
        self._learn(request_head=request)
        head, rest = self._head(connection)
        self._learn(head=head, headers=tuple(head_fields(head)), status=_status(head))
        if not wants_body(self.fetched):
            self._learn(is_stopped=True)
            return
        body = self._body(connection, rest, method)
        self._learn(body_as_sent=body)
        self._learn(body=self._decoded(body, method))

    def _decoded(self, body: bytes, method: str) -> bytes:
        """Take the codings off. Only a reply that carries no content anyway may be empty in a coding."""
        fetched = self.fetched
        is_success = fetched.status is not None and 200 <= fetched.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3
        if not body and (not is_success or fetched.status == 204 or method == "HEAD"):  # noqa: PLR2004 - as above
            return body
        decoded = decode(body, codings_of(fetched.field_values(b"content-encoding")), self._max_bytes)
        if decoded.code is not None:
            raise _FailedError(decoded.code, decoded.detail)
        return decoded.body

    def fail(self, code: str, detail: str) -> None:
        self._learn(error=code, error_detail=detail)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _learn(self, **facts: object) -> None:
        self.fetched = replace(self.fetched, **facts)  # type: ignore[arg-type]  # every caller names fields of Fetched

    def _set_timeout(self, seconds: float) -> None:
        remaining = self._ends - time.monotonic()
        if remaining <= 0 or self._socket is None:
            raise TimeoutError("the whole reply took too long")
        self._socket.settimeout(min(seconds, remaining))

    def _connect(self, parts: Url, addresses: Sequence[str]) -> socket.socket:
        last: OSError | None = None
        for address in addresses[:_DIALLED]:
            seconds = min(self._limits.connect_timeout, max(0.001, self._ends - time.monotonic()))
            try:
                self._socket = socket.create_connection((address, parts.port), timeout=seconds)
            except OSError as error:
                last = error
            else:
                break
        if self._socket is None:
            raise last or OSError("no address answered")
        peer = self._socket.getpeername()[0]
        self._learn(ip_address=peer)
        if ip_address(peer) not in map(ip_address, addresses):
            raise _FailedError("address_refused", f"connected to {peer}, which was not checked")  # R4.4
        if parts.scheme == "https":
            self._set_timeout(self._limits.connect_timeout)
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            wrapped = context.wrap_socket(self._socket, server_hostname=parts.host)
            self._socket = wrapped
            cipher = wrapped.cipher()
            certificate = wrapped.getpeercert(binary_form=True)
            self._learn(
                tls_version=wrapped.version(),
                tls_cipher=cipher[0] if cipher else None,
                certificate_digest=Digest(f"sha256:{sha256(certificate).hexdigest()}") if certificate else None,
            )
        return self._socket

    def _receive(self, connection: socket.socket, seconds: float) -> bytes:
        self._set_timeout(seconds)
        return connection.recv(_STEP)

    def _head(self, connection: socket.socket) -> tuple[bytes, bytes]:
        """Read to the end of the final head, within the limits, interim replies included."""
        limits, data, taken, lines = self._limits, b"", 0, 0
        while True:
            end = _head_end(data)
            if end:
                lines += data.count(b"\n", 0, end)
            head = data[:end] if end else data
            if taken + len(head) > limits.header_bytes:
                raise _FailedError("headers_too_large", f"the head is larger than {limits.header_bytes} octets")
            if lines + (0 if end else data.count(b"\n")) > limits.header_lines + 2:
                raise _FailedError("headers_too_large", f"the head has more than {limits.header_lines} field lines")
            if max(map(len, head.split(b"\n"))) > limits.header_line_bytes + 1:
                raise _FailedError("headers_too_large", f"a line is longer than {limits.header_line_bytes} octets")
            if end and not _INTERIM.match(head):
                return head, data[end:]
            if end:
                taken, data = taken + end, data[end:]
                continue
            part = self._receive(connection, limits.first_byte_timeout)
            if not part:
                raise _FailedError("connection_error", "the connection ended before the head did")
            data += part

    def _body(self, connection: socket.socket, received: bytes, method: str) -> bytes:
        codings = codings_of(self.fetched.field_values(b"content-encoding"))
        if len(codings) > self._limits.content_codings:
            raise _FailedError("too_many_codings", f"{len(codings)} content codings")
        head = _framing(self.fetched.status or 0, self.fetched.headers)
        stream = _Replay(head + received, lambda: self._receive(connection, self._limits.total_timeout))
        response = HTTPResponse(stream, method=method)  # type: ignore[arg-type]  # needs makefile() alone
        response.begin()
        if response.length is not None and response.length > self._max_bytes:
            raise _FailedError("body_too_large", f"{response.length} octets announced, {self._max_bytes} allowed")
        parts: list[bytes] = []
        size = 0
        while part := response.read(_STEP):
            parts.append(part)
            size += len(part)
            if size > self._max_bytes:
                raise _FailedError("body_too_large", f"more than {self._max_bytes} octets received")
        if response.length:
            self._learn(body_as_sent=b"".join(parts))
            raise _FailedError("body_incomplete", f"{response.length} octets of the body are missing")
        return b"".join(parts)


class _Replay(io.RawIOBase):
    """The connection for ``http.client``, beginning with the octets that were read already."""

    def __init__(self, received: bytes, receive: Callable[[], bytes]) -> None:
        super().__init__()
        self._received = received
        self._receive = receive

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, _STEP)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        data = self._received or self._receive()
        taken = min(len(buffer), len(data))
        buffer[:taken] = data[:taken]
        self._received = data[taken:]
        return taken


def _head_end(data: bytes) -> int:
    """Length of the head with its blank line, 0 while that has not come."""
    found = [data.find(mark) + len(mark) for mark in (b"\n\r\n", b"\n\n") if mark in data]
    return min(found, default=0)


def _status(head: bytes) -> int:
    line = head.split(b"\n", 1)[0]
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise _FailedError("connection_error", f"no status line: {line[:80]!r}")
    return int(match[1])


def _framing(status: int, fields: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A head for ``http.client`` with nothing in it but what frames the body."""
    found = {
        name: {v for key, v in fields if key.lower() == name} for name in (b"content-length", b"transfer-encoding")
    }
    lines = [b"HTTP/1.1 %d -" % status]
    for name, values in found.items():
        if len(values) > 1:
            raise _FailedError("connection_error", f"contradicting {name.decode()} fields")
        lines += [b"%b: %b" % (name, value) for value in values]
    coding = next(iter(found[b"transfer-encoding"]), b"chunked")
    length = next(iter(found[b"content-length"]), b"0")
    if coding.lower() != b"chunked" or not length.isdigit():
        raise _FailedError("connection_error", f"unreadable framing: {coding[:40]!r}, {length[:40]!r}")
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])
