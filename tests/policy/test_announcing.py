"""What the public is told of a configuration: every protocol, no other parties, and keys that are read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.errors import DocumentError
from crawler.optout.registry import READERS
from crawler.policy.announcing import crawler_settings
from crawler.policy.reading import FILES, read_policy

SHIPPED = {name: (Path(__file__).parents[2] / "policies" / name).read_bytes() for name in FILES}
OFF = b"""
[tdmrep.off]
reason = "the list says otherwise"
document = "memo-7"
decided_by = "Head of legal"
valid_from = 2026-01-01
valid_to = 2026-06-30
"""
AGREEMENT = b'[[agreement]]\nscope = "https://secret.example/"\npermits = ["ai_training"]\nref = "contract 7"\n'


def told(**files: bytes) -> dict[str, object]:
    """The settings of the shipped policy with other files."""
    changed = {name.replace("_", "-") + ".toml": content for name, content in files.items()}
    return crawler_settings(read_policy({**SHIPPED, **changed}, tool_version="1"), software="clearcrawl/1")


def readers_of(settings: dict[str, object]) -> list[dict[str, object]]:
    """All readers that are told, in order."""
    return [reader for one in settings["protocols"] for reader in one["readers"]]  # type: ignore[attr-defined,index]  # JSON


def test_every_reader_is_told_once_whatever_the_register_names() -> None:
    """A reader that protocols.toml leaves out counts all the same, and is told all the same."""
    for settings in (told(), told(protocols=b"")):
        assert sorted(str(one["id"]) for one in readers_of(settings)) == sorted(one.id for one in READERS)


def test_a_protocol_that_is_set_aside_is_told_with_days_and_reason() -> None:
    """Nobody has to guess from when a protocol does not count."""
    off = {one["id"]: one["off"] for one in readers_of(told(protocols=SHIPPED["protocols.toml"] + OFF)) if one["off"]}
    assert off == {"tdmrep": {"from": "2026-01-01", "to": "2026-06-30", "reason": "the list says otherwise"}}


def test_agreements_are_counted_and_not_told() -> None:
    """They name other parties."""
    settings = told(agreements=AGREEMENT)
    assert settings["agreements"] == 1
    assert "secret.example" not in str(settings)
    assert settings["policy_digest"] != told()["policy_digest"]


def test_publication_keys_are_read() -> None:
    """Networks in their usual form."""
    settings = told(
        crawl_policy=b'version = "1"\n[publication]\nsite = "../site"\naddress = "https://bot.example/"\n'
        b'ip_ranges = ["192.0.2.0/28", "2001:DB8::/56"]\nreverse_dns = ["crawl.bot.example"]\n'
        b'signature_agent = "https://bot.example"\n'
    )
    assert settings["verification"] == {
        "ip_ranges": ["192.0.2.0/28", "2001:db8::/56"],
        "reverse_dns": ["crawl.bot.example"],
        "signature_agent": "https://bot.example",
    }


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('address = "bot.example"', "ends with /"),
        ('address = "https://bot.example/page"', "ends with /"),
        ('address = "https://user:word@bot.example/"', "names no user"),
        ('address = "https://bücher.example/"', "xn--"),
        ('address = "https://bot.example/?page=/"', "ends with /"),
        ('address = "https:///"', "ends with /"),
        ('address = "https://bot.example/\\"><script>/"', "ends with /"),
        ('ip_ranges = ["192.0.2.1/28"]', "host bits"),
        ('ip_ranges = ["everywhere"]', "192.0.2.0/28"),
        ('reverse_dns = ["*.bot.example"]', "crawl.example.org"),
        ('signature_agent = "http://bot.example"', "https://crawl.example.org"),
        ('signature_agent = "https://bot.example/keys"', "without a path"),
        ('signature_agent = "https://bot.example\\" x"', "without a path"),
        ('feed = "x"', "feed"),
    ],
)
def test_publication_mistakes_are_named(line: str, problem: str) -> None:
    """With the key, as everywhere in policies."""
    with pytest.raises(DocumentError, match="publication") as caught:
        told(crawl_policy=f'version = "1"\n[publication]\n{line}\n'.encode())
    assert problem in str(caught.value)
