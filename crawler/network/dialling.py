"""Opening a connection: only to checked addresses, with verified certificates, the peer compared afterwards.

What Twisted describes by zope interfaces is ``Any`` here, since mypy cannot read them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet._sslverify import ClientTLSOptions
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import (
    IHostnameResolver,
    IReactorPluggableNameResolver,
    IStreamClientEndpoint,
)
from twisted.internet.ssl import TLSVersion, optionsForClientTLS
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from crawler.network.failures import AddressRefusedError
from crawler.network.resolver import same_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twisted.internet.defer import Deferred

    from crawler.network.policy_slot import NetworkRules
    from crawler.network.resolver import CheckedResolver

DIALLED = 8
"""Addresses of one host that are tried, in the resolver's order."""


class PeerDiffersError(AddressRefusedError):
    """The connection ended up at an address that was not among the checked ones (R4.4)."""


@implementer(IStreamClientEndpoint)
class CheckedEndpoint:
    """Connects to a host through the checked resolver; several addresses are raced as RFC 8305 does."""

    def __init__(
        self,
        reactor: Any,
        resolver: CheckedResolver,
        rules: NetworkRules,
        host: str,
        port: int,
        *,
        policy: VerifyingPolicy | None = None,
    ) -> None:
        self._reactor = reactor
        self._resolver = resolver
        self._rules = rules
        self._host = host
        self._port = port
        self._policy = policy
        """For https; ``None`` for http."""

    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803 - IStreamClientEndpoint
        """Fires with the protocol, or fails with ``AddressRefusedError``, ``NameUnknownError`` or what TCP says."""
        resolved: Deferred[Any] = self._resolver.lookup(self._host, self._rules)
        if self._policy is None:
            return resolved.addCallback(partial(self._dial, protocolFactory))
        creator = self._policy.creatorForNetloc(self._host.encode("ascii"), self._port)
        resolved.addCallback(partial(self._dial, TLSMemoryBIOFactory(creator, True, protocolFactory)))
        return resolved.addCallback(lambda tls: tls.wrappedProtocol)

    def _dial(self, factory: Any, addresses: tuple[str, ...]) -> Deferred[Any]:
        timeout = self._rules.limits.connect_timeout
        if len(addresses) == 1:
            kind = TCP6ClientEndpoint if ":" in addresses[0] else TCP4ClientEndpoint
            endpoint: Any = kind(self._reactor, addresses[0], self._port, timeout)
        else:
            # HostnameEndpoint brings the race; it is given the answers that were checked, so that none is asked for.
            answers = _FixedAnswers(self._reactor, addresses[:DIALLED])
            endpoint = HostnameEndpoint(answers, "checked.invalid", self._port, timeout)
        connected: Deferred[Any] = endpoint.connect(factory)
        return connected.addCallback(partial(self._compare, addresses))

    def _compare(self, addresses: tuple[str, ...], protocol: Any) -> Any:
        # The socket is asked: Twisted's getPeer() repeats the address that was dialled.
        peer = protocol.transport.getHandle().getpeername()[0]
        if not any(same_address(peer, address) for address in addresses):
            protocol.transport.abortConnection()
            raise PeerDiffersError(f"{self._host}: connected to {peer}, which was not checked")
        return protocol


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class _FixedAnswers:
    """The reactor as an endpoint sees it, with one answer to every name."""

    def __init__(self, reactor: Any, addresses: tuple[str, ...]) -> None:
        self._reactor = reactor
        self._addresses = addresses

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    @property
    def nameResolver(self) -> Any:  # noqa: N802 - IReactorPluggableNameResolver
        return self

    def installNameResolver(self, resolver: Any) -> Any:  # noqa: N802 - as above
        raise NotImplementedError

    def resolveHostName(  # noqa: N802 - IHostnameResolver
        self,
        resolutionReceiver: Any,  # noqa: N803 - IHostnameResolver
        hostName: str,  # noqa: ARG002, N803 - IHostnameResolver
        portNumber: int = 0,  # noqa: N803 - IHostnameResolver
        addressTypes: Any = None,  # noqa: ARG002, N803 - IHostnameResolver
        transportSemantics: Any = "TCP",  # noqa: N803 - IHostnameResolver
    ) -> Any:
        resolutionReceiver.resolutionBegan(None)
        for address in self._addresses:
            kind = IPv6Address if ":" in address else IPv4Address
            resolutionReceiver.addressResolved(kind(transportSemantics, address, portNumber))
        resolutionReceiver.resolutionComplete()


@implementer(IPolicyForHTTPS)
class VerifyingPolicy:
    """Certificates are verified against the platform's trust store and TLS 1.2 is the least, whatever the settings say.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name another trust store, as for every OpenSSL program.
    """

    def __init__(self, offered: Sequence[bytes] = ()) -> None:
        """``offered``: what the handshake offers to speak, the preferred first (RFC 7301); empty: it says nothing."""
        self._offered = list(offered) or None
        self._template: Any = None

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:  # noqa: ARG002, N802 - IPolicyForHTTPS
        """Options for one host. All hosts share one OpenSSL context: reading the trust store costs 12 ms and 1 MiB."""
        host = hostname.decode("ascii")
        if self._template is None:
            self._template = self._verifying_options(host)
        create = getattr(self._template, "_createConnection", None)
        if create is None:  # Twisted before 26.4 binds the host name to the context
            return self._verifying_options(host)
        return ClientTLSOptions(create, host)

    def _verifying_options(self, host: str) -> Any:
        least = {"raiseMinimumTo": TLSVersion.TLSv1_2}
        return optionsForClientTLS(host, acceptableProtocols=self._offered, extraCertificateOptions=least)
