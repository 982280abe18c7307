"""Differences between two policies: effective values, key by key, as the files spell them."""

from __future__ import annotations

from crawler.policy.differences import differences, effective, file_of
from crawler.policy.reading import AGREEMENTS, CRAWL_POLICY, PROTOCOLS
from tests.policy.samples import policy

OFF = """
[tdmrep]
title = "T"
status = "agreed"
basis = "B"
since = 2026-01-01
readers = ["tdmrep"]
[tdmrep.off]
reason = "R"
document = "D"
decided_by = "Who"
valid_from = 2026-01-01
valid_to = 2026-12-31
"""
AGREEMENT = '[[agreement]]\nscope = "https://a.example/"\npermits = ["ai_training", "search_index"]\nref = "c"\n'


def test_a_default_written_out_changes_nothing() -> None:
    """Only what decides is compared."""
    assert differences(policy(), policy("[politeness]\ndelay = 1.0\nconnections = 1\n")) == ()


def test_values() -> None:
    """Numbers, answers, lists and maps, with the key as the file has it, and what there is in neither or one."""
    new = policy(
        'profile = "consent"\n[politeness]\ndelay = 2.5\n[conditional]\nmet = ["payment", "attribution"]\n'
        '[network]\nports = [443, 80]\n[network.test_hosts]\n"*.test" = "127.0.0.1"\n'
    )
    found = {one.key: (one.old, one.new) for one in differences(policy(), new)}
    assert found == {
        "profile": (
            "reservation (unknown = allow, licence_duties = false)",
            "consent (unknown = deny, licence_duties = true)",
        ),
        "conditional.met": ("", "attribution, payment"),
        "politeness.delay": ("1", "2.5"),
        "network.ports": ("80, 443", "443, 80"),
        "network.test_hosts.*.test": (None, "127.0.0.1"),
    }
    back = {one.key: (one.old, one.new) for one in differences(new, policy())}
    assert back == {key: (after, before) for key, (before, after) in found.items()}


def test_entries_are_told_by_scope_and_name() -> None:
    """Entries of the three files, each under its own name; a second one of the same scope has a number."""
    full = policy(agreements=AGREEMENT * 2, protocols=OFF)
    keys = [one.key for one in differences(policy(), full)]
    assert "agreement[https://a.example/].permits" in keys
    assert "agreement[https://a.example/, 2].ref" in keys
    assert "protocols[tdmrep].basis" in keys
    assert "off[tdmrep].decided_by" in keys
    assert [file_of(key) for key in ("agreement[x].ref", "off[x].reason", "protocols[x].since", "traps.depth")] == [
        AGREEMENTS, PROTOCOLS, PROTOCOLS, CRAWL_POLICY,
    ]  # fmt: skip


def test_sentence() -> None:
    """File, key, and both values."""
    (one,) = differences(policy(), policy("[traps]\ndepth = 7\n"))
    assert str(one) == "crawl-policy.toml: traps.depth: '20' -> '7'"
    (gone, *_) = differences(policy(agreements=AGREEMENT), policy())
    assert str(gone).endswith("-> not there")
    assert "identity.on_behalf_of" in effective(policy())
