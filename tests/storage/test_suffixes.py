"""The Public Suffix List as a value."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from tldextract import TLDExtract

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
        ("svc.firenet.ch", None, "svc.firenet.ch", "ch"),
        ("a.svc.firenet.ch", None, "a.svc.firenet.ch", "ch"),
        ("b.a.svc.firenet.ch", "b.a.svc.firenet.ch", "a.svc.firenet.ch", "ch"),
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
    monkeypatch.setattr(module, "find_spec", lambda _: SimpleNamespace(submodule_search_locations=[str(tmp_path)]))
    with pytest.raises(DamagedStateError, match="names no version"):
        BundledSuffixes()
    (tmp_path / ".tld_set_snapshot").unlink()
    with pytest.raises(DamagedStateError, match="is missing"):
        BundledSuffixes()


def test_the_list_is_read_as_tldextract_reads_it() -> None:
    """An independent reader agrees for every rule, but where it loses a wildcard that a longer rule goes through."""
    found, other = bundled_suffixes(), TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)
    differs = set()
    for rule in found.rules:
        host = rule.removeprefix("!").replace("*.", "x.")
        for asked in (host, f"www.{host}", f"a.b.{host}", host.partition(".")[2] or host):
            theirs, last = other.extract_str(asked), asked.rpartition(".")[2]
            if (found.suffix(asked), found.registry_suffix(asked)) != (
                theirs.suffix or last, theirs.registry_suffix or last,
            ):  # fmt: skip
                differs.add(asked)
    assert all(f"*.{host.partition('.')[2]}" in found.rules for host in differs)
    assert len(differs) < 20
