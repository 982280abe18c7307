"""Answers of ``provider.toml`` that cannot all be true. What is merely open is in ``profile_gaps``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from crawler.policy.profiles import Provider


def contradictions(provider: Provider, *, today: date) -> Iterator[tuple[str, str]]:
    """Key and problem of each. ``today`` is UTC."""
    rights = provider.rightsholders
    if provider.runs_search_engine is False and provider.search_engine:
        yield "search_engine", 'describes a search engine, and search_engine_operated says "no"'
    if provider.established_in_eu and (provider.representative.name or provider.representative.contact):
        yield "representative", 'names a representative (Article 54), and established_in_eu says "yes"'
    if provider.is_sme is False and provider.sme_basis:
        yield "sme_basis", 'says on what an SME rests, and sme says "no"'
    if provider.is_signatory is False and provider.signed_on is not None:
        yield "signed_on", 'is a date, and signatory says "no"'
    targets = rights.acknowledge_days, rights.decide_days
    if None not in targets and targets != tuple(sorted(targets, key=lambda days: days or 0)):
        yield "rightsholders.acknowledge_days", "is longer than rightsholders.decide_days"
    dates = {
        "signed_on": provider.signed_on,
        "owner_implementation.since": provider.implementation.since,
        "owner_oversight.since": provider.oversight.since,
    }
    for key, day in dates.items():
        if day is not None and day > today:
            yield key, f"is {day}, which is still to come"
