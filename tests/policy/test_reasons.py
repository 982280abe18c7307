"""The table of reasons: stable, complete, and the same everywhere."""

from __future__ import annotations

import re

from crawler.optout.robots.outcome import RobotsCode
from crawler.policy.decision import Verdict
from crawler.policy.reasons import LIFTABLE, REASONS, TABLE, Check, reason_of


def test_codes_are_unique_and_plain() -> None:
    """A code is one word of lower-case letters and digits, used once."""
    assert len(REASONS) == len(TABLE)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", code) for code in REASONS)


def test_table_stands_in_the_order_of_the_checks() -> None:
    """The table reads as the gate decides."""
    assert [reason.check for reason in TABLE] == sorted(reason.check for reason in TABLE)
    assert {reason.check for reason in TABLE} == set(Check)


def test_every_row_is_whole() -> None:
    """Each row leads somewhere and says so in a sentence that ends."""
    for reason in TABLE:
        assert reason.verdicts
        assert reason.sentence.endswith(".")
        assert "|" not in reason.sentence
        assert reason.stat == f"clearcrawl/{reason.check.title}/{reason.code}"


def test_nothing_stronger_than_a_preference_is_lifted() -> None:
    """Overrides lift no reservation, no status, no challenge, no address check, and nothing that allows."""
    assert all(Verdict.ALLOW not in REASONS[code].verdicts for code in LIFTABLE)
    kept = {
        "optout_reserved",
        "optout_conditional",
        "paywall",
        "challenge",
        "http_403",
        "address_refused",
        "host_refused",
    }
    assert not kept & LIFTABLE


def test_robots_codes_are_in_the_table() -> None:
    """Every outcome of robots.txt has its row, with the verdicts that it leads to."""
    for code in RobotsCode:
        assert REASONS[code].check is Check.ROBOTS


def test_unknown_code_refuses() -> None:
    """What is not in the table counts as a failed check."""
    assert reason_of("nonsense").code == "internal_error"
    assert reason_of("blocklist").code == "blocklist"
