"""RFC 3161 time stamps with ``rfc3161-client`` (the extra ``sign``): asking an authority, and checking its reply.

A reply is good only with our digest, our nonce, a chain to a root that was named beforehand, and a certificate for
time-stamping and nothing else.
"""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from crawler.errors import SignerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from types import ModuleType

ASK_SECONDS = 6.0
"""That an authority may take to connect, and for each read."""
MOST_OCTETS = 1 << 20
"""Of a reply; real ones have some thousand."""
_CERTIFICATES = 0xA0
"""Tag of ``certificates [0] IMPLICIT`` in SignedData (RFC 5652 section 5.1)."""
_LONG = 0x80
"""From here on the length octet of DER says how many octets hold the length."""
MISSING = "time stamps need the extra sign: pip install 'clearcrawl[sign]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class StampClient:
    """Asks the authorities that the policy names; it stands for the port ``Stamper`` of ``storage.stamping``."""

    urls: Mapping[str, str]
    roots: Mapping[str, bytes]
    """Name to PEM certificates."""
    interval: float

    def request(self, octets: bytes) -> bytes:
        """A request with nonce, which asks for the certificate as well."""
        library = _library()
        made = library.TimestampRequestBuilder().data(octets).hash_algorithm(library.HashAlgorithm.SHA256)
        found: bytes = made.nonce(nonce=True).cert_request(cert_request=True).build().as_bytes()
        return found

    def ask(self, authority: str, request: bytes, octets: bytes) -> bytes:
        """The reply, checked. Raises SignerError: away, hanging, or a wrong reply."""
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        asked = urllib.request.Request(self.urls[authority], data=request, headers=headers)  # noqa: S310 - the policy takes http and https alone
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
        try:
            with opener.open(asked, timeout=ASK_SECONDS) as answer:
                reply: bytes = answer.read(MOST_OCTETS)
        except (OSError, ValueError) as error:
            raise SignerError(f"time-stamp authority {authority}: no answer ({error})") from error
        try:
            check_stamp(reply, request, octets, certificates(self.roots[authority]))
        except ValueError as error:
            raise SignerError(f"time-stamp authority {authority}: {error}; the answer was not kept") from error
        return reply

    @staticmethod
    def is_valid_at(reply: bytes, roots: bytes, moment: datetime) -> bool:
        """Whether the certificates from that reply to one of the roots (PEM) were all valid then."""
        return is_valid_at(reply, certificates(roots), moment)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """No authority is asked that was not named."""


def open_stamper(urls: Mapping[str, str], roots: Mapping[str, str], interval: float) -> StampClient | None:
    """A client for the authorities of the policy; ``None`` where it names none. Raises UsageError."""
    if not urls:
        return None
    if not is_available():
        raise UsageError(MISSING)
    for name, pem in roots.items():
        try:
            certificates(pem.encode())
        except ValueError as error:
            raise UsageError(f"[timestamps.authorities.{name}] roots: holds no certificate ({error})") from error
    return StampClient(urls=urls, roots={name: pem.encode() for name, pem in roots.items()}, interval=interval)


def certificates(pem: bytes) -> list[x509.Certificate]:
    """Read certificates. Raises ValueError where there is none."""
    return x509.load_pem_x509_certificates(pem)


def root_digest(certificate: x509.Certificate) -> str:
    """As the trust file spells a root."""
    return f"sha256:{hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()}"


def check_stamp(reply: bytes, request: bytes, octets: bytes, roots: Collection[x509.Certificate]) -> datetime:
    """When the octets were stamped (UTC). Raises ValueError for a reply that proves nothing."""
    library = _library()
    try:
        asked = library._rust.parse_timestamp_request(request)  # noqa: SLF001 - the package has no other name for it
        answer = library.decode_timestamp_response(_in_order(reply))
        builder = library.VerifierBuilder.from_request(asked)
        for root in dict.fromkeys(roots):
            builder = builder.add_root_certificate(root)
        builder.build().verify(answer, hashlib.sha256(octets).digest())
        moment: datetime = answer.tst_info.gen_time
        _check_purpose(answer)
        if asked.nonce is None or bytes(asked.message_imprint.message) != hashlib.sha256(octets).digest():
            raise ValueError("the request has no nonce, or is about something else")  # noqa: TRY301 - as the others
    except Exception as error:
        raise ValueError(f"no time stamp that fits: {error}") from error
    return moment


def is_valid_at(reply: bytes, roots: Collection[x509.Certificate], moment: datetime) -> bool:
    """Whether the certificates from a reply to one of the roots were all valid at that moment.

    So long it proves what it says, and so long it can be renewed (RFC 4998 section 5.3).
    """
    library = _library()
    try:
        token = library.decode_timestamp_response(_in_order(reply)).time_stamp_token()
        trusted = [root.public_bytes(Encoding.DER) for root in roots]
        library._rust.verify.pkcs7_verify(token, moment, trusted)  # noqa: SLF001 - the package knows the stamped time alone
    except ValueError:
        return False
    return True


def _in_order(reply: bytes) -> bytes:
    """The same reply with its certificates in the order that DER wants of a set.

    OpenSSL writes signer and chain as they were given, which the library refuses to read. The set is not signed, so
    that its order proves nothing; what is kept is the reply as it came.
    """
    try:
        _, start, end = _element(reply, 0)
        token = _children(reply, start, end)[1]
        content = _children(reply, token[1], token[2])[1]
        (signed,) = _children(reply, content[1], content[2])
        found = [one for one in _children(reply, signed[1], signed[2]) if one[0] == _CERTIFICATES]
        (_, start, end) = found[0]
        octets = sorted(reply[first:last] for first, last in _spans(reply, start, end))
    except (IndexError, ValueError):
        return reply
    return reply[:start] + b"".join(octets) + reply[end:]


def _element(octets: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of the content of the DER element that begins there. Raises IndexError, ValueError."""
    tag, size, start = octets[at], octets[at + 1], at + 2
    if size >= _LONG:
        start += size - _LONG
        size = int.from_bytes(octets[at + 2 : start])
    if start + size > len(octets):
        raise ValueError("cut")
    return tag, start, start + size


def _spans(octets: bytes, start: int, end: int) -> list[tuple[int, int]]:
    spans = []
    while start < end:
        spans.append((start, _element(octets, start)[2]))
        start = spans[-1][1]
    return spans


def _children(octets: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    return [_element(octets, first) for first, _ in _spans(octets, start, end)]


def _check_purpose(answer: Any) -> None:
    """The signer's certificate is for time-stamping alone (RFC 3161 section 2.3)."""
    (signer,) = answer.signed_data.signer_infos
    for octets in answer.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(bytes(octets))
        if certificate.serial_number == signer.serial_number and certificate.issuer == signer.issuer:
            purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
            if purposes.critical and list(purposes.value) == [ExtendedKeyUsageOID.TIME_STAMPING]:
                return
    raise ValueError("the certificate is not for time-stamping alone")


def is_available() -> bool:
    """Whether the extra is installed."""
    try:
        _library()
    except ValueError:
        return False
    return True


@cache
def _library() -> ModuleType:
    try:
        import rfc3161_client  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ValueError(MISSING) from error
    module: ModuleType = rfc3161_client
    return module
