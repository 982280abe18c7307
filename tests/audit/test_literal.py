"""The literal thing that decided, for every kind of reason that quotes something."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.audit.literal import literal

EMPTY: dict[str, Any] = {
    "purpose": "ai_training", "statements": [], "statements_unread": [], "barrier_evidence": None,
    "robots_rule": None, "robots_line": None, "fetch_status": None, "fetch_redirect": None, "agreement_ref": None,
    "blocklist_id": None, "blocklist_entry": None,
}  # fmt: skip


def _statement(value: str, *, use: str = "train-genai", preference: str = "reserved") -> dict[str, str]:
    return {"protocol": "tdmrep", "use": use, "preference": preference, "carrier": "html_head", "value": value}


@pytest.mark.parametrize(
    ("reason", "columns", "quote"),
    [
        ("blocklist", {"blocklist_id": "local", "blocklist_entry": "a.test"}, "local: a.test"),
        ("robots_disallow", {"robots_rule": "Disallow: /", "robots_line": 2}, "robots.txt line 2: Disallow: /"),
        ("robots_disallow", {}, "robots.txt: the second parser reads the rules as a refusal"),
        (
            "optout_reserved",
            {"statements": [_statement("a"), _statement("a"), _statement("b", use="search"), _statement("c")]},
            "tdmrep: a; tdmrep: c",
        ),
        ("statement_allowed", {"statements": [_statement("x", preference="allowed")]}, "tdmrep: x"),
        ("redirect", {"fetch_redirect": "http://b.test/"}, "to http://b.test/"),
        ("agreement", {"agreement_ref": "contract 7"}, "contract 7"),
        ("site_file_unread", {"statements_unread": [{"protocol": "tdmrep", "why": "5xx"}]}, "tdmrep: 5xx"),
        ("challenge", {"barrier_evidence": "cf-mitigated: challenge"}, "cf-mitigated: challenge"),
        ("http_unavailable", {"fetch_status": 404}, "status 404"),
        ("unknown_allowed", {"fetch_status": 200}, ""),
        ("robots_unreachable", {}, ""),
    ],
)
def test_quote(reason: str, columns: dict[str, Any], quote: str) -> None:
    """Only statements about the row's own purpose and of the deciding kind are quoted, each once."""
    assert literal({**EMPTY, "reason": reason, **columns}) == quote
