"""Forms of hosts and who shares a lane."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import UrlError
from crawler.values.host import Host, HostForm, canonical_host, form_of, lane, refused_host


@pytest.mark.parametrize(
    ("host", "form"),
    [
        ("example.com", HostForm.NAME),
        ("a1.b2", HostForm.NAME),
        ("1.1.1.1", HostForm.IPV4),
        ("2001:db8::1", HostForm.IPV6),
        ("::1.2.3.4", HostForm.IPV6),
    ],
)
def test_form(host: str, form: HostForm) -> None:
    """A name is told from the two kinds of address."""
    assert form_of(Host(host)) is form


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "intranet", "a.localhost", "printer.local", "x.internal", "nas.lan", "a.home.arpa", "x.onion"),
        *("mail.corp", "127.0.0.1", "169.254.169.254", "::1", "::ffff:a00:1", "224.0.0.1"),
    ],
)
def test_refused(host: str) -> None:
    """Local names, reserved suffixes and addresses that are not public are refused with the host named."""
    why = refused_host(Host(host))
    assert why is not None
    assert host in why


@pytest.mark.parametrize(
    "host", ["example.com", "localhost.com", "notlocal.com", "local.example", "1.1.1.1", "arpa.home.de"]
)
def test_not_refused(host: str) -> None:
    """A reserved word binds at the end and at a label border only."""
    assert refused_host(Host(host)) is None


class _OneLabel:
    """A list on which every last label is a public suffix."""

    def registered_domain(self, host: str) -> str | None:
        return ".".join(host.split(".")[-2:]) if "." in host else None

    def suffix(self, host: str) -> str | None:
        return host.rpartition(".")[2]


def test_lane() -> None:
    """Hosts of one registrable domain share a lane, a host without one has its own."""
    assert lane(Host("a.b.example.com"), _OneLabel()) == lane(Host("example.com"), _OneLabel()) == "example.com"
    assert lane(Host("com"), _OneLabel()) == "com"


@given(st.text(max_size=30))
def test_canonical_host_is_idempotent(raw: str) -> None:
    """A canonical host stays as it is; everything else is a ``UrlError``."""
    try:
        host = canonical_host(raw)
    except UrlError:
        return
    assert canonical_host(f"[{host}]" if form_of(host) is HostForm.IPV6 else host) == host
