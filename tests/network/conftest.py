"""A reactor in a thread of its own, test certificates, and the handler as Scrapy would make it."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import os
import ssl
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from scrapy.http import Request
from scrapy.utils.reactor import install_reactor
from scrapy.utils.test import get_crawler

from crawler.network.exchange import EXCHANGE_KEY, Exchange
from crawler.network.policy_slot import NetworkRules, set_rules
from crawler.policy.decision import Access, Decision, Stage, State, Verdict
from crawler.policy.document import Limits
from crawler.values.address import TestHosts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from scrapy.crawler import Crawler
    from scrapy.http import Response

LIMITS = Limits(
    page_bytes=10 << 20,
    media_bytes=10 << 20,
    site_file_bytes=2 << 20,
    robots_bytes=2 << 20,
    robots_cache_bytes=128 << 20,
    sitemap_bytes=50 << 20,
    sitemap_entries=50_000,
    sitemap_files=500,
    sitemap_depth=3,
    connect_timeout=10.0,
    first_byte_timeout=20.0,
    total_timeout=60.0,
    header_lines=100,
    header_bytes=65536,
    header_line_bytes=16384,
    content_codings=2,
    html_depth=256,
    links_per_page=5000,
    url_bytes=2048,
    redirects=10,
    robots_redirects=5,
    host_share=0.25,
    wait_at_end=0.0,
    free_space_bytes=0,
    free_space_share=0.0,
    memory_mb=0,
)


def decision(verdict: Verdict = Verdict.ALLOW) -> Decision:
    """What the gate would have said."""
    return Decision(
        verdict=verdict,
        verdict_search_index=verdict,
        access=Access(verdict.value),
        state=State.UNKNOWN if verdict is Verdict.ALLOW else State.NO_ACCESS,
        stage=Stage.BEFORE_FETCH,
        reason="unknown_allowed",
        reasons=("unknown_allowed",),
    )


def rules(
    test_hosts: dict[str, str] | None = None,
    refuse: Callable[[str, str], str | None] = lambda _host, _ip: None,
    **limits: float,
) -> NetworkRules:
    """Rules with every ``.test`` name on loopback, unless said otherwise."""
    hosts = {"*.test": "127.0.0.1"} if test_hosts is None else test_hosts
    return NetworkRules(test_hosts=TestHosts(hosts), refuse=refuse, limits=replace(LIMITS, **limits))


@dataclass(slots=True)
class Outcome:
    """What one request came to."""

    exchange: Exchange
    response: Response | None = None
    error: BaseException | None = None


class Downloader:
    """The handler of one crawler, driven from the test's thread."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], network_rules: NetworkRules | None) -> None:
        self._run = run
        self.crawler: Crawler = get_crawler()
        if network_rules is not None:
            set_rules(self.crawler, network_rules)
        self.handler = run(self._make())

    async def _make(self) -> Any:
        from crawler.network.handler import CheckedHTTP11Handler  # noqa: PLC0415 - needs the reactor in place

        return CheckedHTTP11Handler.from_crawler(self.crawler)

    def send(self, request: Request) -> Response:
        """Hand the request over as it is."""
        return self._run(self.handler.download_request(request))

    def fetch(self, url: str, *, method: str = "GET", meta: dict[str, Any] | None = None, **fields: Any) -> Outcome:
        """Send a request that passed the gate and collect what came of it."""
        headers = fields.pop("headers", None)
        exchange = Exchange(
            url=url, decision=fields.pop("decision", decision()), max_bytes=fields.pop("max_bytes", 10 << 20), **fields
        )
        request = Request(url, method=method, headers=headers, meta={EXCHANGE_KEY: exchange, **(meta or {})})
        try:
            return Outcome(exchange, response=self.send(request))
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return Outcome(exchange, error=error)

    def close(self) -> None:
        """Give the kept connections up."""
        self._run(self.handler.close())


@pytest.fixture(scope="session")
def run() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Runs a coroutine on the reactor and returns its result."""
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet import reactor  # noqa: PLC0415 - installed just now

    loop = reactor._asyncioEventloop
    thread = threading.Thread(target=reactor.run, kwargs={"installSignalHandlers": False}, daemon=True)
    thread.start()
    yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)
    reactor.callFromThread(reactor.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def downloader(run: Callable[..., Any]) -> Iterator[Callable[..., Downloader]]:
    """Makes downloaders under the rules given, and closes them."""
    made: list[Downloader] = []

    def make(network_rules: NetworkRules | None = None, *, unruled: bool = False) -> Downloader:
        made.append(Downloader(run, None if unruled else network_rules or rules()))
        return made[-1]

    yield make
    for one in made:
        one.close()


@dataclass(frozen=True, slots=True)
class Certificates:
    """A test authority, and server contexts with and without its signature."""

    trusted: ssl.SSLContext
    """Signed for ``*.tls.test``."""
    self_signed: ssl.SSLContext
    old_tls: ssl.SSLContext
    """Signed, but speaks nothing newer than TLS 1.1."""
    der: bytes
    """Leaf certificate of ``trusted``."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificates]:
    """Trusted the way an operator would trust an own authority: by SSL_CERT_FILE."""
    folder = tmp_path_factory.mktemp("certificates")
    ca_key, ca = _certificate("test authority", None, None)
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    key, leaf = _certificate("a.tls.test", ca_key, ca)
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(folder / "ca.pem")
    trusted = _context(folder, "trusted", key, leaf)
    old = _context(folder, "old", key, leaf)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 "):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    yield Certificates(
        trusted=trusted,
        self_signed=_context(folder, "self", *_certificate("a.tls.test", None, None)),
        old_tls=old,
        der=leaf.public_bytes(serialization.Encoding.DER),
    )
    if before is None:
        del os.environ["SSL_CERT_FILE"]
    else:
        os.environ["SSL_CERT_FILE"] = before


def _certificate(
    name: str, ca_key: ec.EllipticCurvePrivateKey | None, ca: x509.Certificate | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("*.tls.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject if ca else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    issuer = ca_key or key
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
    )
    return key, builder.sign(issuer, hashes.SHA256())


def _context(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> ssl.SSLContext:
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
