"""The Public Suffix List as a value."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from crawler.errors import DamagedStateError
from crawler.storage import suffixes as module
from crawler.storage.suffixes import BundledSuffixes, bundled_suffixes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("host", "domain", "suffix", "registry_suffix"),
    [
        ("www.example.co.uk", "example.co.uk", "co.uk", "co.uk"),
        ("co.uk", None, "co.uk", "co.uk"),
        ("a.b.github.io", "b.github.io", "github.io", "io"),
        ("github.io", None, "github.io", "io"),
        ("a.one.test", "one.test", "test", "test"),
        ("test", None, "test", "test"),
        ("a.foo.ck", "a.foo.ck", "foo.ck", "foo.ck"),
        ("foo.ck", None, "foo.ck", "foo.ck"),
        ("www.ck", "www.ck", "ck", "ck"),
        ("x.city.kawasaki.jp", "city.kawasaki.jp", "kawasaki.jp", "kawasaki.jp"),
        ("a.xn--55qx5d.cn", "a.xn--55qx5d.cn", "xn--55qx5d.cn", "xn--55qx5d.cn"),
        ("my_site.example.com", "example.com", "com", "com"),
        ("1.1.1.1", None, None, None),
        ("2001:db8::1", None, None, None),
    ],
)
def test_parts(host: str, domain: str | None, suffix: str | None, registry_suffix: str | None) -> None:
    """Private suffixes count, unknown endings follow the rule ``*``, addresses have no domain."""
    found = bundled_suffixes()
    assert found.registered_domain(host) == domain
    assert found.suffix(host) == suffix
    assert found.registry_suffix(host) == registry_suffix


def test_is_suffix_agrees() -> None:
    """For every rule of the list the cheap answer is that of the careful one."""
    found = bundled_suffixes()
    for rule in found._rules:
        host = rule.removeprefix("!").replace("*.", "x.")
        for asked in (host, f"www.{host}"):
            assert found.is_suffix(asked) == (found.registered_domain(asked) is None), asked


def test_snapshot() -> None:
    """The list names its day and its bytes, is loaded once, and remembers a bounded number of hosts."""
    found = bundled_suffixes()
    assert found is bundled_suffixes()
    assert found.version > date(2025, 1, 1)
    assert len(found.digest) == len("sha256:") + 64
    assert found._parts.cache_info().maxsize == module.HOSTS_REMEMBERED


def test_a_list_without_a_day(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A snapshot that does not say when it was published is not used."""
    (tmp_path / ".tld_set_snapshot").write_bytes(b"com\n")
    monkeypatch.setattr(module, "files", lambda _: tmp_path)
    with pytest.raises(DamagedStateError, match="names no version"):
        BundledSuffixes()
