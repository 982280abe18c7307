"""What a connection says of its peer, the same for every reply that it brings."""

# mypy: allow-untyped-calls
# Twisted's TLS wrappers carry no annotations.

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from twisted.internet.ssl import Certificate

from crawler.values.digest import Digest

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from crawler.network.exchange import Exchange


@dataclass(frozen=True, slots=True)
class PeerFacts:
    """Of TLS all is ``None`` over plain HTTP."""

    address: IPv4Address | IPv6Address
    tls_version: str | None = None
    tls_cipher: str | None = None
    certificate_digest: Digest | None = None
    certificate: Certificate | None = None

    def tell(self, exchange: Exchange) -> None:
        """Write what TLS says into an exchange."""
        exchange.tls_version = self.tls_version
        exchange.tls_cipher = self.tls_cipher
        exchange.certificate_digest = self.certificate_digest


def facts_of(transport: Any, peer: str) -> PeerFacts:
    """Ask a transport whose handshake, if any, is over; ``peer`` is the address as dialled."""
    address = ip_address(peer)
    get_certificate = getattr(transport, "getPeerCertificate", None)
    x509 = get_certificate() if get_certificate is not None else None
    if x509 is None:
        return PeerFacts(address)
    connection = transport.getHandle()
    digest = Digest(f"sha256:{x509.digest('sha256').decode('ascii').replace(':', '').lower()}")
    version, cipher = connection.get_protocol_version_name(), connection.get_cipher_name()
    return PeerFacts(address, version, cipher, digest, Certificate(x509))
