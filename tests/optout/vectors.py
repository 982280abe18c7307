"""Runs conformance vectors: builds the carriers, asks the readers, joins by the one rule of opt-outs.md section 2.

The join stands here once more, so that readers are tested without the policy.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.optout.conformance import build
from crawler.optout.registry import READERS
from crawler.optout.statement import Preference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.optout.interface import OptOutReader
    from crawler.optout.statement import Statement

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
ORDER = (Preference.RESERVED, Preference.CONDITIONAL, Preference.ALLOWED)


def state_of(statements: Iterable[Statement]) -> str:
    """Any reserved, else any conditional, else any allowed, else unknown."""
    said = {one.preference for one in statements}
    return next((one.value for one in ORDER if one in said), "unknown")


def load(path: Path) -> list[dict[str, Any]]:
    """Cases of a file whose access is left open by robots.txt and status."""
    return [case for case in json.loads(path.read_text("utf-8")) if case["expect"].get("access", "allow") == "allow"]


def own(protocol: str) -> list[dict[str, Any]]:
    """Our own cases for a protocol."""
    return [case for path in sorted((VECTORS / protocol).glob("*.json")) for case in load(path)]


def difference(case: dict[str, Any], readers: Sequence[OptOutReader] = READERS) -> str | None:
    """What a case gives other than expected, as text; ``None`` where it agrees."""
    built = build(case["given"], readers=readers)
    collected = built.collected()
    expect, detail = case["expect"], case["expect"].get("detail", {})
    got = {"state": state_of(collected.statements)}
    wanted = {"state": expect["state"]}
    if "soft" in detail:
        got["soft"] = str(sorted({one.value for one in collected.soft if one.protocol == "robots-meta"}))
        wanted["soft"] = str(sorted(detail["soft"]))
    if "licences" in detail:
        got["licences"] = str(sorted({one.value for one in collected.soft if one.protocol == "licence"}))
        wanted["licences"] = str(sorted(detail["licences"]))
    if "rule" in detail:
        got["rule"] = str(sorted({one.rule for one in collected.statements}))
        wanted["rule"] = str(sorted(detail["rule"]))
    return None if got == wanted else f"{case['id']} ({case['title']}): wanted {wanted}, got {got}"
