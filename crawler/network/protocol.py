"""HTTP/1.1 over one connection: heads are bounded while they arrive and kept as received, facts go to the exchange.

Twisted's client does framing and keep-alive; chunked framing is the one thing that it takes off.
What Twisted describes by zope interfaces is ``Any`` here, since mypy cannot read them.
"""

# mypy: allow-untyped-calls
# Twisted's HTTP client carries no annotations.

from __future__ import annotations

import re
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from twisted.internet.error import ConnectionAborted, ConnectionLost
from twisted.internet.ssl import Certificate
from twisted.python.failure import Failure
from twisted.web._newclient import BODY, HEADER, STATUS, HTTP11ClientProtocol, HTTPClientParser, ParseError, Request
from twisted.web.client import _HTTP11ClientFactory
from twisted.web.http_headers import InvalidHeaderName

from crawler.network.failures import AddressRefusedError, FirstByteTimeoutError, HeadTooLargeError
from crawler.values.dialling import listed
from crawler.values.digest import Digest

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.web.http_headers import Headers

    from crawler.network.exchange import Exchange
    from crawler.network.policy_slot import NetworkRules
    from crawler.policy.document import Limits
    from crawler.values.url import Url

_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/[0-9]\.[0-9] [0-9]{3}(?: .*)?", re.DOTALL)


class CheckedRequest(Request):
    """A request that knows its exchange; the octets of its head are kept there."""

    def __init__(
        self,
        method: bytes,
        url: Url,
        headers: Headers,
        body: Any,
        *,
        exchange: Exchange,
        rules: NetworkRules,
    ) -> None:
        super().__init__(method, url.target.encode("ascii"), headers, body, persistent=True)
        self.host = url.host
        self.exchange = exchange
        self.rules = rules

    def _writeHeaders(self, transport: Any, TEorCL: bytes | None) -> None:  # noqa: N802, N803 - Twisted's name
        lines = [b"%b %b HTTP/1.1\r\n" % (self.method, self.uri)]
        if TEorCL is not None:
            lines.append(TEorCL)
        lines += [b"%b: %b\r\n" % (name, value) for name, values in self.headers.getAllRawHeaders() for value in values]
        lines.append(b"\r\n")
        head = b"".join(lines)
        exchange = self.exchange
        exchange.request_head = head
        exchange.sends += 1
        transport.write(head)


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What TLS says of every reply of one connection; all ``None`` without it."""

    tls_version: str | None
    tls_cipher: str | None
    certificate_digest: Digest | None
    certificate: Certificate | None


class CheckedParser(HTTPClientParser):
    """Reads one reply. The head is taken in one piece instead of line by line, within ``[limits]``."""

    _exchange: Exchange
    _limits: Limits
    _protocol: CheckedHTTP11Protocol
    _late: Any
    _sent: float
    _head: bytearray
    _lines = 0
    _taken = 0

    def begin(self, protocol: CheckedHTTP11Protocol, request: CheckedRequest, late: Any) -> None:
        """Stands for a constructor: the client protocol makes its parser itself and only lets us change its class."""
        self._exchange = request.exchange
        self._limits = request.rules.limits
        self._protocol = protocol
        self._late = late
        self._sent = monotonic()
        self._head = bytearray()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Take what arrived: head, body, or both."""
        if not self._everReceivedData:
            self._everReceivedData = True
            if self._late.active():
                self._late.cancel()
        if self._busyReceiving:  # resuming the transport may deliver while the head is being handled
            self._buffer += data
            return
        self._busyReceiving = True
        try:
            while data:
                if self.state in (STATUS, HEADER):
                    data = self._take_head(data)
                elif self.bodyDecoder is not None:
                    self.bodyDecoder.dataReceived(data)
                    data = b""
                else:
                    data = b""
                if self._buffer:
                    data += self.clearLineBuffer()
        finally:
            self._busyReceiving = False

    def _take_head(self, data: bytes) -> bytes:
        """Add to the head; once it is whole, read it and return what follows."""
        head = self._head
        start = max(0, len(head) - 2)
        head += data
        end = _HEAD_END.search(head, start)
        if end is None:
            self._check(head, data.count(b"\n"))
            return b""
        rest = bytes(head[end.end() :])
        del head[end.end() :]
        self._check(head, head.count(b"\n", max(0, len(head) + len(rest) - len(data))))
        self._head = bytearray()
        self._read_head(bytes(head))
        return rest

    def _check(self, head: bytearray, new_lines: int) -> None:
        """Raise as soon as a limit is passed; interim replies (1xx) count into the same limits."""
        limits = self._limits
        self._lines += new_lines
        size = self._taken + len(head)
        if size > limits.header_bytes:
            raise HeadTooLargeError(f"the head is larger than {limits.header_bytes} octets")
        if self._lines > limits.header_lines + 2:  # the status line and the blank one
            raise HeadTooLargeError(f"the head has more than {limits.header_lines} field lines")
        if len(head) - head.rfind(b"\n") - 1 > limits.header_line_bytes:
            raise HeadTooLargeError(f"a line of the head is longer than {limits.header_line_bytes} octets")

    def _read_head(self, head: bytes) -> None:
        self._taken += len(head)
        lines = [line.removesuffix(b"\r") for line in head.split(b"\n")[:-2]]
        if max(map(len, lines), default=0) > self._limits.header_line_bytes:
            raise HeadTooLargeError(f"a line of the head is longer than {self._limits.header_line_bytes} octets")
        if not lines or not _STATUS_LINE.fullmatch(lines[0]):
            raise ParseError("no status line", lines[0] if lines else b"")
        self.statusReceived(lines[0])
        self.state = HEADER
        fields = _fields(lines[1:])
        for name, value in fields:
            try:
                self.headerReceived(name, value)
            except InvalidHeaderName:
                continue  # stays in the exchange, where readers of rights see it
        self._tell(head, fields)
        try:
            self.allHeadersReceived()
        except (KeyError, ValueError) as error:  # unknown transfer coding, contradicting lengths
            raise ParseError(f"contradictory framing: {error}", head) from None

    def _tell(self, head: bytes, fields: list[tuple[bytes, bytes]]) -> None:
        exchange = self._exchange
        exchange.status = self.response.code
        exchange.head = head
        exchange.headers = fields
        exchange.latency = monotonic() - self._sent
        self.response.certificate = self._protocol.tell(exchange).certificate

    def _finished(self, rest: bytes) -> None:
        if rest or self._buffer:
            # Octets that nobody asked for: the next reply could not be told from them.
            self.request.persistent = False
        super()._finished(rest)

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: N802 - Twisted's name
        """End the reply, and remember on it whether the connection was cut or closed."""
        if self._late.active():
            self._late.cancel()
        if self.state == BODY and isinstance(reason, Failure) and reason.check(ConnectionLost, ConnectionAborted):
            self.response.is_broken = True
        super().connectionLost(reason)


