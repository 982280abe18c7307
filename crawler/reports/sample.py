"""The worksheet of a random sample, for people who judge on paper or screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.audit.sampling import ASKED, JUDGEMENTS, SHOWN
from crawler.reports.interface import Facts, Report

if TYPE_CHECKING:
    from collections.abc import Sequence


class SampleSheet(Report):
    """One card a row."""

    id = "sample"
    title = "Worksheet of a random sample"


def sample_facts(rows: Sequence[dict[str, Any]], *, by: str, number: int, seed: int, is_test: bool) -> Facts:
    """What was drawn, and how anybody draws it again. ``is_test``: rows of crawls of test hosts are among them."""
    return Facts(
        format="clearcrawl-sample/1",
        body={
            "is_test": is_test, "by": by,
            "number": number, "seed": seed, "columns": [*SHOWN, *ASKED], "judgements": list(JUDGEMENTS),
            "rows": list(rows),
        },
    )  # fmt: skip
