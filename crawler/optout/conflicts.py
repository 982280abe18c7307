"""Statements that disagree about one use of one resource: which there are, and what the strictest of them says.

A conflict decides nothing by itself: the join takes the strictest statement anyway (opt-outs.md section 2, PC-1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.optout.statement import Preference, Use

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.optout.statement import Statement

_STRICTEST_FIRST = (Preference.RESERVED, Preference.CONDITIONAL, Preference.ALLOWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """All statements about one use, where they do not say the same."""

    use: Use
    applied: Preference
    """The strictest preference, which holds."""
    strictest: tuple[Statement, ...]
    others: tuple[Statement, ...]
    """What was said and does not hold."""


def conflicts(statements: Iterable[Statement]) -> tuple[Conflict, ...]:
    """Find every use about which two statements disagree, whatever their protocol, carrier, layer or age.

    In the order of ``Use``; statements keep theirs. The same can be asked of the column ``statements`` by SQL
    (``audit query conflicts``).
    """
    by_use: dict[Use, list[Statement]] = {}
    for statement in statements:
        by_use.setdefault(statement.use, []).append(statement)
    found = []
    for use in Use:
        spoken = by_use.get(use, [])
        said = {one.preference for one in spoken}
        if len(said) > 1:
            applied = next(preference for preference in _STRICTEST_FIRST if preference in said)
            found.append(
                Conflict(
                    use=use,
                    applied=applied,
                    strictest=tuple(one for one in spoken if one.preference is applied),
                    others=tuple(one for one in spoken if one.preference is not applied),
                )
            )
    return tuple(found)