def _fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Split field lines leniently: folded lines are joined (RFC 9112 section 5.2), lines without a colon skipped."""
    joined: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and joined:
            joined[-1] += line
        else:
            joined.append(line)
    fields = []
    for line in joined:
        name, colon, value = line.partition(b":")
        if colon:
            fields.append((name.strip(), value.strip()))
    return fields


class CheckedHTTP11Protocol(HTTP11ClientProtocol):
    """Sends requests over one checked connection."""

    _facts: ConnectionFacts | None = None
    _peer: str | None = None
    transport: Any

    def request(self, request: Any) -> Deferred[Any]:
        """Send a ``CheckedRequest``, unless a blocklist has come to cover the URL or the peer meanwhile (R2.5)."""
        exchange, rules = request.exchange, request.rules
        if self._peer is None:
            self._peer = self.transport.getPeer().host
        exchange.ip_address = self._peer
        refused = rules.recheck(exchange)
        if refused is not None:
            exchange.started_at, exchange.ip_address = None, None  # nothing was sent
        else:
            refused = listed(request.host, (self._peer,), rules.refuse)
        if refused is not None:
            self.transport.abortConnection()
            raise AddressRefusedError(refused.detail, code=refused.code)
        sent: Deferred[Any] = super().request(request)
        if self._parser is not None and self._currentRequest is request:
            parser: Any = self._parser
            parser.__class__ = CheckedParser
            seconds = rules.limits.first_byte_timeout
            reactor = running_reactor()
            parser.begin(self, request, reactor.callLater(seconds, self._no_answer, seconds))
        return sent

    def _no_answer(self, seconds: float) -> None:
        self.transport.abortConnection()
        self._disconnectParser(Failure(FirstByteTimeoutError(f"no octet of a reply in {seconds:g} s")))

    def tell(self, exchange: Exchange) -> ConnectionFacts:
        """Write the connection's facts into the exchange; a handshake is over when the first head is here."""
        facts = self._facts
        if facts is None:
            facts = self._facts = _facts_of(self.transport)
        exchange.tls_version = facts.tls_version
        exchange.tls_cipher = facts.tls_cipher
        exchange.certificate_digest = facts.certificate_digest
        return facts

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Cut the connection at the first octet that cannot be understood, or that nobody asked for."""
        parser = self._parser
        if parser is None:
            self.transport.abortConnection()
            return
        try:
            parser.dataReceived(data)
        except Exception:  # noqa: BLE001 - becomes the outcome of the exchange
            self.transport.abortConnection()
            self._disconnectParser(Failure())


def _facts_of(transport: Any) -> ConnectionFacts:
    get_certificate = getattr(transport, "getPeerCertificate", None)
    x509 = get_certificate() if get_certificate is not None else None
    if x509 is None:
        return ConnectionFacts(None, None, None, None)
    connection = transport.getHandle()
    digest = Digest(f"sha256:{x509.digest('sha256').decode('ascii').replace(':', '').lower()}")
    return ConnectionFacts(
        connection.get_protocol_version_name(), connection.get_cipher_name(), digest, Certificate(x509)
    )


def running_reactor() -> Any:
    """The running reactor; imported late, since importing it installs one."""
    from twisted.internet import reactor  # noqa: PLC0415 - as the docstring says

    return reactor


class CheckedHTTP11Factory(_HTTP11ClientFactory):
    """Makes the protocols of the connection pool."""

    noisy = False

    def buildProtocol(self, addr: Any) -> CheckedHTTP11Protocol:  # noqa: ARG002, N802 - Twisted's name
        """Make the protocol of one connection."""
        return CheckedHTTP11Protocol(self._quiescentCallback)
