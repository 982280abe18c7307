"""One mapping from what can go wrong on the wire to the reason codes of ``policy.reasons``.

Our own exceptions derive from Scrapy's, so that a project's errbacks keep meaning what they meant.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from OpenSSL import SSL
from scrapy import exceptions as scrapy_exceptions
from service_identity import VerificationError
from twisted.internet import error as tx_error
from twisted.internet.defer import CancelledError
from twisted.web._newclient import ParseError, _WrapperException
from twisted.web.http import PotentialDataLoss, _DataLoss, _MalformedChunkedDataError

from crawler.policy.decision import Verdict
from crawler.policy.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class GateBypassedError(scrapy_exceptions.IgnoreRequest):
    """A request reached the handler without the gate's verdict on exactly its URL (R2.1)."""

    code = "internal_error"


class SitePauseError(scrapy_exceptions.IgnoreRequest):
    """The site asked for a longer pause than a request waits out; or the crawl ends while it waits for its turn."""

    code = "site_pause"


class AddressRefusedError(scrapy_exceptions.CannotResolveHostError):
    """The host, or one of its addresses, may not be dialled."""

    def __init__(self, message: str, *, code: str = "address_refused") -> None:
        self.code = code
        """``address_refused``; ``blocklist`` where an entry covers the address; ``internal_error`` without rules."""
        super().__init__(message)


class NameUnknownError(scrapy_exceptions.CannotResolveHostError):
    """The resolver gave no address, an error, or no answer in time."""

    code = "dns_error"


class HeadTooLargeError(scrapy_exceptions.DownloadFailedError):
    """The reply's head exceeded a limit while it arrived."""

    code = "headers_too_large"


class BodyTooLargeError(scrapy_exceptions.DownloadCancelledError):
    """The body exceeded its limit, announced, as sent, or decoded."""

    code = "body_too_large"


class TooManyCodingsError(scrapy_exceptions.DownloadFailedError):
    """Content-Encoding names more codings than allowed; the body was not downloaded."""

    code = "too_many_codings"


class UndecodableError(scrapy_exceptions.DownloadFailedError):
    """The body is not what its Content-Encoding says, cut short, or of an unknown coding."""

    code = "undecodable"


class BodyIncompleteError(scrapy_exceptions.ResponseDataLossError):
    """The connection broke before the end of the body."""

    code = "body_incomplete"


class ReplyMalformedError(scrapy_exceptions.DownloadFailedError):
    """What came is no reply of HTTP, or its framing contradicts itself."""

    code = "connection_error"


class FirstByteTimeoutError(scrapy_exceptions.DownloadTimeoutError):
    """No octet of the reply came in time."""

    code = "timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportFailure:
    """What a failed exchange comes to."""

    code: str
    """One of ``policy.reasons``."""
    detail: str
    defers: bool
    """Whether asking again later can help."""


CODES: dict[type[BaseException], str] = {
    scrapy_exceptions.DownloadTimeoutError: "timeout",
    scrapy_exceptions.CannotResolveHostError: "dns_error",
    scrapy_exceptions.DownloadConnectionRefusedError: "connection_error",
    scrapy_exceptions.DownloadFailedError: "connection_error",
    scrapy_exceptions.DownloadCancelledError: "connection_error",
    scrapy_exceptions.ResponseDataLossError: "body_incomplete",
    scrapy_exceptions.UnsupportedURLSchemeError: "scheme_refused",
    tx_error.TimeoutError: "timeout",
    tx_error.TCPTimedOutError: "timeout",
    tx_error.DNSLookupError: "dns_error",
    tx_error.UnknownHostError: "dns_error",
    tx_error.ConnectError: "connection_error",
    tx_error.ConnectingCancelledError: "connection_error",
    tx_error.ConnectionClosed: "connection_error",
    tx_error.NotConnectingError: "connection_error",
    tx_error.SSLError: "tls_error",
    tx_error.VerifyError: "tls_error",
    tx_error.CertificateError: "tls_error",
    SSL.SysCallError: "connection_error",
    SSL.Error: "tls_error",
    VerificationError: "tls_error",
    _DataLoss: "body_incomplete",
    _MalformedChunkedDataError: "connection_error",
    PotentialDataLoss: "body_incomplete",
    ParseError: "connection_error",
    _WrapperException: "connection_error",
    CancelledError: "connection_error",
    socket.gaierror: "dns_error",
    TimeoutError: "timeout",
    OSError: "connection_error",
}
"""What the wire can do to us; a subclass counts as its nearest listed base."""

OUR_FAULT: tuple[type[BaseException], ...] = (
    scrapy_exceptions.NotConfigured,
    scrapy_exceptions._InvalidOutput,  # noqa: SLF001 - listed so that the completeness test needs no exception
    scrapy_exceptions.IgnoreRequest,
    scrapy_exceptions.DontCloseSpider,
    scrapy_exceptions.CloseSpider,
    scrapy_exceptions.StopDownload,
    scrapy_exceptions.DropItem,
    scrapy_exceptions.NotSupported,
    scrapy_exceptions.UsageError,
    scrapy_exceptions.ScrapyDeprecationWarning,
    scrapy_exceptions.ContractFail,
    tx_error.AlreadyCalled,
    tx_error.AlreadyCancelled,
    tx_error.AlreadyListened,
    tx_error.BindError,
    tx_error.CannotListenError,
    tx_error.ConnectBindError,
    tx_error.FileDescriptorOverrun,
    tx_error.InvalidAddressError,
    tx_error.MessageLengthError,
    tx_error.MulticastJoinError,
    tx_error.NotListeningError,
    tx_error.NoProtocol,
    tx_error.ConnectInProgressError,
    tx_error.ProcessDone,
    tx_error.ProcessExitedAlready,
    tx_error.ProcessTerminated,
    tx_error.ReactorAlreadyInstalledError,
    tx_error.ReactorAlreadyRunning,
    tx_error.ReactorNotRestartable,
    tx_error.ReactorNotRunning,
    tx_error.UnsupportedAddressFamily,
    tx_error.UnsupportedSocketType,
)
"""What only a mistake of ours can bring up here: ``internal_error``, a refusal."""


def listed_code(kind: type[BaseException]) -> str | None:
    """Code of an exception class by its nearest listed base; ``None`` where the tables say nothing."""
    for base in kind.__mro__:
        code = base.__dict__.get("code")
        if isinstance(code, str):
            return code
        if base in OUR_FAULT:
            return "internal_error"
        if base in CODES:
            return CODES[base]
    return None


def failure_of(error: BaseException) -> TransportFailure:
    """Name the failure by its most telling cause. An exception that no table knows is a mistake of ours and refuses."""
    ranked = [(_code_and_rank(cause), cause) for cause in _causes(error)]
    (code, _), cause = max(ranked, key=lambda entry: entry[0][1])
    detail = str(cause) or type(cause).__name__
    return TransportFailure(code=code, detail=detail, defers=Verdict.DEFER in reason_of(code).verdicts)


def _code_and_rank(error: BaseException) -> tuple[str, int]:
    """A bare broken connection says least, our own exceptions and unknown ones say most."""
    code = getattr(error, "code", None)
    if isinstance(code, str):
        return code, 3
    code = listed_code(type(error))
    if code is None:
        return "internal_error", 3
    return code, {"internal_error": 0, "connection_error": 1}.get(code, 2)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what Twisted wrapped in it, and what it was raised from; each once, outermost first."""
    queue, seen = [error], set[int]()
    while queue:
        current = queue.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, _WrapperException):
            queue += [reason.value for reason in current.reasons]
        if current.__cause__ is not None:
            queue.append(current.__cause__)
