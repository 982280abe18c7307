"""The rule of what may be dialled, without a resolver."""

from __future__ import annotations

import pytest

from crawler.values.address import TestHosts
from crawler.values.dialling import Dialable, Refused, after_lookup, before_lookup, listed

NOBODY = TestHosts({})


def test_name_is_left_to_the_resolver() -> None:
    """A public name has no addresses yet, and is spelled canonically."""
    assert before_lookup("Example.COM.", NOBODY) == Dialable("example.com", ())


@pytest.mark.parametrize(
    ("host", "address"), [("1.1.1.1", "1.1.1.1"), ("[2606:4700::1]", "2606:4700::1"), ("2606:4700::1", "2606:4700::1")]
)
def test_public_literal_is_its_own_address(host: str, address: str) -> None:
    """With or without brackets."""
    assert before_lookup(host, NOBODY) == Dialable(address, (address,))


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.1", "address_refused"),
        ("::1", "address_refused"),
        ("[::ffff:10.0.0.1]", "address_refused"),
        ("intranet", "host_refused"),
        ("a.home.arpa", "host_refused"),
        ("a..b", "address_refused"),
    ],
)
def test_text_alone_can_refuse(host: str, code: str) -> None:
    """Local literals in any spelling, local names, and what is no host."""
    refused = before_lookup(host, NOBODY)
    assert isinstance(refused, Refused)
    assert refused.code == code


def test_test_host_passes_with_its_address() -> None:
    """Also a name that would be refused otherwise."""
    hosts = TestHosts({"*.test": "127.0.0.1", "localhost": "127.0.0.2"})
    assert before_lookup("A.test", hosts) == Dialable("a.test", ("127.0.0.1",))
    assert before_lookup("localhost", hosts) == Dialable("localhost", ("127.0.0.2",))


def test_all_answers_must_be_allowed() -> None:
    """No answer is an error of the DNS, a bad one among good ones a refusal."""
    assert after_lookup("a.example", ["1.1.1.1", "2606:4700::1"]) is None
    assert after_lookup("a.example", []).code == "dns_error"
    refused = after_lookup("a.example", ["1.1.1.1", "10.0.0.1"])
    assert refused.code == "address_refused"
    assert "10.0.0.1" in refused.detail


def test_blocklists_are_asked_for_every_address() -> None:
    """The first entry refuses; a question that fails refuses as well."""
    asked = []

    def refuse(host: str, address: str) -> str | None:
        asked.append((host, address))
        return "entry" if address == "1.0.0.1" else None

    assert listed("a.example", ["1.1.1.1", "2.2.2.2"], refuse) is None
    assert listed("a.example", ["1.1.1.1", "1.0.0.1", "3.3.3.3"], refuse).code == "blocklist"
    assert asked[-1] == ("a.example", "1.0.0.1")
    assert listed("a.example", ["1.1.1.1"], lambda _host, _address: 1 / 0).code == "internal_error"
