"""The literal thing that decided a row: the robots line, header, element, list entry or mark, as the row holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.policy.document import PURPOSE_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

USES = {name: use for use, name in PURPOSE_NAMES.items()}
"""Purpose as rows spell it to the use that statements speak of."""

_PREFERENCES = {"optout_reserved": "reserved", "optout_conditional": "conditional", "condition_met": "conditional"}
_PREFERENCES |= {"statement_allowed": "allowed"}


def literal(row: Mapping[str, Any]) -> str:
    """Quote what decided in one clause; empty where nothing but silence or a rule of ours did. Text of strangers."""
    quote = _QUOTES.get(str(row["reason"]))
    if quote is not None:
        return quote(row)
    if row["barrier_evidence"] is not None:
        return str(row["barrier_evidence"])
    is_status = str(row["reason"]).startswith("http_") and row["fetch_status"] is not None
    return f"status {row['fetch_status']}" if is_status else ""


def decisive_statements(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements that the row's verdict rests on, each literal value once; none where no statement decided."""
    preference = _PREFERENCES.get(str(row["reason"]))
    use = USES.get(str(row["purpose"]))
    found = {
        (one["protocol"], one["carrier"], one["value"]): one
        for one in row["statements"]
        if one["preference"] == preference and one["use"] == use
    }
    return list(found.values())


def _of_robots(row: Mapping[str, Any]) -> str:
    if row["robots_rule"] is None:
        return "robots.txt: the second parser reads the rules as a refusal"
    return f"robots.txt line {row['robots_line']}: {row['robots_rule']}"


def _of_statements(row: Mapping[str, Any]) -> str:
    return "; ".join(f"{one['protocol']}: {one['value']}" for one in decisive_statements(row))


def _of_unread(row: Mapping[str, Any]) -> str:
    return "; ".join(f"{one['protocol']}: {one['why']}" for one in row["statements_unread"])


_QUOTES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "blocklist": lambda row: f"{row['blocklist_id']}: {row['blocklist_entry']}",
    "robots_disallow": _of_robots,
    **dict.fromkeys(_PREFERENCES, _of_statements),
    "redirect": lambda row: f"to {row['fetch_redirect']}",
    "agreement": lambda row: str(row["agreement_ref"]),
    "site_file_unread": _of_unread,
}
